"""The last administrator of a customer: no sync locks everybody out."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core import mail
from django.core.management import call_command
from django.db.models import QuerySet
from django.test import Client

from example_project.lms.scim import LearnerAdapter
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection, SentNotice
from tests.client import ScimClient
from tests.faults.forks import at_once
from tests.leavers import OFF
from tests.people import person
from tests.tables import contents

SENTENCE = "This is the last administrator of this customer in the application."


class WithAdministrators(LearnerAdapter):
    """A host whose customers' administrators are in a group."""

    @classmethod
    def administrators(cls, connection: SCIMConnection) -> QuerySet[User]:
        return User.objects.filter(is_active=True, groups__name="Administrators")


@pytest.fixture(autouse=True)
def _host(settings: Any) -> None:
    adapter = f"{__name__}.WithAdministrators"
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": adapter}


def administrator(scim: ScimClient, name: str) -> str:
    """Somebody provisioned whom the LMS has made an administrator; their SCIM id."""
    scim_id: str = scim.post("/Users", person(name)).json()["id"]
    group, _made = Group.objects.get_or_create(name="Administrators")
    group.user_set.add(account(scim_id))
    return scim_id


def account(scim_id: str) -> User:
    user = ProvisionedUser.objects.get(scim_id=scim_id).user
    assert isinstance(user, User)
    return user


@pytest.mark.django_db
def test_the_last_administrator_is_let_go_by_no_verb(scim: ScimClient) -> None:
    ada = administrator(scim, "ada")
    before = contents()

    for answer in (
        scim.patch(f"/Users/{ada}", OFF),
        scim.put(f"/Users/{ada}", person("ada", active=False)),
        scim.delete(f"/Users/{ada}"),
    ):
        assert (answer.status_code, answer.json()["detail"]) == (403, SENTENCE)
    bulk = {"method": "DELETE", "path": f"/Users/{ada}"}
    answer = scim.post(
        "/Bulk", {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [bulk]}
    )
    assert answer.json()["Operations"][0]["status"] == "403"

    assert contents() == before
    codes = ProvisioningEvent.objects.filter(outcome="refused").values_list("error_code", flat=True)
    assert set(codes) == {"user.last_administrator"}


@pytest.mark.django_db
def test_everything_else_of_the_last_administrator_goes_on_being_updated(scim: ScimClient) -> None:
    ada = administrator(scim, "ada")
    answer = scim.patch(f"/Users/{ada}", [{"op": "replace", "path": "title", "value": "Dean"}])
    assert (answer.status_code, answer.json()["title"]) == (200, "Dean")


@pytest.mark.django_db
def test_one_of_two_administrators_may_go_and_the_other_stays(scim: ScimClient) -> None:
    ada, bob = administrator(scim, "ada"), administrator(scim, "bob")
    assert scim.patch(f"/Users/{ada}", OFF).status_code == 200
    assert scim.patch(f"/Users/{bob}", OFF).status_code == 403
    assert account(bob).is_active


@pytest.mark.django_db
def test_an_administrator_whom_the_lms_has_switched_off_does_not_count(scim: ScimClient) -> None:
    ada, bob = administrator(scim, "ada"), administrator(scim, "bob")
    User.objects.filter(pk=account(bob).pk).update(is_active=False)
    assert scim.delete(f"/Users/{ada}").status_code == 403


@pytest.mark.django_db
def test_who_is_no_administrator_goes_as_ever(scim: ScimClient) -> None:
    administrator(scim, "ada")
    carl = scim.post("/Users", person("carl")).json()["id"]
    assert scim.delete(f"/Users/{carl}").status_code == 204
    assert not User.objects.get(username=person("carl")["userName"]).is_active


@pytest.mark.django_db
def test_the_contacts_are_told_once_of_each_person_whom_nobody_could_change(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    connection.policies = {"contacts": ["it@harborline.example"]}
    connection.save()
    ada, staff = administrator(scim, "ada"), scim.post("/Users", person("staff")).json()["id"]
    User.objects.filter(pk=account(staff).pk).update(is_staff=True)
    for _cycle in range(3):
        assert scim.patch(f"/Users/{ada}", OFF).status_code == 403
        assert scim.patch(f"/Users/{staff}", OFF).status_code == 403
        call_command("scim_notify", stdout=StringIO(), stderr=StringIO())
        SentNotice.objects.filter(kind="digest").delete()

    assert len(mail.outbox) == 1
    for name in ("ada", "staff"):
        sentence = f"asked to change “{person(name)['userName']}”, whose account is protected"
        assert mail.outbox[0].body.count(sentence) == 1


@pytest.mark.django_db
def test_the_page_about_a_learner_says_beforehand_what_provisioning_will_not_do(
    scim: ScimClient, admin_client: Client
) -> None:
    ada, carl = administrator(scim, "ada"), scim.post("/Users", person("carl")).json()["id"]

    def page(scim_id: str) -> str:
        return admin_client.get(f"/admin/lms/learner/{account(scim_id).learner.pk}/change/").content.decode()  # type: ignore[attr-defined]

    assert "last administrator: provisioning does not deactivate" in page(ada)
    assert "last administrator" not in page(carl)
    administrator(scim, "bob")
    assert "last administrator" not in page(ada)
    User.objects.filter(pk=account(carl).pk).update(is_staff=True)
    assert "Protected: provisioning does not change" in page(carl)


@pytest.mark.usefixtures("shared_database")
@pytest.mark.django_db(transaction=True)
def test_of_two_last_administrators_who_go_at_the_same_moment_one_stays(token: str) -> None:
    client = ScimClient(token)
    for n in range(8):
        ids = [administrator(client, f"a{n}"), administrator(client, f"b{n}")]
        answers = at_once(*(lambda scim_id=i: client.patch(f"/Users/{scim_id}", OFF) for i in ids))  # type: ignore[misc]
        assert sorted(answer.status_code for answer in answers) == [200, 403], n
        last = Group.objects.get(name="Administrators").user_set.get(is_active=True)
        last.groups.clear()
