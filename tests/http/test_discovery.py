"""Discovery tells the truth (RFC 7643 sections 5 to 7, RFC 7644 section 4): it is made from the mapping."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

import scim_provisioning.adapters as kit
from example_project.lms.scim import LearnerAdapter
from tests.client import ScimClient
from tests.people import CORE, ENTERPRISE, person

pytestmark = pytest.mark.django_db

OWN = "urn:harborline:scim:schemas:crew:2.0:User"
PLACES = ["/ServiceProviderConfig", "/ResourceTypes", "/ResourceTypes/User", "/Schemas", f"/Schemas/{CORE}"]


class CrewAdapter(LearnerAdapter):
    """The example's adapter with an attribute under a URN of the host's own."""

    mapping = [
        *(line for line in LearnerAdapter.mapping if line.path != "title"),
        kit.Text(f"{OWN}:rank", "learner.job_role"),
    ]


@pytest.fixture
def crew(settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": f"{__name__}.CrewAdapter"}


def attributes(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for attribute in schema["attributes"]:
        yield attribute["name"], attribute
        for sub in attribute.get("subAttributes", ()):
            yield f"{attribute['name']}.{sub['name']}", sub


def served(scim: ScimClient) -> dict[str, dict[str, dict[str, Any]]]:
    return {schema["id"]: dict(attributes(schema)) for schema in scim.get("/Schemas").json()["Resources"]}


def test_every_attribute_has_all_its_characteristics(scim: ScimClient) -> None:
    for schema in served(scim).values():
        for name, attribute in schema.items():
            always = {"name", "type", "multiValued", "description", "required", "mutability", "returned"}
            assert always | {"caseExact", "uniqueness"} <= attribute.keys() or attribute["type"] in (
                "complex",
                "boolean",
                "integer",
                "decimal",
                "dateTime",
            ), name
            assert attribute["description"], name
            assert attribute["type"] != "complex" or attribute["subAttributes"], name
            assert attribute["type"] != "reference" or attribute["referenceTypes"], name


def test_characteristics_are_those_that_the_server_acts_on(scim: ScimClient) -> None:
    core, extension = served(scim)[CORE], served(scim)[ENTERPRISE]
    assert core["userName"]["required"] is True
    assert core["userName"]["uniqueness"] == "server"
    assert core["userName"]["caseExact"] is False
    assert core["active"]["type"] == "boolean"
    assert "work" in core["emails.type"]["canonicalValues"]
    assert extension["manager.value"]["caseExact"] is True
    assert {extension[f"manager.{name}"]["mutability"] for name in ("$ref", "displayName")} == {"readOnly"}


def test_password_and_groups_appear_nowhere(scim: ScimClient) -> None:
    for place in PLACES:
        text = scim.get(place).content.decode().lower()
        assert "groups" not in text.replace('"/groups"', "")
        assert '"password"' not in text


def test_the_hosts_own_urn_is_served_with_all_that_belongs_to_it(scim: ScimClient, crew: None) -> None:
    assert list(served(scim)[OWN]) == ["rank"]
    kind = scim.get("/ResourceTypes/User").json()
    assert {"schema": OWN, "required": False} in kind["schemaExtensions"]
    assert scim.get(f"/Schemas/{OWN}").json()["id"] == OWN
    made = scim.post("/Users", person(**{OWN: {"rank": "Mate"}})).json()
    assert made[OWN] == {"rank": "Mate"}
    assert OWN in made["schemas"]
    found = scim.get(f"/Users?filter={OWN}:rank+eq+%22MATE%22&sortBy={OWN}:rank&attributes={OWN}:rank").json()
    assert found["Resources"] == [{"schemas": made["schemas"], "id": made["id"], OWN: {"rank": "Mate"}}]


def test_a_urn_that_is_not_mapped_is_not_served(scim: ScimClient) -> None:
    assert list(served(scim)) == [CORE, ENTERPRISE]
    assert scim.get(f"/Schemas/{OWN}").status_code == 404


def test_what_is_served_is_stored_and_returned(scim: ScimClient) -> None:
    values = {
        "string": "x",
        "reference": "https://x.example/y",
        "boolean": True,
        "binary": "eA==",
        "dateTime": "2030-01-31T08:00:00Z",
    }
    body = person()
    for urn, schema in served(scim).items():
        for name, attribute in schema.items():
            if "." not in name and name not in body and attribute["type"] in values:
                holder = body if urn == CORE else body.setdefault(urn, {})
                value = values[attribute["type"]]
                holder.setdefault(name, [value] if attribute["multiValued"] else value)
    made = scim.post("/Users", body).json()
    assert {key: made[key] for key in body if key != "schemas"} == {
        k: v for k, v in body.items() if k != "schemas"
    }


@pytest.mark.parametrize("place", PLACES)
def test_a_filter_on_discovery_is_403_and_other_parameters_are_ignored(scim: ScimClient, place: str) -> None:
    refused = scim.get(f"{place}?filter=id+pr")
    assert (refused.status_code, refused.json()["status"]) == (403, "403")
    ignored = scim.get(f"{place}?sortBy=id&count=0&startIndex=9&attributes=id")
    assert ignored.content == scim.get(place).content


@pytest.mark.parametrize("place", PLACES)
def test_discovery_is_for_callers_with_a_token(scim: ScimClient, place: str) -> None:
    assert ScimClient(None).get(place).status_code == 401


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_discovery_is_read_only(scim: ScimClient, place: str, method: str) -> None:
    assert scim.request(method, place, {}).status_code == 405


def test_locations_lead_to_what_they_name(scim: ScimClient, settings: Settings) -> None:
    site = settings.SCIM_PROVISIONING["SITE_URL"]
    for place in ("/Schemas", "/ResourceTypes"):
        listed = scim.get(place).json()
        assert listed["totalResults"] == listed["itemsPerPage"] == len(listed["Resources"])
        for resource in listed["Resources"]:
            path = resource["meta"]["location"].removeprefix(f"{site}/scim/v2")
            assert scim.get(path).json() == resource
            assert (
                scim.get(
                    path.lower().replace("/schemas", "/Schemas").replace("/resourcetypes", "/ResourceTypes")
                ).json()
                == resource
            )


def test_the_configuration_says_what_the_server_does(scim: ScimClient) -> None:
    config = scim.get("/ServiceProviderConfig").json()
    supported = {name for name in ("patch", "bulk", "filter", "sort", "etag") if config[name]["supported"]}
    assert supported == {"patch", "bulk", "filter", "sort", "etag"}
    assert config["changePassword"]["supported"] is False
    assert config["pagination"] | {"cursorTimeout": 0} == {
        "cursor": True,
        "index": True,
        "defaultPaginationMethod": "index",
        "defaultPageSize": 100,
        "maxPageSize": 200,
        "cursorTimeout": 0,
    }
    assert [scheme["type"] for scheme in config["authenticationSchemes"]] == ["oauthbearertoken"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_me_is_501_with_the_reason(scim: ScimClient, method: str) -> None:
    answer = scim.request(method, "/Me", {})
    assert (answer.status_code, answer.json()["status"]) == (501, "501")
    assert "not a person" in answer.json()["detail"]


def test_groups_are_an_empty_list_and_a_write_says_what_to_switch_off(scim: ScimClient) -> None:
    listed = scim.get("/Groups?filter=displayName+eq+%22x%22&excludedAttributes=members").json()
    assert (listed["totalResults"], listed["Resources"]) == (0, [])
    assert scim.get("/Groups/1").status_code == 404
    for method, path in [
        ("POST", "/Groups"),
        ("PUT", "/Groups/1"),
        ("PATCH", "/Groups/1"),
        ("DELETE", "/Groups/1"),
    ]:
        answer = scim.request(method, path, {"displayName": "x"})
        assert answer.status_code == 501
        assert "switch group provisioning off" in answer.json()["detail"]
