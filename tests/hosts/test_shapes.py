"""One story, every shape of host: Entra creates, moves and deactivates a learner with all seven facts.

Run as it is it plays on the example LMS; ``test_other_hosts.py`` runs it again inside the other hosts.
"""

from __future__ import annotations

from typing import Any

import pytest

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from tests.client import ScimClient
from tests.hosts.current import Facts, host, spelled
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

BOSS = "boss.one@harborline.example"
INES = "ines.okafor@harborline.example"


@pytest.fixture
def ines(scim: ScimClient) -> str:
    boss = scim.post("/Users", spelled(person("boss.one"))).json()["id"]
    extension = {
        "organization": "Harborline Ltd",
        "division": "Retail",
        "department": "Cloud",
        "manager": {"value": boss},
    }
    answer = scim.post("/Users", person(**{ENTERPRISE: extension}))
    assert answer.status_code == 201, answer.content
    scim_id: str = answer.json()["id"]
    return scim_id


def facts(organization: Any, user_name: str = INES) -> Facts:
    return host().facts(user_name, organization)


def test_a_created_person_lands_in_every_field(ines: str, organization: Any) -> None:
    assert facts(organization) == {
        "first_name": "Ines",
        "last_name": "Okafor",
        "email": INES,
        "job_role": "Secure Coding Lead",
        "company": "Harborline Ltd",
        "business_unit": "Retail",
        "team": "Cloud",
        "manager": BOSS,
        "active": True,
    }


def test_a_mover_changes_field_by_field(scim: ScimClient, ines: str, organization: Any) -> None:
    scim.patch(
        f"/Users/{ines}",
        [
            {"op": "Replace", "path": "title", "value": "Fellow"},
            {"op": "Replace", "path": f"{ENTERPRISE}:department", "value": "Data"},
            {"op": "Replace", "path": f"{ENTERPRISE}:manager", "value": ""},
        ],
    )
    changed = {"job_role": "Fellow", "team": "Data", "manager": None}
    now = facts(organization)
    assert {name: now[name] for name in changed} == changed
    assert now["company"] == "Harborline Ltd"


def test_a_leaver_is_switched_off_and_a_returner_on(scim: ScimClient, ines: str, organization: Any) -> None:
    scim.patch(f"/Users/{ines}", [{"op": "Replace", "path": "active", "value": "False"}])
    assert facts(organization)["active"] is False
    scim.patch(f"/Users/{ines}", [{"op": "Replace", "path": "active", "value": "True"}])
    assert facts(organization)["active"] is True


def test_every_mapped_attribute_can_be_filtered(scim: ScimClient, ines: str) -> None:
    boss = ProvisionedUser.objects.get(user_name=BOSS).scim_id
    for text in (
        'name.givenName eq "INES"',
        'emails[type eq "work"].value eq "Ines.Okafor@Harborline.example"',
        'title sw "secure" and name.familyName eq "okafor"',
        f'{ENTERPRISE}:department eq " cloud "',
        f'{ENTERPRISE}:organization co "line"',
        f'{ENTERPRISE}:manager.value eq "{boss}"',
    ):
        found = scim.get("/Users?filter=" + text.replace('"', "%22").replace(" ", "+")).json()
        assert [user["id"] for user in found["Resources"]] == [ines], text


def test_what_the_lms_changed_is_what_is_returned(scim: ScimClient, ines: str, organization: Any) -> None:
    before = scim.get(f"/Users/{ines}").json()
    host().retitle(INES, organization, "Changed here")
    after = scim.get(f"/Users/{ines}").json()
    assert after["title"] == "Changed here"
    assert after["meta"]["version"] != before["meta"]["version"]
    assert {**after, "title": None, "meta": None} == {**before, "title": None, "meta": None}


def test_writing_what_was_read_changes_nothing(
    scim: ScimClient, ines: str, connection: SCIMConnection, django_assert_num_queries: Any
) -> None:
    adapter_class = get_adapter_class()
    adapter = adapter_class.for_links(list(adapter_class.links(connection).filter(scim_id=ines)), connection)[
        0
    ]
    adapter.remember_rows()
    document = adapter.read()
    with django_assert_num_queries(0):
        adapter.write(document)
        adapter.save()
    assert adapter.read() == document


def test_a_name_that_differs_in_case_and_spaces_is_the_same_team(
    scim: ScimClient, ines: str, organization: Any
) -> None:
    scim.post("/Users", person("rui.sousa", **{ENTERPRISE: {"department": "  CLOUD "}}))
    assert facts(organization, "rui.sousa@harborline.example")["team"] == "Cloud"
    found = scim.get("/Users?filter=userName+eq+%22rui.sousa@harborline.example%22").json()
    assert found["Resources"][0][ENTERPRISE]["department"] == "  CLOUD "
