"""Who may sign in to this LMS, and who may have a new password by mail: whom Django lets, unless provisioning says
otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.views import PasswordResetConfirmView

from scim_provisioning.sso import may_reset_password, may_sign_in


class SignInBackend(ModelBackend):
    """Django's own, which asks ``user_can_authenticate`` at sign-in and at every request of a session."""

    def user_can_authenticate(self, user: Any) -> bool:
        """Nobody whom their identity provider has switched off or deleted (one query, one more for those it knows)."""
        return super().user_can_authenticate(user) and may_sign_in(user)


class ResetForm(PasswordResetForm):
    """Django's own, which mails a link to everybody of this address whom ``get_users`` names."""

    def get_users(self, email: str) -> Iterable[Any]:
        """Nobody who signs in by their customer's single sign-on, or whom provisioning has let go."""
        return (user for user in super().get_users(email) if may_reset_password(user))


class ResetConfirmView(PasswordResetConfirmView):
    """Where that link leads. One from before its learner was provisioned is good for nobody any more."""

    def get_user(self, uidb64: str) -> Any:
        """Whose it is; None for a link that is not valid."""
        user = super().get_user(uidb64)
        return user if user is not None and may_reset_password(user) else None
