"""Who is really sitting there: asked before everything that a stolen session must not be able to do.

The adapter's ``confirm_identity`` decides when it has an opinion. Else the account's own password is asked for.
An account without one (its owner signs in through SSO) counts as confirmed for five minutes after signing in.
Too many wrong answers close the door for a while, so that a stolen session cannot guess.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any, Final

from django import forms
from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.events import lines
from scim_provisioning.http.address import client_address

FRESH: Final = timedelta(minutes=5)
ATTEMPTS: Final = 5
LOCKED_SECONDS: Final = 15 * 60


class IdentityForm(forms.Form):
    """A form that asks for the password again. Without the request there is nobody to ask about.

    ``refusal`` is what to say in place of "no token was created" when the password was wrong.
    """

    refusal = gettext_lazy("Your password was not correct. Nothing was changed.")

    password = forms.CharField(
        label=gettext_lazy("Confirm your password"),
        strip=False,
        required=False,
        # render_value stays off: what was typed never comes back in a page.
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "class": "vTextField"}),
        help_text=gettext_lazy("The password with which you sign in here."),
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.answer = get_adapter_class().confirm_identity(request)
        user: Any = request.user
        self.user = user
        if self.answer is not None or not user.has_usable_password():
            del self.fields["password"]
        else:
            self.order_fields([name for name in self.fields if name != "password"])
            self.fields["password"].required = True

    @sensitive_variables("cleaned")
    def clean(self) -> dict[str, Any]:
        """Confirm last, when nothing else is wrong, so that a slip in another field costs no attempt."""
        cleaned = super().clean() or {}
        if "password" in self.fields:
            if "password" in cleaned and not self.errors:
                self._check_password(cleaned.pop("password"))
        elif self.answer is None:
            self._check_fresh_sign_in()
        elif not self.answer:
            self.add_error(None, _("Your identity was not confirmed. Nothing was changed."))
        return cleaned

    @sensitive_variables("password")
    def _check_password(self, password: str) -> None:
        # Counted before it is looked at, so that many guesses at the same moment are many.
        if _count_attempt(self.user) > ATTEMPTS:
            self.add_error("password", _("Too many wrong passwords. Try again in 15 minutes."))
        elif self.user.check_password(password):
            cache.delete(_key(self.user))
        else:
            lines.security(
                {
                    "reason": "password_not_confirmed",
                    "actor": self.user.pk,
                    "address": client_address(self.request),
                }
            )
            self.add_error("password", self.refusal)

    def _check_fresh_sign_in(self) -> None:
        signed_in = self.user.last_login
        if signed_in is None or timezone.now() - signed_in > FRESH:
            self.add_error(
                None,
                _(
                    "Your account has no password to confirm. Sign out, sign in again and return within 5 minutes."
                ),
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
