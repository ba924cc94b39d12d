"""Okta: its SPEC suite (the user part), and the requests of its two kinds of integration."""

from __future__ import annotations

import pytest

from tests.client import ScimClient
from tests.vendors.asking import CORE, ENTERPRISE, ERROR, LIST_RESPONSE, Body, create, patch, read

pytestmark = pytest.mark.django_db

_HEADERS = {"user_agent": "Okta SCIM Client 1.0.0", "accept_charset": "utf-8"}


@pytest.fixture
def okta(scim: ScimClient) -> ScimClient:
    """A client that has one user already: the SPEC suite asks for that."""
    create(scim, okta_user("first.one"))
    return scim


def okta_user(name: str) -> Body:
    given, _, family = name.partition(".")
    return {
        "schemas": [CORE],
        "userName": f"{name}@quayside.example",
        "name": {"givenName": given.title(), "familyName": family.title()},
        "emails": [{"primary": True, "value": f"{name}@quayside.example", "type": "work"}],
        "displayName": f"{given.title()} {family.title()}",
        "locale": "en-US",
        "externalId": f"00u{name.replace('.', '')}",
        "groups": [],
        "password": "1mz050nq",
        "active": True,
    }


def test_spec_1_first_page_has_a_user_and_three_numbers(okta: ScimClient) -> None:
    answer = okta.get("/Users?count=1&startIndex=1", **_HEADERS)
    page = answer.json()
    assert (answer.status_code, page["schemas"]) == (200, [LIST_RESPONSE])
    for name in ("itemsPerPage", "startIndex", "totalResults"):
        assert type(page[name]) is int
    user = page["Resources"][0]
    assert all(user[name] for name in ("id", "userName", "name", "emails"))
    assert user["name"]["familyName"]
    assert user["name"]["givenName"]
    assert user["active"] is True
    assert user["emails"][0]["value"]


def test_spec_2_user_is_read_by_the_id_of_the_list(okta: ScimClient) -> None:
    listed = okta.get("/Users?count=1&startIndex=1").json()["Resources"][0]
    assert read(okta, listed["id"]) == listed


def test_spec_3_filter_on_an_unknown_user_name_is_an_empty_list(okta: ScimClient) -> None:
    answer = okta.get("/Users?filter=userName%20eq%20%22abcdefgh%40atko.com%22")
    assert (answer.status_code, answer.json()["totalResults"]) == (200, 0)


def test_spec_4_and_11_unknown_id_is_404_with_a_detail(okta: ScimClient) -> None:
    for unknown in ("010101001010101011001010101011", "00919288221112222"):
        answer = okta.get(f"/Users/{unknown}")
        body = answer.json()
        assert (answer.status_code, body["status"], body["schemas"]) == (404, "404", [ERROR])
        assert body["detail"]


def test_spec_5_to_7_create_read_and_create_again(okta: ScimClient) -> None:
    sent = okta_user("runscope300.okta")
    made = create(okta, sent)
    assert (made["active"], made["userName"], made["name"]) == (True, sent["userName"], sent["name"])
    assert CORE in made["schemas"]
    assert read(okta, made["id"]) == made
    assert okta.post("/Users", sent).status_code == 409


def test_spec_8_filter_in_upper_case_is_200(okta: ScimClient) -> None:
    answer = okta.get("/Users?filter=userName%20eq%20%22FIRST.ONE%40QUAYSIDE.EXAMPLE%22")
    assert (answer.status_code, answer.json()["totalResults"]) == (200, 1)


def test_spec_9_groups_are_an_empty_list(okta: ScimClient) -> None:
    answer = okta.get("/Groups?startIndex=1&count=100")
    assert (answer.status_code, answer.json()["Resources"]) == (200, [])


def test_spec_10_without_a_token_401_says_so_as_text(okta: ScimClient) -> None:
    answer = okta.get("/Users?startIndex=1&count=1", authorization="non-token")
    body = answer.json()
    assert (answer.status_code, body["status"], body["schemas"]) == (401, "401", [ERROR])
    assert body["detail"]
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_credentials_are_tested_by_a_page_of_two(scim: ScimClient) -> None:
    page = scim.get("/Users?startIndex=1&count=2", **_HEADERS).json()
    assert (page["totalResults"], page["itemsPerPage"], page["Resources"]) == (0, 0, [])


