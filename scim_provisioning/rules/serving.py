"""Which connections are served now."""

from __future__ import annotations

from typing import Final

from django.dispatch import Signal

from scim_provisioning import databases
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.conf import app_settings
from scim_provisioning.models import SCIMConnection
from scim_provisioning.protocol.errors import Forbidden, Unauthorized, Unavailable
from scim_provisioning.rules.ownership import hand_on

#: Sent before a connection whose SSO row is gone is archived, with the ``connection``, in the transaction that does it.
ends: Final = Signal()
#: Seconds after which a client may ask again while a connection is paused; Entra's cycle is 20-40 minutes.
PAUSED_RETRY_AFTER = 1800


def admit(connection: SCIMConnection, adapter_class: type[LearnerAdapter]) -> None:
    """Let a request with a good token in, or say why this connection is not served now.

    Reads the SSO row at every request, so that switching it off works at once. A connection whose SSO row is
    gone is archived: its token is dead (401), its log and tombstones stay.
    """
    if connection.sso_key is not None and not connection.sso_is_on:
        if connection.sso is None:
            archive(connection)
            raise ended()
        if app_settings.require_sso:
            raise Forbidden("Single sign-on is switched off for this directory.", code="conn.sso_off")
    if not adapter_class.tenant_enabled(connection):
        raise Forbidden("This directory is disabled in the application.", code="conn.disabled")
    if connection.is_paused:
        raise Unavailable(
            "Provisioning is paused by the application.",
            code="conn.paused",
            headers={"Retry-After": str(PAUSED_RETRY_AFTER)},
        )


def ended() -> Unauthorized:
    """The 401 for a request whose connection has ended, be it while the request was under way: its token is dead."""
    return Unauthorized(code="auth.revoked", params={"reason": "archived"})


def archive(connection: SCIMConnection) -> bool:
    """End a connection whose SSO row is gone: its tokens die, and its accounts go to who shares them. False when it
    had ended before.

    The links come first, as everywhere: whoever has locked them goes on to write what names the connection.
    """
    with databases.atomic():
        if not connection.is_archived:
            ends.send(SCIMConnection, connection=connection)
        hand_on(connection.links.living())
        return connection.archive()
