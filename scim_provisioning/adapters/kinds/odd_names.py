"""Names of the host's rows in spellings that no database takes for one another: in another Unicode form, with more
spaces between the words, with hyphens.

They are found without an index, so they are read: once for all the names of a person or a filter, be these a hundred.
Whatever provisioning has met is remembered with what makes its spellings one (``ReferenceKey``) and is not worked out
again, or a customer with ten thousand such names would take as long for each new one as for thousands of others.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import QuerySet

from scim_provisioning.models import ReferenceKey
from scim_provisioning.models.reference_key import NAME_LENGTH

#: What is more than words of ASCII with a space between them, as a regular expression of every database.
ODD = "[^!-~ ]|  |^ | $"
HYPHENATED = f"{ODD}|-"


#: So many digests are known to be made as names are compared now, by each process.
_MOST_SURE: Final = 65_536
_sure: set[str] = set()


@dataclass(frozen=True, slots=True)
class OddNames:
    """Rows with such names: by the digests under which these are remembered, else by what makes their spellings
    one."""

    by_digest: Mapping[str, list[tuple[Any, str]]]
    by_key: Mapping[str, list[Any]]
    key: Callable[[str], str]

    def of(self, digest: str, key: str) -> list[Any]:
        """The keys of the rows whose name is one with the name of that digest and key."""
        remembered = self.by_digest.get(digest, ())
        # Of a long name the beginning is remembered, which others may have in common.
        met = [row for row, name in remembered if len(name) < NAME_LENGTH or self.key(name) == key]
        return [*met, *self.by_key.get(key, ())]


def read(
    rows: QuerySet[Any],
    by: str,
    key: Callable[[str], str],
    digest: Callable[[str], str],
    *,
    scope: str,
    hyphens: re.Pattern[str] | None = None,
) -> OddNames:
    """Those of ``rows``, which are called by their field ``by``; ``key`` says which spellings are one, ``digest`` and
    ``scope`` what ``ReferenceKey`` remembers a name and these rows by, ``hyphens`` what does not count (two queries,
    one where there are none)."""
    pattern = ODD if hyphens is None else HYPHENATED
    odd = rows.filter(**{f"{by}__regex": pattern}).order_by()
    names = [(row, str(name)) for row, name in odd.values_list("pk", by)]
    remembered: dict[str, list[str]] = defaultdict(list)
    if names:
        met = ReferenceKey.objects.filter(scope=scope, name__regex=pattern).order_by()
        for name, known in met.values_list("name", "digest"):
            remembered[name].append(known)
    by_digest: dict[str, list[tuple[Any, str]]] = defaultdict(list)
    by_key: dict[str, list[Any]] = defaultdict(list)
    for row, name in names:
        digests = remembered.get(name[:NAME_LENGTH], ())
        if hyphens is not None and hyphens.search(name):
            # It may be remembered from when hyphens counted.
            digests = [one for one in digests if _is_sure(one, name, digest)]
        for one in digests:
            by_digest[one].append((row, name))
        if not digests:
            by_key[key(name)].append(row)
    return OddNames(by_digest, by_key, key)


def _is_sure(known: str, name: str, digest: Callable[[str], str]) -> bool:
    """Whether a name has that digest now, worked out once a process."""
    if known not in _sure:
        if digest(name) != known:
            return False
        if len(_sure) < _MOST_SURE:
            _sure.add(known)
    return True
