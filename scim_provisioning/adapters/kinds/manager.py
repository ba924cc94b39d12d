"""The manager: a person of the same connection."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.expressions import Expression
from django.utils.translation import gettext_lazy as _

from scim_provisioning.adapters.expressions import DocumentText, Exactly, TextMatch, sort_text
from scim_provisioning.adapters.kinds.column import Column
from scim_provisioning.adapters.kinds.kind import MappedAttribute
from scim_provisioning.adapters.person import AWAITS_MANAGER, Person
from scim_provisioning.models import ProvisionedUser
from scim_provisioning.protocol.constants import ENTERPRISE_USER
from scim_provisioning.protocol.errors import InvalidFilter


class Manager(MappedAttribute):
    """The enterprise ``manager``: a foreign key to another learner (or account) of the same connection.

    The SCIM value is that person's SCIM id. A manager who is not provisioned yet is remembered as sent.
    """

    label = _("manager")
    is_manager = True
    field_types: ClassVar[tuple[type[Any], ...]] = (models.ForeignKey,)

    def __init__(
        self, target: str, *, path: str = f"{ENTERPRISE_USER}:manager.value", **options: Any
    ) -> None:
        super().__init__(path, target, **options)

    def current(self, row: models.Model, field: Any, person: Person) -> str | None:
        key = getattr(row, field.attname)
        return None if key is None else person.people.scim_id_of(key)

    def displayed(self, row: models.Model, field: Any, person: Person) -> Any:
        return getattr(row, field.name)

    def assign(self, row: models.Model, field: Any, value: Any, person: Person) -> None:
        manager = person.people.find(value)
        # Entra sends managers in a second pass, and not at all when they are out of scope; Okta's value may
        # be free text. Refusing would refuse the whole person, so an unknown manager waits in the document.
        person.awaits_manager = manager is None
        setattr(row, field.name, manager)

    def clear(self, row: models.Model, field: Any, person: Person) -> None:
        setattr(row, field.name, None)

    def validate(self, row: models.Model, field: Any) -> None:
        """Nothing: the person was found just now, and Django would ask the database for them again."""

    def condition(self, column: Column, op: str, operand: Any) -> Q:
        scim_id = Exactly(manager_id(column))
        known = TextMatch(scim_id, op, operand)
        awaited = TextMatch(column.document(), op, operand)
        awaits = Q(TextMatch(DocumentText("search", AWAITS_MANAGER), "pr", None))
        nobody = ~Q(TextMatch(Exactly(manager_id(column)), "pr", None))
        return Q(known) | (awaits & nobody & Q(awaited))

    def order(self, column: Column) -> Expression:
        return sort_text(Exactly(manager_id(column)))


def manager_id(column: Column, *, living: bool = False) -> Subquery:
    """The SCIM id of the person whom the manager's foreign key names; a living link before a deleted one,
    or ``living`` ones only."""
    target, source = column.people, column.source
    if target is None:
        raise InvalidFilter("Filtering by manager is not supported.")
    people = ProvisionedUser.objects.living() if living else ProvisionedUser.objects.all()
    links = people.filter(connection=column.connection)
    if source.is_joined:
        links = links.filter(**{target.lookup("pk"): OuterRef(source.lookup(column.field.attname))})
    else:
        own = source.queryset(column.connection).filter(**{source.user_field: OuterRef(OuterRef("user_id"))})
        links = links.filter(**{f"{target.lookup('pk')}__in": own.values(column.field.attname)})
    newest = links.order_by(F("deleted_at").asc(nulls_first=True), "pk")
    return Subquery(newest.values("scim_id")[:1])
