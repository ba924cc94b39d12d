"""Every address of the administrator's pages under a connection: what it needs, what it names, what it is sent."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode
from uuid import uuid4

from django.urls import reverse

from tests.addresses import (
    CHANGE,
    FORGET,
    GENERATE,
    HELD,
    LOG,
    PAYLOAD,
    POLICY,
    REVOKE,
    Address,
)
from tests.estate import PASSWORD, Estate
from tests.people import ENTERPRISE


def link(estate: Estate) -> dict[str, Any]:
    return {"link_id": estate.learner.pk}


def token(estate: Estate) -> dict[str, Any]:
    return {"token_id": estate.token.pk}


def account(estate: Estate) -> dict[str, Any]:
    return {"account": estate.learner.user_id}


def two_accounts(estate: Estate) -> dict[str, Any]:
    return {**account(estate), "other": estate.double.pk}


def new_token(estate: Estate) -> dict[str, Any]:
    return {"nonce": uuid4().hex, "label": "Fresh", "expires": "365", "networks": ""}


def policies(estate: Estate) -> dict[str, Any]:
    chosen = {**estate.connection.chosen_policies(), "contacts": "", "networks": ""}
    return {**chosen, "existing_learners": "refuse", "same_address": "ask", "confirm": "1"}


#: Each page of a connection.
PAGES: Final = {
    "steps": Address(),
    "privacy": Address(),
    "numbers": Address(),
    "selftest": Address(),
    "contact": Address(),
    "mapping": Address(body=lambda estate: {"payload": "{}"}),
    "managers": Address(LOG),
    # Tokens.
    "generate": Address(GENERATE, on="second", body=new_token, changes=True),
    "rotate": Address(
        GENERATE,
        on="second",
        keys=lambda estate: {"token_id": estate.only_token.pk},
        body=new_token,
        changes=True,
    ),
    "rotation": Address(keys=token),
    "rotation_status": Address(keys=token),
    "revoke": Address(REVOKE, keys=token, changes=True),
    # Its life.
    "pause": Address(CHANGE, body=lambda estate: {"reason": "A holiday"}, changes=True),
    "resume": Address(CHANGE, on="second", changes=True),
    "policies": Address(POLICY, body=policies, changes=True),
    "disconnect": Address(
        CHANGE,
        body=lambda estate: {"confirm": "1", "learners": "keep", "name": estate.connection.name},
        changes=True,
    ),
    "disconnection": Address(CHANGE, on="ended", changes=True),
    "restore": Address(CHANGE, on="ended", changes=True),
    # Leavers.
    "held": Address(
        HELD, body=lambda estate: {"verdict": "selected", "people": [estate.held.pk]}, changes=True
    ),
    "undo": Address(HELD, body=lambda estate: {"hours": "1", "last": estate.departure.pk}, changes=True),
    # Names of units.
    "units": Address(
        POLICY,
        body=lambda estate: {
            f"{ENTERPRISE}:{name}": "review" for name in ("department", "organization", "division")
        },
        changes=True,
    ),
    "unit": Address(
        POLICY,
        keys=lambda estate: {"digest": estate.unit.digest},
        body=lambda estate: {"verdict": "merge", "unit": f"Crew {estate.word}"},
        changes=True,
    ),
    # Who is it?
    "adopt": Address(
        POLICY, body=lambda estate: {"verb": "link", "user_name": "userPrincipalName"}, changes=True
    ),
    "reconcile": Address(
        POLICY, body=lambda estate: {"verb": "show", "user_name": "userPrincipalName"}, changes=True
    ),
    "queue": Address(POLICY),
    "answer": Address(
        POLICY,
        keys=lambda estate: {"event_id": estate.refusal.pk},
        body=lambda estate: {"answer": "link", "account": estate.candidate.pk},
        changes=True,
    ),
    "person": Address(
        POLICY,
        query=lambda estate: {"name": f"gil@{estate.word}.example", "account": estate.double.pk},
        body=lambda estate: {"answer": "separate", "account": estate.double.pk},
        changes=True,
    ),
    "same_person": Address(
        POLICY,
        keys=lambda estate: {"question_id": estate.question.pk},
        body=lambda estate: {"same": "no"},
        changes=True,
    ),
    "doubles": Address(POLICY, query=account),
    "join": Address(
        POLICY,
        query=two_accounts,
        body=lambda estate: {"into": estate.learner.user_id, "met": estate.learner.pk},
        changes=True,
    ),
    "take_back": Address(POLICY, keys=lambda estate: {"link_id": estate.adopted.pk}, changes=True),
    # Whose is it?
    "values": Address(POLICY, keys=link),
    "lock": Address(
        POLICY,
        keys=link,
        query=lambda estate: {"attribute": estate.UNLOCKED},
        body=lambda estate: {"reason": "As it is"},
        changes=True,
    ),
    "unlock": Address(POLICY, keys=link, query=lambda estate: {"attribute": estate.LOCKED}, changes=True),
    "detach": Address(POLICY, keys=link, changes=True),
    "share_refused": Address(POLICY, keys=lambda estate: {"event_id": estate.owned.pk}, changes=True),
    "share": Address(POLICY, keys=link, body=lambda estate: {"connection": estate.second.pk}, changes=True),
    "withdraw": Address(POLICY, keys=lambda estate: {"share_id": estate.share.pk}, changes=True),
    "own": Address(POLICY, keys=lambda estate: {"link_id": estate.guest.pk}, changes=True),
    # Forgetting.
    "forget": Address(
        FORGET,
        keys=link,
        body=lambda estate: {"name": estate.learner.user_name, "even_if_active": "on"},
        changes=True,
    ),
    "forget_refused": Address(
        FORGET,
        keys=lambda estate: {"event_id": estate.refusal.pk},
        body=lambda estate: {"name": estate.refusal.user_name},
        changes=True,
    ),
}
#: What sending needs, where looking needs less.
TO_SEND: Final = {"selftest": CHANGE, "mapping": PAYLOAD}


def needed(name: str, method: str) -> str | None:
    """The permission that a page needs beside that to view connections."""
    return TO_SEND.get(name, PAGES[name].needs) if method == "POST" else PAGES[name].needs


def page_url(name: str, estate: Estate, *, named: Estate | None = None, asking: Estate | None = None) -> str:
    """The address on the customer's connection; ``named`` is whose rows stand in its path and ``asking`` whose behind
    it, if not theirs."""
    row = PAGES[name]
    keys = {"object_id": row.connection(estate).pk, **row.keys(named or estate)}
    url = reverse(f"admin:scim_provisioning_scimconnection_{name}", kwargs=keys)
    query = row.query(asking or named or estate)
    return f"{url}?{urlencode(query)}" if query else url


def page_body(name: str, estate: Estate) -> dict[str, Any]:
    """What its form is sent with."""
    return {"password": PASSWORD, **PAGES[name].body(estate)}
