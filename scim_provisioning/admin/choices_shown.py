"""Forms that say what stood when they were shown: of all choices that a browser sends, those are meant that were
changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from scim_provisioning.administration.as_shown import ChangedMeanwhile

_Value = TypeVar("_Value")


class ChoicesShown(forms.Form):
    """Before a form of choices. Who posts without having opened a page means what is posted."""

    shown = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, shown: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["shown"] = json.dumps(shown)

    @property
    def stood(self) -> dict[str, Any]:
        """What the page has shown, by field."""
        try:
            stood = json.loads(self["shown"].value() or "{}")
        except (ValueError, RecursionError):
            return {}
        return stood if isinstance(stood, dict) else {}

    def changed(self, chosen: Mapping[str, _Value]) -> dict[str, _Value]:
        """What of it was changed on the page."""
        stood = self.stood
        return {name: value for name, value in chosen.items() if name not in stood or stood[name] != value}

    def tell_of_others(self, request: HttpRequest, overtaken: ChangedMeanwhile) -> None:
        """Say what somebody else has changed."""
        names = ", ".join(str(self.fields[name].label) for name in overtaken.names)
        told = _(
            "Somebody else has changed this since the page was shown: %(names)s. Look again. Nothing was changed."
        )
        messages.error(request, told % {"names": names})
