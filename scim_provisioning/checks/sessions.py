"""Checks of what keeps the sessions: they end with their account's access."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage
from django.urls import NoReverseMatch, reverse

from scim_provisioning import sessions
from scim_provisioning.checks import faults
from scim_provisioning.checks.middleware import uses


def check_sessions(**kwargs: Any) -> list[CheckMessage]:
    """Somebody who is switched off and returns has to sign in again."""
    if not sessions.can_be_ended():
        return [faults.SESSIONS_CANNOT_END.at()]
    if _admin_is_mounted() and not uses(sessions.SessionKeyMiddleware):
        return [faults.SESSION_KEYS_UNNOTED.at()]
    return []


def _admin_is_mounted() -> bool:
    """Whether the URLs have an admin, with whose page people change their password."""
    if not apps.is_installed("django.contrib.admin") or not getattr(settings, "ROOT_URLCONF", None):
        return False
    from django.contrib.admin.sites import all_sites  # only where it is installed

    for site in all_sites:
        with suppress(NoReverseMatch):
            reverse(f"{site.name}:password_change")
            return True
    return False
