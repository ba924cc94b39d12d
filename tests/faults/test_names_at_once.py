"""One userName that several want at the same moment, each in a process of its own: one gets it, the others are told so
in one way, whichever column of the host's tables would have said it first.

On SQLite requests queue at BEGIN, and must end the same way.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.db.models.signals import pre_save

import scim_provisioning.adapters as scim
from example_project.lms.models import Learner, Organization
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.faults.crowds import Answer, Crowd, Request, answered, crowd, levels
from tests.hosts.current import make_connection
from tests.people import person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shared_database")]

ROUNDS, SIZE = 3, 6
TAKEN = (409, "uniqueness", "userName is already in use in this directory.")


@pytest.fixture(params=levels())
def level(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def people(level: str, token: str) -> Iterator[Crowd]:
    """Processes that know nothing of what a test patches: one that does makes them itself."""
    with crowd(SIZE, isolation=level) as crowd_of_this_level:
        yield crowd_of_this_level


def post(token: str, name: str, **changes: Any) -> Request:
    return Request(token, "POST", "/Users", person(name, **changes))


def rename(token: str, scim_id: str, name: str) -> Request:
    operation = {"op": "replace", "path": "userName", "value": name}
    return Request(token, "PATCH", f"/Users/{scim_id}", {"Operations": [operation]})


def one_got_it(answers: list[Answer], name: str) -> None:
    """Assert that one person has the name, and all others heard the same, with the same code in the log."""
    done = [answer for answer in answers if answer.status in (200, 201)]
    assert len(done) == 1, [answer.body for answer in answers]
    assert {answer.refusal for answer in answers if answer not in done} == {TAKEN}
    assert ProvisionedUser.objects.living().filter(user_name__iexact=name).count() == 1
    refused = ProvisioningEvent.objects.filter(outcome="refused").exclude(error_code="database.busy")
    assert set(refused.values_list("error_code", flat=True)) == {"user.username_taken"}


@pytest.mark.parametrize("is_subject", [False, True], ids=["", "sso"])
def test_of_several_posts_one_makes_a_person_and_the_others_hear_the_same(
    is_subject: bool, level: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", is_subject)
    with crowd(SIZE, isolation=level) as people:
        for n in range(ROUNDS):
            spellings = (f"ines.{n}@x.example", f"Ines.{n}@X.example")
            posts = [post(token, f"ines.{n}", userName=spellings[k % 2]) for k in range(SIZE)]
            one_got_it(people.at_once(*posts), spellings[0])
            assert (User.objects.count(), Learner.objects.count()) == (n + 1, n + 1)


def test_of_several_renames_and_posts_one_gets_the_name(people: Crowd, token: str) -> None:
    for n in range(ROUNDS):
        made = people.at_once(*[post(token, f"p{n}{k}.x") for k in range(SIZE - 2)])
        answered(made, s201=SIZE - 2)
        name = f"wanted.{n}"
        renames = [rename(token, answer.body["id"], f"{name}@harborline.example") for answer in made]
        answers = people.at_once(*renames, *[post(token, name)] * 2)
        one_got_it(answers, f"{name}@harborline.example")


def test_of_those_who_return_and_those_who_are_new_one_gets_the_name(people: Crowd, token: str) -> None:
    """A deleted person's name and externalId bring her back; her name with another externalId is somebody new."""
    for n in range(ROUNDS):
        name = f"ines.{n}"
        (made,) = people.at_once(post(token, name))
        answered(people.at_once(Request(token, "DELETE", f"/Users/{made.body['id']}")), s204=1)
        posts = [post(token, name, **({"externalId": f"new{n}"} if k % 2 else {})) for k in range(SIZE)]
        one_got_it(people.at_once(*posts), f"{name}@harborline.example")
        holders = User.objects.filter(username=f"{name}@harborline.example", scim_links__deleted_at=None)
        assert holders.count() == 1


@pytest.fixture
def known_by_address(organization: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    """An LMS that knows its people by their address, whatever they are called."""

    def find_learner(self: Any, scim_user: Any) -> list[scim.Candidate]:
        found = User.objects.filter(email=scim_user["emails"][0]["value"])
        return [scim.Candidate(user, strong=True) for user in found]

    monkeypatch.setattr(LearnerAdapter, "find_learner", find_learner)


@pytest.mark.usefixtures("known_by_address")
def test_an_account_that_several_people_are_taken_for_is_one_persons(
    organization: Organization, level: str, token: str
) -> None:
    with crowd(SIZE, isolation=level) as people:
        for n in range(ROUNDS):
            emails = [{"type": "work", "value": f"old.{n}@x.example", "primary": True}]
            account = User.objects.create_user(f"old.{n}", email=f"old.{n}@x.example")
            Learner.objects.create(user=account, organization=organization)
            answers = people.at_once(*[post(token, f"p{n}{k}.x", emails=emails) for k in range(SIZE)])
            answered(answers, s201=1, s409=SIZE - 1)
            assert ProvisionedUser.objects.living().filter(user=account).count() == 1


def test_of_the_newcomers_of_several_tenants_one_gets_the_name_and_the_others_one_of_their_own(
    people: Crowd, token: str
) -> None:
    others = [TokenFactory(connection=make_connection(f"Other {n}")).plaintext for n in range(2)]
    for n in range(ROUNDS):
        name = f"ines.{n}@harborline.example"
        answers = people.at_once(*[post(each, f"ines.{n}") for each in (token, *others)])
        answered(answers, s201=3)
        assert {answer.body["userName"] for answer in answers} == {name}
        links = ProvisionedUser.objects.filter(user_name=name)
        assert links.filter(user__username=F("user_name")).count() == 1
        assert links.filter(user__username__startswith=f"{name}~").count() == 2


def test_a_name_that_somebody_takes_after_it_was_found_free_is_asked_for_again(scim: ScimClient) -> None:
    """Who it was makes a difference, and so all of it is asked again. Here it was nobody in the end."""
    taken = []

    def take(sender: Any, instance: User, **kwargs: Any) -> None:
        if not taken:
            taken.append(instance.username)
            User.objects.bulk_create([User(username=instance.username)])

    pre_save.connect(take, sender=User)
    try:
        answer = scim.post("/Users", person())
    finally:
        pre_save.disconnect(take, sender=User)
    assert answer.status_code == 201, answer.content
    assert [user.username for user in User.objects.all()] == taken
