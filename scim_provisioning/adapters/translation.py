"""Between the canonical document and the learner's rows, one group of the mapping at a time.

Reading returns a value as it was sent as long as the row still means the same, so that an identity provider
never finds a difference that nobody made; writing leaves a row alone that already means what was sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scim_provisioning.adapters.attributes import Email, MappedAttribute, checked_text
from scim_provisioning.protocol import paths
from scim_provisioning.protocol.errors import InvalidValue
from scim_provisioning.protocol.text import fold

if TYPE_CHECKING:
    from scim_provisioning.adapters.base import LearnerAdapter
    from scim_provisioning.adapters.mapping import Group

Document = dict[str, Any]


def reconcile(document: Document, group: Group, adapter: LearnerAdapter) -> None:
    """Where the row means something else than the document says, let the row win."""
    declaration = group.first.declaration
    current = _current(group, adapter)
    sent = group.sent(document)
    value = sent[1] if sent else group.fallback(document)
    if current is None and (value is None or (sent and _is_waiting(group, adapter))):
        return
    if current is not None and value is not None and declaration.same(value, current, adapter):
        return
    shown_at = sent[0] if sent else group.first
    for entry in group.entries:
        # Overwritten where it stood, so that the rest of its element (primary, display) stays.
        is_shown = entry is shown_at and current is not None
        paths.write(document, entry.path, declaration.to_scim(current) if is_shown else None)


def write_group(document: Document, group: Group, adapter: LearnerAdapter) -> None:
    """Bring the group's field to what the document says. Raises ``InvalidValue``."""
    declaration, entry = group.first.declaration, group.first
    sent = group.sent(document)
    value = sent[1] if sent else group.fallback(document)
    if value is None and declaration.required:
        raise InvalidValue(f"{declaration.path} is required.", code=_missing_code(declaration))
    current = _current(group, adapter)
    if value is None:
        if current is not None and declaration.when_empty == "clear":
            declaration.clear(adapter.row_set.to_write(entry.source.name), entry.field)
        adapter.waiting_for_manager &= not _is_waiting(group, adapter)
    elif current is None or not declaration.same(value, current, adapter):
        row = adapter.row_set.to_write(entry.source.name)
        (sent[0] if sent else entry).declaration.assign(row, entry.field, value, adapter)


def write_user_name(user_name: str, adapter: LearnerAdapter) -> None:
    """Give the account its name, or another where somebody else's account holds that one."""
    entry = adapter.compiled_mapping.user_name
    if entry is None or (adapter.link.user_name == user_name and not adapter.link._state.adding):
        return
    row = adapter.row_set.to_write(entry.source.name)
    text = checked_text("userName", user_name, entry.field)
    if fold(getattr(row, entry.field.attname) or "") != fold(text) and adapter.account_name_is_taken(text):
        text = adapter.account_name(text)
    setattr(row, entry.field.attname, text)


def _is_waiting(group: Group, adapter: LearnerAdapter) -> bool:
    return adapter.waiting_for_manager and group.first == adapter.compiled_mapping.manager


def _current(group: Group, adapter: LearnerAdapter) -> Any:
    row = adapter.row(group.first.source.name)
    return None if row is None else group.first.declaration.current(row, group.first.field, adapter)


def _missing_code(declaration: MappedAttribute) -> str:
    return "user.email_missing" if isinstance(declaration, Email) else "attr.required"
