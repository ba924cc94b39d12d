"""Between the canonical document and a person's rows: what is shown, what is written, what is derived.

Reading returns a value as it was sent as long as the row still means the same, so that an identity provider
never finds a difference that nobody made; writing leaves a row alone that already means what was sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, Final

from scim_provisioning.adapters.entries import Group
from scim_provisioning.adapters.kinds.meanings import Names, hold
from scim_provisioning.adapters.kinds.targets import checked_text
from scim_provisioning.adapters.mapping import CompiledMapping
from scim_provisioning.adapters.person import ACTIVE_UNASSIGNED, Person
from scim_provisioning.protocol.errors import InvalidValue
from scim_provisioning.protocol.resources import Document, container_of, elements_of
from scim_provisioning.protocol.schema import Attribute

#: Given the name that an account should sign in by, the one that it gets.
NameAccount = Callable[[str], str]

#: The row says nothing else than what was sent.
_AS_SENT: Final = object()

#: Members of a resource that are no part of its canonical document.
_ENVELOPE = frozenset({"schemas", "id", "meta"})


# --- what is shown


def show(document: Document, person: Person, mapping: CompiledMapping) -> list[tuple[str, Any]]:
    """Make of what was sent, in place, the canonical document: it stays except where a row means something else now.
    Returns what that is, by path of the mapping."""
    otherwise, rows = [], person.rows
    for group in _of_person(mapping, person):
        row = rows.get(group.row)
        current = None if row is None else group.current(row, group.first.field, person)
        value = group.read(document)
        # Nearly everybody's nearly everything.
        if value is None:
            if current is None and group.is_alone:
                continue
        elif current is not None and group.keeps_same and group.same(value, current):
            continue
        wanted = _show(document, group, person, current)
        if wanted is not _AS_SENT:
            otherwise.append((group.first.declaration.path, wanted))
    link = person.link
    document["userName"] = link.user_name
    document.pop("active", None)
    if not link.search.get(ACTIVE_UNASSIGNED):
        document["active"] = is_active(person, mapping)
    document.pop("externalId", None)
    if link.external_id is not None:
        document["externalId"] = link.external_id
    return otherwise


def has_access(person: Person, mapping: CompiledMapping) -> bool | None:
    """Whether the learner is on, as the host's own row says it; None where nothing can be switched."""
    entry = mapping.active
    row = person.rows.get(entry.source.name) if entry else None
    if entry is None:
        return None
    return row is not None and entry.declaration.is_on(row, entry.field)


def is_active(person: Person, mapping: CompiledMapping) -> bool:
    """What SCIM shows as ``active``: the account's own switch, whoever moved it.

    While another connection keeps the account on, what this one's identity provider wished is shown instead, or it
    would say the same again every cycle.
    """
    access, wished = has_access(person, mapping), person.link.active
    if access is None or (access and not wished and is_kept_on(person, mapping)):
        return wished
    return access


def is_kept_on(person: Person, mapping: CompiledMapping) -> bool:
    """Whether another connection keeps on what ``active`` switches; a membership only one of the same customer."""
    entry = mapping.active
    if entry is None:
        return False
    return person.active_elsewhere if entry.source.belongs_to_account else person.row_active_elsewhere


def _show(document: Document, group: Group, person: Person, current: Any) -> Any:
    """Where the row means something else than the document says, let the row win; what it means is returned, or
    ``_AS_SENT``."""
    sent = group.sent(document)
    value = sent[1] if sent else group.fallback(document)
    if current is None and (value is None or (sent and _is_awaited(group, person))):
        return _AS_SENT
    first = group.first
    shown_at = sent[0] if sent else first
    # A name that waits for an administrator, an alias, a row that the LMS calls otherwise now.
    if sent and person.meant:
        row = person.rows.get(group.row)
        if shown_at.declaration.is_meant(value, row, first.field, person):
            return _AS_SENT
    wanted = shown_at.declaration.shown(value, current)
    if wanted is value:
        return _AS_SENT
    for entry in group.entries:
        entry.write(document, wanted if entry is shown_at else None)
    return wanted


