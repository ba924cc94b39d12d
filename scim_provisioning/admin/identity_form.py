"""The form that asks for the password again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables

from scim_provisioning.administration import identity

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class IdentityForm(forms.Form):
    """A form that asks who is there. Without the request there is nobody to ask about.

    ``refusal`` is what to say when the password was wrong.
    """

    refusal: StrOrPromise = identity.WRONG_PASSWORD

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
        self.confirmation = identity.Confirmation(request)
        if self.confirmation.needs_password:
            self.order_fields([name for name in self.fields if name != "password"])
            self.fields["password"].required = True
        else:
            del self.fields["password"]

    @sensitive_variables("cleaned", "password")
    def clean(self) -> dict[str, Any]:
        """Confirm last, when nothing else is wrong, so that a slip in another field costs no attempt."""
        cleaned = super().clean() or {}
        password = cleaned.pop("password", "")
        asks = "password" in self.fields
        if not (asks and self.errors):
            refusal = self.confirmation.refusal(password, wrong=self.refusal)
            if refusal is not None:
                self.add_error("password" if asks else None, refusal)
        return cleaned
