"""What a name means: the row that is called so, the one that an administrator said, a new one, or none yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, models
from django.utils import timezone

from scim_provisioning import databases
from scim_provisioning.adapters import violations
from scim_provisioning.adapters.kinds.named_rows import NamedRows, is_its_name, remembered
from scim_provisioning.models import Meaning, NewUnits, ReferenceKey
from scim_provisioning.models.reference_key import key_of

#: The names that an administrator, or a row, has given a meaning.
KNOWN = (Meaning.NAME, Meaning.ALIAS)

#: By digest and spelling of a name the row that it means, or its key, which is locked.
Held = dict[tuple[str, str], models.Model | ReferenceKey]


@dataclass(frozen=True, slots=True)
class Names:
    """The names of some rows. ``new_units`` says what becomes of a name that means nothing here; ``values`` fill a new
    row; ``brought_by`` is the SCIM id of the person with whom a name comes; ``held``: see ``hold``."""

    rows: NamedRows
    new_units: NewUnits
    values: Callable[[], Mapping[str, Any]]
    brought_by: str = ""
    held: Held = field(default_factory=dict, compare=False, repr=False)

    def meant_by(self, name: str) -> models.Model | None:
        """The row that ``name`` means. None where it waits for an administrator, or is left out by their word.

        As many queries as ``NamedRows.find``; one more when the name of a row is heard for the first time, or is an
        alias; four more for a new row, three for a name that waits. Raises what the database says of a row that it
        refuses, and ``Overtaken``.
        """
        spelled = (self.rows.digest(name), name)
        hold([(self, name)])
        meant = self.held.pop(spelled)
        return self._unknown(meant, name) if isinstance(meant, ReferenceKey) else meant

    def called(self, found: models.Model, name: str) -> models.Model:
        """The row that ``name`` means, by which a row was ``found``."""
        if is_its_name(found):
            return found
        meaning, target = remembered(found)
        other = self.rows.at(target) if meaning == Meaning.ALIAS else None
        if other is not None:
            return other
        # Also where another row had the name once: the one that has it now is meant.
        key = ReferenceKey(digest=self.rows.digest(name), target=key_of(found), **self.heard(name))
        key.note("target", "meaning", "scope", "name")
        return found

    def known(self, name: str) -> models.Model | None:
        """The row that ``name`` means, or None where it means none: nothing is written."""
        found = self.rows.find(name)
        if found is not None and remembered(found)[0] != Meaning.ALIAS:
            return found
        key = ReferenceKey.objects.filter(digest=self.rows.digest(name), meaning__in=KNOWN).first()
        return (None if key is None else self.rows.at(key.target)) or found

    def _unknown(self, key: ReferenceKey, name: str) -> models.Model | None:
        """What a name means that no row has now.

        Its key is locked. A unique constraint of the host's alone does not do: it may be missing, and on PostgreSQL
        takes "Sales" and "SALES" for two names.
        """
        try:
            with databases.atomic():
                # Its row may have been renamed by the LMS since, and is still the one that is meant.
                row = self.rows.at(key.target) if key.meaning in KNOWN else None
                return row or self._decided(key, name)
        except DatabaseError as error:
            theirs = self.rows.made_by_the_lms(name) if violations.read(error) is not None else None
            if theirs is None:
                raise
            key.mean(theirs)
            return theirs

    def _decided(self, key: ReferenceKey, name: str) -> models.Model | None:
        facts = self.rows.facts(name) if not key.scope else {}
        alike = self.rows.alike(name)
        if alike is not None:
            key.mean(alike, **facts)
        elif key.meaning == Meaning.LEFT_OUT:
            return None
        elif self.new_units is NewUnits.CREATE:
            alike = self.rows.make(name, self.values())
            key.mean(alike, made=True, **facts)
        elif key.meaning != Meaning.WAITING:
            key.mean(None, Meaning.WAITING, **facts)
        return alike

    def heard(self, name: str) -> dict[str, Any]:
        """What is remembered of a name that is heard for the first time."""
        return {**self.rows.facts(name), "heard_at": timezone.now(), "brought_by": self.brought_by}


def hold(brought: Iterable[tuple[Names, str]]) -> None:
    """Look names up and lock those that no row has, or whose row is met for the first time, in one order for everybody:
    two people who bring the same new names, in whatever lines of the mapping, would wait for each other. ``meant_by``
    finds in ``Names.held`` what was held of it.
    """
    found: dict[tuple[str, str], tuple[Names, models.Model | None]] = {}
    for names, name in brought:
        spelled = (names.rows.digest(name), name)
        if spelled not in found and spelled not in names.held:
            found[spelled] = names, names.rows.find(name)
    # Spellings of one name have one key, or the second would not know what the first has been given.
    keys: dict[str, ReferenceKey] = {}
    for digest, name in sorted(found):
        names, row = found[digest, name]
        if row is None and digest not in keys:
            keys[digest] = ReferenceKey.locked(digest, **names.heard(name))
        names.held[digest, name] = keys[digest] if row is None else names.called(row, name)
