"""Pages by index (RFC 7644 section 3.4.2.4) and by cursor (RFC 9865)."""

from __future__ import annotations

import base64
import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.core import signing
from pytest_django import Settings

from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.provisioning import cursors
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.client import ScimClient
from tests.lms_factories import SSOSettingsFactory
from tests.people import person
from tests.sharing import Customer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shared_customer")]

SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
SIZE = 5


@pytest.fixture(scope="module")
def ids(shared_customer: Customer) -> list[str]:
    """Five people in the order of their creation; only three of them have a nickName, two the same."""
    nicknames = ["Bo", None, "Al", "Bo", None]
    return [
        shared_customer.scim.post("/Users", person(f"p{number}.x", nickName=nickname)).json()["id"]
        for number, nickname in enumerate(nicknames)
    ]


def page(scim: ScimClient, query: str) -> dict[str, Any]:
    answer = scim.get(f"/Users?{query}")
    assert answer.status_code == 200, answer.content
    body: dict[str, Any] = answer.json()
    return body


def refusal(scim: ScimClient, query: str) -> tuple[int, str]:
    answer = scim.get(f"/Users?{query}")
    return answer.status_code, answer.json().get("scimType")


def shown(body: dict[str, Any]) -> list[str]:
    return [resource["id"] for resource in body["Resources"]]


# --- by index

EDGES = {
    "": (1, [0, 1, 2, 3, 4]),
    "startIndex=2&count=2": (2, [1, 2]),
    "startIndex=0&count=2": (1, [0, 1]),
    "startIndex=-7&count=2": (1, [0, 1]),
    "count=0": (1, []),
    "count=-3": (1, []),
    "startIndex=3&count=0": (3, []),
    "startIndex=5&count=9": (5, [4]),
    "startIndex=6": (6, []),
    "startIndex=999999999999": (2**31 - 1, []),
    "count=999999999999": (1, [0, 1, 2, 3, 4]),
    f"startIndex={'9' * 5000}": (2**31 - 1, []),
    f"startIndex=-{'9' * 30}&count={'9' * 30}": (1, [0, 1, 2, 3, 4]),
    f"startIndex={'0' * 30}2&count={'0' * 30}1": (2, [1]),
    "STARTINDEX=4&Count=1": (4, [3]),
    "startIndex=&count=": (1, [0, 1, 2, 3, 4]),
}


@pytest.mark.parametrize(("query", "expected"), EDGES.items())
def test_every_edge_of_index_paging_keeps_the_true_total(
    scim: ScimClient, ids: list[str], query: str, expected: tuple[int, list[int]]
) -> None:
    start, positions = expected
    body = page(scim, query)
    assert shown(body) == [ids[position] for position in positions]
    assert (body["totalResults"], body["startIndex"], body["itemsPerPage"]) == (SIZE, start, len(positions))
    assert "nextCursor" not in body


@pytest.mark.parametrize("query", ["startIndex=one", "count=many", "count=1.5", "startIndex=0x1"])
def test_what_is_no_number_is_refused(scim: ScimClient, ids: list[str], query: str) -> None:
    assert refusal(scim, query) == (400, "invalidValue")


def test_no_page_is_larger_than_advertised(scim: ScimClient, ids: list[str], settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "PAGE_SIZE": 2, "PAGE_SIZE_MAX": 3}
    assert len(page(scim, "")["Resources"]) == 2
    assert len(page(scim, "count=50")["Resources"]) == 3
    advertised = scim.get("/ServiceProviderConfig").json()
    assert advertised["filter"]["maxResults"] == advertised["pagination"]["maxPageSize"] == 3
    assert advertised["pagination"]["defaultPageSize"] == 2


def test_an_empty_list_is_200_with_a_total_of_zero() -> None:
    body = page(Customer.make().scim, "")
    assert (body["totalResults"], body["itemsPerPage"], body["Resources"]) == (0, 0, [])


