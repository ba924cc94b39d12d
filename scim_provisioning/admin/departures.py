"""The page on which departures are taken back: of everybody who went within an hour or a day, or of whom is ticked.

GET changes nothing; the buttons ask who is there.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scim_provisioning.admin.identity_form import IdentityForm
from scim_provisioning.admin.pages import ConnectionPages, PageLink, few_named, posted, who
from scim_provisioning.administration import leaver_brake, permissions, reactivation
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.templatetags.scim_admin import scim_number

_PER_PAGE: Final = 200
#: For how long one press of the button works; the page then shows who is left.
_SECONDS: Final = 10.0
#: The buttons, where there is more than one.
_TICKED: Final = "ticked"
_ALL: Final = "all"


class UndoForm(IdentityForm):
    """How far back, and up to which departure: exactly those who were shown; of these all, or the ticked ones."""

    hours = forms.TypedChoiceField(
        choices=[(hours, hours) for hours in reactivation.HOURS], coerce=int, widget=forms.HiddenInput
    )
    last = forms.IntegerField(min_value=0, max_value=2**63 - 1, widget=forms.HiddenInput)
    #: The key of one link, where only that person is to come back.
    learner = forms.IntegerField(min_value=0, max_value=2**63 - 1, required=False, widget=forms.HiddenInput)
    #: The button that was pressed.
    whom = forms.CharField(required=False)
    #: Keys of departures. Who came back meanwhile is no mistake of whoever ticked them.
    ticked = forms.Field(widget=forms.SelectMultiple, required=False)

    def clean_ticked(self) -> list[int]:
        """Their numbers."""
        return [int(key) for key in self.cleaned_data["ticked"] or () if key.isdecimal() and len(key) < 19]

    def clean(self) -> dict[str, Any]:
        """What is ticked and which button was pressed have to agree."""
        n, whom = len(self.cleaned_data.get("ticked") or ()), self.cleaned_data.get("whom")
        if whom == _TICKED and not n:
            self.add_error(None, _("Tick whom you bring back. Nothing was changed."))
        if whom == _ALL and n:
            told = ngettext(
                "You have ticked %(n)s person: choose “Reactivate the ticked people”, or take the tick away. Nothing "
                "was changed.",
                "You have ticked %(n)s people: choose “Reactivate the ticked people”, or take the ticks away. Nothing "
                "was changed.",
                n,
            )
            self.add_error(None, told % {"n": scim_number(n)})
        return super().clean()


class DeparturesPage(ConnectionPages):
    """``undo/`` under a connection, for those who may decide on leavers."""

    def connection_urls(self) -> list[URLPattern]:
        """One route."""
        page = self.connection_path("undo/", self.undo_view, "undo", permission=permissions.APPROVE_HELD)
        return [*super().connection_urls(), page]

    def connection_links(self, request: HttpRequest, connection: SCIMConnection) -> list[PageLink]:
        """The link to those who went."""
        links = super().connection_links(request, connection)
        if connection.is_archived or not permissions.has_permission(request.user, permissions.APPROVE_HELD):
            return links
        label, help_text = _("Who was switched off"), _("In the last hour or day; and take it back.")
        return [*links, PageLink(self.page_url("undo", connection), label, help_text)]

    def undo_view(self, request: HttpRequest, connection: SCIMConnection) -> HttpResponse:
        """Show who went, and bring them back on confirmation."""
        form = UndoForm(posted(request), request=request)
        if form.is_valid():
            return self._undo(request, connection, form)
        asked = request.POST or request.GET
        hours, only = _hours(asked.get("hours", "")), _only(asked.get("learner", ""))
        went = reactivation.departures(connection, hours, **only)
        if not form.is_bound:
            last = went.order_by("-pk").values_list("pk", flat=True).first() or 0
            form = UndoForm(initial={"hours": hours, "last": last, **only}, request=request)
        page = Paginator(went, _PER_PAGE).get_page(request.GET.get("p"))
        context = {
            "title": _("Who was switched off"),
            "form": form,
            "page": page,
            "only": _name_of(connection, **only),
            "rows": [(event, self.history_url(request, event.link_id)) for event in page],
            # What somebody is called, was sent: a value.
            "in_clear": permissions.has_permission(request.user, permissions.VIEW_PAYLOAD),
            "count": page.paginator.count,
            "at_once": min(page.paginator.count, reactivation.AT_ONCE),
            "ticked": set(form["ticked"].value() or ()),
            "hours": hours,
            "choices": [
                (choice, f"?{urlencode({'hours': choice, **only})}") for choice in reactivation.HOURS
            ],
            "address": urlencode({"hours": hours, **only}),
            "hold": leaver_brake.of(connection),
            "held_url": self.page_url("held", connection),
        }
        return self.render_page(request, "connection/undo.html", connection, context)

    def _undo(self, request: HttpRequest, connection: SCIMConnection, form: UndoForm) -> HttpResponse:
        hours, last, learner = (form.cleaned_data[name] for name in ("hours", "last", "learner"))
        went = reactivation.departures(connection, hours, last=last, learner=learner)
        if ticked := form.cleaned_data["ticked"]:
            went = went.filter(pk__in=ticked)
        chosen = list(went[: reactivation.AT_ONCE])
        done = reactivation.undo(connection, chosen, seconds=_SECONDS, **who(request))
        told = ngettext("%(n)s person is back as before.", "%(n)s people are back as before.", done.back) % {
            "n": scim_number(done.back)
        }
        if done.back + len(done.failed) == len(chosen):
            left_off = {event.pk for event, _why in done.failed}
            told += few_named(event.user_name for event in chosen if event.pk not in left_off)
        messages.success(request, told)
        for event, why in done.failed[:20]:
            messages.warning(
                request, _("“%(name)s” is not back: %(why)s") % {"name": event.user_name, "why": why}
            )
        # Whoever was not ticked is still there to be seen.
        return HttpResponseRedirect(f"{self.page_url('undo', connection)}?{urlencode({'hours': hours})}")


def _hours(asked: str) -> int:
    return int(asked) if asked in map(str, reactivation.HOURS) else reactivation.HOURS[0]


def _only(asked: str) -> dict[str, int]:
    """The one person of whom the page is, if it is."""
    return {"learner": int(asked)} if asked.isdecimal() and len(asked) < 19 else {}


def _name_of(connection: SCIMConnection, learner: int | None = None) -> str:
    """What the one person is called of whom the page is; empty where it is of everybody."""
    if learner is None:
        return ""
    found = ProvisionedUser.objects.filter(connection=connection, pk=learner)
    return found.values_list("user_name", flat=True).first() or ""
