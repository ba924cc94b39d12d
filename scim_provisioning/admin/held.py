"""The page of those whom the leaver brake holds, and the one on which departures are undone.

GET changes nothing; every button asks who is there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from scim_provisioning.admin.identity_form import IdentityForm
from scim_provisioning.admin.pages import ConnectionPages, PageLink, posted, who
from scim_provisioning.administration import leaver_brake, permissions, reactivation
from scim_provisioning.models import HeldLeaver, SCIMConnection
from scim_provisioning.templatetags.scim_admin import scim_number

_PER_PAGE: Final = 200
#: For how long one press of the button works; the page then shows who is left.
_SECONDS: Final = 10.0


class VerdictForm(IdentityForm):
    """What becomes of those who are held."""

    VERDICTS: Final = {
        "selected": gettext_lazy("Let the selected people go"),
        "held": gettext_lazy("Let all go who are held now"),
        "everybody": gettext_lazy("Let everybody go for 24 hours"),
        "keep": gettext_lazy("Keep holding them"),
        "end": gettext_lazy("They stay: the identity provider was corrected"),
    }

    verdict = forms.ChoiceField(
        label=gettext_lazy("What becomes of them?"),
        choices=list(VERDICTS.items()),
        widget=forms.RadioSelect,
        help_text=gettext_lazy(
            "Who may go, goes when the identity provider asks again, usually within 40 minutes."
        ),
    )
    people = forms.ModelMultipleChoiceField(queryset=HeldLeaver.objects.none(), required=False)

    def __init__(self, *args: Any, held: QuerySet[HeldLeaver], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["people"].queryset = held  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Somebody has to be selected where the selected may go."""
        if self.cleaned_data.get("verdict") == "selected" and not self.cleaned_data.get("people"):
            self.add_error("verdict", _("Select whom you let go. Nothing was changed."))
        return super().clean()


class UndoForm(IdentityForm):
    """How far back, and up to which departure: exactly those who were shown."""

    hours = forms.TypedChoiceField(
        choices=[(hours, hours) for hours in reactivation.HOURS], coerce=int, widget=forms.HiddenInput
    )
    last = forms.IntegerField(min_value=0, max_value=2**63 - 1, widget=forms.HiddenInput)
    #: The key of one link, where only that person is to come back.
    learner = forms.IntegerField(min_value=0, max_value=2**63 - 1, required=False, widget=forms.HiddenInput)


