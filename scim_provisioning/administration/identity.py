"""Who is really sitting there: asked before everything that a stolen session must not be able to do.

The adapter's ``confirm_identity`` decides when it has an opinion. Else the account's own password is asked for.
An account without one (its owner signs in through SSO) counts as confirmed for five minutes after this very session was
signed in. Too many wrong answers close the door (see ``confirmations``), so that a stolen session cannot guess.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables

from scim_provisioning.administration import host, sign_in
from scim_provisioning.administration.confirmations import Counter, Door
from scim_provisioning.events import lines
from scim_provisioning.http.address import client_address

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

FRESH: Final = timedelta(minutes=5)

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
        session = sign_in.of(self._request)
        counter = Counter.of(self._user, session.key, session.at)
        match counter.attempt():
            case Door.SESSION_CLOSED:
                return _("Too many wrong passwords. Try again in 15 minutes, or sign out and sign in again.")
            case Door.ACCOUNT_CLOSED:
                return _(
                    "Too many wrong passwords for your account. Sign out, sign in again and repeat this."
                )
        if self._user.check_password(password):
            counter.was_right()
            return None
        counter.was_wrong()
        lines.security(
            {
                "reason": "password_not_confirmed",
                "actor": self._user.pk,
                "address": client_address(self._request),
            }
        )
        return str(wrong)

    def _refusal_of_a_stale_session(self) -> str | None:
        signed_in_at = sign_in.of(self._request).at
        if signed_in_at is not None and timedelta(0) <= timezone.now() - signed_in_at <= FRESH:
            return None
        return _(
            "Your account has no password to confirm. Sign out, sign in again and return within 5 minutes."
        )
