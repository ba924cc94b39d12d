"""The filters of the list of connections."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from scim_provisioning.administration import clients, health
from scim_provisioning.models import SCIMConnection, SCIMToken
from scim_provisioning.models.token import EXPIRING_DAYS

Connections = QuerySet[SCIMConnection]


class HealthFilter(SimpleListFilter):
    """By badge. The badge is worked out, not stored, so every visible connection is judged first."""

    title = _("health")
    parameter_name = "health"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Every badge."""
        return list(health.LABELS.items())

    def queryset(self, request: HttpRequest, queryset: Connections) -> Connections:
        """Those with the chosen badge."""
        wanted = self.value()
        if wanted is None:
            return queryset
        judged = health.known_to(request, list(queryset))
        return queryset.filter(pk__in=[key for key, found in judged.items() if found.badge == wanted])


class IdentityProviderFilter(SimpleListFilter):
    """By who calls, as the column of that name says."""

    title = _("identity provider")
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Those that are known by name, all others, and nobody."""
        known: list[tuple[str, Any]] = [(key, name) for key, (name, _marks) in clients.KNOWN.items()]
        return [*known, (clients.OTHER, _("Another one")), (clients.NOBODY, _("Nobody has called"))]

    def queryset(self, request: HttpRequest, queryset: Connections) -> Connections:
        """Those whom it called last."""
        wanted = self.value()
        return queryset if wanted is None else clients.called_by(queryset, wanted)


class TokenFilter(SimpleListFilter):
    """By what is the matter with its tokens."""

    title = _("tokens")
    parameter_name = "tokens"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Three questions an administrator has."""
        return [
            ("expiring", _("Expires within 30 days")),
            ("unused", _("Never used")),
            ("none", _("No live token")),
        ]

    def queryset(self, request: HttpRequest, queryset: Connections) -> Connections:
        """Those of whom it is true."""
        live = SCIMToken.objects.live().filter(connection=OuterRef("pk"))
        soon = timezone.now() + timedelta(days=EXPIRING_DAYS)
        used = SCIMToken.objects.filter(connection=OuterRef("pk"), first_used_at__isnull=False)
        match self.value():
            case "expiring":
                return queryset.filter(Exists(live.filter(expires_at__lte=soon)))
            case "unused":
                return queryset.filter(Exists(live), ~Exists(used))
            case "none":
                return queryset.filter(~Exists(live))
            case _other:
                return queryset


class StateFilter(SimpleListFilter):
    """Whether it is still there. Archived connections are listed like all others until somebody asks."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Current and archived."""
        return [("current", _("Current")), ("archived", _("Archived"))]

    def queryset(self, request: HttpRequest, queryset: Connections) -> Connections:
        """Those in the chosen state."""
        if self.value() in ("current", "archived"):
            return queryset.filter(archived_at__isnull=self.value() == "current")
        return queryset
