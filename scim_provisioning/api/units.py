"""Companies, business units and teams: what becomes of new names, and an administrator's word on each."""

from __future__ import annotations

from typing import Any, Final

from django.core.exceptions import ValidationError as Refusal
from django.core.paginator import Paginator
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from scim_provisioning.administration import permissions, unit_list, unit_verdicts, units
from scim_provisioning.administration.unit_list import Unit
from scim_provisioning.api.base import AdministratorViewSet, Conflict, IdentitySerializer, MomentField
from scim_provisioning.api.connections import refusals
from scim_provisioning.api.schema import described
from scim_provisioning.models import Meaning, NewUnits, ReferenceKey, SCIMConnection
from scim_provisioning.protocol.text import is_storable
from scim_provisioning.provisioning.units import Line

_PER_PAGE: Final = 100


class UnitSerializer(serializers.Serializer[Unit]):
    """One name. ``digest`` names it in addresses; ``called`` is what the unit that it means is called here."""

    digest = serializers.CharField()
    name = serializers.CharField()
    attribute = serializers.CharField(source="path")
    meaning = serializers.ChoiceField(choices=Meaning.choices)
    called = serializers.CharField()
    learners = serializers.IntegerField()
    waiting = serializers.IntegerField()
    made = serializers.BooleanField(help_text="Whether provisioning made the unit.")
    brought_by = serializers.CharField()
    heard_at = MomentField(allow_null=True)
    alike = serializers.CharField(help_text="Another unit whose name looks much the same.")
    emptied = serializers.CharField(help_text="A unit that was merged into it, with nobody in it any more.")


class UnitsSerializer(serializers.Serializer[Any]):
    """A page of names, and by path of the mapping what becomes of new ones."""

    names = UnitSerializer(many=True)
    pages = serializers.IntegerField()
    waiting = serializers.IntegerField(help_text="How many names wait for an answer.")
    new_units = serializers.DictField(child=serializers.ChoiceField(choices=NewUnits.choices))


class OneUnitSerializer(UnitSerializer):
    """One name with what can be said of it."""

    verdicts = serializers.ListField(child=serializers.CharField())
    came_from = serializers.CharField(help_text="The unit that most people came from to it within a week.")


class NewUnitsSerializer(IdentitySerializer):
    """What becomes of new names, by path of the mapping; what is not sent stays."""

    new_units = serializers.DictField(child=serializers.ChoiceField(choices=NewUnits.choices))


class VerdictSerializer(IdentitySerializer):
    """What a name means; some verdicts name another unit, as it is called here."""

    verdict = serializers.ChoiceField(choices=unit_verdicts.VERDICTS)
    unit = serializers.CharField(required=False, allow_blank=True, max_length=255)


class DecidedSerializer(serializers.Serializer[Any]):
    """How many people were brought to it at once, and whether there may be others: ``go_on``, or ``scim_units``."""

    written = serializers.IntegerField()
    is_unfinished = serializers.BooleanField()


class UnitsViewSet(AdministratorViewSet):
    """The names of one customer, through one of their connections."""

    serializer_class = UnitsSerializer
    pagination_class = None  # type: ignore[assignment]

    @described(request=None, responses=UnitsSerializer)
    def list(self, request: Request, connection_id: int) -> Response:
        """A hundred names: ``?show=`` open, week or all (the default), ``search``, ``page``."""
        connection = self._asked()
        asked = request.query_params
        show, text = asked.get("show", "all"), asked.get("search", "")
        if show not in unit_list.SHOWN or not is_storable(text):
            raise ValidationError({"show": [f"One of {', '.join(unit_list.SHOWN)}; search for a text."]})
        pages = Paginator(unit_list.names(connection, show, text), _PER_PAGE)
        found = {
            "names": unit_list.described(connection, pages.get_page(asked.get("page")).object_list),
            "pages": pages.num_pages,
            "waiting": unit_list.waiting_count(connection),
            "new_units": _choices(connection),
        }
        return Response(self.get_serializer(found).data)

    @described(request=NewUnitsSerializer, responses=UnitsSerializer)
    def partial_update(self, request: Request, connection_id: int) -> Response:
        """Choose what becomes of new names."""
        connection = self._asked()
        chosen = self.valid(NewUnitsSerializer, request)["new_units"]
        unknown = set(chosen) - set(_choices(connection))
        if unknown:
            raise ValidationError(
                {"new_units": [f"Nothing is to be chosen for {', '.join(sorted(unknown))}."]}
            )
        with refusals():
            units.choose(connection, {path: NewUnits(value) for path, value in chosen.items()}, **self.who())
        return self.list(request, connection_id)

    @described(request=None, responses=OneUnitSerializer)
    def retrieve(self, request: Request, connection_id: int, digest: str) -> Response:
        """One name."""
        line, key = self._found(self._asked(), digest)
        unit = unit_list.detail(line, key)
        shown = UnitSerializer(unit, context=self.get_serializer_context()).data
        more = {"verdicts": unit_verdicts.possible(line, unit), "came_from": unit.came_from}
        return Response({**shown, **more})

    @described(request=VerdictSerializer, responses=DecidedSerializer)
    def decide(self, request: Request, connection_id: int, digest: str) -> Response:
        """Say what it means; the first hundred people are brought to it."""
        line, key = self._found(self._asked(), digest)
        body = self.valid(VerdictSerializer, request)
        verdict = body["verdict"]
        if verdict not in unit_verdicts.possible(line, unit_list.detail(line, key)):
            raise Conflict(_("This cannot be said of the name as it stands."), "unit.verdict")
        other = units.named(line, body.get("unit", "")) if verdict in unit_verdicts.OF_ANOTHER else None
        if verdict in unit_verdicts.OF_ANOTHER and other is None:
            raise ValidationError({"unit": [_("There is no unit of this name here.")]})
        try:
            with refusals():
                written = unit_verdicts.give(line, key, verdict, other, **self.who())
        except Refusal as refusal:
            raise Conflict(" ".join(refusal.messages), "unit.refused") from None
        return Response(
            DecidedSerializer({"written": written, "is_unfinished": written >= units.AT_ONCE}).data
        )

    def _asked(self) -> SCIMConnection:
        connection = self.connection(permissions.MANAGE_POLICY)
        if not units.can_be_asked(connection):
            raise Conflict(_("This connection is archived: nothing can be changed."), "connection.archived")
        return connection

    def _found(self, connection: SCIMConnection, digest: str) -> tuple[Line, ReferenceKey]:
        found = units.find(connection, digest)
        if found is None:
            raise Http404
        return found


def _choices(connection: SCIMConnection) -> dict[str, str]:
    return {line.path: str(line.kind.new_units(connection).value) for line in units.choosable(connection)}
