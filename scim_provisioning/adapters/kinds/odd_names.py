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
from typing import Any

from django.db.models import QuerySet

from scim_provisioning.models import ReferenceKey
from scim_provisioning.models.reference_key import NAME_LENGTH

#: What is more than words of ASCII with a space between them, as a regular expression of every database.
ODD = "[^!-~ ]|  |^ | $"
HYPHENATED = f"{ODD}|-"


@dataclass(frozen=True, slots=True)
class OddNames:
    """The keys of rows with such names: by the digest of their names where that is remembered, else by what makes its
    spellings one."""

    by_digest: Mapping[str, list[Any]]
    by_key: Mapping[str, list[Any]]

    def of(self, digest: str, key: str) -> list[Any]:
        """The keys of the rows whose name is one with the name of that digest and key."""
        return [*self.by_digest.get(digest, ()), *self.by_key.get(key, ())]


def read(
    rows: QuerySet[Any],
    by: str,
    key: Callable[[str], str],
    *,
    scope: str,
    hyphens: re.Pattern[str] | None = None,
) -> OddNames:
    """Those of ``rows``, which are called by their field ``by``; ``key`` says which spellings are one, ``scope`` what
    ``ReferenceKey`` remembers these rows by, ``hyphens`` what does not count (two queries, one where there are
    none)."""
    pattern = ODD if hyphens is None else HYPHENATED
    odd = rows.filter(**{f"{by}__regex": pattern}).order_by()
    names = [(row, str(name)) for row, name in odd.values_list("pk", by)]
    met = (
        ReferenceKey.objects.filter(scope=scope, name__regex=pattern)
        if names
        else ReferenceKey.objects.none()
    )
    digests = dict(met.order_by().values_list("name", "digest"))
    by_digest: dict[str, list[Any]] = defaultdict(list)
    by_key: dict[str, list[Any]] = defaultdict(list)
    for row, name in names:
        # Of a long name the beginning is remembered; one with hyphens perhaps from when they counted.
        is_sure = len(name) < NAME_LENGTH and not (hyphens and hyphens.search(name))
        digest = digests.get(name) if is_sure else None
        if digest is None:
            by_key[key(name)].append(row)
        else:
            by_digest[digest].append(row)
    return OddNames(by_digest, by_key)
