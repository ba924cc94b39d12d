"""The forms in which tokens are generated, rotated and revoked."""

from __future__ import annotations

import ipaddress
import secrets
from datetime import timedelta
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from scim_provisioning.admin.identity import IdentityForm
from scim_provisioning.conf import app_settings
from scim_provisioning.models import SCIMConnection, SCIMToken
from scim_provisioning.tokens.issuing import LABEL_LENGTH

NEVER: Final = "never"
OFFERED_DAYS: Final = (90, 365, 730)
#: Hours for which the old token of a rotation goes on; empty: until somebody revokes it.
OVERLAPS: Final = (
    ("1", gettext_lazy("1 hour")),
    ("24", gettext_lazy("24 hours")),
    ("168", gettext_lazy("7 days")),
    ("", gettext_lazy("until I revoke it")),
)


class NetworksField(forms.CharField):
    """Addresses and networks, one a line or separated by commas; cleans to a list of their canonical texts."""

    widget = forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField", "spellcheck": "false"})

    def clean(self, value: Any) -> Any:
        """Raises ``ValidationError`` naming what is no network."""
        networks = []
        for text in str(super().clean(value) or "").replace(",", " ").split():
            try:
                network = str(ipaddress.ip_network(text, strict=False))
            except ValueError:
                raise ValidationError(
                    _("“%(network)s” is not an address or network. Write it like 203.0.113.0/24."),
                    params={"network": text[:60]},
                ) from None
            if network not in networks:
                networks.append(network)
        return networks


class GenerateForm(IdentityForm):
    """What a new token is to be like, and the nonce that lets this form make one only."""

    refusal = gettext_lazy("Your password was not correct. No token was created.")

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
            "label": _("Entra ID"),
            "expires": str(min(app_settings.token_default_days, app_settings.token_max_days)),
            "networks": "\n".join(connection.default_networks),
            **(kwargs.pop("initial", None) or {}),
        }
        super().__init__(*args, request=request, initial=initial, **kwargs)
        expires: Any = self.fields["expires"]
        expires.choices = expiry_choices()

    @property
    def expires_in_days(self) -> int | None:
        """The chosen life; None for one that never ends."""
        chosen = self.cleaned_data["expires"]
        return None if chosen == NEVER else int(chosen)


class RotateForm(GenerateForm):
    """As ``GenerateForm``, and how long the old token goes on."""

    overlap = forms.ChoiceField(
        label=gettext_lazy("The old token goes on"),
        choices=OVERLAPS,
        required=False,
        help_text=gettext_lazy(
            "Paste the new token into your identity provider before the old one ends. “Until I revoke it” cannot "
            "interrupt anything."
        ),
    )
    field_order = ("nonce", "label", "expires", "overlap", "networks", "password")

    def __init__(self, *args: Any, replaces: SCIMToken, **kwargs: Any) -> None:
        initial = {
            "label": replaces.label,
            "networks": "\n".join(replaces.allowed_networks),
            "overlap": "",
        }
        super().__init__(*args, initial=initial, **kwargs)

    @property
    def overlap_span(self) -> timedelta | None:
        """For how long the old token goes on; None: until it is revoked or ends by itself."""
        chosen = self.cleaned_data["overlap"]
        return timedelta(hours=int(chosen)) if chosen else None


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
        typed = str(self.cleaned_data["label"]).strip()
        if typed != self.token.label:
            raise ValidationError(
                _("Type “%(label)s”, exactly as it is written. The token is still live."),
                params={"label": self.token.label},
            )
        return typed


def expiry_choices() -> list[tuple[str, str]]:
    """The lives that the settings allow, the default one among them."""
    longest = app_settings.token_max_days
    days = {day for day in OFFERED_DAYS if day <= longest}
    days.add(min(app_settings.token_default_days, longest))
    choices = [(str(day), span(day)) for day in sorted(days)]
    if app_settings.allow_non_expiring_tokens:
        choices.append((NEVER, _("Never")))
    return choices


def span(days: int) -> str:
    """ "90 days", "1 year", "2 years"."""
    if days % 365 == 0:
        return ngettext("%(n)d year", "%(n)d years", days // 365) % {"n": days // 365}
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
