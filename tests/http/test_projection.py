"""``attributes`` and ``excludedAttributes`` on every verb (RFC 7644 section 3.9), and ``.search``."""

from __future__ import annotations

import pytest

from example_project.lms.models import Learner
from tests.client import ScimClient
from tests.http.directory import make_people
from tests.people import CORE, ENTERPRISE, person

pytestmark = pytest.mark.django_db

SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


PROJECTIONS = {
    "attributes=userName": {"userName"},
    "attributes=USERNAME,name.givenName": {"userName", "name"},
    "ATTRIBUTES=userName": {"userName"},
    "attributes=userName&attributes=name.givenName": {"userName", "name"},
    f"attributes={CORE}:title": {"title"},
    f"attributes={ENTERPRISE}": {ENTERPRISE},
    f"attributes={ENTERPRISE}:department": {ENTERPRISE},
    "attributes=emails%5Btype+eq+%22work%22%5D": {"emails"},
    "attributes=shoeSize": set(),
    "attributes=meta.version": {"meta"},
}


@pytest.mark.parametrize(("query", "expected"), PROJECTIONS.items())
def test_attributes_choose_what_every_verb_returns(scim: ScimClient, query: str, expected: set[str]) -> None:
    body = person(
        "ana.lee", emails=[{"type": "work", "value": "a@x.example"}, {"type": "home", "value": "b@x.example"}]
    )
    made = scim.post(f"/Users?{query}", body)
    path = f"/Users/{made.json()['id']}?{query}"
    patched = scim.patch(path, [{"op": "replace", "path": "title", "value": "New"}])
    answers = [made, scim.get(path), scim.put(path, body), patched]
    resources = [answer.json() for answer in answers] + scim.get(f"/Users?{query}").json()["Resources"]
    for resource in resources:
        assert set(resource) == {"schemas", "id", *expected}
        assert resource.get("emails", []) in ([], [{"type": "work", "value": "a@x.example"}])
        assert set(resource.get("name", {})) <= {"givenName"}
    assert [answer.status_code for answer in answers] == [201, 200, 200, 200]


def test_excluded_attributes_leave_out_and_id_always_stays(scim: ScimClient) -> None:
    query = f"excludedAttributes=id,schemas,emails.type,name,{ENTERPRISE}:department"
    made = scim.post(f"/Users?{query}", person("ana.lee")).json()
    listed = scim.get(f"/Users?{query}").json()["Resources"][0]
    for resource in (made, listed):
        assert {"id", "schemas", "userName", "meta"} <= set(resource)
        assert "name" not in resource
        assert resource[ENTERPRISE] == {"employeeNumber": "HL-20417"}
        assert set(resource["emails"][0]) == {"value", "primary"}


def test_both_projections_at_once_are_refused_before_anything_is_written(scim: ScimClient) -> None:
    answer = scim.post("/Users?attributes=userName&excludedAttributes=name", person())
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
    assert not Learner.objects.exists()


@pytest.fixture
def people(scim: ScimClient) -> dict[str, str]:
    return make_people(scim)


@pytest.mark.parametrize("path", ["/Users/.search", "/.search", "/users/.search/"])
def test_search_takes_in_its_body_what_get_takes_in_the_url(
    scim: ScimClient, people: dict[str, str], path: str
) -> None:
    body = {"schemas": [SEARCH], "filter": "title pr", "sortBy": "userName", "sortOrder": "descending"}
    body |= {"startIndex": 1, "count": 1, "attributes": ["userName", "name.familyName"]}
    answer = scim.post(path, body).json()
    assert (answer["totalResults"], answer["startIndex"], answer["itemsPerPage"]) == (2, 1, 1)
    assert [set(r) for r in answer["Resources"]] == [{"schemas", "id", "userName", "name"}]
    assert answer["Resources"][0]["id"] == people["ben"]