def test_deleted_people_are_on_no_page_and_in_no_total(scim: ScimClient, ids: list[str]) -> None:
    scim.delete(f"/Users/{ids[1]}")
    body = page(scim, "startIndex=2&count=2")
    assert (shown(body), body["totalResults"]) == ([ids[2], ids[3]], SIZE - 1)


# --- by cursor


def walk(scim: ScimClient, query: str, between: Any = None) -> list[list[str]]:
    """All pages from the first, empty cursor to the last; ``between`` is called after each page."""
    pages, cursor = [], ""
    while cursor is not None:
        body = page(scim, f"{query}&cursor={quote(cursor)}")
        assert "startIndex" not in body
        assert body["itemsPerPage"] == len(body["Resources"])
        pages.append(shown(body))
        cursor = body.get("nextCursor")
        if between is not None:
            between()
    return pages


def test_cursors_walk_everybody_once_in_order(scim: ScimClient, ids: list[str]) -> None:
    assert walk(scim, "count=2") == [ids[:2], ids[2:4], ids[4:]]
    assert walk(scim, "count=5") == [ids]
    assert walk(scim, "filter=nickName+pr&count=2") == [[ids[0], ids[2]], [ids[3]]]


@pytest.mark.parametrize(
    ("query", "positions"),
    [
        ("sortBy=nickName", [2, 0, 3, 1, 4]),
        ("sortBy=nickName&sortOrder=descending", [1, 4, 0, 3, 2]),
        ("sortBy=userName&sortOrder=descending", [4, 3, 2, 1, 0]),
        ("sortBy=meta.created", [0, 1, 2, 3, 4]),
        ("sortBy=active", [0, 1, 2, 3, 4]),
        ("sortBy=title&sortOrder=descending", [0, 1, 2, 3, 4]),
    ],
)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_cursors_keep_the_order_with_equal_and_missing_values(
    scim: ScimClient, ids: list[str], query: str, positions: list[int], count: int
) -> None:
    pages = walk(scim, f"{query}&count={count}")
    assert [scim_id for one in pages for scim_id in one] == [ids[position] for position in positions]
    assert {len(one) for one in pages[:-1]} <= {count}


def test_people_who_come_and_go_meanwhile_shift_nobody(scim: ScimClient, ids: list[str]) -> None:
    gone = iter([ids[0], ids[1]])
    new = iter(range(90, 99))

    def between() -> None:
        scim.delete(f"/Users/{next(gone, 'nobody')}")
        if (number := next(new)) < 92:
            scim.post("/Users", person(f"p{number}.x"))

    met = [scim_id for one in walk(scim, "count=2", between) for scim_id in one]
    assert met[:SIZE] == ids
    assert len(met) == len(set(met)) == SIZE + 2


def test_a_sorted_walk_goes_on_after_somebody_who_was_deleted_meanwhile(
    scim: ScimClient, ids: list[str]
) -> None:
    first = page(scim, "sortBy=userName&count=2&cursor=")
    scim.delete(f"/Users/{ids[1]}")
    second = page(scim, f"sortBy=userName&count=2&cursor={first['nextCursor']}")
    assert shown(second) == ids[2:4]


def test_the_total_is_true_on_every_page(scim: ScimClient, ids: list[str]) -> None:
    first = page(scim, "count=2&cursor=")
    second = page(scim, f"count=2&cursor={first['nextCursor']}")
    assert first["totalResults"] == second["totalResults"] == SIZE
    assert page(scim, "count=0&cursor=")["totalResults"] == SIZE


def test_search_pages_by_cursor_too(scim: ScimClient, ids: list[str]) -> None:
    body = {"schemas": [SEARCH], "cursor": "", "count": 3}
    first = scim.post("/Users/.search", body).json()
    second = scim.post("/Users/.search", body | {"cursor": first["nextCursor"]}).json()
    assert shown(first) + shown(second) == ids


def test_a_cursor_holds_unreserved_characters_only(scim: ScimClient, ids: list[str]) -> None:
    assert re.fullmatch(r"[A-Za-z0-9._~-]+", page(scim, "count=1&cursor=")["nextCursor"])


