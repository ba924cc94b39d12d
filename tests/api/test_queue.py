"""Who is it? As JSON, by the rules of the pages."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from example_project.lms.models import Organization
from scim_provisioning.administration.adoption import queue
from scim_provisioning.models import AdoptionAnswer, IdentityQuestion, ProvisionedUser, SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory
from tests.api.staff import API, PASSWORD, Staff
from tests.client import ScimClient
from tests.lms_factories import LearnerFactory, OrganizationFactory, SSOSettingsFactory
from tests.people import person
from tests.tables import contents

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"
POLICY = ("view_scimconnection", "manage_policy")


@pytest.fixture
def ines(organization: Organization, scim: ScimClient) -> User:
    """An account of Ines, whom the identity provider sent and who was refused."""
    learner = LearnerFactory(organization=organization, user__username=INES, job_role="Analyst")
    assert scim.post("/Users", person("ines.okafor")).status_code == 409
    user: User = learner.user
    return user


def event_of(api: API, connection: SCIMConnection) -> int:
    (one,) = api.get("queue", connection.pk).json()["people"]
    event: int = one["event"]
    return event


def test_who_waits_is_listed_with_the_accounts_that_it_may_be(
    boss: API, connection: SCIMConnection, ines: User
) -> None:
    found = boss.get("queue", connection.pk).json()
    (one,) = found["people"]
    assert (one["user_name"], one["finding"], found["questions"]) == (INES, "look", [])
    assert one["accounts"][0].startswith(INES)
    assert "somebody has to say whether it is the same person" in one["why"]

    (candidate,) = boss.get("answer", connection.pk, one["event"]).json()["candidates"]
    assert (candidate["last_login"], candidate["progress"]) == ("never", "—")
    assert candidate["since"] != "—"
    lines = {line["attribute"]: (line["sent"], line["here"], line["agrees"]) for line in candidate["lines"]}
    assert candidate["account"] == str(ines.pk)
    assert lines["title"] == ("Secure Coding Lead", "Analyst", False)


def test_whoever_is_linked_is_found_at_the_next_try(
    boss: API, connection: SCIMConnection, scim: ScimClient, ines: User
) -> None:
    body = {"answer": "link", "account": str(ines.pk), "password": PASSWORD}
    answered = boss.post("answer", connection.pk, event_of(boss, connection), **body)
    assert answered.status_code == 200
    assert answered.json()["sentence"].startswith("Linked: “")
    assert scim.post("/Users", person("ines.okafor")).status_code == 201
    assert ProvisionedUser.objects.get().user == ines
    assert boss.get("queue", connection.pk).json()["people"] == []


def test_those_of_whom_there_is_nothing_to_weigh_are_linked_with_one_password(
    boss: API, connection: SCIMConnection, scim: ScimClient, organization: Organization, ines: User
) -> None:
    for name in ("jon.berg", "mei.tan"):
        LearnerFactory(organization=organization, user__username=f"{name}@harborline.example")
        assert scim.post("/Users", person(name)).status_code == 409
    protected = "is.staff@harborline.example"
    LearnerFactory(organization=organization, user__username=protected, user__is_staff=True)
    scim.post("/Users", person("is.staff"))
    people = boss.get("queue", connection.pk).json()["people"]
    keys = {one["user_name"]: one["link_key"] for one in people}
    assert keys.pop(protected) is None
    # Whoever looks at one of them answers about that one.
    assert boss.get("answer", connection.pk, people[0]["event"]).json()["link_key"] is None

    def link(*whom: str | None, password: str = PASSWORD) -> Any:
        return boss.post("link_at_once", connection.pk, link_keys=[*whom], password=password)

    assert "password" in link(keys[INES], password="wrong").json()
    assert "look again" in str(link(keys[INES], "999-999").json()["link_keys"])
    assert link().status_code == 400
    assert not ProvisionedUser.objects.exists()
    told = link(keys.pop(INES)).json()
    assert (told["linked"], told["failed"]) == (1, {})
    assert told["sentence"].startswith("Linked: “")
    assert ProvisionedUser.objects.get().user == ines
    assert link(*keys.values()).json()["linked"] == 2
    assert [one["user_name"] for one in boss.get("queue", connection.pk).json()["people"]] == [protected]


def test_an_account_of_another_name_is_looked_for_and_named_with_what_found_it(
    boss: API, connection: SCIMConnection, organization: Organization, ines: User
) -> None:
    other = LearnerFactory(organization=organization, user__username="maiden.name").user
    event = event_of(boss, connection)
    found = boss.get("answer", connection.pk, event, search="maiden.name").json()["candidates"]
    assert [one["name"] for one in found] == [INES, "maiden.name"]
    body = {"answer": "keep", "account": str(other.pk), "password": PASSWORD}
    assert "account" in boss.post("answer", connection.pk, event, **body).json()
    assert boss.post("answer", connection.pk, event, search="maiden.name", **body).status_code == 200
    link = ProvisionedUser.objects.get()
    assert (link.user, link.owns_profile) == (other, False)


def test_another_customers_account_is_neither_found_nor_linked(
    boss: API, connection: SCIMConnection, ines: User
) -> None:
    stranger = LearnerFactory(organization=OrganizationFactory(), user__username="stranger").user
    event = event_of(boss, connection)
    found = boss.get("answer", connection.pk, event, search="stranger").json()["candidates"]
    assert [one["name"] for one in found] == [INES]
    body = {"answer": "link", "account": str(stranger.pk), "search": "stranger", "password": PASSWORD}
    assert boss.post("answer", connection.pk, event, **body).status_code == 400
    assert not ProvisionedUser.objects.exists()


@pytest.mark.parametrize("answer", ["separate", "ignore"])
def test_an_answer_without_an_account_is_written_down(
    boss: API, connection: SCIMConnection, ines: User, answer: str
) -> None:
    event = event_of(boss, connection)
    assert boss.post("answer", connection.pk, event, answer=answer, password=PASSWORD).status_code == 200
    assert AdoptionAnswer.objects.get().verdict == {"separate": "separate", "ignore": "ignored"}[answer]


def test_whether_two_are_the_same_person_is_answered_too(
    boss: API, connection: SCIMConnection, scim: ScimClient
) -> None:
    first = scim.post("/Users", person("ines.okafor")).json()["id"]
    scim.delete(f"/Users/{first}")
    scim.post("/Users", person("ines.okafor", externalId="somebody-else"))
    (question,) = boss.get("queue", connection.pk).json()["questions"]
    answered = boss.post("same_person", connection.pk, question["id"], same=False, password=PASSWORD)
    assert answered.status_code == 200
    assert IdentityQuestion.objects.get().answered_at is not None
    assert (
        boss.post("same_person", connection.pk, question["id"], same=False, password=PASSWORD).status_code
        == 404
    )


def test_without_the_password_nothing_is_answered(boss: API, connection: SCIMConnection, ines: User) -> None:
    event = event_of(boss, connection)
    before = contents()
    for password in ({}, {"password": "wrong"}):
        body: dict[str, Any] = {"answer": "link", "account": str(ines.pk), **password}
        refused = boss.post("answer", connection.pk, event, **body)
        assert (refused.status_code, list(refused.json())) == (400, ["password"])
    after = contents()
    assert {name for name in before if before[name] != after[name]} <= {
        "scim_provisioning.ConfirmationAttempts"
    }


def test_only_who_may_choose_policies_answers_and_values_need_more_rights(
    staff: Staff, boss: API, connection: SCIMConnection, ines: User
) -> None:
    event = event_of(boss, connection)
    viewer, keeper = staff("view_scimconnection"), staff(*POLICY)
    for name, keys in (("queue", ()), ("answer", (event,))):
        assert viewer.get(name, connection.pk, *keys).status_code == 403
        assert keeper.get(name, connection.pk, *keys).status_code == 200
    body = {"answer": "ignore", "password": PASSWORD}
    assert viewer.post("answer", connection.pk, event, **body).status_code == 403
    assert "Analyst" not in keeper.get("answer", connection.pk, event).content.decode()


def test_a_refusal_of_another_connection_is_not_found(
    boss: API, connection: SCIMConnection, ines: User
) -> None:
    event = event_of(boss, connection)
    other = ConnectionFactory(name="Brightwater", sso_key=str(SSOSettingsFactory().pk))
    assert boss.get("queue", other.pk).json()["people"] == []
    assert boss.get("answer", other.pk, event).status_code == 404
    assert boss.post("answer", other.pk, event, answer="ignore", password=PASSWORD).status_code == 404


def test_more_than_a_page_of_people_is_read_page_by_page(
    boss: API,
    connection: SCIMConnection,
    organization: Organization,
    scim: ScimClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queue, "PER_PAGE", 2)
    for n in range(3):
        LearnerFactory(organization=organization, user__username=f"p{n}.berg@harborline.example")
        assert scim.post("/Users", person(f"p{n}.berg")).status_code == 409
    pages = [boss.get("queue", connection.pk, page=number).json() for number in (1, 2)]
    assert [[one["user_name"][:2] for one in page["people"]] for page in pages] == [["p2", "p1"], ["p0"]]
    assert {page["pages"] for page in pages} == {2}
    assert {page["questions_pages"] for page in pages} == {1}
