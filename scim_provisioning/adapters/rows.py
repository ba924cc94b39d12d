"""Where a learner's values live: the account itself, its profile, or its membership of one customer.

Three shapes of host are served (a *row* is one model instance the mapping writes to):

* a custom user model: every target is a field of the account (row ``""``);
* a profile, one-to-one with the account: ``"learner.job_role"`` (row ``"learner"``);
* one membership row a customer: declared with :class:`RelatedRow` and its ``within``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from scim_provisioning.models import SCIMConnection

#: A constant, or a callable that is given the connection.
Scope = Mapping[str, Any | Callable[[SCIMConnection], Any]]


def resolve_scope(scope: Scope, connection: SCIMConnection) -> dict[str, Any]:
    """The keyword arguments that ``scope`` means for this connection."""
    return {name: value(connection) if callable(value) else value for name, value in scope.items()}


def scope_values(model: type[models.Model], scope: Scope, connection: SCIMConnection) -> dict[str, Any]:
    """The same for a new row of ``model``, where ``{"customer": 7}`` has to be said as ``customer_id``."""
    relations = {field.name: field.attname for field in model._meta.concrete_fields if field.is_relation}
    return {
        name if isinstance(value, models.Model) else relations.get(name, name): value
        for name, value in resolve_scope(scope, connection).items()
    }


class RelatedRow:
    """Declares a row that belongs to the account, in ``LearnerAdapter.rows``.

    ``model`` is a model class or ``"app.Model"``; ``user_field`` its foreign key or one-to-one to the account.
    ``within`` makes it this customer's row (constants, or callables of the connection): it finds the row, fills
    a new one, and limits who counts as this customer's. ``defaults``, of the same form, only fill a new row:
    what the LMS changes later (a role, a status) belongs there, or the changed row is not found any more.
    """

    def __init__(
        self,
        model: type[models.Model] | str,
        *,
        user_field: str = "user",
        within: Scope | None = None,
        defaults: Scope | None = None,
    ) -> None:
        #: As the host wrote it; ``model`` is what it means.
        self.named = model
        self.user_field = user_field
        self.within: Scope = within or {}
        self.defaults: Scope = defaults or {}

    @property
    def model(self) -> type[models.Model]:
        return apps.get_model(self.named) if isinstance(self.named, str) else self.named


@dataclass(frozen=True, slots=True)
class RowSource:
    """How one named row is reached from the account, and how it is made when it is missing."""

    name: str
    model: type[models.Model]
    #: The accessor on the account that ``select_related`` can follow; None when there are several such rows.
    accessor: str | None = None
    #: The name of the relation in look-ups that start at the account.
    query_name: str = ""
    user_field: str = ""
    within: Scope = field(default_factory=dict)
    defaults: Scope = field(default_factory=dict)

    @property
    def is_account(self) -> bool:
        return self.name == ""

    @property
    def is_joined(self) -> bool:
        """Whether the row comes with the account in one statement."""
        return self.is_account or self.accessor is not None

    @property
    def belongs_to_account(self) -> bool:
        """Whether an account has one such row, whichever connections use it: the account itself, or a profile."""
        return self.is_joined

    def lookup(self, name: str) -> str:
        """The ORM path of this row's field ``name``, seen from a ``ProvisionedUser``."""
        return "__".join(part for part in ("user", self.query_name, name) if part)

    def of(self, user: models.Model) -> models.Model | None:
        """The row of ``user`` that an earlier ``select_related`` already brought, or None."""
        if self.is_account:
            return user
        if self.accessor is None or user._state.adding:
            return None
        # A missing reverse one-to-one raises RelatedObjectDoesNotExist, an AttributeError too.
        return getattr(user, self.accessor, None)

    def queryset(self, connection: SCIMConnection) -> models.QuerySet[models.Model]:
        """The rows of this kind that belong to the connection's customer; none of a connection whose SSO settings are
        gone, of which a host cannot say whose it is."""
        rows: models.QuerySet[models.Model] = self.model._default_manager.all()
        if any(map(callable, self.within.values())) and connection.lacks_settings:
            return rows.none()
        return rows.filter(**resolve_scope(self.within, connection))

    def fill(self, row: models.Model, connection: SCIMConnection) -> None:
        """Put a new row inside the customer, and give it the host's defaults."""
        for scope in (self.defaults, self.within):
            for name, value in scope_values(self.model, scope, connection).items():
                setattr(row, name, value)


def row_source(name: str, declared: Mapping[str, RelatedRow]) -> RowSource:
    """The source of the row ``name``: declared, or a one-to-one of the account found by its accessor.

    Raises ``LookupError`` with what the name is instead when there is no such relation.
    """
    account = get_user_model()
    if name == "":
        own = declared.get("")
        return (
            RowSource("", account, within=own.within, defaults=own.defaults)
            if own
            else RowSource("", account)
        )
    if name in declared:
        return _declared_source(name, declared[name])
    relation = relation_of(account, name)
    if relation is None:
        raise LookupError(f"'{name}' is no relation of {account._meta.label}")
    if not relation.one_to_one or not relation.related_model:
        raise LookupError(f"'{name}' is {_relation_named(relation)}, which is not one row of its own")
    remote = "" if relation.concrete else relation.field.name
    return RowSource(name, relation.related_model, name, relation.name, remote)


def relation_of(model: type[models.Model], name: str) -> Any:
    """The model's relation of that name, or with that accessor; None when there is none."""
    named: dict[str, Any] = {f.name: f for f in model._meta.get_fields() if f.is_relation}
    related = model._meta.related_objects
    accessors: dict[Any, Any] = {relation.get_accessor_name(): relation for relation in related}
    return {**named, **accessors}.get(name)


def _relation_named(relation: Any) -> str:
    if relation.many_to_many:
        return "a many-to-many relation"
    if relation.one_to_many:
        return "a foreign key of another model, with any number of rows"
    return "a foreign key" if relation.many_to_one else "a relation of another kind"


def _declared_source(name: str, row: RelatedRow) -> RowSource:
    try:
        user_field = row.model._meta.get_field(row.user_field)
    except FieldDoesNotExist as error:
        raise LookupError(
            f"rows['{name}']: {row.model._meta.label} has no field '{row.user_field}'"
        ) from error
    relation: Any = user_field.remote_field
    if relation is None or not issubclass(get_user_model(), relation.model):
        raise LookupError(f"rows['{name}']: '{row.user_field}' does not point at the account")
    accessor = relation.get_accessor_name() if user_field.one_to_one else None
    query_name = relation.field.related_query_name()
    return RowSource(name, row.model, accessor, query_name, row.user_field, row.within, row.defaults)


def source_of_model(model: Any, sources: Iterable[RowSource]) -> RowSource | None:
    """The row that is a ``model``: the account, or one of ``sources``."""
    candidates = [row_source("", {}), *sources]
    return next((source for source in candidates if source.model is model), None)
