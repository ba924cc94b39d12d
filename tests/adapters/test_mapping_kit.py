"""The mapping kit as a host uses it, seen from the outside."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth import get_user_model
from pytest_django import Settings

from example_project.lms.models import Learner, Organization, Team
from scim_provisioning.conf import tenant_url
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent
from tests.adapters.sample_adapters import ACME
from tests.client import ScimClient
from tests.lms_factories import LearnerFactory
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

Use = Callable[[str], None]


@pytest.fixture
def use(settings: Settings) -> Use:
    def choose(name: str) -> None:
        adapter = f"tests.adapters.sample_adapters.{name}"
        settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": adapter}

    return choose


def role() -> str:
    return Learner.objects.get().job_role


def test_the_first_of_several_paths_with_a_value_wins(use: Use, scim: ScimClient) -> None:
    use("OwnExtension")
    body = person(title="Plain title", **{ACME: {"jobFamily": "Engineering"}})
    created = scim.post("/Users", body).json()
    assert role() == "Engineering"
    assert created["title"] == "Plain title"
    assert ACME in created["schemas"]
    scim.patch(f"/Users/{created['id']}", [{"op": "Remove", "path": f"{ACME}:jobFamily"}])
    assert role() == "Plain title"


def test_an_extension_of_the_hosts_is_discovered_filtered_and_patched(use: Use, scim: ScimClient) -> None:
    use("OwnExtension")
    schemas = {schema["id"]: schema for schema in scim.get("/Schemas").json()["Resources"]}
    assert [attribute["name"] for attribute in schemas[ACME]["attributes"]] == ["jobFamily"]
    scim_id = scim.post("/Users", person(title=None)).json()["id"]
    patched = scim.patch(f"/Users/{scim_id}", [{"op": "Add", "path": f"{ACME}:jobFamily", "value": "Data"}])
    assert patched.json()[ACME] == {"jobFamily": "Data"}
    found = scim.get(f"/Users?filter={ACME}:jobFamily+eq+%22data%22").json()
    assert [user["id"] for user in found["Resources"]] == [scim_id]


def test_an_extension_that_calls_its_attributes_as_scim_does_leaves_scims_own_where_they_are(
    use: Use, scim: ScimClient
) -> None:
    use("ExtensionCalledActive")
    made = scim.post("/Users", person(**{ACME: {"active": "at sea", "userName": "Bosun"}})).json()
    account = get_user_model().objects.get()
    assert (account.username, account.last_name, role()) == (made["userName"], "Bosun", "at sea")
    off = [{"op": "Replace", "path": "active", "value": "False"}]
    assert scim.patch(f"/Users/{made['id']}", off).json()["active"] is False
    assert not get_user_model().objects.get().is_active
    assert role() == "at sea"


def test_a_reference_that_may_not_be_created_is_refused_by_name(use: Use, scim: ScimClient) -> None:
    use("Careful")
    answer = scim.post("/Users", person())
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
    assert "Platform Security" in answer.json()["detail"]
    assert not Team.objects.exists()
    assert not Learner.objects.exists()


def test_another_customers_team_of_the_same_name_is_not_used(
    use: Use, scim: ScimClient, organization: Organization
) -> None:
    use("Careful")
    Team.objects.create(organization=Organization.objects.create(name="Other"), name="Platform Security")
    assert scim.post("/Users", person()).status_code == 400
    ours = Team.objects.create(organization=organization, name="PLATFORM security")
    assert scim.post("/Users", person(**{ENTERPRISE: {"department": ours.name}})).status_code == 201
    assert Learner.objects.get().team == ours


def test_a_required_attribute_is_named_when_it_is_missing(use: Use, scim: ScimClient) -> None:
    use("Careful")
    answer = scim.post("/Users", person(emails=None))
    assert answer.status_code == 400
    assert "emails" in answer.json()["detail"]
    assert ProvisioningEvent.objects.get().error_code == "user.email_missing"


def test_a_field_that_keeps_its_value_is_not_cleared(
    use: Use, scim: ScimClient, organization: Organization
) -> None:
    use("Careful")
    Team.objects.create(organization=organization, name="Platform Security")
    scim_id = scim.post("/Users", person()).json()["id"]
    answer = scim.patch(f"/Users/{scim_id}", [{"op": "Remove", "path": "title"}])
    assert role() == "Secure Coding Lead"
    assert answer.json()["title"] == "Secure Coding Lead"


def test_text_that_does_not_fit_is_refused_with_the_limit_and_changes_nothing(scim: ScimClient) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    answer = scim.patch(
        f"/Users/{scim_id}",
        [
            {"op": "Replace", "path": "name.givenName", "value": "Changed"},
            {"op": "Replace", "path": "title", "value": "x" * 151},
        ],
    )
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
    assert "at most 150 characters" in answer.json()["detail"]
    assert get_user_model().objects.get().first_name == "Ines"


def test_overridden_to_dict_and_from_dict_are_honoured(use: Use, scim: ScimClient) -> None:
    use("Overriding")
    created = scim.post("/Users", person()).json()
    assert created["nickName"] == "nick of ines.okafor@harborline.example"
    assert get_user_model().objects.get().first_name == "Set by the host"


def test_an_existing_account_is_linked_when_the_user_name_is_the_sso_subject(
    use: Use, scim: ScimClient, organization: Organization
) -> None:
    learner = LearnerFactory(organization=organization, user__username="INES.Okafor@harborline.example")
    use("SubjectIsUserName")
    answer = scim.post("/Users", person())
    assert answer.status_code == 201
    assert Learner.objects.get().pk == learner.pk
    assert ProvisionedUser.objects.get().user_id == learner.user_id
    assert ProvisioningEvent.objects.get().action == "adopted"


def test_an_account_that_is_linked_keeps_what_was_not_sent(
    use: Use, scim: ScimClient, organization: Organization
) -> None:
    use("SubjectIsUserName")
    body = person(title=None)
    LearnerFactory(organization=organization, user__username=body["userName"], job_role="Founder")
    assert scim.post("/Users", body).json()["title"] == "Founder"
    assert role() == "Founder"


def test_an_existing_account_is_otherwise_never_linked_by_itself(
    scim: ScimClient, organization: Organization
) -> None:
    LearnerFactory(organization=organization, user__username="ines.okafor@harborline.example")
    answer = scim.post("/Users", person())
    assert (answer.status_code, answer.json()["scimType"]) == (409, "uniqueness")
    assert not ProvisionedUser.objects.exists()
    assert Learner.objects.count() == 1


def test_a_manager_who_is_not_here_yet_is_kept_and_given_when_they_return(scim: ScimClient) -> None:
    boss = scim.post("/Users", person("boss.one")).json()["id"]
    scim.delete(f"/Users/{boss}")
    report = scim.post("/Users", person(**{ENTERPRISE: {"manager": boss}})).json()
    assert report[ENTERPRISE]["manager"] == {"value": boss}
    assert Learner.objects.get(user__username=report["userName"]).manager is None
    found = scim.get(f'/Users?filter={ENTERPRISE}:manager eq "{boss}"'.replace('"', "%22").replace(" ", "+"))
    assert found.json()["totalResults"] == 1

    assert scim.post("/Users", person("boss.one")).json()["id"] == boss
    manager = Learner.objects.get(user__username=report["userName"]).manager
    assert manager is not None
    assert manager.user.username == "boss.one@harborline.example"
    shown = scim.get(f"/Users/{report['id']}").json()[ENTERPRISE]["manager"]
    assert shown == {"value": boss, "$ref": f"{tenant_url()}/Users/{boss}"}