def test_a_cursor_tells_nothing_that_the_client_has_not_seen(scim: ScimClient, ids: list[str]) -> None:
    """The primary key counts the people of all tenants: two cursors a day apart would show their growth."""
    for query in ("", "sortBy=title&"):
        cursor = page(scim, f"{query}count=1&cursor=")["nextCursor"]
        readable = json.loads(base64.urlsafe_b64decode(cursor.partition(".")[0] + "=="))
        assert [value for value in readable if isinstance(value, int)] == [1], (
            "the count, and no other number"
        )
        assert readable[-1] in ids


def test_a_cursor_at_somebody_whose_link_is_gone_is_invalid(scim: ScimClient, ids: list[str]) -> None:
    body = page(scim, "count=1&cursor=")
    ProvisionedUser.objects.filter(scim_id=shown(body)[0]).delete()
    assert refusal(scim, f"count=1&cursor={body['nextCursor']}") == (400, "invalidCursor")


def test_a_cursor_of_another_tenant_is_invalid(scim: ScimClient, ids: list[str]) -> None:
    cursor = page(scim, "count=1&cursor=")["nextCursor"]
    other = ConnectionFactory(name="Other", sso_key=str(SSOSettingsFactory().pk))
    stranger = ScimClient(TokenFactory(connection=other).plaintext)
    assert refusal(stranger, f"count=1&cursor={cursor}") == (400, "invalidCursor")


@pytest.mark.parametrize(
    "change", [lambda c: c[:-1] + "~", lambda c: c[1:], lambda c: "x", lambda c: c.upper()]
)
def test_a_cursor_that_was_tampered_with_is_invalid(scim: ScimClient, ids: list[str], change: Any) -> None:
    cursor = page(scim, "count=1&cursor=")["nextCursor"]
    assert refusal(scim, f"count=1&cursor={change(cursor)}") == (400, "invalidCursor")


@pytest.mark.parametrize("other", ["filter=title+pr", "sortBy=userName", "sortOrder=descending"])
def test_a_cursor_of_another_query_is_invalid(scim: ScimClient, ids: list[str], other: str) -> None:
    cursor = page(scim, "count=1&cursor=")["nextCursor"]
    assert refusal(scim, f"{other}&count=1&cursor={cursor}") == (400, "invalidCursor")


def test_a_cursor_sealed_for_something_else_is_invalid(scim: ScimClient, ids: list[str]) -> None:
    for forged in (signing.TimestampSigner(sep=".").sign_object([1, 2, 3]), "a.b.c"):
        assert refusal(scim, f"count=1&cursor={forged}") == (400, "invalidCursor")


def test_an_old_cursor_has_expired(
    scim: ScimClient, ids: list[str], connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = page(scim, "count=1&cursor=")["nextCursor"]
    monkeypatch.setattr(cursors, "LIFETIME", timedelta(seconds=-1).total_seconds())
    assert refusal(scim, f"count=1&cursor={cursor}") == (400, "expiredCursor")
    assert scim.get("/ServiceProviderConfig").json()["pagination"]["cursor"] is True


@pytest.mark.parametrize("count", ["many", "1.5", "201"])
def test_a_count_that_cannot_be_beside_a_cursor_is_an_invalid_count(
    scim: ScimClient, ids: list[str], count: str
) -> None:
    assert refusal(scim, f"count={count}&cursor=") == (400, "invalidCount")


def test_a_count_that_changes_on_the_way_is_an_invalid_count(scim: ScimClient, ids: list[str]) -> None:
    cursor = page(scim, "count=2&cursor=")["nextCursor"]
    assert refusal(scim, f"count=3&cursor={cursor}") == (400, "invalidCount")
    assert refusal(scim, f"cursor={cursor}") == (400, "invalidCount")


def test_a_negative_count_beside_a_cursor_is_zero(scim: ScimClient, ids: list[str]) -> None:
    body = page(scim, "count=-1&cursor=")
    assert (body["Resources"], body["totalResults"]) == ([], SIZE)
