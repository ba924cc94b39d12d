"""The queue of people who were refused because they may be here already, and the pages on which an administrator says
who somebody is. GET changes nothing; every answer asks who is there. Those of whom there is nothing to weigh are linked
at once, all others one by one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern
from django.utils.translation import gettext as _

from scim_provisioning.admin.adoption_forms import AnswerForm, QuestionForm, TickedForm
from scim_provisioning.admin.learner_pages import learner_page
from scim_provisioning.admin.pages import ConnectionPages, PageLink, posted, who
from scim_provisioning.administration import permissions
from scim_provisioning.administration.adoption import (
    answers,
    at_once,
    called,
    joining,
    queue,
    same_person,
    words,
)
from scim_provisioning.administration.adoption.account_facts import facts_of_link
from scim_provisioning.administration.adoption.at_once import Plain
from scim_provisioning.administration.adoption.comparing import compare
from scim_provisioning.administration.adoption.directory import refusal_of
from scim_provisioning.models import IdentityQuestion, ProvisionedUser, SCIMConnection
from scim_provisioning.protocol.text import is_storable
from scim_provisioning.provisioning.verdicts import Verdict


class AdoptionQueuePages(ConnectionPages):
    """Who waits for an answer, one page a person."""

    def connection_urls(self) -> list[URLPattern]:
        """Four routes."""
        policy = permissions.MANAGE_POLICY
        return [
            *super().connection_urls(),
            self.connection_path("queue/", self.queue_view, "queue", permission=policy),
            self.connection_path("queue/<int:event_id>/", self.answer_view, "answer", permission=policy),
            self.connection_path("queue/person/", self.person_view, "person", permission=policy),
            self.connection_path(
                "queue/questions/<int:question_id>/", self.question_view, "same_person", permission=policy
            ),
        ]

    def connection_links(self, request: HttpRequest, connection: SCIMConnection) -> list[PageLink]:
        """The link to the queue."""
        links = super().connection_links(request, connection)
        if connection.is_archived or not permissions.has_permission(request.user, permissions.MANAGE_POLICY):
            return links
        help_text = _(
            "People who were refused because they may be here already, and who may be the same person."
        )
        return [*links, PageLink(self.page_url("queue", connection), _("Who is it?"), help_text)]

    def queue_view(self, request: HttpRequest, connection: SCIMConnection) -> HttpResponse:
        """Everybody who waits; of an account that an address led to the name as well is a value."""
        in_clear = permissions.has_permission(request.user, permissions.VIEW_PAYLOAD)
        found = queue.waiting(connection, request.GET.get("p"))
        asked = queue.asked(connection, request.GET.get("asked"))
        offered = at_once.plain(connection, found, in_clear=in_clear)
        form = TickedForm(posted(request), request=request, offered=offered)
        if form.is_valid():
            return self._link_at_once(request, connection, form.chosen)
        keys = {one.waiting.event.pk: one.key for one in offered}
        rows = [
            {
                "waiting": one,
                "key": keys.get(one.event.pk, ""),
                "finding": _("One account came up")
                if one.event.pk in keys
                else words.FINDINGS[one.verdict.finding],
                "why": words.why(one.verdict) or words.MEANINGS[one.verdict.finding],
                "accounts": ", ".join(called(one.verdict, in_clear=in_clear)),
                "url": self.page_url("answer", connection, event_id=one.event.pk),
            }
            for one in found
        ]
        questions = [
            {"question": one, "url": self.page_url("same_person", connection, question_id=one.pk)}
            for one in asked
        ]
        context = {
            "title": _("Who is it?"),
            "rows": rows,
            "people": found,
            "questions": questions,
            "asked": asked,
            "form": form,
            "offered": offered,
            "ticked": set(form["ticked"].value() or ()),
        }
        return self.render_page(request, "connection/queue.html", connection, context)

    def _link_at_once(
        self, request: HttpRequest, connection: SCIMConnection, people: list[Plain]
    ) -> HttpResponse:
        done, failed = at_once.link(connection, people, **who(request))
        if done:
            messages.success(request, at_once.try_now(done))
        for name, why in failed[:20]:
            told = _("“%(name)s” was not linked: %(why)s")
            messages.warning(request, told % {"name": name, "why": why})
        return HttpResponseRedirect(self.page_url("queue", connection))

    def answer_view(self, request: HttpRequest, connection: SCIMConnection, event_id: int) -> HttpResponse:
        """One person who was refused beside the accounts that they may be."""
        event = answers.refusal(connection, event_id)
        if event is None:
            raise Http404("There is no such operation.")
        link = answers.linked(connection, event.user_name)
        if link is not None and request.method != "POST":
            return self._linked_page(request, connection, link)
        one = queue.look(connection, event)
        return self._answer_page(request, connection, one.verdict, refused_at=one.event.created_at)

    def _linked_page(
        self, request: HttpRequest, connection: SCIMConnection, link: ProvisionedUser
    ) -> HttpResponse:
        """Who was refused, and whom somebody has linked since: there is nothing to answer."""
        context = {
            "title": _("Who is “%(name)s”?") % {"name": link.user_name},
            "linked": answers.by_whom(link),
            "history_url": self.history_url(request, link.pk),
            "learner_url": learner_page(self.admin_site, request, link),
            "queue_url": self.page_url("queue", connection),
        }
        return self.render_page(request, "connection/queue_answer.html", connection, context)

    def person_view(self, request: HttpRequest, connection: SCIMConnection) -> HttpResponse:
        """The same of somebody whom the identity provider has not sent yet, by the userName that they will have."""
        name = request.GET.get("name", "").strip()
        refusal = refusal_of(connection, name) if is_storable(name) else None
        if refusal is not None:
            return HttpResponseRedirect(self.page_url("answer", connection, event_id=refusal))
        link = answers.linked(connection, name) if is_storable(name) else None
        if link is not None and request.method != "POST":
            return self._linked_page(request, connection, link)
        # Who may not see values could ask for any account by its key: they are shown those that the name leads to.
        in_clear = permissions.has_permission(request.user, permissions.VIEW_PAYLOAD)
        keys = request.GET.getlist("account") if in_clear else ()
        verdict = queue.look_for(connection, name, keys)
        if verdict is None:
            raise Http404("Nobody can be called so.")
        return self._answer_page(request, connection, verdict)

    def _answer_page(
        self,
        request: HttpRequest,
        connection: SCIMConnection,
        verdict: Verdict,
        *,
        refused_at: datetime | None = None,
    ) -> HttpResponse:
        called = request.GET.get("q", "").strip()
        accounts = answers.accounts(connection, verdict, called)
        in_clear = permissions.has_permission(request.user, permissions.VIEW_PAYLOAD)
        candidates = [
            compare(connection, verdict.document, account, in_clear=in_clear) for account in accounts.values()
        ]
        form = AnswerForm(posted(request), request=request, candidates=candidates)
        if form.is_valid():
            chosen = form.cleaned_data
            account = next((a for a in accounts.values() if str(a.pk) == chosen.get("account")), None)
            told = answers.give(connection, verdict, chosen["answer"], account, **who(request))
            messages.success(request, told)
            return HttpResponseRedirect(self.page_url("queue", connection))
        context = {
            "title": _("Who is “%(name)s”?") % {"name": verdict.document["userName"]},
            "refused_at": refused_at,
            "is_unsent": refused_at is None,
            "why": words.why(verdict) or words.MEANINGS[verdict.finding],
            "candidates": candidates,
            "called": called,
            "asked": [pair for pair in request.GET.lists() if pair[0] != "q"],
            "form": form,
            "queue_url": self.page_url("queue", connection),
        }
        return self.render_page(request, "connection/queue_answer.html", connection, context)

    def question_view(
        self, request: HttpRequest, connection: SCIMConnection, question_id: int
    ) -> HttpResponse:
        """Whether a newcomer is somebody who was deleted."""
        question = queue.open_questions(connection).filter(pk=question_id).first()
        if question is None:
            raise Http404("There is no such question.")
        can_merge = joining.can_merge()
        form = QuestionForm(posted(request), request=request, can_merge=can_merge)
        if form.is_valid():
            verb = same_person.join if form.cleaned_data["same"] == "yes" else same_person.keep_apart
            verb(question, **who(request))
            messages.success(request, _("Your answer was written down."))
            return HttpResponseRedirect(self.page_url("queue", connection))
        in_clear = permissions.has_permission(request.user, permissions.VIEW_PAYLOAD)
        newcomer = question.newcomer
        context = {
            "title": _("Are they the same person?"),
            "question": question,
            "candidate": compare(
                connection, same_person.document_of(newcomer), question.earlier.user, in_clear=in_clear
            ),
            "newcomer_facts": facts_of_link(newcomer, in_clear=in_clear),
            "can_merge": can_merge,
            "form": form,
            "queue_url": self.page_url("queue", connection),
        }
        return self.render_page(request, "connection/same_person.html", connection, context)


def question_of(link: Any) -> IdentityQuestion | None:
    """The open question about a learner; None where nobody asks (one query)."""
    found: IdentityQuestion | None = queue.open_questions(link.connection).filter(newcomer=link).first()
    return found


def question_about(newcomer: Any, earlier: Any) -> IdentityQuestion | None:
    """The open question whether these two are one; None where nobody asks (one query)."""
    asked = queue.open_questions(newcomer.connection).filter(newcomer=newcomer, earlier=earlier)
    found: IdentityQuestion | None = asked.first()
    return found
