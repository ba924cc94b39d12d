"""When the session of a request began: noted in the session itself; other sessions of the account say nothing of it.

``User.last_login`` will not do: a session that was stolen yesterday would be fresh as soon as its owner signs in
somewhere else.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest
from django.utils import timezone

from scim_provisioning import moments

#: Where the session keeps it. A sign-in writes it anew; a session from before this was written down has none.
KEY: Final = "scim_provisioning.sign_in"


@dataclass(frozen=True, slots=True)
class SignIn:
    """One sign-in: ``key`` tells it from every other; ``at`` is None when nobody knows."""

    key: str
    at: datetime | None


def note(sender: object, request: HttpRequest | None, user: Any, **kwargs: Any) -> None:
    """Receives ``user_logged_in``: note the moment, in sessions of staff that are signed in as this very person.

    Sign-ins that make no session send the signal too (REST frameworks' tokens).
    """
    session = getattr(request, "session", None)
    if session is None or not getattr(user, "is_staff", False):
        return
    if session.get(SESSION_KEY) == _key_of(user):
        session[KEY] = [_key_of(user), secrets.token_urlsafe(16), moments.utc(timezone.now()).timestamp()]


def of(request: HttpRequest) -> SignIn:
    """The sign-in of this request's session and user."""
    session = getattr(request, "session", None)
    if session is None:
        return SignIn("", None)
    match session.get(KEY):
        case [str(owner), str(key), float(at)] if owner == _key_of(request.user):
            return SignIn(key, moments.stored(datetime.fromtimestamp(at, UTC)))
    return SignIn(session.session_key or "", None)


def _key_of(user: Any) -> str:
    # As Django writes it into the session.
    return str(user._meta.pk.value_to_string(user))
