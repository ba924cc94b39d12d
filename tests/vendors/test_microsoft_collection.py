"""Microsoft's Postman collection for SCIM servers, rebuilt: its spelling, its odd cases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.client import ScimClient
from tests.vendors.asking import CORE, ENTERPRISE, ERROR, Body, create, look_up, read

pytestmark = pytest.mark.django_db


def user(name: str, **more: object) -> Body:
    return {
        "schemas": [CORE],
        "userName": f"{name}@quayside.example",
        "externalId": name,
        "active": "True",
        "displayName": name.title(),
        "name": {"formatted": f"{name.title()} Ahlgren", "familyName": "Ahlgren", "givenName": name.title()},
        "emails": [{"Primary": True, "type": "work", "value": f"{name}@quayside.example"}],
        **more,
    }


@pytest.fixture
def people(scim: ScimClient) -> list[Body]:
    return [create(scim, user(name)) for name in ("ada", "bert", "cyra")]


def test_empty_lists_are_200(scim: ScimClient) -> None:
    for path in ("/Users", "/users", "/Users/", "/Groups"):
        answer = scim.get(path)
        assert (answer.status_code, answer.json()["totalResults"]) == (200, 0), path


def test_active_from_text_becomes_a_boolean(scim: ScimClient) -> None:
    assert create(scim, user("ada"))["active"] is True


def test_enterprise_user_with_capitalised_keys_is_understood(scim: ScimClient) -> None:
    boss = create(scim, user("boss"))
    body = user("ada") | {
        "schemas": [CORE, "urn:ietf:params:scim:schemas:extension:enterprise2.0:User"],
        "Department": "Bilge",
        ENTERPRISE: {"EmployeeNumber": "7", "Department": "Deck", "Manager": {"Value": boss["id"]}},
    }
    made = create(scim, body)
    assert made[ENTERPRISE] == {
        "employeeNumber": "7",
        "department": "Deck",
        "manager": {"value": boss["id"], "$ref": boss["meta"]["location"]},
    }
    assert made["emails"] == [{"primary": True, "type": "work", "value": "ada@quayside.example"}]
    assert made["schemas"] == [CORE, ENTERPRISE]


def test_user_without_user_name_is_400(scim: ScimClient) -> None:
    body = user("ada")
    del body["userName"]
    answer = scim.post("/Users", body)
    assert (answer.status_code, answer.json()["schemas"]) == (400, [ERROR])
    assert "userName" in answer.json()["detail"]


def test_malformed_json_is_400(scim: ScimClient) -> None:
    answer = scim.post("/Users", '{"schemas": ["urn:x"], "userName": "ada",, }')
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidSyntax")


def test_duplicate_is_409(scim: ScimClient, people: list[Body]) -> None:
    assert scim.post("/Users", user("ada")).status_code == 409


def test_projection_by_attributes(scim: ScimClient, people: list[Body]) -> None:
    answer = scim.get(f"/Users/{people[0]['id']}?attributes=userName,emails").json()
    assert answer.keys() == {"schemas", "id", "userName", "emails"}


def test_projection_by_a_filtered_attribute_is_no_error(scim: ScimClient, people: list[Body]) -> None:
    answer = scim.get("/Users?attributes=emails%5Btype%20eq%20%22work%22%5D")
    assert answer.status_code == 200
    assert all(found["emails"] for found in answer.json()["Resources"])


@pytest.mark.parametrize(
    ("filter_text", "names"),
    [
        ('DisplayName eq "BERT"', ["bert"]),
        ('emails[type eq "work"]', ["ada", "bert", "cyra"]),
        ('emails[type eq "home"]', []),
        ('emails.Value eq "CYRA@quayside.example"', ["cyra"]),
        ('emails[type eq "work" and value co "ada@"]', ["ada"]),
        ('userName co "er"', ["bert"]),
        ('userName sw "cy"', ["cyra"]),
        ('displayName sw "A"', ["ada"]),
        ('userName eq "bert@quayside.example" or externalId eq "ada"', ["ada", "bert"]),
        ('externalId eq "ADA"', []),
    ],
)
def test_filters_of_the_collection(
    scim: ScimClient, people: list[Body], filter_text: str, names: list[str]
) -> None:
    found = look_up(scim, filter_text)["Resources"]
    assert sorted(user["userName"] for user in found) == [f"{name}@quayside.example" for name in names]


def test_filter_by_creation_time(scim: ScimClient, people: list[Body]) -> None:
    before = (datetime.now(UTC) - timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    after = (datetime.now(UTC) + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    assert look_up(scim, f'Meta.Created gt "{before}"')["totalResults"] == 3
    assert look_up(scim, f'meta.created gt "{after}"')["totalResults"] == 0


def test_unquoted_value_is_an_invalid_filter_and_never_the_whole_list(
    scim: ScimClient, people: list[Body]
) -> None:
    answer = scim.get("/Users?filter=userName%20eq%20ada")
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidFilter")


def test_paging_of_the_collection(scim: ScimClient, people: list[Body]) -> None:
    page = scim.get("/Users?startIndex=1&count=2").json()
    assert (page["itemsPerPage"], page["totalResults"], len(page["Resources"])) == (2, 3, 2)


def test_trailing_slash_before_the_query_is_not_redirected(scim: ScimClient, people: list[Body]) -> None:
    answer = scim.get("/Users/?filter=userName+eq+%22ada@quayside.example%22")
    assert (answer.status_code, answer.json()["totalResults"]) == (200, 1)


def test_patch_replaces_user_name_and_others(scim: ScimClient, people: list[Body]) -> None:
    answer = scim.patch(
        f"/Users/{people[0]['id']}",
        {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "operations": [
                {
                    "op": "Replace",
                    "name": "userName",
                    "path": "userName",
                    "value": "Ada.New@quayside.example",
                },
                {"op": "Replace", "path": "DisplayName", "value": "Ada New"},
                {
                    "op": "Replace",
                    "path": 'emails[type eq "work"].Value',
                    "value": "ada.new@quayside.example",
                },
            ],
        },
    )
    left = answer.json()
    assert (left["userName"], left["displayName"]) == ("Ada.New@quayside.example", "Ada New")
    assert left["emails"][0]["value"] == "ada.new@quayside.example"


def test_put_replaces_and_ignores_what_it_does_not_know(scim: ScimClient, people: list[Body]) -> None:
    body = user("ada", displayName="Ada Put", shoeSize="38", id=people[0]["id"])
    answer = scim.put(f"/Users/{people[0]['id']}", body)
    assert (answer.status_code, answer.json()["displayName"]) == (200, "Ada Put")
    assert "shoeSize" not in read(scim, people[0]["id"])


def test_put_without_user_name_is_400_and_changes_nothing(scim: ScimClient, people: list[Body]) -> None:
    answer = scim.put(f"/Users/{people[0]['id']}", {"schemas": [CORE], "displayName": "Nobody"})
    assert answer.status_code == 400
    assert read(scim, people[0]["id"]) == people[0]


def test_delete_is_204(scim: ScimClient, people: list[Body]) -> None:
    assert scim.delete(f"/Users/{people[0]['id']}").status_code == 204
    assert scim.get("/Users").json()["totalResults"] == 2