def _of_person(mapping: CompiledMapping, person: Person) -> Iterable[Group]:
    """What of the mapping is this person's: of an account that another connection owns nothing is read or written, nor
    of a value that is locked, and what the identity provider sent is returned to it."""
    if person.owns_account and not person.locked:
        return mapping.groups
    return [group for group in mapping.groups if not person.keeps(group.first.source, group.path)]


# --- what is written


def write(document: Document, person: Person, mapping: CompiledMapping, name_account: NameAccount) -> None:
    """Bring the rows to what ``document`` means, unsaved. Raises ``InvalidValue``.

    ``name_account`` gives the account its name, or another where somebody else's account holds that one.
    """
    own = mapping.user_name
    if (
        own is not None
        and person.owns(own.source)
        and (person.is_new or person.link.user_name != document["userName"])
    ):
        text = checked_text("userName", document["userName"], own.field)
        row = person.rows.to_write(own.source.name)
        setattr(row, own.field.attname, name_account(text) if own == mapping.account_name else text)
    groups = _of_person(mapping, person)
    hold(_brought(document, groups, person))
    for group in groups:
        is_name = group.first == mapping.account_name
        _write_group(document, group, person, name_account if is_name else None)


def _write_group(document: Document, group: Group, person: Person, name_account: NameAccount | None) -> None:
    declaration, entry = group.first.declaration, group.first
    speaker, value = group.wanted(document)
    if value is None and declaration.required:
        raise InvalidValue(
            f"{declaration.path} is required.",
            code=declaration.missing_code,
            params={"attribute": declaration.path},
        )
    current = _before(group, person)
    if value is None:
        # What is not sent of somebody new stays what the model, or the LMS, says it is.
        if current is not None and declaration.when_empty == "clear" and not person.is_new:
            declaration.clear(person.rows.to_write(entry.source.name), entry.field, person)
        person.awaits_manager &= not _is_awaited(group, person)
    elif not _is_written(value, current, group, person):
        row = person.rows.to_write(entry.source.name)
        speaker.assign(row, entry.field, name_account(value) if name_account else value, person)
        if name_account is None:
            speaker.validate(row, entry.field)


def _brought(document: Document, groups: Iterable[Group], person: Person) -> Iterator[tuple[Names, str]]:
    """The names of companies, units and teams that will be written, of all lines."""
    for group in groups:
        if not group.brings_names:
            continue
        speaker, value = group.wanted(document)
        if value is not None and not _is_written(value, _before(group, person), group, person):
            # What is no name is said when it is written, after what is wrong in the lines before.
            with suppress(InvalidValue):
                yield from speaker.brings(value, group.first.field, person)


def _before(group: Group, person: Person) -> Any:
    """What the row means before it is written."""
    before = group.sent(person.document)
    person.sent_before = before[1] if before else None
    return _current(group, person)


def _is_written(value: Any, current: Any, group: Group, person: Person) -> bool:
    """Whether the row says it already, or is what it was understood as."""
    is_written = group.first.declaration.is_written(value, current, person)
    return is_written or _is_meant(value, current, group, person)


def _is_meant(value: Any, current: Any, group: Group, person: Person) -> bool:
    """Whether the row is what ``value``, the same as before, was understood as. A name that means nothing so far is
    asked for again."""
    if current is None or not person.meant:
        return False
    entry = group.first
    row = person.rows.get(entry.source.name)
    return any(
        kind.is_meant(value, row, entry.field, person)
        and kind.name_keys(value) == kind.name_keys(person.sent_before)
        for kind in (line.declaration for line in group.entries)
    )


