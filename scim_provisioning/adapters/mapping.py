"""A host's mapping, compiled once: paths parsed, fields found, the schema that it serves.

What the host wrote wrong is collected as :class:`MappingProblem` for the system checks, not raised.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

from django.contrib.auth import get_user_model

from scim_provisioning.adapters import remedies
from scim_provisioning.adapters.entries import Entry, Group
from scim_provisioning.adapters.kinds import Boolean, MappedAttribute, Text
from scim_provisioning.adapters.problems import MappingProblem, Unusable, new_row_problems
from scim_provisioning.adapters.rows import RelatedRow, RowSource, row_source, source_of_model
from scim_provisioning.adapters.served import served_schema
from scim_provisioning.protocol import paths
from scim_provisioning.protocol.constants import CORE_USER
from scim_provisioning.protocol.errors import SCIMError
from scim_provisioning.protocol.schema import Schema, UserSchema

#: Attributes that are the link's own: returned from it, and only copied to the account.
LINK_OWNED = frozenset({"userName", "externalId", "active"})


@dataclass(frozen=True, eq=False)
class CompiledMapping:
    """Everything that reads the mapping reads this; one object for one list of lines, as long as it is in use.

    ``user_name`` and ``active`` stand apart from ``groups``: the link decides what is shown of them.
    """

    schema: UserSchema
    groups: tuple[Group, ...]
    sources: Mapping[str, RowSource]
    user_name: Entry | None
    active: Entry | None
    problems: tuple[MappingProblem, ...] = field(default=())

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The entries of all groups."""
        return tuple(entry for group in self.groups for entry in group.entries)

    @cached_property
    def all_entries(self) -> tuple[Entry, ...]:
        """These, and the link's own before them."""
        return (*(entry for entry in (self.user_name, self.active) if entry is not None), *self.entries)

    @cached_property
    def fields(self) -> Mapping[str, str]:
        """By the path of each line the one that its field is called by: the first line's that feeds it."""
        return {entry.declaration.path: group.path for group in self.groups for entry in group.entries}

    @property
    def lockable(self) -> tuple[Group, ...]:
        """Whose values an administrator may lock. Not what the account signs in by: who may come in is not a matter of
        one value, and an account can be protected."""
        return tuple(group for group in self.groups if self.account_name not in group.entries)

    @cached_property
    def account_name(self) -> Entry | None:
        """The entry that writes what the account signs in by: userName, or an e-mail address."""
        name = get_user_model().USERNAME_FIELD
        written = (self.user_name, *(group.first for group in self.groups))
        on_account = [entry for entry in written if entry is not None and entry.source.is_account]
        signs_in = next((entry for entry in on_account if entry.field.name == name), None)
        return signs_in or (self.user_name if self.user_name in on_account else None)

    @cached_property
    def address(self) -> Group | None:
        """The lines that write the column of the work e-mail address, of the account or its profile. None where there
        is no such column, and where it is what accounts are named by."""
        name = self.account_name
        found = [group for group in self.groups if group.first.holds_work_address]
        found = [group for group in found if name is None or group.first.field != name.field]
        return min(found, key=lambda group: group.first.is_chosen, default=None)

    @cached_property
    def manager(self) -> Entry | None:
        return next((entry for entry in self.entries if entry.declaration.is_manager), None)

    @cached_property
    def people_source(self) -> RowSource:
        """The row that tells who is who: the one that the manager's foreign key points at, else the account."""
        model = self.manager.field.related_model if self.manager else None
        return source_of_model(model, self.sources.values()) or row_source("", {})


@lru_cache(maxsize=1024)
def compile_mapping(
    declarations: tuple[MappedAttribute, ...],
    rows: tuple[tuple[str, RelatedRow], ...],
    extensions: tuple[Schema, ...],
) -> CompiledMapping:
    """Compile; cached by the identity of the declarations, so a host's list costs this once a process."""
    problems: list[MappingProblem] = []
    located = [found for line in declarations if (found := _located(line, dict(rows), problems))]
    implied = [found for line in _implied(located) if (found := _located(line, dict(rows), []))]
    schema = served_schema([line for line, *_ in located], extensions)
    entries = [entry for found in (*located, *implied) if (entry := _entry(*found, schema, problems))]
    own = {_core_name(entry): entry for entry in entries if _core_name(entry) in ("userName", "active")}
    groups: dict[tuple[str, ...], list[Entry]] = {}
    for entry in entries:
        if entry is not own.get(_core_name(entry)):
            groups.setdefault((entry.source.name, entry.field.name, *entry.declaration.keys), []).append(
                entry
            )
    compiled = CompiledMapping(
        schema=replace(schema, taken=_taken(entries)),
        groups=tuple(Group(tuple(group)) for group in groups.values()),
        sources={entry.source.name: entry.source for entry in _account_first(entries)},
        user_name=own.get("userName"),
        active=own.get("active"),
    )
    return replace(compiled, problems=(*problems, *_problems(compiled)))


def _taken(entries: Sequence[Entry]) -> frozenset[str]:
    """The paths of the attributes that land somewhere, in a field or in the link."""
    return LINK_OWNED.union(entry.path.attribute.path for entry in entries if entry.path.attribute)


def _account_first(entries: Sequence[Entry]) -> list[Entry]:
    """The account has to be saved before the rows that point at it."""
    return sorted(entries, key=lambda entry: not entry.source.is_account)


