"""Who may sign in to this LMS: whom Django lets in, unless provisioning says otherwise."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend

from scim_provisioning.sso import may_sign_in


class SignInBackend(ModelBackend):
    """Django's own, which asks ``user_can_authenticate`` at sign-in and at every request of a session."""

    def user_can_authenticate(self, user: Any) -> bool:
        """Nobody whom their identity provider has switched off or deleted (one query, one more for those it knows)."""
        return super().user_can_authenticate(user) and may_sign_in(user)
