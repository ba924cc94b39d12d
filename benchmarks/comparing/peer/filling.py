"""The peer's people and its token."""

from __future__ import annotations

import hashlib

from benchmarks.comparing import people
from benchmarks.comparing.peer.models import Token, User
from benchmarks.comparing.stencils import SAMPLE, Stencil, insert, key


def is_filled() -> bool:
    return User.objects.exists()


def fill(count: int) -> None:
    samples = range(SAMPLE, SAMPLE + people.KINDS)
    insert(User, [Stencil(_user(number), number) for number in samples], range(count))


def _user(number: int) -> User:
    body = people.body(number)
    return User(
        pk=key(number),
        scim_id=people.scim_id(number),
        scim_external_id=body["externalId"],
        scim_username=body["userName"],
        username=body["userName"],
        first_name=body["name"]["givenName"],
        last_name=body["name"]["familyName"],
        email=body["emails"][0]["value"],
        title=body["title"],
    )


def facts(count: int) -> dict[str, str]:
    """What a client has to know; there are no cursors."""
    token = "benchmark-peer"  # noqa: S105 - of a database that lives as long as the measurement
    Token.objects.get_or_create(digest=hashlib.sha256(token.encode()).hexdigest())
    return {"token": token, "cursor": ""}
