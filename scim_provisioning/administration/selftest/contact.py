"""What the identity provider has done so far, by the first-seen times on the connection's tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from django.db.models import Min
from django.utils.translation import gettext_lazy as _

from scim_provisioning.administration import facts
from scim_provisioning.models import SCIMConnection, SCIMToken

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

_TICKS: Final[tuple[tuple[str, StrOrPromise], ...]] = (
    ("first_used_at", _("Token accepted")),
    ("first_query_at", _("Test query seen")),
    ("first_create_at", _("First learner created")),
    ("first_update_at", _("First update")),
    ("first_deactivate_at", _("First deactivation")),
)


@dataclass(frozen=True, slots=True)
class Tick:
    """One entry of the list; ``at`` is None while it has not happened."""

    label: str
    at: datetime | None


def first_contact(connection: SCIMConnection) -> list[Tick]:
    """The five firsts of a connection, over all its tokens (one query)."""
    firsts = SCIMToken.objects.filter(connection=connection).aggregate(
        **{name: Min(name) for name, _label in _TICKS}
    )
    return [Tick(str(label), firsts[name]) for name, label in _TICKS]


def groups_seen_at(connection: SCIMConnection) -> datetime | None:
    """When the identity provider last sent groups; None while it does not, or not any more (four queries)."""
    return facts.gather_urgent([connection.pk])[connection.pk].groups_seen_at
