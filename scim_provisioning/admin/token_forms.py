"""The forms in which tokens are generated, rotated and revoked."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any, Final

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scim_provisioning.admin.identity_form import IdentityForm
from scim_provisioning.administration import identity, token_rules
from scim_provisioning.models import SCIMConnection, SCIMToken
from scim_provisioning.tokens.issuing import LABEL_LENGTH

NEVER: Final = "never"


class NetworksField(forms.CharField):
    """Addresses and networks, one a line or separated by commas; cleans to a list of their canonical texts."""

    widget = forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField", "spellcheck": "false"})

    def clean(self, value: Any) -> Any:
        """Raises ``ValidationError`` naming what is no network."""
        return token_rules.checked_networks(str(super().clean(value) or "").replace(",", " ").split())


class GenerateForm(IdentityForm):
    """What a new token is to be like, and the nonce that lets this form make one only."""

    refusal = identity.WRONG_PASSWORD_NO_TOKEN

    nonce = forms.CharField(widget=forms.HiddenInput, required=False)
    label = forms.CharField(
        label=gettext_lazy("Label"),
        max_length=LABEL_LENGTH,
        widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
        help_text=gettext_lazy("By this name you find it again in tables and logs."),
    )
    expires = forms.ChoiceField(label=gettext_lazy("Expires after"))
    networks = NetworksField(
        label=gettext_lazy("Allowed networks"),
        required=False,
        help_text=gettext_lazy(
            "Optional. One address or network a line, like 203.0.113.0/24. Empty: from anywhere. Entra ID calls "
            "from many addresses that change."
        ),
    )

    def __init__(self, *args: Any, request: HttpRequest, connection: SCIMConnection, **kwargs: Any) -> None:
        # A fresh nonce for each page that is served; a page that is shown again with errors keeps its own.
        initial = {
            "nonce": secrets.token_urlsafe(24),
            "label": token_rules.free_label(connection, _("Entra ID")),
            "expires": str(token_rules.usual_days()),
            "networks": "\n".join(connection.default_networks),
            **(kwargs.pop("initial", None) or {}),
        }
        super().__init__(*args, request=request, initial=initial, **kwargs)
        expires: Any = self.fields["expires"]
        expires.choices = [
            (NEVER if days is None else str(days), words) for days, words in token_rules.lives().items()
        ]

    @property
    def expires_in_days(self) -> int | None:
        """The chosen life; None for one that never ends."""
        chosen = self.cleaned_data["expires"]
        return None if chosen == NEVER else int(chosen)


class RotateForm(GenerateForm):
    """As ``GenerateForm``, and how long the old token goes on."""

    overlap = forms.ChoiceField(
        label=gettext_lazy("The old token goes on"),
        choices=[(hours or "", label) for hours, label in token_rules.OVERLAPS.items()],
        required=False,
        help_text=gettext_lazy(
            "Paste the new token into your identity provider before the old one ends. “Until I revoke it” cannot "
            "interrupt anything."
        ),
    )
    field_order = ("nonce", "label", "expires", "overlap", "networks", "password")

    def __init__(self, *args: Any, replaces: SCIMToken, **kwargs: Any) -> None:
        initial = {
            "label": token_rules.free_label(replaces.connection, replaces.label),
            "networks": "\n".join(replaces.allowed_networks),
            "overlap": "",
        }
        super().__init__(*args, initial=initial, **kwargs)

    @property
    def overlap_span(self) -> timedelta | None:
        """For how long the old token goes on; None: until it is revoked or ends by itself."""
        chosen = self.cleaned_data["overlap"]
        return token_rules.overlap(int(chosen) if chosen else None)


class RevokeForm(forms.Form):
    """Asks for the label when the token is the only live one: then everything stops."""

    label = forms.CharField(
        label=gettext_lazy("Type the label of the token to confirm"),
        required=False,
        widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, token: SCIMToken, is_only: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.token = token
        if not is_only:
            del self.fields["label"]

    def clean_label(self) -> str:
        """Raises ``ValidationError`` unless it is the token's label."""
        typed = str(self.cleaned_data["label"])
        token_rules.check_confirmation(self.token, typed)
        return typed
