"""A host's mapping, compiled once: paths parsed, fields found, the schema that it serves.

What the host wrote wrong is collected as :class:`MappingProblem` for the system checks, not raised.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from scim_provisioning.adapters.attributes import Boolean, Email, Manager, MappedAttribute, Text
from scim_provisioning.adapters.rows import RelatedRow, RowSource, row_source
from scim_provisioning.protocol import paths
from scim_provisioning.protocol.constants import CORE_USER, ENTERPRISE_USER
from scim_provisioning.protocol.errors import SCIMError
from scim_provisioning.protocol.filters import Comparison
from scim_provisioning.protocol.schema import USER_SCHEMA, Attribute, Schema, UserSchema

#: Fields that decide who may do what. Provisioning never writes them (SECURITY: privilege escalation).
FORBIDDEN_TARGETS = frozenset(
    {"password", "is_staff", "is_superuser", "groups", "user_permissions", "last_login"}
)

#: Attributes that are the link's own: returned from it, and only copied to the account.
LINK_OWNED = frozenset({"userName", "externalId", "active"})


ProblemKind = Literal["missing", "unwritable", "forbidden", "bad_path", "scope", "unsaved"]


@dataclass(frozen=True, slots=True)
class MappingProblem:
    """Something in the mapping that cannot work, in words for the host developer."""

    kind: ProblemKind
    path: str
    target: str
    message: str
    #: The column that the fix is about, where there is one.
    column: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the mapping with its path parsed and its field found."""

    declaration: MappedAttribute
    path: paths.Path
    source: RowSource
    field: models.Field[Any, Any]

    @property
    def lookup(self) -> str:
        """The ORM path of the field, seen from a ``ProvisionedUser``."""
        return self.source.lookup(self.field.name)

    @property
    def selector(self) -> dict[str, object] | None:
        """The ``eq`` terms that choose the element, by folded sub-attribute name; None without a filter."""
        if self.path.filter is None:
            return None
        terms = getattr(self.path.filter, "terms", (self.path.filter,))
        return {
            term.ref.leaf.name.casefold(): term.value
            for term in terms
            if isinstance(term, Comparison) and term.op == "eq"
        }


@dataclass(frozen=True, slots=True)
class Group:
    """The entries that feed one field, in order of preference."""

    entries: tuple[Entry, ...]

    @property
    def first(self) -> Entry:
        return self.entries[0]

    def sent(self, document: Mapping[str, Any]) -> tuple[Entry, Any] | None:
        """The first entry that has a value in the document, with that value."""
        for entry in self.entries:
            value = paths.read(document, entry.path)
            if value is not None:
                return entry, value
        return None

    def fallback(self, document: Mapping[str, Any]) -> str | None:
        """The value that serves when nothing was sent: an address that stands in another attribute."""
        for entry in self.entries:
            name = getattr(entry.declaration, "fallback", None)
            value = document.get(name) if name else None
            if isinstance(value, str) and "@" in value and not any(map(str.isspace, value)):
                return value
        return None


@dataclass(frozen=True)
class CompiledMapping:
    """Everything that reads the mapping reads this."""

    schema: UserSchema
    groups: tuple[Group, ...]
    sources: Mapping[str, RowSource]
    user_name: Entry | None
    active: Entry | None
    problems: tuple[MappingProblem, ...] = field(default=())

    @property
    def entries(self) -> Iterable[Entry]:
        return (entry for group in self.groups for entry in group.entries)

    @property
    def manager(self) -> Entry | None:
        return next((entry for entry in self.entries if isinstance(entry.declaration, Manager)), None)

    @property
    def manager_source(self) -> RowSource | None:
        """The row that the manager's foreign key points at."""
        if self.manager is None:
            return None
        model = self.manager.field.related_model
        candidates = [*self.sources.values(), row_source("", {})]
        return next((source for source in candidates if source.model is model), None)


@lru_cache(maxsize=64)
def compile_mapping(
    declarations: tuple[MappedAttribute, ...],
    rows: tuple[tuple[str, RelatedRow], ...],
    extensions: tuple[Schema, ...],
) -> CompiledMapping:
    """Compile; cached by the identity of the declarations, so a host's list costs this once a process."""
    problems: list[MappingProblem] = []
    schema = _served_schema(declarations, extensions)
    entries = [entry for line in declarations if (entry := _entry(line, dict(rows), schema, problems))]
    entries += _implied(entries, schema)
    by_path = {
        e.path.attribute.name: e for e in entries if e.path.attribute and e.path.attribute.name in LINK_OWNED
    }
    groups: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        if entry not in by_path.values():
            groups.setdefault((entry.source.name, entry.field.name), []).append(entry)
    return CompiledMapping(
        schema=schema,
        groups=tuple(Group(tuple(group)) for group in groups.values()),
        sources={entry.source.name: entry.source for entry in [*_account_first(entries)]},
        user_name=by_path.get("userName"),
        active=by_path.get("active"),
        problems=tuple(problems),
    )