class HeldPages(ConnectionPages):
    """Who is held; who went, and may come back."""

    def connection_urls(self) -> list[URLPattern]:
        """Two routes."""
        approve = permissions.APPROVE_HELD
        return [
            *super().connection_urls(),
            self.connection_path("held/", self.held_view, "held", permission=approve),
            self.connection_path("undo/", self.undo_view, "undo", permission=approve),
        ]

    def connection_links(self, request: HttpRequest, connection: SCIMConnection) -> list[PageLink]:
        """The link to those who went; to those who are held the banner leads."""
        links = super().connection_links(request, connection)
        if connection.is_archived or not permissions.has_permission(request.user, permissions.APPROVE_HELD):
            return links
        label, help_text = _("Who was switched off"), _("In the last hour or day; and take it back.")
        return [*links, PageLink(self.page_url("undo", connection), label, help_text)]

    def held_view(self, request: HttpRequest, connection: SCIMConnection) -> HttpResponse:
        """Show who is held, and take the administrator's word on it."""
        found = leaver_brake.of(connection)
        if found is None:
            messages.info(request, _("Nobody is held on this connection."))
            return self.back(connection)
        name = request.GET.get("q", "")
        rows = leaver_brake.held(connection, name)
        form = VerdictForm(posted(request), request=request, held=leaver_brake.held(connection))
        if form.is_valid():
            verdict = _VERDICTS[form.cleaned_data["verdict"]]
            messages.success(request, verdict(connection, form.cleaned_data["people"], who(request)))
            return HttpResponseRedirect(self.page_url("change", connection))
        page = Paginator(rows, _PER_PAGE).get_page(request.GET.get("p"))
        chosen = {str(key) for key in form["people"].value() or ()}
        context = {
            "title": _("Held leavers"),
            "hold": found,
            "form": form,
            "page": page,
            "name": name,
            "chosen": chosen,
            "limit": max(
                connection.leavers_at_least, (found.people or 0) * connection.leavers_percent // 100
            ),
        }
        return self.render_page(request, "connection/held.html", connection, context)

    def undo_view(self, request: HttpRequest, connection: SCIMConnection) -> HttpResponse:
        """Show who went, and bring them back on confirmation."""
        form = UndoForm(posted(request), request=request)
        if form.is_valid():
            return self._undo(request, connection, form)
        asked = request.GET.get("hours", "1")
        hours = int(asked) if asked in map(str, reactivation.HOURS) else reactivation.HOURS[0]
        one = request.POST.get("learner") or request.GET.get("learner", "")
        learner = int(one) if one.isdecimal() and len(one) < 19 else None
        only = {} if learner is None else {"learner": learner}
        went = reactivation.departures(connection, hours, learner=learner)
        if not form.is_bound:
            last = went.order_by("-pk").values_list("pk", flat=True).first() or 0
            form = UndoForm(initial={"hours": hours, "last": last, **only}, request=request)
        count = went.count()
        context = {
            "title": _("Who was switched off"),
            "form": form,
            "went": went[:_PER_PAGE],
            "count": count,
            "at_once": min(count, reactivation.AT_ONCE),
            "hours": hours,
            "choices": [
                (choice, f"?{urlencode({'hours': choice, **only})}") for choice in reactivation.HOURS
            ],
        }
        return self.render_page(request, "connection/undo.html", connection, context)

    def _undo(self, request: HttpRequest, connection: SCIMConnection, form: UndoForm) -> HttpResponse:
        hours, last, learner = (form.cleaned_data[name] for name in ("hours", "last", "learner"))
        went = list(
            reactivation.departures(connection, hours, last=last, learner=learner)[: reactivation.AT_ONCE]
        )
        done = reactivation.undo(connection, went, seconds=_SECONDS, **who(request))
        told = ngettext("%(n)s person is back as before.", "%(n)s people are back as before.", done.back) % {
            "n": scim_number(done.back)
        }
        messages.success(request, told)
        for event, why in done.failed[:20]:
            messages.warning(
                request, _("“%(name)s” is not back: %(why)s") % {"name": event.user_name, "why": why}
            )
        return HttpResponseRedirect(self.page_url("undo", connection))


def _selected(connection: SCIMConnection, people: Any, by: dict[str, Any]) -> str:
    n = leaver_brake.allow(connection, [row.pk for row in people], **by)
    told = ngettext(
        "%(n)d person may go when the identity provider asks again.",
        "%(n)d people may go when the identity provider asks again.",
        n,
    )
    return told % {"n": n}


def _held(connection: SCIMConnection, people: Any, by: dict[str, Any]) -> str:
    return _selected(connection, leaver_brake.held(connection), by)


def _everybody(connection: SCIMConnection, people: Any, by: dict[str, Any]) -> str:
    leaver_brake.allow_all(connection, **by)
    return _("Everybody may go for 24 hours.")


def _keep(connection: SCIMConnection, people: Any, by: dict[str, Any]) -> str:
    leaver_brake.keep(connection, **by)
    return _("They stay on hold.")


def _end(connection: SCIMConnection, people: Any, by: dict[str, Any]) -> str:
    leaver_brake.end(connection, **by)
    return _("The hold is over. Whoever goes next is counted anew.")


_VERDICTS: Final[dict[str, Callable[[SCIMConnection, Any, dict[str, Any]], str]]] = {
    "selected": _selected,
    "held": _held,
    "everybody": _everybody,
    "keep": _keep,
    "end": _end,
}
