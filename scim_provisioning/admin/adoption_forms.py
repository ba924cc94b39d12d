"""What an administrator can answer about people who were refused, or who may be somebody deleted."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scim_provisioning.admin.identity_form import IdentityForm
from scim_provisioning.administration.adoption import answers
from scim_provisioning.administration.adoption.at_once import Plain
from scim_provisioning.administration.adoption.comparing import Candidate


class AnswerForm(IdentityForm):
    """Who somebody is."""

    ANSWERS: Final = {
        "link": gettext_lazy("Link: the identity provider manages the profile"),
        "keep": gettext_lazy(
            "Link, keep profile: it switches access on and off, and writes nothing else of the account"
        ),
        "separate": gettext_lazy("Create separate: it is somebody new"),
        "ignore": gettext_lazy("Ignore: do not ask any more"),
    }

    account = forms.ChoiceField(label=gettext_lazy("Account"), required=False, widget=forms.RadioSelect)
    answer = forms.ChoiceField(
        label=gettext_lazy("Who is it?"), choices=list(ANSWERS.items()), widget=forms.RadioSelect
    )

    def __init__(self, *args: Any, candidates: list[Candidate], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(one.account.pk), one.name) for one in candidates]
        field: Any = self.fields["account"]
        field.choices = choices
        if len(choices) == 1:
            field.initial = choices[0][0]
        if not choices:
            del self.fields["account"]
            choice: Any = self.fields["answer"]
            choice.choices = [
                (key, label) for key, label in self.ANSWERS.items() if key not in answers.OF_ACCOUNTS
            ]

    def clean(self) -> dict[str, Any]:
        """A link needs an account."""
        if self.cleaned_data.get("answer") in answers.OF_ACCOUNTS and not self.cleaned_data.get("account"):
            self.add_error("account", _("Choose the account that is this person's."))
        return super().clean()


class TickedForm(IdentityForm):
    """Who is linked at once: all who are offered, or the ticked ones."""

    TICKED: Final = "ticked"

    #: The button that was pressed.
    whom = forms.CharField(required=False)
    #: Everybody who was offered when the page was shown, and of them the ticked.
    shown = forms.MultipleChoiceField(required=False)
    ticked = forms.MultipleChoiceField(required=False)

    def __init__(self, *args: Any, offered: list[Plain], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offered = {one.key: one for one in offered}
        gone = _("Somebody is not to be linked at once any more: look again. Nothing was changed.")
        for name in ("shown", self.TICKED):
            field: Any = self.fields[name]
            field.choices = [(key, key) for key in self.offered]
            field.error_messages["invalid_choice"] = gone

    @property
    def chosen(self) -> list[Plain]:
        """Whom the button means, in the order of the page."""
        asked = self.cleaned_data["shown" if self.cleaned_data["whom"] != self.TICKED else self.TICKED]
        return [one for key, one in self.offered.items() if key in asked]

    def clean(self) -> dict[str, Any]:
        """What is ticked and which button was pressed have to agree."""
        ticked, only = self.cleaned_data.get("ticked"), self.cleaned_data.get("whom") == self.TICKED
        for name in ("shown", self.TICKED):
            if name in self.errors:
                self.add_error(None, self.errors.pop(name)[0])
        if not self.errors and only and not ticked:
            self.add_error(None, _("Tick whom you link. Nothing was changed."))
        if not self.errors and ticked and not only:
            self.add_error(
                None, _("Choose “Link the ticked people”, or take the ticks away. Nothing was changed.")
            )
        return super().clean()


class QuestionForm(IdentityForm):
    """Whether two are one; that they are can be said where the host joins them."""

    SAME: Final = ("yes", gettext_lazy("Same person: join the two accounts"))

    same = forms.ChoiceField(
        label=gettext_lazy("Are they the same person?"),
        choices=[SAME, ("no", gettext_lazy("They stay apart"))],
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, can_merge: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not can_merge:
            field: Any = self.fields["same"]
            field.choices, field.initial = [one for one in field.choices if one != self.SAME], "no"