def _account_first(entries: Sequence[Entry]) -> list[Entry]:
    """The account has to be saved before the rows that point at it."""
    return sorted(entries, key=lambda entry: not entry.source.is_account)


def _implied(entries: Sequence[Entry], schema: UserSchema) -> list[Entry]:
    """``userName`` and ``active`` have an obvious field unless the host said otherwise."""
    account = get_user_model()
    named = {entry.path.attribute.name for entry in entries if entry.path.attribute}
    taken = {entry.field.name for entry in entries if entry.source.is_account}
    implied: list[MappedAttribute] = []
    if "userName" not in named and account.USERNAME_FIELD not in taken:
        implied.append(Text("userName", account.USERNAME_FIELD))
    if "active" not in named and any(f.name == "is_active" for f in account._meta.get_fields()):
        implied.append(Boolean("active", "is_active"))
    return [entry for line in implied if (entry := _entry(line, {}, schema, []))]


def _entry(
    line: MappedAttribute,
    rows: Mapping[str, RelatedRow],
    schema: UserSchema,
    problems: list[MappingProblem],
) -> Entry | None:
    """The entry of a line, or None and a problem noted."""
    try:
        path = _value_path(line, schema)
        source, model_field = _target(line, rows)
    except _Unusable as problem:
        problems.append(MappingProblem(problem.kind, line.path, line.target, str(problem)))
        return None
    return Entry(line, path, source, model_field)


class _Unusable(Exception):
    def __init__(self, kind: ProblemKind, message: str) -> None:
        super().__init__(message)
        self.kind: ProblemKind = kind


def _value_path(line: MappedAttribute, schema: UserSchema) -> paths.Path:
    """The parsed path, if it names one value that clients may write."""
    try:
        path = paths.parse(line.path, schema)
    except SCIMError as error:
        raise _Unusable("bad_path", error.detail) from error
    if path.attribute is None or (path.attribute.multi_valued and (path.filter is None or path.sub is None)):
        message = (
            f"'{line.path}' is not one value; name the element too, as in emails[type eq \"work\"].value"
        )
        raise _Unusable("bad_path", message)
    if path.attribute.read_only:
        raise _Unusable("bad_path", f"'{line.path}' is the server's own")
    return path


def _target(
    line: MappedAttribute, rows: Mapping[str, RelatedRow]
) -> tuple[RowSource, models.Field[Any, Any]]:
    """The row and the field, if provisioning may write it and the kind of line fits it."""
    row_name, _, field_name = line.target.rpartition(".")
    if field_name in FORBIDDEN_TARGETS:
        message = f"'{line.target}' decides what a person may do and is never provisioned"
        raise _Unusable("forbidden", message)
    try:
        source = row_source(row_name, rows)
        model_field = source.model._meta.get_field(field_name)
    except LookupError as error:
        raise _Unusable("missing", str(error)) from error
    except FieldDoesNotExist as error:
        message = f"field '{field_name}' does not exist on {source.model._meta.object_name}"
        raise _Unusable("missing", message) from error
    if not isinstance(model_field, models.Field) or not isinstance(model_field, line.field_types):
        wanted = " or ".join(kind.__name__ for kind in line.field_types)
        message = f"{type(line).__name__} needs a {wanted}, '{line.target}' is a {type(model_field).__name__}"
        raise _Unusable("unwritable", message)
    if model_field.primary_key or not model_field.editable or model_field.generated:
        raise _Unusable("unwritable", f"'{line.target}' cannot be written")
    return source, model_field


_URN_PATH = re.compile(
    r"(?P<urn>urn:[A-Za-z0-9:._-]+):(?P<name>[A-Za-z][\w-]*)(?:\.(?P<sub>[\w$-]+))?$", re.I
)


def _served_schema(declarations: Sequence[MappedAttribute], extensions: Sequence[Schema]) -> UserSchema:
    """Core, enterprise, what the host declared, and what its mapping names under URNs of its own."""
    schema = USER_SCHEMA.with_extensions(*extensions)
    known = {urn.casefold() for urn in (*schema.urns, CORE_USER, ENTERPRISE_USER)}
    found: dict[str, list[Attribute]] = {}
    for line in declarations:
        match = _URN_PATH.match(line.path)
        if match and match["urn"].casefold() not in known:
            attributes = found.setdefault(match["urn"], [])
            if match["name"].casefold() not in {attribute.name.casefold() for attribute in attributes}:
                attributes.append(_custom_attribute(match["urn"], match["name"], line))
    own = [
        Schema(
            urn,
            urn.removesuffix(":User").rsplit(":", 2)[-2] if ":" in urn else urn,
            "Attributes of this application",
            tuple(attributes),
        )
        for urn, attributes in found.items()
    ]
    return schema.with_extensions(*own) if own else schema


def _custom_attribute(urn: str, name: str, line: MappedAttribute) -> Attribute:
    return Attribute(
        name=name,
        type=line.scim_type,
        description=f"{name}, an attribute of this application",
        required=line.required,
        urn=urn,
    )


def uses_fallback(group: Group) -> bool:
    return any(isinstance(entry.declaration, Email) and entry.declaration.fallback for entry in group.entries)
