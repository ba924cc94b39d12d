"""The tokens on a connection's page: their states in words, and what may be done with each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from django.db.models import Count, Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from scim_provisioning.administration import permissions
from scim_provisioning.conf import app_settings
from scim_provisioning.models import Operation, Outcome, ProvisioningEvent, SCIMConnection, SCIMToken

WEEK: Final = timedelta(days=7)


def of(
    request: HttpRequest, connection: SCIMConnection, page_url: Callable[..., str]
) -> list[dict[str, Any]]:
    """Every token of a connection, each with its state, how often it was used lately, and what may be done with it."""
    may_rotate = permissions.has_permission(request.user, permissions.GENERATE)
    may_revoke = permissions.has_permission(request.user, permissions.REVOKE)
    tokens = list(SCIMToken.objects.filter(connection=connection).select_related("created_by", "revoked_by"))
    recent = ProvisioningEvent.objects.filter(
        connection=connection, token__in=tokens, created_at__gte=timezone.now() - WEEK
    )
    # What administrators did with a token is no use of it.
    recent = recent.exclude(operation=Operation.ADMIN).order_by()
    counted = recent.values("token").annotate(
        n=Count("pk"), no=Count("pk", filter=Q(outcome=Outcome.REFUSED))
    )
    counts = {row["token"]: (row["n"], row["no"]) for row in counted}
    live = [token for token in tokens if token.is_live]
    # At the cap a rotation would only be refused: there is one under way, or a token to revoke first.
    may_rotate = may_rotate and len(live) < app_settings.tokens_live_max
    replaced = {token.replaces_id for token in live}
    rows = []
    for token in tokens:
        is_live = token in live and not connection.is_archived
        operations, refusals = counts.get(token.pk, (0, 0))
        state = token_state(token, is_called=bool(operations))
        row = {"token": token, "state": state, "operations": operations, "refused": refusals}
        if is_live and may_rotate and token.pk not in replaced:
            row["rotate_url"] = page_url("rotate", connection, token_id=token.pk)
        if is_live and token.replaces_id is not None:
            row["rotation_url"] = page_url("rotation", connection, token_id=token.pk)
        if is_live and may_revoke:
            row["revoke_url"] = page_url("revoke", connection, token_id=token.pk)
        rows.append(row)
    return rows


def token_state(token: SCIMToken, *, is_called: bool) -> dict[str, Any]:
    """The state of a token in words, and how it is coloured. ``is_called``: somebody has called with it lately, and was
    refused if it was never used."""
    if token.is_live and token.first_used_at is None:
        if is_called:
            return {"label": _("Not let in yet"), "tone": "bad"}
        return {"label": _("Never used"), "tone": "idle"}
    return {
        # Translators: states of a token.
        "live": {"label": _("Live"), "tone": "good"},
        "expiring": {"label": _("Expiring"), "tone": "warn"},
        "expired": {"label": _("Expired"), "tone": "bad"},
        "revoked": {"label": _("Revoked"), "tone": "idle"},
    }[token.state]
