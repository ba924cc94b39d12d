"""The floor's people and its token."""

from __future__ import annotations

import hashlib

from benchmarks.comparing import people
from benchmarks.comparing.floor.models import Person, Token, columns_of

_BATCH = 1000


def fill(count: int) -> None:
    for start in range(0, count, _BATCH):
        Person.objects.bulk_create(
            Person(scim_id=people.scim_id(number), **columns_of(people.body(number)))
            for number in range(start, min(start + _BATCH, count))
        )


def facts(count: int) -> dict[str, str]:
    """What a client has to know: the token; no cursor, as the floor's deep page is asked for by its index."""
    token = "benchmark-floor"  # noqa: S105 - of a database that lives as long as the measurement
    Token.objects.get_or_create(digest=hashlib.sha256(token.encode()).hexdigest())
    return {"token": token, "cursor": ""}
