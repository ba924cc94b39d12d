"""The error catalogue: for every code that the package can raise, a sentence, its cause and what to do.

The identity provider is given a short, neutral ``detail``; this is the other half, for the administrator. A
template may name facts as ``%(name)s``; where the facts are not known, the next template serves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from scim_provisioning.administration import attribute_words, entra_rows, times
from scim_provisioning.administration.catalogue import attributes, callers, host, people, requests
from scim_provisioning.administration.catalogue.entry import Entry

UNKNOWN: Final = Entry(
    _("The request was refused."),
    (_("The host application refused it with a code of its own."),),
    _("Ask the developers of this application, and give them the request id."),
)

#: A moment as facts keep it.
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")

#: By error code.
CATALOGUE: Final[Mapping[str, Entry]] = {
    **callers.ENTRIES,
    **requests.ENTRIES,
    **people.ENTRIES,
    **attributes.ENTRIES,
    **host.ENTRIES,
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """An entry with the facts of one refusal filled in: plain text, to be escaped by whoever shows it.

    ``database`` is the database's own sentence, in its own language, where it was the database that refused.
    """

    title: str
    cause: str
    todo: str
    database: str = ""


def explain(code: str, facts: Mapping[str, object] | None = None) -> Explanation:
    """Title, cause and what to do, in the active language. A code that nobody knows gets honest words."""
    entry = CATALOGUE.get(code, UNKNOWN)
    known = {str(name): _said(value) for name, value in (facts or {}).items() if value not in (None, "", [])}
    cause, database = _first_complete(entry.cause, known), known.get("database", "")
    todo = _first_complete(entry.exact, _with_row(known)) or str(entry.todo)
    return Explanation(str(entry.title), cause, todo, database)


def title(code: str) -> str:
    """The short sentence that names the failure in lists."""
    return str(CATALOGUE.get(code, UNKNOWN).title)


def _first_complete(templates: Iterable[object], known: Mapping[str, str]) -> str:
    for template in templates:
        try:
            return str(template) % known
        except KeyError:
            continue
    return ""


def _with_row(known: Mapping[str, str]) -> dict[str, str]:
    """What is known, with what people call the attribute, and from which attribute of its own Entra sends it."""
    path = known.get("attribute", "")
    found = {"named": attribute_words.in_words(path), "source": entra_rows.text_source(path)}
    return {**known, **{name: value for name, value in found.items() if value}}


def _said(value: object) -> str:
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        moment = parse_datetime(value)
        return value if moment is None else times.written(moment)
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
