"""What is returned: as it was sent while the learner's row means the same, else what the row says."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from example_project.lms.models import Learner, Team
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent
from tests.client import ScimClient
from tests.people import CORE, ENTERPRISE, person

pytestmark = pytest.mark.django_db

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=60).filter(
    str.strip
)


# The database is not rolled back between two examples, so everybody needs a name of their own.
NUMBERS = itertools.count()


@st.composite
def people(draw: st.DrawFn) -> dict[str, Any]:
    """A person with a random choice of attributes, mapped and unmapped."""
    optional = {
        "externalId": texts,
        "active": st.sampled_from([True, False, "True", "False"]),
        "displayName": texts,
        "title": texts,
        "name": st.dictionaries(st.sampled_from(["givenName", "familyName", "formatted"]), texts, min_size=1),
        "emails": st.just([{"type": "work", "value": "a.b@c.example", "primary": True}]),
        "phoneNumbers": st.lists(
            st.fixed_dictionaries({"type": st.sampled_from(["work", "mobile", "fax"]), "value": texts}),
            max_size=3,
            unique_by=lambda phone: phone["type"],
        ),
        "roles": st.lists(
            st.fixed_dictionaries({"value": texts}), max_size=2, unique_by=lambda r: r["value"]
        ),
        ENTERPRISE: st.dictionaries(
            st.sampled_from(["department", "division", "organization", "costCenter"]), texts, min_size=1
        ),
    }
    body = draw(st.fixed_dictionaries({}, optional=optional))
    return {"schemas": [CORE], "userName": f"u{next(NUMBERS)}@x.example", **body}


@given(body=people())
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_putting_back_what_was_read_changes_nothing(scim: ScimClient, body: dict[str, Any]) -> None:
    created = scim.post("/Users", body)
    assert created.status_code == 201, created.content
    resource = created.json()
    read = scim.get(f"/Users/{resource['id']}").json()
    assert read == resource
    events = ProvisioningEvent.objects.count()
    again = scim.put(f"/Users/{resource['id']}", read)
    assert again.json() == read
    assert ProvisioningEvent.objects.count() == events
    assert ProvisionedUser.objects.get(scim_id=resource["id"]).version == 1


@pytest.fixture
def ines(scim: ScimClient) -> dict[str, Any]:
    created: dict[str, Any] = scim.post("/Users", person(**{ENTERPRISE: {"department": "Sales "}})).json()
    return created


def test_a_value_is_returned_verbatim_while_the_row_means_the_same(ines: dict[str, Any]) -> None:
    assert Team.objects.get().name == "Sales"
    assert ines[ENTERPRISE]["department"] == "Sales "


def test_the_row_wins_once_it_means_something_else(scim: ScimClient, ines: dict[str, Any]) -> None:
    learner = Learner.objects.get()
    learner.team = Team.objects.create(organization=learner.organization, name="Field")
    learner.save()
    learner.user.email = "moved@harborline.example"
    learner.user.save()
    read = scim.get(f"/Users/{ines['id']}").json()
    assert read[ENTERPRISE]["department"] == "Field"
    assert read["emails"] == [{"primary": True, "type": "work", "value": "moved@harborline.example"}]
    assert read["phoneNumbers"] == ines["phoneNumbers"]


def test_what_the_lms_emptied_is_absent(scim: ScimClient, ines: dict[str, Any]) -> None:
    Learner.objects.update(job_role="", team=None)
    read = scim.get(f"/Users/{ines['id']}").json()
    assert "title" not in read
    assert ENTERPRISE not in read
    assert read["schemas"] == [CORE]


def test_sending_again_what_the_lms_changed_sets_it_back(scim: ScimClient, ines: dict[str, Any]) -> None:
    Learner.objects.update(job_role="Changed here")
    scim.patch(f"/Users/{ines['id']}", [{"op": "Replace", "path": "title", "value": "Secure Coding Lead"}])
    assert Learner.objects.get().job_role == "Secure Coding Lead"


def test_a_missing_address_falls_back_to_the_user_name_and_is_not_made_up_in_answers(
    scim: ScimClient,
) -> None:
    created = scim.post("/Users", person(emails=None)).json()
    assert "emails" not in created
    assert Learner.objects.get().user.email == "ines.okafor@harborline.example"
    for text in ("emails pr", "emails.value eq %22ines.okafor@harborline.example%22"):
        assert scim.get(f"/Users?filter={text.replace(' ', '+')}").json()["totalResults"] == 0


def test_attributes_without_a_place_here_are_ignored_and_written_down(scim: ScimClient) -> None:
    created = scim.post("/Users", person(favouriteColour="teal", password="hunter2-placeholder")).json()
    assert "favouriteColour" not in created
    assert "password" not in created
    event = ProvisioningEvent.objects.get()
    assert "favouriteColour" in event.ignored
    assert "hunter2" not in event.payload.request + event.payload.response