def write_manager(document: Document, person: Person, mapping: CompiledMapping) -> bool:
    """Bring the manager, and nothing else, to what ``document`` means, unsaved. False while they are not here still, or
    where it is not this connection's to write."""
    group = _manager_group(mapping)
    if group is None or person.keeps(group.first.source, group.path):
        return False
    _write_group(document, group, person, None)
    return not person.awaits_manager


def still_meant(document: Document, person: Person, mapping: CompiledMapping) -> dict[str, dict[str, str]]:
    """Of ``Person.meant`` what is about names that the document holds still."""
    found: dict[str, dict[str, str]] = {}
    for entry in mapping.entries if person.meant else ():
        understood = person.meant.get(entry.declaration.path, {})
        keys = entry.declaration.name_keys(entry.read(document)) if understood else frozenset()
        if held := {key: target for key, target in understood.items() if key in keys}:
            found[entry.declaration.path] = held
    return found


def awaited_manager(document: Document, person: Person, mapping: CompiledMapping) -> str | None:
    """What was sent for the manager of somebody who waits for one."""
    group = _manager_group(mapping) if person.awaits_manager else None
    sent = group.sent(document) if group else None
    return None if sent is None else str(sent[1])


def _manager_group(mapping: CompiledMapping) -> Group | None:
    return next((group for group in mapping.groups if mapping.manager in group.entries), None)


def _is_awaited(group: Group, person: Person) -> bool:
    return person.awaits_manager and group.first.declaration.is_manager


def _current(group: Group, person: Person) -> Any:
    row = person.rows.get(group.first.source.name)
    return None if row is None else group.first.declaration.current(row, group.first.field, person)


# --- what is derived: manager.$ref (RFC 7643 section 4.3), which no client writes and nobody stores


def with_references(document: Document, person: Person, mapping: CompiledMapping) -> Document:
    """The document with the address of the manager, if they are provisioned here now; the one given stays."""
    manager_id = referred_to(document, person, mapping)
    attribute, manager = (None, {}) if manager_id is None else _manager(document, mapping)
    if attribute is None or manager_id is None:
        return document
    return _put(document, attribute, {**manager, "$ref": person.people.location_of(manager_id)})


def referred_to(document: Document, person: Person, mapping: CompiledMapping) -> str | None:
    """The SCIM id of the manager whose address is shown; None where none is."""
    manager_id = _manager_id(person, mapping)
    attribute, manager = (None, {}) if manager_id is None else _manager(document, mapping)
    return manager_id if attribute is not None and manager and attribute.sub("$ref") is not None else None


def canonical(resource: Document, mapping: CompiledMapping) -> Document:
    """The canonical document inside a full resource: without envelope and derived members."""
    document = {name: value for name, value in resource.items() if name not in _ENVELOPE}
    attribute, manager = _manager(document, mapping)
    if attribute is None or "$ref" not in manager:
        return document
    return _put(document, attribute, {name: value for name, value in manager.items() if name != "$ref"})


def _manager(document: Document, mapping: CompiledMapping) -> tuple[Attribute | None, Document]:
    """The mapped manager's attribute and value; None and nothing where there is none."""
    attribute = mapping.manager.attribute if mapping.manager else None
    found = elements_of(attribute, document) if attribute else []
    return (attribute, found[0]) if found and isinstance(found[0], dict) else (None, {})


def _manager_id(person: Person, mapping: CompiledMapping) -> str | None:
    """The SCIM id of the manager whom the row names; None for one who is awaited, was deleted or is not shown."""
    entry = mapping.manager
    if entry is None or person.keeps(entry.source, mapping.fields[entry.declaration.path]):
        return None
    row = person.rows.get(entry.source.name)
    key = getattr(row, entry.field.attname) if row else None
    return None if key is None else person.people.living_id_of(key)


def _put(document: Document, attribute: Attribute, manager: Document) -> Document:
    if not attribute.extension:
        return {**document, attribute.name: manager}
    holder = {**container_of(attribute, document), attribute.name: manager}
    return {**document, attribute.extension: holder}
