"""The attribute mapping page: read from the adapter, with what arrived lately and a payload to try."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scim_provisioning.admin.pages import ConnectionPages, PageLink
from scim_provisioning.administration import catalogue, host, mapping_report, permissions, trial
from scim_provisioning.administration.attribute_words import made_up
from scim_provisioning.administration.log_words import masked, shown
from scim_provisioning.conf import app_settings
from scim_provisioning.models import SCIMConnection

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

_EMPTY: Final[dict[str, StrOrPromise]] = {
    # Translators: what becomes of a field when the attribute is sent empty.
    "clear": gettext_lazy("cleared"),
    "keep": gettext_lazy("kept"),
}


class TrialForm(forms.Form):
    """A SCIM body to try."""

    payload = forms.CharField(
        label=gettext_lazy("SCIM user or PATCH, as JSON"),
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false", "autocomplete": "off"}),
        strip=False,
    )
    learner = forms.CharField(
        label=gettext_lazy("Learner"),
        required=False,
        max_length=320,
        help_text=gettext_lazy(
            "userName or SCIM id. Needed for a PATCH. With it a whole user is tried as an update (PUT), without "
            "it as somebody new (POST)."
        ),
    )

    def clean_payload(self) -> str:
        """Within the limits of a request."""
        text: str = self.cleaned_data["payload"]
        limit = app_settings.limits.body_bytes
        if len(text.encode("utf-8", "surrogatepass")) > limit:
            raise forms.ValidationError(
                _("The payload is larger than a request may be: %(limit)s bytes."), params={"limit": limit}
            )
        return text


class MappingPages(ConnectionPages):
    """One page. There is nothing on it that changes the mapping, and no request to it can: it is code."""

    def connection_urls(self) -> list[URLPattern]:
        """One route."""
        return [*super().connection_urls(), self.connection_path("mapping/", self.mapping_view, "mapping")]

    def connection_links(self, request: HttpRequest, connection: SCIMConnection) -> list[PageLink]:
        """The link to it."""
        link = PageLink(
            self.page_url("mapping", connection),
            _("Attribute mapping"),
            _("Which attribute lands where, what arrives and is not used, and a payload to try."),
        )
        return [*super().connection_links(request, connection), link]

    def mapping_view(self, request: HttpRequest, connection: SCIMConnection) -> HttpResponse:
        """The tables; with POST, what the pasted payload would do. Raises ``host.AdapterBroken``."""
        in_clear = permissions.has_permission(request.user, permissions.VIEW_PAYLOAD)
        if request.method == "POST" and not in_clear:
            raise permissions.missing(permissions.VIEW_PAYLOAD)
        host.adapter_class()
        form = TrialForm(request.POST if request.method == "POST" else None)
        result = None
        if form.is_valid():
            raw = form.cleaned_data["payload"].encode("utf-8", "surrogatepass")
            result = trial.try_payload(connection, raw, learner=form.cleaned_data["learner"])
        report = mapping_report.report(connection)
        show = shown if in_clear else masked
        context = {
            "title": _("Attribute mapping"),
            "lines": [_line(line, show) for line in report.lines],
            "unused": _unused(report.unused, show, in_clear),
            "problems": report.problems,
            "learners": report.learners,
            "days": mapping_report.DAYS,
            "may_try": in_clear,
            "form": form,
            "trial": _trial(result) if result is not None else None,
        }
        return self.render_page(request, "connection/mapping.html", connection, context)


def _line(line: mapping_report.Line, show: Callable[[Any], str]) -> dict[str, Any]:
    return {
        "path": line.path,
        "target": line.target,
        "kind": line.kind,
        "empty": _("refused") if line.required else _EMPTY[line.when_empty],
        "seen": line.seen,
        "example": show(line.example),
    }


def _unused(
    items: Iterable[mapping_report.Unused], show: Callable[[Any], str], in_clear: bool
) -> list[dict[str, Any]]:
    """A line for each path; without ``in_clear`` a path that names its element by a value is one with the others."""
    told: dict[str, dict[str, Any]] = {}
    for item in items:
        path = item.path if in_clear else made_up(item.path)
        line = {"path": path, "seen": 0, "kept": item.kept, "example": show(item.example)}
        told.setdefault(path, line)["seen"] += item.seen
    return list(told.values())


def _trial(result: trial.Trial) -> dict[str, Any]:
    if result.refusal is not None:
        refusal = result.refusal
        explanation = catalogue.explain(refusal.code, refusal.params)
        return {"refusal": explanation, "detail": refusal.detail, "note": result.note}
    return {
        "learner": result.learner,
        "is_new": result.is_new,
        "differences": [
            {"target": item.target, "before": shown(item.before), "after": shown(item.after)}
            for item in result.differences
        ],
        "unused": _listed(result.unused),
        "ignored": _listed(result.ignored),
    }


def _listed(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
