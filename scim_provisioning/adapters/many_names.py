"""Who has one of thousands of names or addresses, in any case, where no index leads to them: as found one at a time,
by the small letters that the database itself makes of both sides.

Which these are differs from server to server (``İ``, a sigma at the end of a word), so Python is not asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final

from django.db import models
from django.db.models import F, Value

from scim_provisioning import databases
from scim_provisioning.adapters.text_forms import Lowered
from scim_provisioning.protocol.spelling import compositions

#: So many texts are asked about in one statement.
TOGETHER: Final = 500

Accounts = models.QuerySet[Any]
#: The names that small letters stand for.
_Wanted = Mapping[str, list[str]]


def called(accounts: Accounts, column: str, names: Iterable[str]) -> dict[str, list[Any]]:
    """Which of these accounts have each of the names in that column of theirs: all are read once, and whoever has one
    once more."""
    known: dict[str, list[Any]] = {name: [] for name in names}
    wanted = _by_small_letters(known)
    rows = accounts.values_list("pk", Lowered(F(column))).iterator() if known else ()
    found = {pk: small for pk, small in rows if small in wanted}
    keys = iter(found)
    while some := list(islice(keys, TOGETHER)):
        for account in accounts.filter(pk__in=some):
            for name in wanted[found[account.pk]]:
                known[name].append(account)
    return known


def addressed(accounts: Accounts, path: str, addresses: Iterable[str]) -> dict[str, list[Any]]:
    """The same of a few hundred addresses, for a column that may stand in a profile."""
    known: dict[str, dict[Any, Any]] = {address: {} for address in addresses}
    wanted = _by_small_letters(known)
    if wanted:
        for account in accounts.annotate(scim_small=Lowered(F(path))).filter(scim_small__in=wanted):
            for address in wanted[account.scim_small]:
                known[address][account.pk] = account
    return {address: [*found.values()] for address, found in known.items()}


def _by_small_letters(texts: Iterable[str]) -> _Wanted:
    """Accents may be composed, or stand behind their letters, whichever way a text is written."""
    spelled = [(form, text) for text in texts for form in compositions(text)]
    small = _small_letters(dict.fromkeys(form for form, _text in spelled))
    found: dict[str, dict[str, None]] = {}
    for form, text in spelled:
        found.setdefault(small[form], {})[text] = None
    return {letters: [*meant] for letters, meant in found.items()}


def _small_letters(texts: Iterable[str]) -> Mapping[str, str]:
    """What the database makes of texts (a statement for some hundred)."""
    database, made, waiting = databases.connection(), dict[str, str](), iter(texts)
    one = Lowered(Value("")).wrap("%s", database)
    while some := list(islice(waiting, TOGETHER)):
        with database.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join([one] * len(some))}", some)
            made |= zip(some, cursor.fetchone(), strict=True)
    return made
