"""Values that an administrator has locked: what a change leaves alone, and how they are locked.

What the identity provider sends for such a value is kept in the document and returned, so that it never sends it for
ever; the learner's row stays as it is. Filters and sorting go by what is returned.
"""

from __future__ import annotations

from dataclasses import dataclass

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.models import Action
from scim_provisioning.protocol.documents import copied
from scim_provisioning.protocol.resources import Document


@dataclass(frozen=True, slots=True)
class Met:
    """What of a change is about locked values: their fields, and the documents before and after without them."""

    fields: tuple[str, ...]
    rest: tuple[Document, Document]

    @property
    def is_all(self) -> bool:
        """Whether nothing else is changed."""
        return bool(self.fields) and self.rest[0] == self.rest[1]

    @property
    def facts(self) -> dict[str, object]:
        """For the cause of an event."""
        return {"locked": list(self.fields)} if self.fields else {}


def met(adapter: LearnerAdapter, before: Document, after: Document) -> Met:
    """What of a change from ``before`` to ``after`` an administrator's locks keep from the learner."""
    groups = [group for group in adapter.compiled_mapping.groups if group.path in adapter.person.locked]
    changed = [group for group in groups if group.sent(before) != group.sent(after)]
    if not changed:
        return Met((), (before, after))
    rest = copied(before), copied(after)
    for document in rest:
        for entry in (entry for group in changed for entry in group.entries):
            entry.write(document, None)
    return Met(tuple(group.path for group in changed), rest)


def action(adapter: LearnerAdapter, before: Document, after: Document) -> Action:
    """What becomes of a change that leaves access as it is: skipped, where all of it is about locked values."""
    return Action.SKIPPED if met(adapter, before, after).is_all else Action.UPDATED
