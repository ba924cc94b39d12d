"""One customer's staff name another customer's rows in a URL, behind it and in a body: nothing is told of them, and
nothing becomes of them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.addresses import EVERY_PERMISSION
from tests.api.addresses import CALLS, SITE, Call, address, sent
from tests.askers import told
from tests.estate import Estate, browser, undone
from tests.tables import everything

pytestmark = pytest.mark.django_db

#: Calls that name rows in their path: operations, questions, tokens, names of units.
NAMING = [call for call, row in CALLS.items() if row.names_rows]


@pytest.fixture(scope="module")
def staff(estates: tuple[Estate, Estate], django_db_blocker: Any) -> Client:
    """Brightwater's, who may do everything with what is theirs."""
    with django_db_blocker.unblock():
        return browser("brightwater.staff", *EVERY_PERMISSION)


def make(client: Client, call: Call, target: str, body: dict[str, Any]) -> Any:
    if call[0] == "get":
        return client.get(target)
    return getattr(client, call[0])(target, body, content_type="application/json")


@pytest.mark.parametrize("call", NAMING, ids="-".join)
def test_another_customers_rows_are_not_found_below_ones_own_connection(
    estates: tuple[Estate, Estate], staff: Client, call: Call
) -> None:
    theirs, ours = estates
    before = everything()
    answer = make(staff, call, address(call, ours, named=theirs), sent(call, theirs))
    assert answer.status_code == 404
    assert theirs.word not in told(answer)
    assert everything() == before


@pytest.mark.parametrize("call", [*CALLS, *SITE], ids="-".join)
def test_another_customers_rows_behind_the_url_and_in_the_body_are_left_alone(
    estates: tuple[Estate, Estate], staff: Client, call: Call
) -> None:
    theirs, ours = estates
    row = CALLS[call] if call in CALLS else SITE[call][1]
    before = theirs.belongings()
    body = sent(call, theirs)
    with undone():
        answer = make(staff, call, address(call, ours, asking=theirs), body)
        assert answer.status_code < 500
        assert theirs.word not in told(answer, row.query(theirs), body)
        assert theirs.belongings() == before


@pytest.mark.parametrize("call", CALLS, ids="-".join)
def test_what_is_done_with_ones_own_changes_nothing_of_another_customer(
    estates: tuple[Estate, Estate], staff: Client, call: Call
) -> None:
    theirs, ours = estates
    before, own = theirs.belongings(), ours.belongings()
    with undone():
        answer = make(staff, call, address(call, ours), sent(call, ours))
        assert answer.status_code in (200, 201)
        assert theirs.word not in told(answer)
        assert theirs.belongings() == before
        assert (ours.belongings() != own) == CALLS[call].changes


@pytest.mark.parametrize(
    "query",
    [
        {"q": "ann"},
        {"q": "emil"},
        {"scim_id": "learner"},
        {"token": "token"},
        {"request_id": "refusal"},
    ],
    ids=lambda query: next(iter(query)),
)
def test_the_log_of_ones_own_connection_is_not_searched_by_another_customers_rows(
    estates: tuple[Estate, Estate], staff: Client, query: dict[str, str]
) -> None:
    theirs, ours = estates
    keys = {
        "learner": theirs.learner.scim_id,
        "token": str(theirs.token.pk),
        "refusal": theirs.refusal.request_id,
    }
    asked = {name: keys.get(value, value) for name, value in query.items()}
    answer = staff.get(address(("get", "events"), ours), asked)
    assert answer.status_code == 200
    assert theirs.word not in told(answer)
    assert "q" in query or answer.json()["results"] == []
