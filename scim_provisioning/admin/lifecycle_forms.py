"""The forms in which a connection is paused, its policies are chosen, and it ends."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from scim_provisioning.admin.choices_shown import ChoicesShown
from scim_provisioning.admin.identity_form import IdentityForm
from scim_provisioning.admin.token_forms import NetworksField
from scim_provisioning.administration import disconnection_words, policy_choices
from scim_provisioning.models import OnDisconnect, SCIMConnection


class ContactsField(forms.CharField):
    """E-mail addresses, one a line or separated by commas; cleans to a list without doubles."""

    widget = forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField", "spellcheck": "false"})

    def clean(self, value: Any) -> Any:
        """Raises ``ValidationError`` naming what is no address."""
        typed = str(super().clean(value) or "").replace(",", " ").replace(";", " ").split()
        return policy_choices.checked_contacts(typed)


class PauseForm(forms.Form):
    """Why provisioning stops for a while."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text=gettext_lazy("Shown to other administrators; never sent to the identity provider."),
    )


def choice_fields(connection: SCIMConnection, widget: type[forms.Widget]) -> dict[str, forms.ChoiceField]:
    """A field for each policy that is a choice worth a question."""
    return {
        choice.name: forms.ChoiceField(
            label=choice.label,
            help_text=choice.help_text,
            choices=[(option.value, option.label) for option in policy_choices.options(choice)],
            widget=widget,
        )
        for choice in policy_choices.asked(connection)
    }


def number_fields(widget: type[forms.Widget]) -> dict[str, forms.IntegerField]:
    """A field for each policy that is a number."""
    return {
        number.name: forms.IntegerField(
            label=number.label,
            help_text=number.help_text,
            min_value=number.least,
            max_value=number.most,
            widget=widget,
        )
        for number in SCIMConnection.policy_numbers
    }


class PoliciesForm(ChoicesShown):
    """What an administrator may choose for one customer."""

    contacts = ContactsField(
        label=gettext_lazy("Contacts"),
        required=False,
        help_text=gettext_lazy(
            "E-mail addresses, one a line. They are told when a token is generated, revoked or about to end, and "
            "when provisioning is paused, in trouble or disconnected."
        ),
    )
    networks = NetworksField(
        label=gettext_lazy("Allowed networks for new tokens"),
        required=False,
        help_text=gettext_lazy(
            "One address or network a line. New tokens start with them; tokens that exist keep their own."
        ),
    )

    def __init__(self, *args: Any, connection: SCIMConnection, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        numbers = number_fields(forms.NumberInput)
        self.fields = {**choice_fields(connection, forms.RadioSelect), **numbers, **self.fields}

    @property
    def chosen(self) -> dict[str, Any]:
        """The policies that were changed on the page, by their key."""
        return self.changed({name: value for name, value in self.cleaned_data.items() if name != "shown"})


class ConfirmPoliciesForm(ChoicesShown, IdentityForm):
    """What was changed of them, on its way through the page that asks to confirm it."""

    contacts = ContactsField(
        label=PoliciesForm.base_fields["contacts"].label, required=False, widget=forms.HiddenInput
    )
    networks = NetworksField(
        label=PoliciesForm.base_fields["networks"].label, required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, connection: SCIMConnection, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = {**choice_fields(connection, forms.HiddenInput), **number_fields(forms.HiddenInput)}
        self.fields.update(chosen)
        self.policies = {"contacts", "networks", *chosen}
        if stood := self.stood:
            self.policies &= {*stood}
            self.fields = {
                name: field
                for name, field in self.fields.items()
                if name in {*self.policies, "shown", "password"}
            }

    @property
    def chosen(self) -> dict[str, Any]:
        """The policies that were changed, by their key."""
        return {name: value for name, value in self.cleaned_data.items() if name in self.policies}


class DisconnectForm(forms.Form):
    """What becomes of the learners. Nothing is chosen beforehand."""

    learners = forms.ChoiceField(
        label=gettext_lazy("What becomes of the learners it manages?"),
        choices=OnDisconnect.choices,
        widget=forms.RadioSelect,
    )


class ConfirmDisconnectForm(IdentityForm):
    """The choice on its way, and the connection's name as the last word."""

    learners = forms.ChoiceField(choices=OnDisconnect.choices, widget=forms.HiddenInput)
    name = forms.CharField(
        label=gettext_lazy("Type the name of the connection to confirm"),
        widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, expected: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.expected = expected

    def clean_name(self) -> str:
        """Raises ``ValidationError`` unless it is the connection's name."""
        typed = str(self.cleaned_data["name"]).strip()
        if typed != self.expected.strip():
            raise ValidationError(disconnection_words.TYPE_THE_NAME, params={"name": self.expected})
        return typed
