"""The page that answers why somebody has no account: a person for a name, with what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import quote_plus

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scim_provisioning.admin import denied
from scim_provisioning.admin.adoption_queue import question_about
from scim_provisioning.admin.event_page import LINK_FACTS, OperationPage
from scim_provisioning.admin.joining import alike, doubles_page
from scim_provisioning.admin.learner_pages import learner_page
from scim_provisioning.admin.ownership import owner_of
from scim_provisioning.admin.pages import TEMPLATES, PageLink, as_written, page_url_name
from scim_provisioning.admin.units import merged_with
from scim_provisioning.administration import people, permissions, reactivation, unit_search
from scim_provisioning.administration.people.answer import (
    ACTIVE,
    ALLOWED,
    DECIDED,
    DELETED,
    DETACHED,
    HELD,
    INACTIVE,
    UNMANAGED,
    Answer,
)
from scim_provisioning.administration.people.search import AT_MOST
from scim_provisioning.administration.unit_search import CalledSo
from scim_provisioning.conf import app_settings
from scim_provisioning.events import reports
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.models.provisioned_user import FORGOTTEN
from scim_provisioning.templatetags.scim_admin import PEOPLE_URL

_LONGEST: Final = 320
#: What to do about an account that nobody manages, and that may be somebody's who came up as well.
_TWO: Final = gettext_lazy(
    "Compare it with the other account. If both are one person’s, joining them keeps the progress of both; if not, "
    "assign the person to this application in the identity provider."
)
_TAKE_BACK: Final = gettext_lazy("Take it back")
_TAKES_BACK: Final = gettext_lazy(
    "“Take it back” switches them on here at once, as they were; the identity provider has to want it too, or it may "
    "switch them off again."
)
#: Of whom a second account can be looked for, where their account is the connection's.
_HERE: Final = (ACTIVE, INACTIVE, HELD, ALLOWED)
#: Pages of a connection that lead here, as ``back`` names them: what their link back is called.
_BACK: Final = {"reconcile": gettext_lazy("Back to “Compare with the directory”")}


@dataclass(frozen=True, slots=True)
class Card:
    """An answer, what leads on from it, and the one of these that mends it."""

    answer: Answer
    links: list[PageLink]
    action: PageLink | None = None
    #: Others who came up, and may be the same person: what they are called, and where both are laid side by side.
    same: tuple[tuple[str, str], ...] = ()


class PeoplePage(OperationPage):
    """The page of the log on which people are found, by whatever somebody types."""

    def people_urls(self) -> list[URLPattern]:
        """One route."""
        return [path("people/", as_written(self.admin_site, self.people_view), name=PEOPLE_URL)]

    def people_view(self, request: HttpRequest) -> HttpResponse:
        """Answer ``q``, on all connections that this person sees, or on ``connection`` alone: a 404 if it is not theirs
        to see."""
        reports.keep_quiet(request)
        return denied.in_words(self, request, self._people, request)

    def _people(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise permissions.first_missing(request.user, *self.needed)
        self.refuse_unstorable(request)
        connections = permissions.visible_connections(request.user)
        chosen: SCIMConnection | None = None
        if asked := request.GET.get("connection"):
            chosen = permissions.get_connection(request, asked)
            connections = connections.filter(pk=chosen.pk)
        term = request.GET.get("q", "").strip()[:_LONGEST]
        in_clear = self.may(request, permissions.VIEW_PAYLOAD)
        found = people.ask(term, connections, in_clear=in_clear) if term else None
        back = self._back(request, chosen)
        context = {
            **self.admin_site.each_context(request),
            **self._of_nobody(request, term, connections, found),
            "opts": self.opts,
            "media": self.media,
            "title": _("Why has this person no account?"),
            "connection": chosen,
            "names_connections": chosen is None and len(connections.order_by()[:2]) > 1,
            "connection_url": "" if chosen is None else self._page("change", chosen),
            "back": back,
            "back_name": request.GET["back"] if back else "",
            "term": term,
            "in_clear": in_clear,
            "found": found,
            "at_most": AT_MOST,
            "cards": self._cards(request, found.people if found else ()),
            "finds_units": self.may(request, permissions.MANAGE_POLICY),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, f"{TEMPLATES}/people.html", context)

    def _of_nobody(
        self,
        request: HttpRequest,
        term: str,
        connections: QuerySet[SCIMConnection],
        found: people.Answers | None,
    ) -> dict[str, Any]:
        """What is called so beside people; and where nobody is, when who asks for them was last heard of."""
        units = self._units(request, term, connections)
        # Whoever has asked after a team does not ask when the identity providers last asked after a person.
        unseen = found.unseen if found and not units else []
        return {
            "units": units,
            "unseen": [(one, self._page("change", one.connection)) for one in unseen],
            "more_unseen": found.more_unseen if unseen and found else 0,
            "kept_days": app_settings.retention.payload_days,
        }

    def _cards(self, request: HttpRequest, answers: Sequence[Answer]) -> list[Card]:
        same, beside = alike(self.admin_site, request, answers)
        cards = [
            self._card(
                request,
                replace(answer, todo=str(_TWO)) if same[number] and answer.state == UNMANAGED else answer,
            )
            for number, answer in enumerate(answers)
        ]
        compare = _("Compare with “%(name)s”")
        for number, others in beside.items():
            cards[number].links.extend(PageLink(url, compare % {"name": name}) for name, url in others)
        return [
            replace(card, same=tuple(same[number]))
            for number, card in enumerate(cards)
            if same[number] or not card.answer.is_told_of
        ]

    def _units(
        self, request: HttpRequest, term: str, connections: QuerySet[SCIMConnection]
    ) -> list[tuple[CalledSo, str, str]]:
        """Companies, business units and teams that are called so, each with its page, and with what that begins with
        where it looks like another one."""
        if not term or not self.may(request, permissions.MANAGE_POLICY):
            return []
        found = [
            (unit, self._page("unit", unit.connection, digest=unit.digest))
            for unit in unit_search.find(term, connections)
        ]
        return [(unit, url, merged_with(unit)) for unit, url in found if url]

    def _back(self, request: HttpRequest, connection: SCIMConnection | None) -> PageLink | None:
        """The page of the connection that led here."""
        name = request.GET.get("back", "")
        if connection is None or name not in _BACK or not self.may(request, permissions.MANAGE_POLICY):
            return None
        url = self._page(name, connection)
        return PageLink(url, _BACK[name]) if url else None

    def _card(self, request: HttpRequest, answer: Answer) -> Card:
        links = []
        if answer.event is not None:
            links.append(PageLink(self.event_url(answer.event), _("What was sent, and the answer")))
            for other in self._others(answer.event, *LINK_FACTS):
                links.append(PageLink(other["url"], _("Learner “%(name)s”") % other))
        if answer.link is not None:
            history = self.list_url(learner=answer.link.pk, lookups="show")
            links.append(PageLink(history, _("What happened to this learner?")))
        if url := learner_page(self.admin_site, request, _link_of(answer), answer.learner):
            links.append(PageLink(url, _("Learner’s page")))
        if answer.state == DECIDED and answer.event and (url := self._answer_url(request, answer.event)):
            links.append(PageLink(url, _("Decide otherwise")))
        if self.may(request, permissions.MANAGE_POLICY) and not answer.connection.is_archived:
            links += self._who_it_is(request, answer)
        if url := self._page("change", answer.connection):
            links.append(PageLink(url, str(answer.connection)))
        if url := self._forget_url(request, answer):
            links.append(PageLink(url, _("Forget this person")))
        action = self._action(request, answer)
        if action is not None and action.label == _TAKE_BACK:
            answer = replace(answer, todo=f"{_TAKES_BACK} {answer.todo}")
        return Card(answer, links, action)

    def _who_it_is(self, request: HttpRequest, answer: Answer) -> list[PageLink]:
        """Where to say whose account it is: of whoever was detached, once they are sent again; and where to look for a
        second account of theirs."""
        found, link = [], answer.link
        if answer.state == DETACHED and (url := self._page("queue", answer.connection)):
            found.append(PageLink(url, _("Who is it?")))
        account = None if answer.account is None else answer.account.pk
        if link is not None and link.owns_profile and answer.state in _HERE:
            account = link.user_id
        elif not self.may(request, permissions.VIEW_PAYLOAD):
            # Nothing may lead there.
            account = None
        if account is not None and (url := doubles_page(self.admin_site, answer.connection, account)):
            found.append(PageLink(url, _("Compare with another account")))
        return found

    def _action(self, request: HttpRequest, answer: Answer) -> PageLink | None:
        """What an administrator of these permissions can do about it by pressing a button."""
        connection, event = answer.connection, answer.event
        if connection.is_archived:
            return None
        if connection.is_paused and self.may(request, permissions.CHANGE):
            return PageLink(self._page("resume", connection), _("Resume provisioning"))
        if answer.successor is not None:
            return self._question(request, answer)
        if answer.state in (HELD, INACTIVE, DELETED):
            if not self.may(request, permissions.APPROVE_HELD):
                return None
            if answer.state == HELD:
                page = self._page("held", connection)
                return PageLink(f"{page}?q={quote_plus(answer.user_name)}", _("Decide"))
            return self._undo(answer)
        if answer.state == DECIDED:
            return None
        if event is not None and owner_of(request, event) and self.may(request, permissions.MANAGE_POLICY):
            page = self._page("share_refused", connection, event_id=event.pk)
            return PageLink(page, _("Allow a shared link"))
        if event is not None and (page := self._answer_url(request, event)):
            return PageLink(page, _("Who is it?"))
        return None

    def _forget_url(self, request: HttpRequest, answer: Answer) -> str:
        if not self.may(request, permissions.FORGET) or answer.user_name.startswith(FORGOTTEN):
            return ""
        if answer.link is not None:
            return self._page("forget", answer.connection, link_id=answer.link.pk)
        if answer.event is not None:
            return self._page("forget_refused", answer.connection, event_id=answer.event.pk)
        return ""

    def _question(self, request: HttpRequest, answer: Answer) -> PageLink | None:
        """Where to say that somebody deleted is who has their name now, while that is asked."""
        asked = question_about(answer.successor, answer.link) if answer.successor and answer.link else None
        if asked is None or not self.may(request, permissions.MANAGE_POLICY):
            return None
        page = self._page("same_person", answer.connection, question_id=asked.pk)
        return PageLink(page, _("Are they the same person?"))

    def _undo(self, answer: Answer) -> PageLink | None:
        """Where a departure is taken back, as long as that can be done."""
        link, hours = answer.link, max(reactivation.HOURS)
        if link is None or not answer.can_be_undone:
            return None
        page = self._page("undo", answer.connection)
        return PageLink(f"{page}?hours={hours}&learner={link.pk}", _TAKE_BACK)

    def _page(self, name: str, connection: SCIMConnection, **keys: Any) -> str:
        """The address of a page of a connection; empty where the host does not register them."""
        try:
            name = f"{self.admin_site.name}:{page_url_name(name)}"
            return reverse(name, kwargs={"object_id": connection.pk, **keys})
        except NoReverseMatch:
            return ""


def _link_of(answer: Answer) -> ProvisionedUser | None:
    """The link to whose people somebody's page is found; of somebody without one, one that is nowhere kept."""
    if answer.account is None:
        return answer.link
    return ProvisionedUser(connection=answer.connection, user=answer.account)
