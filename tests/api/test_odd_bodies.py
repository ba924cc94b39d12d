"""Bodies that nobody sends by mistake: each is refused in the form in which the API refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from tests.addresses import EVERY_PERMISSION
from tests.api.addresses import CALLS, SITE, Call, address, sent
from tests.estate import Estate, browser, undone
from tests.tables import everything

pytestmark = pytest.mark.django_db

WRITING = [call for call in (*CALLS, *SITE) if call[0] != "get"]
#: Those that read a body at all.
READING = [call for call in WRITING if call[1] not in ("resume", "selftest", "disconnection")]


@pytest.fixture(scope="module")
def staff(estates: tuple[Estate, Estate], django_db_blocker: Any) -> Client:
    with django_db_blocker.unblock():
        return browser("harborline.staff", *EVERY_PERMISSION)


def send(staff: Client, call: Call, estate: Estate, body: str) -> Any:
    return staff.generic(call[0].upper(), address(call, estate), body, content_type="application/json")


@pytest.mark.parametrize("deep", [13, 500, 2_000, 100_000])
@pytest.mark.parametrize("call", READING, ids="-".join)
def test_a_body_that_is_nested_too_deep_is_400(
    estates: tuple[Estate, Estate], staff: Client, call: Call, deep: int
) -> None:
    estate, _other = estates
    before = everything()
    for nested in ("[" * deep + "]" * deep, '{"a":' * deep + "1" + "}" * deep):
        answer = send(staff, call, estate, nested)
        assert (answer.status_code, answer.json()) == (
            400,
            {"detail": "The body is nested more than 12 levels deep."},
        )
    assert everything() == before


@pytest.mark.parametrize("odd", [10**19, -(10**40), [10**19], ["9" * 40], {"a": [[1]]}, "9" * 40], ids=str)
@pytest.mark.parametrize("call", WRITING, ids="-".join)
def test_a_value_that_is_no_row_is_no_failure(
    estates: tuple[Estate, Estate], staff: Client, call: Call, odd: object
) -> None:
    estate, _other = estates
    body = sent(call, estate)
    for name in body.keys() - {"password"}:
        with undone():
            answer = send(staff, call, estate, json.dumps({**body, name: odd}))
        assert answer.status_code < 500, name
