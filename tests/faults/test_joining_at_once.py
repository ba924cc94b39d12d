"""An administrator joins two accounts of somebody whom the identity provider changes, or deletes, at that moment."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.db import connections

from example_project.lms.models import Learner, Organization, Progress
from scim_provisioning.administration import erasure, keeping, ownership
from scim_provisioning.administration.adoption import joining, queue, undoing
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.models import (
    ProvisionedUser,
    ProvisionedUserQuerySet,
    ProvisioningEvent,
    SCIMConnection,
)
from scim_provisioning.provisioning import newcomers
from scim_provisioning.testing.factories import ConnectionFactory, ProvisionedUserFactory
from tests.client import ScimClient
from tests.faults.crowds import Crowd, Request, answered, crowd, levels
from tests.faults.forks import Gate, forks
from tests.lms_factories import CourseFactory, LearnerFactory, ProgressFactory, SSOSettingsFactory
from tests.people import person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shared_database")]

SIZE = 3
INES = "ines.okafor@harborline.example"


@pytest.fixture(params=levels())
def people(request: pytest.FixtureRequest, token: str) -> Iterator[Crowd]:
    with crowd(SIZE, isolation=request.param) as crowd_of_this_level:
        yield crowd_of_this_level


class Joining(threading.Thread):
    """The administrator; ``refusal`` is what they were told, ``failures`` what must not be."""

    def __init__(self, own: SCIMConnection, into: User, other: User) -> None:
        super().__init__()
        self.sides = [joining.found(own, str(account.pk)) for account in (into, other)]
        self.own, self.refusal, self.failures = own, "", list[Exception]()

    def run(self) -> None:
        try:
            into, other = self.sides
            assert into is not None
            assert other is not None
            joining.join(self.own, into, other, actor=None)
        except ConnectionRefused as refusal:
            self.refusal = str(refusal.message)
        except Exception as error:
            self.failures.append(error)
        finally:
            connections.close_all()


@pytest.mark.parametrize("verb", ["PATCH", "DELETE"])
def test_either_comes_first_and_nothing_is_lost(
    people: Crowd, token: str, connection: SCIMConnection, organization: Organization, verb: str
) -> None:
    old = LearnerFactory(organization=organization, user__username="okafor").user
    ProgressFactory(learner=old.learner, course=CourseFactory())
    (made,) = people.at_once(Request(token, "POST", "/Users", person()))
    answered([made], s201=1)
    link = ProvisionedUser.objects.select_related("user").get()
    new = link.user
    assert new is not None
    administrator = Joining(connection, old, new)
    path = f"/Users/{made.body['id']}"
    body = {"Operations": [{"op": "replace", "path": "name.familyName", "value": "Fischer"}]}
    administrator.start()
    if verb == "PATCH":
        answered(people.at_once(*[Request(token, verb, path, body) for _each in range(SIZE)]), s200=SIZE)
    else:
        answered(people.at_once(Request(token, verb, path)), s204=1)
    administrator.join()
    assert administrator.failures == []
    old.refresh_from_db()
    link.refresh_from_db()
    new = User.objects.get(pk=new.pk)
    assert Progress.objects.get().learner.user == old
    if verb == "PATCH":
        assert administrator.refusal == ""
        assert (link.user, old.username, old.last_name, old.is_active) == (old, INES, "Fischer", True)
        assert not new.is_active
        return
    # Whoever left has no account that is on by the link, and comes back as the one to whom it leads.
    assert not new.is_active
    assert link.is_deleted
    if administrator.refusal:
        assert (link.user, old.username, old.is_active) == (new, "okafor", True)
    else:
        assert (link.user, old.username, old.is_active) == (old, INES, False)


def test_of_two_who_join_the_same_two_one_is_told(
    people: Crowd, token: str, connection: SCIMConnection, organization: Organization
) -> None:
    old = LearnerFactory(organization=organization, user__username="okafor").user
    answered(people.at_once(Request(token, "POST", "/Users", person())), s201=1)
    new = ProvisionedUser.objects.get().user
    assert new is not None
    both = [Joining(connection, old, new), Joining(connection, new, old)]
    for administrator in both:
        administrator.start()
    for administrator in both:
        administrator.join()
    assert [administrator.failures for administrator in both] == [[], []]
    assert [bool(administrator.refusal) for administrator in both].count(False) == 1
    assert ProvisioningEvent.objects.filter(action="merged").count() == Learner.objects.count() == 1
    assert User.objects.filter(is_active=True, username=INES).count() == 1


@pytest.mark.parametrize("verb", ["own", "forget"])
def test_who_was_joined_with_another_in_that_moment_is_locked_as_that_one(
    scim: ScimClient,
    connection: SCIMConnection,
    organization: Organization,
    monkeypatch: pytest.MonkeyPatch,
    verb: str,
) -> None:
    old = LearnerFactory(organization=organization, user__username="okafor").user
    beside = ConnectionFactory(sso_key=str(SSOSettingsFactory(organization=organization).pk))
    theirs = ProvisionedUserFactory(connection=beside, user=old, owns_profile=False)
    assert scim.post("/Users", person()).status_code == 201
    link = ProvisionedUser.objects.select_related("user", "connection").get(connection=connection)
    lock = ProvisionedUserQuerySet.locked
    locked: list[set[int]] = []

    def join(*_pause: float) -> None:
        ProvisionedUser.objects.filter(pk=link.pk).update(user=old)

    def waited(wanted: ProvisionedUserQuerySet, **how: bool) -> list[ProvisionedUser]:
        """The other administrator had the lock first."""
        found = lock(wanted, **how)
        locked.append({one.pk for one in found})
        if len(locked) == 1:
            join()
        return found

    monkeypatch.setattr(ProvisionedUserQuerySet, "locked", waited)
    # What the first try has seen of it is rolled back with it, as both are one process here.
    monkeypatch.setattr("scim_provisioning.databases.retrying.sleep", join)
    if verb == "own":
        ownership.move_ownership(link, actor=None)
    else:
        erasure.forget(erasure.Person(connection, link), actor=None, even_if_active=True)
    assert {link.pk, theirs.pk} in locked


@pytest.mark.skipif(database.vendor == "sqlite", reason="one transaction writes at a time")
@pytest.mark.parametrize("word", [undoing.undo, keeping.detach])
def test_whose_link_is_taken_back_while_they_are_sent_is_somebody_else_by_then(
    scim: ScimClient,
    connection: SCIMConnection,
    organization: Organization,
    word: Callable[..., object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = LearnerFactory(organization=organization, user__username=INES, user__email=INES).user
    link = queue.link(connection, {"userName": INES}, account, keeps_profile=False, actor=None)
    gate, lock = Gate(), newcomers.load_for_update

    def late(*asked: Any) -> Any:
        gate.wait_here()
        return lock(*asked)

    monkeypatch.setattr(newcomers, "load_for_update", late)
    with forks() as fork:
        posting = fork(partial(scim.post, "/Users", person()))
        gate.until_reached()
        word(link, actor=None)
        gate.open()
        answer = posting.result()
    # The account is not to be linked again without an administrator's word.
    assert (answer.status_code, json.loads(answer.content)["scimType"]) == (409, "uniqueness")
    assert not ProvisionedUser.objects.living().exists()
