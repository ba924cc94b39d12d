"""What people were called before, where that is why they were found: whoever asks after Hugo Albrecht should not have
to wonder who Hugo Sonnenberg is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from django.utils.translation import gettext as _

from scim_provisioning.administration import times
from scim_provisioning.administration.lms_names import beginning
from scim_provisioning.administration.people.answer import Answer
from scim_provisioning.administration.people.search import words_of
from scim_provisioning.models import FormerIdentifier

#: So many former names of all these people are read, the latest first.
_AT_MOST: Final = 500
#: Which is told where several fit.
_ORDER: Final = (FormerIdentifier.Kind.NAME, FormerIdentifier.Kind.USER_NAME, FormerIdentifier.Kind.EMAIL)


def told(term: str, people: Sequence[Answer], *, in_clear: bool) -> list[Answer]:
    """The same answers; of whoever is called otherwise now than they were asked after it is said until when they were
    called so (one query, none for nobody). Who may not see values is told former userNames alone."""
    links = {person.link.pk for person in people if person.link is not None}
    if not links:
        return [*people]
    rows = FormerIdentifier.objects.filter(link__in=links)
    if not in_clear:
        rows = rows.filter(kind=FormerIdentifier.Kind.USER_NAME)
    known: dict[int, list[FormerIdentifier]] = {}
    for row in rows.order_by("-noted_at", "-pk")[:_AT_MOST]:
        known.setdefault(row.link_id, []).append(row)
    patterns = [re.compile(beginning(word)) for word in words_of(term)]
    return [
        _with_note(one, patterns, known.get(one.link.pk, ()) if one.link is not None else ())
        for one in people
    ]


def _with_note(
    person: Answer, patterns: Sequence[re.Pattern[str]], known: Sequence[FormerIdentifier]
) -> Answer:
    now = f"{person.name} {person.user_name}"
    asked = [pattern for pattern in patterns if not _has(pattern, now)]
    fitting = {row: sum(_has(pattern, row.value) for pattern in asked) for row in known}
    best = max(fitting, key=lambda row: (fitting[row], -_ORDER.index(row.kind)), default=None)
    if best is None or not fitting[best]:
        return person
    note = _("Was called “%(name)s” until %(when)s.") % {
        "name": best.value,
        "when": times.written(best.noted_at, "day"),
    }
    return replace(person, notes=(note, *person.notes))


def _has(pattern: re.Pattern[str], text: str) -> bool:
    return pattern.search(f" {text} ") is not None
