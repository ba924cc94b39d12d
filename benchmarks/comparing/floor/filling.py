"""The floor's people and its token."""

from __future__ import annotations

import hashlib

from benchmarks.comparing import people
from benchmarks.comparing.floor.models import Person, Token, columns_of
from benchmarks.comparing.stencils import SAMPLE, Stencil, insert, key


def is_filled() -> bool:
    return Person.objects.exists()


def fill(count: int) -> None:
    samples = range(SAMPLE, SAMPLE + people.KINDS)
    insert(Person, [Stencil(_person(number), number) for number in samples], range(count))


def _person(number: int) -> Person:
    return Person(pk=key(number), scim_id=people.scim_id(number), **columns_of(people.body(number)))


def facts(count: int) -> dict[str, str]:
    """What a client has to know: the token; no cursor, as the floor's deep page is asked for by its index."""
    token = "benchmark-floor"  # noqa: S105 - of a database that lives as long as the measurement
    Token.objects.get_or_create(digest=hashlib.sha256(token.encode()).hexdigest())
    return {"token": token, "cursor": ""}
