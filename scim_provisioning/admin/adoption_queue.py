"""The queue of people who were refused because they may be here already, and the pages on which an administrator says
who somebody is. GET changes nothing; every answer asks who is there, and is about one person.
"""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scim_provisioning.admin.identity_form import IdentityForm
from scim_provisioning.admin.pages import ConnectionPages, PageLink, posted, who
from scim_provisioning.administration import permissions
from scim_provisioning.administration.adoption import answers, queue, same_person, words
from scim_provisioning.administration.adoption.comparing import Candidate, compare
from scim_provisioning.models import IdentityQuestion, SCIMConnection


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


class QuestionForm(IdentityForm):
    """Whether two are one."""

    same = forms.ChoiceField(
        label=gettext_lazy("Are they the same person?"),
        choices=[
            ("yes", gettext_lazy("Same person: join the two accounts")),
            ("no", gettext_lazy("They stay apart")),
        ],
        widget=forms.RadioSelect,
    )


class AdoptionQueuePages(ConnectionPages):
    """Who waits for an answer, one page a person."""

    def connection_urls(self) -> list[URLPattern]:
        """Three routes."""
        policy = permissions.MANAGE_POLICY
        return [
            *super().connection_urls(),
            self.connection_path("queue/", self.queue_view, "queue", permission=policy),
            self.connection_path("queue/<int:event_id>/", self.answer_view, "answer", permission=policy),
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
        """Everybody who waits."""
        found = queue.waiting(connection, request.GET.get("p"))
        asked = queue.asked(connection, request.GET.get("asked"))
        rows = [
            {
                "waiting": one,
                "finding": words.FINDINGS[one.verdict.finding],
                "why": words.why(one.verdict) or words.MEANINGS[one.verdict.finding],
                "accounts": ", ".join(str(account.get_username()) for account in one.verdict.accounts),
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
        }
        return self.render_page(request, "connection/queue.html", connection, context)

    def answer_view(self, request: HttpRequest, connection: SCIMConnection, event_id: int) -> HttpResponse:
        """One person beside the accounts that they may be."""
        event = answers.refusal(connection, event_id)
        if event is None:
            raise Http404("There is no such operation.")
        one = queue.look(connection, event)
        called = request.GET.get("q", "").strip()
        accounts = answers.accounts(connection, one, called)
        in_clear = permissions.has_permission(request.user, permissions.VIEW_PAYLOAD)
        candidates = [
            compare(connection, one.verdict.document, account, in_clear=in_clear)
            for account in accounts.values()
        ]
        form = AnswerForm(posted(request), request=request, candidates=candidates)
        if form.is_valid():
            chosen = form.cleaned_data
            account = next((a for a in accounts.values() if str(a.pk) == chosen.get("account")), None)
            told = answers.give(connection, one, chosen["answer"], account, **who(request))
            messages.success(request, told)
            return HttpResponseRedirect(self.page_url("queue", connection))
        context = {
            "title": _("Who is “%(name)s”?") % {"name": one.verdict.document["userName"]},
            "waiting": one,
            "why": words.why(one.verdict) or words.MEANINGS[one.verdict.finding],
            "candidates": candidates,
            "called": called,
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
        form = QuestionForm(posted(request), request=request)
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
            "can_merge": same_person.can_merge(),
            "form": form,
            "queue_url": self.page_url("queue", connection),
        }
        return self.render_page(request, "connection/same_person.html", connection, context)


def question_of(link: Any) -> IdentityQuestion | None:
    """The open question about a learner; None where nobody asks (one query)."""
    found: IdentityQuestion | None = queue.open_questions(link.connection).filter(newcomer=link).first()
    return found
