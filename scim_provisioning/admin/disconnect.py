"""The pages on which a connection is disconnected, and on which one sees how far that is with its learners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import URLPattern
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scim_provisioning.admin.lifecycle_forms import ConfirmDisconnectForm, DisconnectForm
from scim_provisioning.admin.pages import ConnectionPages, posted, who
from scim_provisioning.administration import (
    connections,
    disconnection,
    disconnection_words,
    permissions,
    suspension,
)
from scim_provisioning.models import Disconnection, OnDisconnect, SCIMConnection, SCIMToken
from scim_provisioning.templatetags.scim_admin import scim_number

#: For how long one request works: no proxy loses patience, and the bar moves.
SECONDS: Final = 2.0


class DisconnectPages(ConnectionPages):
    """Disconnect, in two steps; then a page that goes on with the learners for as long as it is open."""

    def connection_urls(self) -> list[URLPattern]:
        """Two routes."""
        change = permissions.CHANGE
        return [
            *super().connection_urls(),
            self.connection_path("disconnect/", self.disconnect_view, "disconnect", permission=change),
            self.connection_path(
                "disconnection/", self.disconnection_view, "disconnection", permission=change
            ),
        ]

    def disconnect_view(self, request: HttpRequest, connection: SCIMConnection) -> HttpResponse:
        """What happens, with counts; what becomes of the learners; name and password."""
        if connection.is_archived:
            # A second click, or a form that was left open.
            return self._going_on(request, connection, disconnection.of(connection))
        if "confirm" in request.POST:
            confirm = ConfirmDisconnectForm(request.POST, request=request, expected=connection.name)
            if confirm.is_valid():
                return self._disconnect(request, connection, confirm.cleaned_data["learners"])
            if "learners" in confirm.errors:
                return HttpResponseRedirect(self.page_url("disconnect", connection))
            return self._disconnect_summary(request, connection, confirm, request.POST["learners"])
        form = DisconnectForm(posted(request))
        if form.is_valid():
            confirm = ConfirmDisconnectForm(
                initial=form.cleaned_data, request=request, expected=connection.name
            )
            return self._disconnect_summary(request, connection, confirm, form.cleaned_data["learners"])
        context = {"title": _("Disconnect"), "form": form, **_counts(connection)}
        return self.render_page(request, "connection/disconnect.html", connection, context)

    def _disconnect_summary(
        self, request: HttpRequest, connection: SCIMConnection, form: ConfirmDisconnectForm, choice: str
    ) -> HttpResponse:
        context = {
            "title": _("Confirm: disconnect"),
            "form": form,
            "consequence": _consequence(connection, OnDisconnect(choice)),
            "disconnect_url": self.page_url("disconnect", connection),
            **_counts(connection),
        }
        return self.render_page(request, "connection/disconnect_confirm.html", connection, context)

    def _disconnect(self, request: HttpRequest, connection: SCIMConnection, choice: str) -> HttpResponse:
        found = connections.disconnect(connection, learners=choice, seconds=SECONDS, **who(request))
        if found.is_done:
            messages.success(request, disconnection_words.disconnected(disconnection_words.sentence(found)))
        return self._going_on(request, connection, found)

    def _going_on(
        self, request: HttpRequest, connection: SCIMConnection, found: Disconnection | None
    ) -> HttpResponse:
        """To the page that goes on, as long as there is something left to do."""
        if found is None or found.is_done:
            return self.back(connection)
        return HttpResponseRedirect(self.page_url("disconnection", connection))

    def unfinished(self, request: HttpRequest, connection: SCIMConnection) -> dict[str, Any] | None:
        """For the connection's page: how far it is, and where it goes on for those who may; None when all is done."""
        found = disconnection.of(connection) if connection.is_archived else None
        if found is None or found.is_done:
            return None
        may_go_on = permissions.has_permission(request.user, permissions.CHANGE)
        url = self.page_url("disconnection", connection) if may_go_on else ""
        return {"progress": progress(found), "url": url}

    def disconnection_view(self, request: HttpRequest, connection: SCIMConnection) -> HttpResponse:
        """How far it is. POST goes on for a few seconds; the script of the page sends it again and again."""
        found = disconnection.of(connection)
        if found is None or (found.is_done and request.method != "POST"):
            return self.back(connection)
        if request.method == "POST":
            found = disconnection.go_on(connection, seconds=SECONDS)
            shown = progress(found)
            if found.is_done:
                messages.success(request, shown.sentence)
            if request.accepts("text/html"):
                return self._going_on(request, connection, found)
            return JsonResponse({"handled": shown.handled, "text": shown.text, "finished": found.is_finished})
        context = {
            "title": _("What becomes of the learners"),
            "found": found,
            "choice": found.choice.label,
            "progress": progress(found),
            "command": disconnection_words.resume_command(connection),
        }
        return self.render_page(request, "connection/disconnection.html", connection, context)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a disconnection is, for a bar: numbers, and the same in words."""

    handled: int
    total: int
    text: str
    sentence: str


def progress(found: Disconnection) -> Progress:
    """How far this one is."""
    told = disconnection_words.how_far(found, scim_number)
    return Progress(found.handled, found.managed, told, disconnection_words.sentence(found))


def _counts(connection: SCIMConnection) -> dict[str, Any]:
    managed, inactive = suspension.count(connection)
    live = SCIMToken.objects.live().filter(connection=connection).count()
    return {"managed": managed, "inactive": inactive, "active": managed - inactive, "live_tokens": live}


def _consequence(connection: SCIMConnection, choice: OnDisconnect) -> str:
    """What the choice means, in numbers."""
    n = suspension.concerned(connection, choice)
    if choice is OnDisconnect.SUSPEND:
        sentence = ngettext(
            "%(n)d active learner is suspended at once and cannot sign in. Progress is kept.",
            "%(n)d active learners are suspended at once and cannot sign in. Progress is kept.",
            n,
        )
    elif choice is OnDisconnect.SSO_ONLY:
        sentence = ngettext(
            "%(n)d learner has a local password, which is removed for good. Everybody stays active.",
            "%(n)d learners have a local password, which is removed for good. Everybody stays active.",
            n,
        )
    else:
        sentence = ngettext(
            "%(n)d learner stays as it is and is managed in the LMS from now on.",
            "%(n)d learners stay as they are and are managed in the LMS from now on.",
            n,
        )
    return sentence % {"n": n}
