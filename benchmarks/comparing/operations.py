"""What is measured, and how dear each may be: the table of aims in ``docs/performance.md``."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.comparing import people
from benchmarks.comparing.client import Addresses, Client, Unexpected

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
WORK_EMAIL = 'emails[type eq "work"].value'
#: A prime: with it turns walk through everybody, in no order.
_STRIDE = 48_271


@dataclass
class Session:
    """One client's requests to a contestant with ``size`` people; each checks that it was answered as it should be.

    ``name`` is in all that is written, and newcomers have the numbers after ``last``: contestants may share a database.
    """

    name: str
    last: int
    client: Client
    addresses: Addresses
    size: int
    cursor: str
    _new: itertools.count[int] = field(init=False)

    def __post_init__(self) -> None:
        self._new = itertools.count(self.last + 1)

    # Whom a turn is about. Half of the people are changed, the others stay as they were provisioned.

    def somebody(self, turn: int) -> int:
        return turn * _STRIDE % self.size

    def somebody_to_change(self, turn: int) -> int:
        return 2 * (turn * _STRIDE % (self.size // 2))

    def somebody_unchanged(self, turn: int) -> int:
        return self.somebody_to_change(turn) + 1

    def newcomer(self) -> int:
        return next(self._new)

    # What is asked.

    def look_up(self, attribute: str, value: str, *, hits: int) -> None:
        _expect(self.client.ask("GET", self.addresses.look_up(attribute, value)), hits)

    def get(self, scim_id: str) -> None:
        answer = self.client.ask("GET", self.addresses.one(scim_id))
        if answer["id"] != scim_id:
            raise Unexpected(f"{answer['id']} came for {scim_id}")

    def page(self, start: int) -> None:
        left = min(people.PAGE, self.size - start + 1)
        _expect(self.client.ask("GET", self.addresses.page(start, people.PAGE)), left, at_least=True)

    def page_after_cursor(self) -> None:
        left = min(people.PAGE, self.size - people.deep_start(self.size) + 1)
        answer = self.client.ask("GET", self.addresses.page_after(self.cursor, people.PAGE))
        _expect(answer, left, at_least=True)

    def patch(self, scim_id: str, **values: Any) -> None:
        operations = [
            {"op": "Replace", "path": path.replace("__", "."), "value": value}
            for path, value in values.items()
        ]
        body = {"schemas": [PATCH_OP], "Operations": operations}
        self.client.ask("PATCH", self.addresses.change(scim_id), body)

    def create(self, number: int) -> str:
        answer = self.client.ask("POST", self.addresses.create(), people.body(number), status=201)
        return str(answer["id"])


def _expect(answer: Any, hits: int, *, at_least: bool = False) -> None:
    found = len(answer["Resources"])
    if found < hits or (found > hits and not at_least):
        raise Unexpected(f"{found} people came where {hits} were due")


@dataclass(frozen=True, slots=True)
class Operation:
    """``play`` is one turn of it. ``must`` and ``aim`` are the most CPU that the app may take, as a multiple of what
    the floor takes for ``against`` (itself unless named). ``floor_grows``: with the directory, by its nature, and the
    app no more."""

    key: str
    title: str
    must: float
    aim: float
    play: Callable[[Session, int], None]
    against: str = ""
    floor_grows: bool = False

    @property
    def floor_key(self) -> str:
        return self.against or self.key


def _look_up_hit(session: Session, turn: int) -> None:
    session.look_up("userName", people.user_name(session.somebody(turn)), hits=1)


def _look_up_miss(session: Session, turn: int) -> None:
    session.look_up("userName", f"nobody{turn}@{people.DOMAIN}", hits=0)


def _look_up_external_id(session: Session, turn: int) -> None:
    session.look_up("externalId", people.external_id(session.somebody(turn)), hits=1)


def _look_up_email(session: Session, turn: int) -> None:
    session.look_up(WORK_EMAIL, people.email(session.somebody(turn)), hits=1)


def _get(session: Session, turn: int) -> None:
    session.get(people.scim_id(session.somebody(turn)))


def _first_page(session: Session, turn: int) -> None:
    session.page(1)


def _deep_page(session: Session, turn: int) -> None:
    session.page(people.deep_start(session.size))


def _deep_cursor(session: Session, turn: int) -> None:
    session.page_after_cursor()


def _patch_one(session: Session, turn: int) -> None:
    session.patch(people.scim_id(session.somebody_to_change(turn)), title=f"{session.name} title {turn}")


def _patch_three(session: Session, turn: int) -> None:
    """A marriage and a promotion: profile, account and document change."""
    session.patch(
        people.scim_id(session.somebody_to_change(turn)),
        title=f"{session.name} head {turn}",
        name__familyName=f"Family {session.name} {turn}",
        displayName=f"{session.name} somebody {turn}",
    )


def _patch_active(session: Session, turn: int) -> None:
    """Off, and in the next turn on again."""
    who = session.somebody_to_change(turn // 2)
    session.patch(people.scim_id(who), active=bool(turn % 2))


def _patch_nothing(session: Session, turn: int) -> None:
    who = session.somebody_unchanged(turn)
    session.patch(people.scim_id(who), title=people.title(who))


def _create(session: Session, turn: int) -> None:
    session.create(session.newcomer())


def _entra(session: Session, turn: int) -> None:
    """What Entra sends for a newcomer who then changes: miss, POST, hit, PATCH, GET."""
    number = session.newcomer()
    session.look_up("userName", people.user_name(number), hits=0)
    scim_id = session.create(number)
    session.look_up("userName", people.user_name(number), hits=1)
    session.patch(scim_id, title=f"{session.name} title {turn}")
    session.get(scim_id)


OPERATIONS = (
    Operation("hit", "look-up by userName, hit", 1.4, 1.0, _look_up_hit),
    Operation("miss", "look-up by userName, miss", 1.4, 1.0, _look_up_miss),
    Operation("external-id", "look-up by externalId", 1.4, 1.0, _look_up_external_id),
    Operation("email", "look-up by work e-mail", 1.4, 1.0, _look_up_email),
    Operation("get", "GET by id", 1.4, 1.0, _get),
    Operation("page", "first page of 100", 2.0, 1.3, _first_page),
    Operation("deep", "deep index page of 100", 1.5, 1.0, _deep_page, floor_grows=True),
    Operation("cursor", "deep page of 100 by cursor", 0.8, 0.5, _deep_cursor, against="deep"),
    Operation("patch", "PATCH one attribute", 1.9, 1.5, _patch_one),
    Operation("patch-three", "PATCH three attributes", 1.9, 1.5, _patch_three),
    Operation("patch-active", "PATCH active", 1.9, 1.5, _patch_active),
    Operation("patch-nothing", "PATCH that changes nothing", 1.2, 0.8, _patch_nothing, against="patch"),
    Operation("post", "POST", 2.8, 2.0, _create),
    Operation("entra", "Entra cycle (miss, POST, hit, PATCH, GET)", 1.7, 1.3, _entra),
)
#: On a database server a row may be so many times what it may be on SQLite, against the floor on that server.
ON_A_SERVER = 1.3
#: What has to hold for a million people too.
FOR_A_MILLION = "hit,miss,external-id,email,get,patch,patch-three,patch-active,patch-nothing"
#: The app at the greater directory, as a multiple of itself at the smaller; from 100,000 people to a million.
MOST_GROWTH, MOST_GROWTH_TO_A_MILLION = 1.15, 1.3


def chosen(keys: list[str]) -> list[Operation]:
    """These operations, all when none is named, with those that they are measured against. Raises ``KeyError``."""
    known = {operation.key: operation for operation in OPERATIONS}
    wanted = {known[key].key for key in keys} or set(known)
    wanted |= {known[key].floor_key for key in wanted}
    return [operation for operation in OPERATIONS if operation.key in wanted]
