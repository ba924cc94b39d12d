"""Ends the sessions of an account whose access ends.

Django ends a session when the password changes, which tells nothing where people sign in through SSO: a cookie from
before a deactivation would be good again after the return. So the sessions that begin are noted, and deleted.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from scim_provisioning.models import SignIn


def note(sender: Any, request: HttpRequest | None, user: Any, **kwargs: Any) -> None:
    """Receiver of ``user_logged_in``: remember which session it is (one query or two)."""
    session = getattr(request, "session", None)
    if session is None:
        return
    if not session.session_key:
        session.save()
    # Signed cookies have a key that names nothing on the server; there is nothing to delete later.
    if session.session_key:
        SignIn.objects.update_or_create(session_key=session.session_key[:64], defaults={"user": user})


def end(account: Any) -> int:
    """Delete the sessions of an account, whatever engine keeps them; returns how many (two queries at least)."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    begun = SignIn.objects.filter(user=account)
    keys = list(begun.values_list("session_key", flat=True))
    for key in keys:
        store(key).delete()
    if keys:
        begun.filter(session_key__in=keys).delete()
    return len(keys)
