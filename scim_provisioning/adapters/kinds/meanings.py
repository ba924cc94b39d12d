"""What a name means: the row that is called so, the one that an administrator said, a new one, or none yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Names:
    """The names of some rows. ``new_units`` says what becomes of a name that means nothing here; ``values`` fill a new
    row; ``brought_by`` is the SCIM id of the person with whom a name comes."""

    rows: NamedRows
    new_units: NewUnits
    values: Callable[[], Mapping[str, Any]]
    brought_by: str = ""

    def meant_by(self, name: str) -> models.Model | None:
        """The row that ``name`` means. None where it waits for an administrator, or is left out by their word.

        As many queries as ``NamedRows.find``; one more when the name of a row is heard for the first time, or is an
        alias; four more for a new row, three for a name that waits. Raises what the database says of a row that it
        refuses, and ``Overtaken``.
        """
        found = self.rows.find(name)
        if found is None:
            return self._unknown(name)
        if is_its_name(found):
            return found
        meaning, target = remembered(found)
        other = self.rows.at(target) if meaning == Meaning.ALIAS else None
        if other is not None:
            return other
        # Also where another row had the name once: the one that has it now is meant.
        key = ReferenceKey(digest=self.rows.digest(name), target=key_of(found), **self._facts(name))
        key.note("target", "meaning", "scope", "name")
        return found

    def known(self, name: str) -> models.Model | None:
        """The row that ``name`` means, or None where it means none: nothing is written."""
        found = self.rows.find(name)
        if found is not None and remembered(found)[0] != Meaning.ALIAS:
            return found
        key = ReferenceKey.objects.filter(digest=self.rows.digest(name), meaning__in=KNOWN).first()
        return (None if key is None else self.rows.at(key.target)) or found

    def _unknown(self, name: str) -> models.Model | None:
        """What a name means that no row has now.

        The key is locked first. A unique constraint of the host's alone does not do: it may be missing, and on
        PostgreSQL takes "Sales" and "SALES" for two names.
        """
        try:
            with databases.atomic():
                key = ReferenceKey.locked(self.rows.digest(name), **self._facts(name))
                # Its row may have been renamed by the LMS since, and is still the one that is meant.
                row = self.rows.at(key.target) if key.meaning in KNOWN else None
                return row or self._decided(key, name)
        except DatabaseError as error:
            theirs = self.rows.made_by_the_lms(name) if violations.read(error) is not None else None
            if theirs is None:
                raise
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

    def _facts(self, name: str) -> dict[str, Any]:
        return {**self.rows.facts(name), "heard_at": timezone.now(), "brought_by": self.brought_by}
