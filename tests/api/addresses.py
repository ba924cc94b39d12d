"""Every address of the API and every method that it takes: what it needs, what it names, what it is sent."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from tests.addresses import (
    ADD,
    CHANGE,
    CHANGE_SSO,
    GENERATE,
    LOG,
    POLICY,
    REVOKE,
    VIEW,
    Address,
)
from tests.api.staff import url
from tests.estate import PASSWORD, Estate
from tests.people import ENTERPRISE

#: Method and name of a URL.
Call = tuple[str, str]


def event(estate: Estate) -> dict[str, Any]:
    return {"event_id": estate.refusal.pk}


def question(estate: Estate) -> dict[str, Any]:
    return {"question_id": estate.question.pk}


def unit(estate: Estate) -> dict[str, Any]:
    return {"digest": estate.unit.digest}


def token(estate: Estate) -> dict[str, Any]:
    return {"token_id": estate.token.pk}


def only_token(estate: Estate) -> dict[str, Any]:
    return {"token_id": estate.only_token.pk}


def new_sso(estate: Estate) -> dict[str, Any]:
    return {"sso_key": str(estate.new_sso.pk)}


def locked(estate: Estate) -> dict[str, Any]:
    return {"user_name": estate.learner.user_name, "attribute": estate.LOCKED}


def unlocked(estate: Estate) -> dict[str, Any]:
    return {"user_name": estate.learner.user_name, "attribute": estate.UNLOCKED, "reason": "As it is"}


def guest(estate: Estate) -> dict[str, Any]:
    return {"user_name": estate.guest.user_name}


def link_keys(estate: Any) -> dict[str, Any]:
    return {"link_keys": [f"{estate.refusal.pk}-{estate.candidate.pk}"]}


#: Each call about one connection.
CALLS: Final[dict[Call, Address]] = {
    ("get", "connection"): Address(),
    ("post", "take_over"): Address(CHANGE, on="orphan", body=new_sso, changes=True),
    ("post", "pause"): Address(CHANGE, body=lambda estate: {"reason": "A holiday"}, changes=True),
    ("post", "resume"): Address(CHANGE, on="second", changes=True),
    ("post", "disconnect"): Address(
        CHANGE, body=lambda estate: {"learners": "keep", "name": estate.connection.name}, changes=True
    ),
    ("get", "disconnection"): Address(on="ended"),
    ("post", "disconnection"): Address(CHANGE, on="ended", changes=True),
    ("get", "policies"): Address(POLICY),
    ("patch", "policies"): Address(POLICY, body=lambda estate: {"existing_learners": "refuse"}, changes=True),
    ("post", "selftest"): Address(CHANGE),
    # Whose is it?
    ("post", "share"): Address(
        POLICY, body=lambda estate: {"user_name": estate.owned.user_name}, changes=True
    ),
    ("post", "withdraw"): Address(POLICY, body=guest, changes=True),
    ("post", "own"): Address(POLICY, body=guest, changes=True),
    ("get", "locks"): Address(POLICY),
    ("post", "lock"): Address(POLICY, body=unlocked, changes=True),
    ("post", "unlock"): Address(POLICY, body=locked, changes=True),
    ("post", "detach"): Address(
        POLICY, body=lambda estate: {"user_name": estate.learner.user_name}, changes=True
    ),
    # Who is it?
    ("get", "queue"): Address(POLICY),
    ("post", "link_at_once"): Address(POLICY, body=link_keys, changes=True),
    ("get", "answer"): Address(POLICY, keys=event),
    ("post", "answer"): Address(
        POLICY,
        keys=event,
        body=lambda estate: {"answer": "link", "account": str(estate.candidate.pk)},
        changes=True,
    ),
    ("post", "same_person"): Address(
        POLICY, keys=question, body=lambda estate: {"same": False}, changes=True
    ),
    ("get", "doubles"): Address(POLICY, query=lambda estate: {"account": estate.learner.user_id}),
    ("post", "join"): Address(
        POLICY,
        body=lambda estate: {"into": str(estate.learner.user_id), "other": str(estate.double.pk)},
        changes=True,
    ),
    # Names of units.
    ("get", "units"): Address(POLICY),
    ("patch", "units"): Address(
        POLICY,
        body=lambda estate: {"new_units": {f"{ENTERPRISE}:department": "review"}},
        changes=True,
    ),
    ("get", "unit"): Address(POLICY, keys=unit),
    ("post", "unit"): Address(
        POLICY,
        keys=unit,
        body=lambda estate: {"verdict": "merge", "unit": f"Crew {estate.word}"},
        changes=True,
    ),
    # Tokens.
    ("get", "tokens"): Address(),
    ("post", "tokens"): Address(GENERATE, on="second", body=lambda estate: {"label": "Fresh"}, changes=True),
    ("get", "token"): Address(keys=token),
    ("post", "rotate"): Address(GENERATE, on="second", keys=only_token, changes=True),
    ("get", "rotation"): Address(keys=token),
    ("post", "revoke"): Address(REVOKE, keys=token, changes=True),
    # The log.
    ("get", "events"): Address(LOG),
    ("get", "event"): Address(LOG, keys=event),
    ("get", "people"): Address(LOG, query=lambda estate: {"search": f"ann@{estate.word}.example"}),
}
#: What a call needs beside what its address does: it is about the host's SSO settings too.
AS_WELL: Final[dict[Call, tuple[str, ...]]] = {("post", "take_over"): (ADD, CHANGE_SSO)}

#: Each call beside those: what it needs beside the permission to view connections, and what it is asked or sent.
SITE: Final[dict[Call, tuple[tuple[str, ...], Address]]] = {
    ("get", "connections"): ((VIEW,), Address()),
    ("post", "connections"): ((VIEW, ADD, CHANGE_SSO), Address(body=new_sso, changes=True)),
    ("get", "ended"): ((VIEW, ADD, CHANGE, CHANGE_SSO), Address(query=new_sso)),
}


def address(call: Call, estate: Estate, *, named: Estate | None = None, asking: Estate | None = None) -> str:
    """The URL of a call on the customer's connection; ``named`` is whose rows stand in its path and ``asking`` whose
    behind it, if not theirs."""
    row = CALLS[call] if call in CALLS else SITE[call][1]
    keys = [row.connection(estate).pk] if call in CALLS else []
    found = url(call[1], *keys, *row.keys(named or estate).values())
    query = row.query(asking or named or estate)
    return f"{found}?{urlencode(query)}" if query else found


def sent(call: Call, estate: Estate) -> dict[str, Any]:
    """The body of a call."""
    row = CALLS[call] if call in CALLS else SITE[call][1]
    return {"password": PASSWORD, **row.body(estate)}
