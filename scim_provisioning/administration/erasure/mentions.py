"""Which rows may mention a person: asked of the database, and roughly, so that few are read and compared exactly.

It looks for the beginning of each text, of all in one look: however long a person's texts are, reading the rows is
what takes long. Only letters of ASCII are compared without their case by every database; of a text that has too few of
them its usual forms are looked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeVar

from django.db.models import F, Model, Q, QuerySet

from scim_provisioning import databases
from scim_provisioning.adapters.resembling import HoldsAny
from scim_provisioning.adapters.text_forms import Exactly
from scim_provisioning.administration.erasure.identity import SHORTEST, Identity
from scim_provisioning.protocol.text import fold, normalized

Row = TypeVar("Row", bound=Model)

#: So much of a text is looked for.
_BEGINNING: Final = 24
#: Characters that JSON and every database write in one way only.
_PLAIN: Final = re.compile(rf"[ -!#-\[\]-~]{{{SHORTEST},}}")


def among(rows: QuerySet[Row], columns: Iterable[str], identity: Identity) -> QuerySet[Row]:
    """Those of ``rows`` that may mention the person in one of these columns: not all of them do. Whoever does is left
    out only where full-width letters, ligatures or the like stand for those of the text."""
    if not identity.telling:
        return rows.none()
    looked_for = _looked_for(identity.telling)
    found = Q()
    if databases.connection().vendor == "postgresql":
        for column in columns:
            found |= Q(HoldsAny(F(column), looked_for))
        return rows.filter(found)
    pattern = f"(?i){'|'.join(map(re.escape, looked_for))}"
    said: dict[str, Any] = {f"said_{column}": Exactly(F(column)) for column in columns}
    for name in said:
        found |= Q(**{f"{name}__regex": pattern})
    among_them: QuerySet[Row] = rows.alias(**said).filter(found)
    return among_them


def _looked_for(texts: Iterable[str]) -> list[str]:
    """The parts of these texts without those in which another one is found as well."""
    found: list[str] = []
    for part in sorted({part for text in texts for part in _parts(text)}, key=lambda part: (len(part), part)):
        if not any(shorter.lower() in part.lower() for shorter in found if shorter.isascii()):
            found.append(part)
    return found


def _parts(text: str) -> Iterator[str]:
    """What is part of every form in which a text may be written: its longest plain part, else each of the forms."""
    composed = normalized("NFC", text)
    if plain := _PLAIN.findall(composed):
        yield max(plain, key=len)[:_BEGINNING]
        return
    begun = composed[:_BEGINNING]
    for cased in (begun, begun.lower(), begun.upper(), begun.title(), fold(begun)):
        for form in (cased, normalized("NFD", cased)):
            yield from (json.dumps(form, ensure_ascii=escaped)[1:-1] for escaped in (False, True))
