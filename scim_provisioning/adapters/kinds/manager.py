"""The manager: a person of the same connection."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.expressions import Expression
from django.db.models.lookups import IsNull
from django.utils.translation import gettext_lazy as _

from scim_provisioning.adapters.expressions import DocumentText, TextMatch, sort_text
from scim_provisioning.adapters.kinds.column import Column
from scim_provisioning.adapters.kinds.kind import MappedAttribute
from scim_provisioning.adapters.person import AWAITS_MANAGER, Person
from scim_provisioning.adapters.rows import RowSource
from scim_provisioning.adapters.text_forms import Exactly
from scim_provisioning.models import ProvisionedUser
from scim_provisioning.protocol.constants import ENTERPRISE_USER
from scim_provisioning.protocol.errors import InvalidFilter

#: Of several links of one person, the one whose SCIM id is shown stands first.
_SHOWN_FIRST = (F("deleted_at").asc(nulls_first=True), "pk")


#: The same of a link as seen from another one of the person's.
_SHOWN_BEFORE = (
    Q(deleted_at__isnull=True) & (Q(pk__lt=OuterRef("pk")) | Q(IsNull(OuterRef("deleted_at"), False)))
    | Q(deleted_at__lt=OuterRef("deleted_at"))
    | Q(deleted_at=OuterRef("deleted_at"), pk__lt=OuterRef("pk"))
)


class Manager(MappedAttribute):
    """The enterprise ``manager``: a foreign key to another learner (or account) of the same connection.

    The SCIM value is that person's SCIM id. A manager who is not provisioned yet is remembered as sent, and so is one
    who would close a circle, or has so many above them that it is not known whether they would.
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
        # Nobody is their own manager, through however many others: an LMS that walks up would never end. Directories
        # know no such rule, and who leads a company is often their own manager there.
        own = person.rows.get(person.people.row)
        person.closes_circle = manager is not None and person.people.is_above(own, manager, row, field)
        person.is_too_low = person.closes_circle and person.people.is_too_high
        person.awaits_manager = manager is None or person.closes_circle
        setattr(row, field.name, None if person.awaits_manager else manager)

    def clear(self, row: models.Model, field: Any, person: Person) -> None:
        setattr(row, field.name, None)

    def validate(self, row: models.Model, field: Any) -> None:
        """Nothing: the person was found just now, and Django would ask the database for them again."""

    def condition(self, column: Column, op: str, operand: Any) -> Q:
        known = managed_by(column, Q(TextMatch(Exactly(F("scim_id")), op, operand)))
        awaited = TextMatch(column.document(), op, operand)
        awaits = Q(TextMatch(DocumentText("search", AWAITS_MANAGER), "pr", None))
        return known | (awaits & ~managed_by(column) & Q(awaited))

    def order(self, column: Column) -> Expression:
        return sort_text(Exactly(manager_id(column)))


def managed_by(column: Column, who: Q | None = None, *, living: bool = False) -> Q:
    """Whether the manager's foreign key names one of the people ``who`` (conditions on their links); never NULL.

    Those people are found once for the whole search, and not once more for every report of theirs. A person may
    have several links, and counts by the one that is shown: a living one before a deleted one, or ``living`` ones
    only.
    """
    key, field = f"{_target(column).lookup('pk')}", column.field.attname
    links = ProvisionedUser.objects.living() if living else ProvisionedUser.objects.all()
    links = links.filter(column.customer.has, connection=column.connection)
    meant = links.filter(**{f"{key}__isnull": False})
    if who is not None:
        meant = meant.filter(who).exclude(Exists(links.filter(_SHOWN_BEFORE, user=OuterRef("user"))))
    meant = meant.values(key)
    if column.source.is_joined:
        name = column.source.lookup(field)
        return Q(**{f"{name}__isnull": False}) & Q(**{f"{name}__in": meant})
    return Q(Exists(column.rows().filter(**{f"{field}__in": meant})))


def _target(column: Column) -> RowSource:
    if column.people is None:
        raise InvalidFilter("Filtering by manager is not supported.")
    return column.people


def manager_id(column: Column) -> Subquery:
    """The SCIM id of the person whom the manager's foreign key names."""
    target, source = _target(column), column.source
    links = ProvisionedUser.objects.filter(column.customer.has, connection=column.connection)
    if source.is_joined:
        links = links.filter(**{target.lookup("pk"): OuterRef(source.lookup(column.field.attname))})
    else:
        own = source.queryset(column.connection).filter(**{source.user_field: OuterRef(OuterRef("user_id"))})
        links = links.filter(**{f"{target.lookup('pk')}__in": own.values(column.field.attname)})
    return Subquery(links.order_by(*_SHOWN_FIRST).values("scim_id")[:1])
