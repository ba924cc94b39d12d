"""Why somebody has no account, on one connection."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from scim_provisioning.administration import people, permissions
from scim_provisioning.administration.people.answer import STATES, Answer
from scim_provisioning.api.base import AdministratorViewSet
from scim_provisioning.api.schema import described
from scim_provisioning.models import SCIMConnection
from scim_provisioning.protocol.text import is_storable


class PersonSerializer(serializers.Serializer[Answer]):
    """One person. ``event`` is the id of the operation that says so."""

    state = serializers.ChoiceField(choices=list(STATES))
    name = serializers.CharField()
    user_name = serializers.CharField()
    sentence = serializers.CharField()
    cause = serializers.CharField()
    what_to_do = serializers.CharField(source="todo")
    notes = serializers.ListField(child=serializers.CharField())
    scim_id = serializers.CharField(source="link.scim_id", default="")
    event = serializers.IntegerField(source="event.pk", default=None, allow_null=True)


class AnswersSerializer(serializers.Serializer[Any]):
    """Everybody who may be meant; where that is nobody, when the identity provider last asked, in words."""

    people = PersonSerializer(many=True)
    is_cut = serializers.BooleanField(help_text="Whether there are more.")
    never_seen = serializers.CharField()


class PeopleViewSet(AdministratorViewSet):
    """People by whatever somebody types: ``search``."""

    serializer_class = AnswersSerializer
    pagination_class = None  # type: ignore[assignment]

    @described(request=None, responses=AnswersSerializer)
    def list(self, request: Request, connection_id: int) -> Response:
        """Whom ``search`` may mean, and what became of them. Names are shown to those who may see values."""
        connection = self.connection(permissions.VIEW_LOG)
        term = request.query_params.get("search", "").strip()
        if not term or not is_storable(term):
            raise ValidationError({"search": ["Write whom you are looking for."]})
        own = SCIMConnection.objects.filter(pk=connection.pk)
        in_clear = permissions.has_permission(request.user, permissions.VIEW_PAYLOAD)
        found = people.ask(term, own, in_clear=in_clear)
        unseen = "" if found.people else " ".join(one.sentence for one in found.unseen)
        told = [one for one in found.people if not one.is_told_of]
        answer = {"people": told, "is_cut": found.is_cut, "never_seen": unseen}
        return Response(self.get_serializer(answer).data)
