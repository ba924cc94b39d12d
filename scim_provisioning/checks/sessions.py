"""A check of what keeps the sessions: they end with their account's access."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage

from scim_provisioning import sessions
from scim_provisioning.checks import faults


def check_sessions(**kwargs: Any) -> list[CheckMessage]:
    """Somebody who is switched off and returns has to sign in again."""
    return [] if sessions.can_be_ended() else [faults.SESSIONS_CANNOT_END.at()]
