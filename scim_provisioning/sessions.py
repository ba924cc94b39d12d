"""Ends the sessions of an account whose access ends.

Django ends a session when the password changes, which tells nothing where people sign in through SSO: a cookie from
before a deactivation would be good again after the return. So the sessions that begin are noted, and deleted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from scim_provisioning import databases
from scim_provisioning.databases import prepared
from scim_provisioning.models import SignIn

logger = logging.getLogger("scim_provisioning.sessions")

_KEPT: Final = "A session could not be deleted (%s); it is tried again when the account's access returns."


def note(sender: Any, request: HttpRequest | None, user: Any, **kwargs: Any) -> None:
    """Receiver of ``user_logged_in``: remember which session it is (two queries or three).

    Nobody is kept from signing in by it: what the database says against it is logged.
    """
    session = getattr(request, "session", None)
    if session is None or not can_be_ended():
        return
    if not session.session_key:
        session.save()
    try:
        with databases.atomic():
            SignIn.objects.update_or_create(session_key=session.session_key, defaults={"user": user})
    except DatabaseError:
        logger.exception("A session could not be noted: it will not end with its account's access.")


def can_be_ended() -> bool:
    """Whether the server keeps anything of a session that could be deleted: nothing of a signed cookie."""
    return not settings.SESSION_ENGINE.endswith(".signed_cookies")


class SessionKeyMiddleware:
    """Notes a session that is given another key while it lasts, after Django's ``AuthenticationMiddleware``.

    ``update_session_auth_hash`` does that when somebody changes their password, and Django says so to nobody.
    A request that leaves the key as it was costs nothing.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        before = request.session.session_key
        response = self.get_response(request)
        after = request.session.session_key
        if after and after != before and request.user.is_authenticated:
            note(None, request, request.user)
        return response


def end(*accounts: Any) -> int:
    """Delete the sessions of accounts, whatever engine keeps them; returns how many (one query, and two more and one
    for each where there are any). None in a rehearsal: no rollback brings back what a cache has let go.

    Nobody keeps their access because the cache that holds their session is gone. What could not be deleted stays noted,
    and is deleted when they return: until then the account is off, and so is every session of it.
    """
    if databases.is_rehearsal():
        return 0
    keys = [key for (key,) in prepared.rows(_begun_by, accounts)]
    gone = list(_deleted(keys)) if keys else []
    if gone:
        SignIn.objects.filter(user__in=accounts, session_key__in=gone).delete()
    return len(gone)


def _begun_by(accounts: tuple[Any, ...]) -> QuerySet[SignIn, Any]:
    return SignIn.objects.filter(user__in=accounts).values_list("session_key")


def _deleted(keys: Iterable[str]) -> Iterator[str]:
    """Delete sessions; yields those that are gone. The first that cannot be deleted is the last that is tried: each
    would wait for the same server."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    for key in keys:
        try:
            store(key).delete()
        except DatabaseError:
            raise
        except Exception as error:  # of whatever keeps them; its frames hold the key, which opens the session
            logger.error(_KEPT, type(error).__name__)  # noqa: TRY400
            return
        yield key