def _core_name(entry: Entry) -> str:
    """The name of a core attribute; "" in an extension, whose ``active`` is another attribute than SCIM's own."""
    attribute = entry.path.attribute
    return "" if attribute is None or attribute.extension else attribute.name


_Located = tuple[MappedAttribute, RowSource, Any]


def _located(
    line: MappedAttribute, rows: Mapping[str, RelatedRow], problems: list[MappingProblem]
) -> _Located | None:
    """A line with its row and field, or None and a problem noted."""
    try:
        return (line, *line.locate(rows))
    except Unusable as problem:
        problems.append(_noted(line, problem))
        return None


def _noted(line: MappedAttribute, problem: Unusable) -> MappingProblem:
    return MappingProblem(problem.kind, line.path, line.target, str(problem), problem.advice)


def _implied(located: Sequence[_Located]) -> Iterator[MappedAttribute]:
    """``userName`` and ``active`` have an obvious field unless the host said otherwise."""
    account = get_user_model()
    named = {line.path.rpartition(":")[2].casefold() for line, *_ in located if _is_core(line.path)}
    taken = {field.name for _, source, field in located if source.is_account}
    if "username" not in named and account.USERNAME_FIELD not in taken:
        yield Text("userName", account.USERNAME_FIELD)
    if "active" not in named and any(f.name == "is_active" for f in account._meta.get_fields()):
        yield Boolean("active", "is_active")


def _is_core(path: str) -> bool:
    return ":" not in path or path.casefold().startswith(f"{CORE_USER.casefold()}:")


def _entry(
    line: MappedAttribute,
    source: RowSource,
    model_field: Any,
    schema: UserSchema,
    problems: list[MappingProblem],
) -> Entry | None:
    """The entry of a line, or None and a problem noted."""
    try:
        path = line.value_path(_parsed(line, schema))
    except Unusable as problem:
        problems.append(_noted(line, problem))
        return None
    return Entry(line, path, source, model_field)


def _parsed(line: MappedAttribute, schema: UserSchema) -> paths.Path:
    """The parsed path, if clients may write there."""
    try:
        path = paths.parse(line.path, schema)
    except SCIMError as error:
        raise Unusable("bad_path", error.detail, remedies.of_the_path(line.path, schema)) from error
    if path.attribute is not None and path.attribute.read_only:
        raise Unusable("bad_path", f"'{line.path}' is the server's own")
    return path


# --- what cannot work, line by line and as a whole


def _problems(compiled: CompiledMapping) -> Iterator[MappingProblem]:
    for entry in compiled.all_entries:
        yield from entry.declaration.problems(entry.source, entry.field)
    yield from _switch_problems(compiled.active)
    yield from _doubled(compiled)


def _switch_problems(active: Entry | None) -> Iterator[MappingProblem]:
    """Deactivation must end access, so ``active`` takes only what can be switched."""
    if active is not None and not active.declaration.switches:
        line = active.declaration
        message = f"{type(line).__name__} cannot switch access off"
        advice = remedies.switching(line.target, active.field)
        yield MappingProblem("switch", line.path, line.target, message, advice)


def unswitched(compiled: CompiledMapping) -> Iterator[MappingProblem]:
    """Nothing that deactivation could switch: a leaver would be answered as inactive, and come in all the same."""
    if compiled.active is None and not compiled.problems:
        message = f"no line maps it, and {get_user_model()._meta.label} has no field is_active"
        yield MappingProblem("switch", "active", "", message, remedies.switching("", None))


def _doubled(compiled: CompiledMapping) -> Iterator[MappingProblem]:
    """``userName`` and another attribute that write one column would overwrite each other."""
    for own in (compiled.user_name, compiled.active):
        for entry in compiled.entries if own is not None else ():
            if own and (entry.source.name, entry.field.name) == (own.source.name, own.field.name):
                line = entry.declaration
                message = f"{own.declaration.path} and {line.path} both write it"
                advice = f"Remove the line of {line.path}, or map it to another field."
                yield MappingProblem("twice", line.path, line.target, message, advice)


def row_problems(compiled: CompiledMapping, *, host_makes_accounts: bool) -> Iterator[MappingProblem]:
    """What keeps new rows and accounts from being saved.

    ``host_makes_accounts``: the adapter fills new accounts in code of its own, which nobody can look into.
    """
    if not host_makes_accounts:
        yield from _unnamed(compiled)
    for source in compiled.sources.values():
        if source.is_account and host_makes_accounts:
            continue
        mapped = {entry.field.name for entry in compiled.all_entries if entry.source.name == source.name}
        where = f"rows['{source.name}']" if source.name else "the account"
        yield from new_row_problems(
            where,
            source.name,
            source.model,
            within=source.within,
            defaults=source.defaults,
            filled={source.user_field, *mapped},
        )


def _unnamed(compiled: CompiledMapping) -> Iterator[MappingProblem]:
    """Accounts whose sign-in name nobody writes would all have the same empty one."""
    name = get_user_model().USERNAME_FIELD
    written = {entry.field.name for entry in compiled.all_entries if entry.source.is_account}
    if name not in written and not compiled.problems:
        message = f"no line writes '{name}', by which accounts sign in"
        advice = (
            f"Write scim.Text('userName', {name!r}), map another attribute to it, or override new_account()."
        )
        yield MappingProblem("unnamed", "userName", name, message, advice)
