"""Who is it? People who were refused because they may be here already, and an administrator's answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.paginator import Page
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from scim_provisioning.administration import permissions
from scim_provisioning.administration.adoption import answers, at_once, called, queue, same_person, words
from scim_provisioning.administration.adoption.at_once import Plain
from scim_provisioning.administration.adoption.comparing import Candidate, compare
from scim_provisioning.administration.adoption.queue import Waiting
from scim_provisioning.api.base import AdministratorViewSet, IdentitySerializer, MomentField
from scim_provisioning.api.connections import refusals
from scim_provisioning.api.schema import described
from scim_provisioning.models import IdentityQuestion, SCIMConnection


class ComparedSerializer(serializers.Serializer[Any]):
    """One attribute: as it was sent, and as the account has it."""

    attribute = serializers.CharField()
    sent = serializers.CharField()
    here = serializers.CharField()
    agrees = serializers.BooleanField()


class CandidateSerializer(serializers.Serializer[Candidate]):
    """An account that somebody may be, and what to think about first."""

    account = serializers.CharField(source="account.pk", help_text="What an answer names it by.")
    name = serializers.CharField()
    risks = serializers.ListField(child=serializers.CharField())
    since = serializers.CharField(source="facts.since")
    last_login = serializers.CharField(source="facts.last_login")
    progress = serializers.CharField(
        source="facts.progress", allow_null=True, help_text="As the host says it; null where it does not."
    )
    lines = ComparedSerializer(many=True)


class WaitingSerializer(serializers.Serializer[Waiting]):
    """Somebody who was refused. ``event`` names them in addresses."""

    event = serializers.IntegerField(source="event.pk")
    user_name = serializers.CharField(source="verdict.document.userName")
    finding = serializers.CharField(source="verdict.finding.value")
    why = serializers.SerializerMethodField()
    accounts = serializers.SerializerMethodField()
    refused_at = MomentField(source="event.created_at")
    link_key = serializers.SerializerMethodField(
        help_text="What links them at once; null of whom there is something to weigh."
    )

    def get_link_key(self, one: Waiting) -> str | None:
        """By which of them, and to which account."""
        keys: dict[int, str] = self.context.get("link_keys", {})
        return keys.get(one.event.pk)

    def get_why(self, one: Waiting) -> str:
        """The reason, in a sentence."""
        return words.why(one.verdict) or str(words.MEANINGS[one.verdict.finding])

    def get_accounts(self, one: Waiting) -> list[str]:
        """What the accounts that it may be are called."""
        user = self.context["request"].user
        return called(one.verdict, in_clear=permissions.has_permission(user, permissions.VIEW_PAYLOAD))


class QuestionSerializer(serializers.Serializer[IdentityQuestion]):
    """A newcomer who may be somebody that was deleted. ``id`` names the question in addresses."""

    id = serializers.IntegerField(source="pk")
    newcomer = serializers.CharField(source="newcomer.user_name")
    earlier = serializers.CharField(source="earlier.user_name")
    asked_at = MomentField()


class QueueSerializer(serializers.Serializer[Any]):
    """Who waits for an answer, the latest first: a page of each list, and how many pages it has."""

    people = WaitingSerializer(many=True)
    pages = serializers.IntegerField()
    questions = QuestionSerializer(many=True)
    questions_pages = serializers.IntegerField()


class AskedSerializer(WaitingSerializer):
    """One of them beside the accounts that it may be."""

    candidates = CandidateSerializer(many=True)


class AnswerSerializer(IdentitySerializer):
    """Who somebody is. ``account`` is needed to link; one that was only found by ``search`` needs that again."""

    answer = serializers.ChoiceField(choices=answers.ANSWERS)
    account = serializers.CharField(required=False, allow_blank=True, max_length=255)
    search = serializers.CharField(required=False, allow_blank=True, max_length=320)


class AtOnceSerializer(IdentitySerializer):
    """Who is linked at once."""

    link_keys = serializers.ListField(
        child=serializers.CharField(max_length=300), allow_empty=False, max_length=100
    )


class LinkedSerializer(serializers.Serializer[Any]):
    """How many were linked, and of whom not, with the reason; what comes next in a sentence."""

    linked = serializers.IntegerField()
    failed = serializers.DictField(child=serializers.CharField(), help_text="The reason by userName.")
    sentence = serializers.CharField()


class SameSerializer(IdentitySerializer):
    """Whether two are one."""

    same = serializers.BooleanField()


class AnsweredSerializer(serializers.Serializer[Any]):
    """What came of it, in a sentence."""

    sentence = serializers.CharField()


class QueueViewSet(AdministratorViewSet):
    """The queue of one connection. Values are masked for who may not see payloads, as on the pages."""

    serializer_class = QueueSerializer
    pagination_class = None  # type: ignore[assignment]

    @described(request=None, responses=QueueSerializer)
    def list(self, request: Request, connection_id: int) -> Response:
        """Who waits, a hundred: ``?page=`` of the people, ``?questions_page=`` of the questions."""
        connection = self.connection(permissions.MANAGE_POLICY)
        people, offered = self._page(connection, request)
        questions = queue.asked(connection, request.query_params.get("questions_page"))
        found = {
            "people": people,
            "pages": people.paginator.num_pages,
            "questions": questions,
            "questions_pages": questions.paginator.num_pages,
        }
        keys = {one.waiting.event.pk: one.key for one in offered}
        context = {**self.get_serializer_context(), "link_keys": keys}
        return Response(QueueSerializer(found, context=context).data)

    @described(request=AtOnceSerializer, responses=LinkedSerializer)
    def link(self, request: Request, connection_id: int) -> Response:
        """Link those of a page (``?page=``) of whom there is nothing to weigh: all that ``link_keys`` names."""
        connection = self.connection(permissions.MANAGE_POLICY)
        _people, offered = self._page(connection, request)
        asked = {*self.valid(AtOnceSerializer, request)["link_keys"]}
        chosen = [one for one in offered if one.key in asked]
        if len(chosen) < len(asked):
            gone = _("Somebody is not to be linked at once any more: look again. Nothing was changed.")
            raise ValidationError({"link_keys": [gone]})
        done, failed = at_once.link(connection, chosen, **self.who())
        told = {"linked": len(done), "failed": dict(failed), "sentence": at_once.try_now(done)}
        return Response(LinkedSerializer(told).data)

    @described(request=None, responses=AskedSerializer)
    def retrieve(self, request: Request, connection_id: int, event_id: int) -> Response:
        """One person beside the accounts that were found, and those that ``?search=`` names."""
        connection = self.connection(permissions.MANAGE_POLICY)
        one = self._waiting(connection, event_id)
        called = request.query_params.get("search", "").strip()
        in_clear = permissions.has_permission(request.user, permissions.VIEW_PAYLOAD)
        candidates = [
            compare(connection, one.verdict.document, account, in_clear=in_clear)
            for account in answers.accounts(connection, one.verdict, called).values()
        ]
        shown = WaitingSerializer(one, context=self.get_serializer_context()).data
        return Response({**shown, "candidates": [CandidateSerializer(one).data for one in candidates]})

    @described(request=AnswerSerializer, responses=AnsweredSerializer)
    def answer(self, request: Request, connection_id: int, event_id: int) -> Response:
        """Say who it is."""
        connection = self.connection(permissions.MANAGE_POLICY)
        one = self._waiting(connection, event_id)
        body = self.valid(AnswerSerializer, request)
        account = None
        if body["answer"] in answers.OF_ACCOUNTS:
            found = answers.accounts(connection, one.verdict, body.get("search", "").strip())
            account = next((found[key] for key in found if str(key) == body.get("account")), None)
            if account is None:
                raise ValidationError({"account": [_("Choose the account that is this person's.")]})
        with refusals():
            sentence = answers.give(connection, one.verdict, body["answer"], account, **self.who())
        return Response(AnsweredSerializer({"sentence": sentence}).data)

    @described(request=SameSerializer, responses=AnsweredSerializer)
    def same(self, request: Request, connection_id: int, question_id: int) -> Response:
        """Say whether a newcomer is the person who was deleted."""
        connection = self.connection(permissions.MANAGE_POLICY)
        question = queue.open_questions(connection).filter(pk=question_id).first()
        if question is None:
            raise Http404
        is_same = self.valid(SameSerializer, request)["same"]
        with refusals():
            (same_person.join if is_same else same_person.keep_apart)(question, **self.who())
        return Response(AnsweredSerializer({"sentence": _("Your answer was written down.")}).data)

    def _page(self, connection: SCIMConnection, request: Request) -> tuple[Page[Waiting], Sequence[Plain]]:
        """A page of those who wait, and of whom of them there is nothing to weigh."""
        in_clear = permissions.has_permission(request.user, permissions.VIEW_PAYLOAD)
        with refusals():
            people = queue.waiting(connection, request.query_params.get("page"))
            return people, at_once.plain(connection, people, in_clear=in_clear)

    def _waiting(self, connection: SCIMConnection, event_id: int) -> Waiting:
        event = answers.refusal(connection, event_id)
        if event is None:
            raise Http404
        with refusals():
            return queue.look(connection, event)
