"""Who is really sitting there: asked before everything that a stolen session must not be able to do.

The adapter's ``confirm_identity`` decides when it has an opinion. Else the account's own password is asked for.
An account without one (its owner signs in through SSO) counts as confirmed for five minutes after signing in.
Too many wrong answers close the door for a while, so that a stolen session cannot guess.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables

from scim_provisioning.administration import host
from scim_provisioning.events import lines
from scim_provisioning.http.address import client_address

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

FRESH: Final = timedelta(minutes=5)
ATTEMPTS: Final = 5
LOCKED_SECONDS: Final = 15 * 60

WRONG_PASSWORD: Final = gettext_lazy("Your password was not correct. Nothing was changed.")
WRONG_PASSWORD_NO_TOKEN: Final = gettext_lazy("Your password was not correct. No token was created.")


class Confirmation:
    """The question to the person behind one request, and what is wrong with their answer.

    Raises ``host.AdapterBroken``: nobody is confirmed while the host cannot be asked.
    """

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._user: Any = request.user
        self._hosts_answer = host.adapter_class().confirm_identity(request)

    @property
    def needs_password(self) -> bool:
        """Whether this person has to type their password."""
        return self._hosts_answer is None and bool(self._user.has_usable_password())

    @sensitive_variables("password")
    def refusal(self, password: str = "", *, wrong: StrOrPromise = WRONG_PASSWORD) -> str | None:
        """Why this person is not confirmed, in a sentence; None when they are.

        Every call counts as an attempt. ``wrong`` is the sentence for a wrong password.
        """
        if self.needs_password:
            return self._refusal_of(password, wrong)
        if self._hosts_answer is None:
            return self._refusal_of_a_stale_session()
        return None if self._hosts_answer else _("Your identity was not confirmed. Nothing was changed.")

    @sensitive_variables("password")
    def _refusal_of(self, password: str, wrong: StrOrPromise) -> str | None:
        # Counted before it is looked at, so that many guesses at the same moment are many.
        if _count_attempt(self._user) > ATTEMPTS:
            return _("Too many wrong passwords. Try again in 15 minutes.")
        if self._user.check_password(password):
            cache.delete(_key(self._user))
            return None
        lines.security(
            {
                "reason": "password_not_confirmed",
                "actor": self._user.pk,
                "address": client_address(self._request),
            }
        )
        return str(wrong)

    def _refusal_of_a_stale_session(self) -> str | None:
        signed_in = self._user.last_login
        if signed_in is not None and timezone.now() - signed_in <= FRESH:
            return None
        return _(
            "Your account has no password to confirm. Sign out, sign in again and return within 5 minutes."
        )


def _key(user: Any) -> str:
    return "scim_provisioning.identity." + hashlib.sha256(str(user.pk).encode()).hexdigest()[:32]


def _count_attempt(user: Any) -> int:
    """How many attempts this is since the last right one, or in the last 15 minutes."""
    if cache.add(_key(user), 1, LOCKED_SECONDS):
        return 1
    try:
        return cache.incr(_key(user))
    except ValueError:
        # It ran out between the two, or this cache keeps nothing.
        cache.set(_key(user), 1, LOCKED_SECONDS)
        return 1