def test_whether_somebody_exists_is_asked_with_filter_and_page(okta: ScimClient) -> None:
    query = "?filter=userName%20eq%20%22first.one%40quayside.example%22&startIndex=1&count=100"
    page = okta.get(f"/Users{query}").json()
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (1, 1, 1)


def test_password_is_neither_judged_nor_kept_nor_returned(okta: ScimClient) -> None:
    answer = okta.post("/Users", okta_user("with.password") | {"password": "x"})
    assert answer.status_code == 201
    assert "password" not in answer.json()
    assert "1mz050nq" not in okta.get("/Users").content.decode()


def test_profile_push_of_a_custom_app_puts_the_merged_object_back(okta: ScimClient) -> None:
    made = create(okta, okta_user("merge.me"))
    merged = made | {"title": "Rigger", "groups": [], "password": "n3w"}
    answer = okta.put(f"/Users/{made['id']}", merged)
    left = answer.json()
    assert (answer.status_code, left["title"], left["id"]) == (200, "Rigger", made["id"])
    assert left["meta"]["created"] == made["meta"]["created"]
    assert left["externalId"] == made["externalId"]


def test_put_without_active_neither_disables_nor_revives(okta: ScimClient) -> None:
    made = create(okta, okta_user("no.active"))
    body = {key: value for key, value in okta_user("no.active").items() if key != "active"}
    assert okta.put(f"/Users/{made['id']}", body).json()["active"] is True
    okta.patch(f"/Users/{made['id']}", [{"op": "replace", "value": {"active": False}}])
    assert okta.put(f"/Users/{made['id']}", body).json()["active"] is False


def test_deactivation_and_reactivation_of_a_catalogue_app(okta: ScimClient) -> None:
    made = create(okta, okta_user("goes.away"))
    for active in (False, True):
        left = patch(okta, made["id"], [{"op": "replace", "value": {"active": active}}])
        assert left["active"] is read(okta, made["id"])["active"] is active


def test_deactivation_and_reactivation_of_a_custom_app_by_put(okta: ScimClient) -> None:
    made = create(okta, okta_user("put.away"))
    for active in (False, True):
        answer = okta.put(f"/Users/{made['id']}", okta_user("put.away") | {"active": active})
        assert (answer.status_code, answer.json()["active"]) == (200, active)


def test_password_push_by_patch_succeeds_and_changes_nothing(okta: ScimClient) -> None:
    made = create(okta, okta_user("pass.word"))
    left = patch(okta, made["id"], [{"op": "replace", "value": {"password": "t1meToSleep"}}])
    assert left == made


def test_partial_profile_push_by_patch(okta: ScimClient) -> None:
    made = create(okta, okta_user("partial.push"))
    value = {
        "id": made["id"],
        "name": {"givenName": "Parta"},
        "emails": [{"primary": True, "value": "parta@quayside.example", "type": "work"}],
        ENTERPRISE: {"department": "Ropes", "organization": "Quayside"},
    }
    left = patch(okta, made["id"], [{"op": "replace", "value": value}])
    assert left["name"] == {"givenName": "Parta", "familyName": "Push"}
    assert left["emails"] == value["emails"]
    assert left[ENTERPRISE] == value[ENTERPRISE]


def test_import_walks_every_page_and_sees_inactive_users_too(okta: ScimClient) -> None:
    made = [create(okta, okta_user(f"import.n{number}"))["id"] for number in range(5)]
    okta.patch(f"/Users/{made[2]}", [{"op": "replace", "value": {"active": False}}])
    seen, start = [], 1
    while True:
        page = okta.get(f"/Users?startIndex={start}&count=2").json()
        assert page["totalResults"] == 6
        seen += page["Resources"]
        start += page["itemsPerPage"]
        if start > page["totalResults"]:
            break
    assert [user["id"] for user in seen[1:]] == made
    assert [user["active"] for user in seen].count(False) == 1


def test_totals_are_integers_even_when_nobody_is_there(scim: ScimClient) -> None:
    page = scim.get("/Users?startIndex=1&count=1").json()
    assert [type(page[name]) for name in ("totalResults", "startIndex", "itemsPerPage")] == [int] * 3


def test_display_name_of_the_manager_is_ignored_and_her_name_alone_is_kept_as_text(okta: ScimClient) -> None:
    made = create(
        okta, okta_user("has.boss") | {ENTERPRISE: {"manager": {"value": "Ada L", "displayName": "A"}}}
    )
    assert made[ENTERPRISE]["manager"] == {"value": "Ada L"}
