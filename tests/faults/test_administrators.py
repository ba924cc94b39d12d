"""What an administrator asks for while the database fails: done as a whole with its entries or not, and once."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import connection as database
from django.db import connections, transaction

from example_project.lms.models import Organization, SSOSettings, Team
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import connections as connections_verbs
from scim_provisioning.administration import (
    erasure,
    keeping,
    leaver_brake,
    ownership,
    rotation,
    setting_up,
    takeover,
    troubles,
    units,
)
from scim_provisioning.administration.adoption import joining, queue, same_person, undoing
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.models import (
    IdentityQuestion,
    LeaverBrake,
    NewUnits,
    ProvisionedUser,
    ProvisioningEvent,
    ReferenceKey,
    SCIMConnection,
)
from scim_provisioning.protocol.errors import Unavailable
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.client import ScimClient
from tests.databases import inherited
from tests.faults.forks import somebody_waits_for_a_lock, until
from tests.faults.proxy import in_between
from tests.faults.test_killed_workers import KilledAt, settled
from tests.leavers import OFF
from tests.lms_factories import LearnerFactory, SSOSettingsFactory
from tests.people import ENTERPRISE, person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shared_database")]

on_a_server = pytest.mark.skipif(database.vendor == "sqlite", reason="SQLite has no server that could fail")
INES = "ines.okafor@harborline.example"
DEPARTMENT = f"{ENTERPRISE}:department"
WAIT = 30

Verb = Callable[[], Any]


@pytest.fixture
def actor(transactional_db: None) -> User:
    user: User = User.objects.create_user("ada", is_staff=True)
    return user


def _known(organization: Organization) -> User:
    """Somebody who was here before their identity provider."""
    account: User = LearnerFactory(organization=organization, user__username=INES, user__email=INES).user
    return account


def link(scim: ScimClient, own: SCIMConnection, organization: Organization, actor: User) -> Verb:
    account = _known(organization)
    return lambda: queue.link(own, {"userName": INES}, account, keeps_profile=False, actor=actor)


def undo(scim: ScimClient, own: SCIMConnection, organization: Organization, actor: User) -> Verb:
    account = _known(organization)
    linked = queue.link(own, {"userName": INES}, account, keeps_profile=False, actor=None)
    return lambda: undoing.undo(ProvisionedUser.objects.get(pk=linked.pk), actor=actor)


def join(scim: ScimClient, own: SCIMConnection, organization: Organization, actor: User) -> Verb:
    first = scim.post("/Users", person("ines.okafor")).json()["id"]
    scim.delete(f"/Users/{first}")
    scim.post("/Users", person("ines.okafor", externalId="another"))
    key = IdentityQuestion.objects.get().pk
    return lambda: same_person.join(queue.open_questions(own).get(pk=key), actor=actor)


def join_double(scim: ScimClient, own: SCIMConnection, organization: Organization, actor: User) -> Verb:
    old = LearnerFactory(organization=organization, user__username="okafor").user
    assert scim.post("/Users", person("ines.okafor")).status_code == 201
    made = ProvisionedUser.objects.get().user_id
    into, other = (joining.found(own, str(key)) for key in (old.pk, made))
    assert into is not None
    assert other is not None
    return lambda: joining.join(own, into, other, actor=actor)


def _beside(scim: ScimClient) -> tuple[ProvisionedUser, SCIMConnection]:
    assert scim.post("/Users", person("ines.okafor")).status_code == 201
    other = ConnectionFactory(name="Brightwater", sso_key=str(SSOSettingsFactory().pk))
    return ProvisionedUser.objects.select_related("user").get(), other


def share(scim: ScimClient, own: SCIMConnection, organization: Organization, actor: User) -> Verb:
    mine, other = _beside(scim)
    return lambda: ownership.allow_share(other, mine.user, name=mine.user_name, actor=actor)


def move(scim: ScimClient, own: SCIMConnection, organization: Organization, actor: User) -> Verb:
    mine, other = _beside(scim)
    ownership.allow_share(other, mine.user, name=mine.user_name, actor=None)
    assert ScimClient(TokenFactory(connection=other).plaintext).post("/Users", person()).status_code == 201
    theirs = ProvisionedUser.objects.get(connection=other).pk
    return lambda: ownership.move_ownership(
        ProvisionedUser.objects.select_related("user", "connection").get(pk=theirs), actor=actor
    )


def merge(scim: ScimClient, own: SCIMConnection, organization: Organization, actor: User) -> Verb:
    for name, team in (("ines.okafor", "Bolts"), ("rui.sousa", "Locks")):
        assert scim.post("/Users", person(name, **{ENTERPRISE: {"department": team}})).status_code == 201
    line = next(line for line in units.choosable(own) if line.path == DEPARTMENT)
    key, locks = ReferenceKey.objects.get(digest=line.rows.digest("Bolts")), Team.objects.get(name="Locks")
    return lambda: units.merge(line, key, locks, actor=actor)


def let_go(scim: ScimClient, own: SCIMConnection, organization: Organization, actor: User) -> Verb:
    LeaverBrake.objects.get_or_create(connection=own)
    return lambda: leaver_brake.allow_all(own, actor=actor)


def _learner(scim: ScimClient) -> ProvisionedUser:
    assert scim.post("/Users", person("ines.okafor")).status_code == 201
    return ProvisionedUser.objects.select_related("user", "connection").get()


def pause(scim: ScimClient, own: SCIMConnection, organization: Organization, actor: User) -> Verb:
    return lambda: connections_verbs.pause(own, actor=actor)


def resume(scim: ScimClient, own: SCIMConnection, organization: Organization, actor: User) -> Verb:
    connections_verbs.pause(own, actor=None)
    return lambda: connections_verbs.resume(own, actor=actor)


def choose(scim: ScimClient, own: SCIMConnection, organization: Organization, actor: User) -> Verb:
    return lambda: connections_verbs.choose_policies(own, actor=actor, chosen={"leavers_percent": 7})


def choose_for_units(scim: ScimClient, own: SCIMConnection, organization: Organization, actor: User) -> Verb:
    return lambda: units.choose(own, {DEPARTMENT: NewUnits.REVIEW}, actor=actor)


def generate(scim: ScimClient, own: SCIMConnection, organization: Organization, actor: User) -> Verb:
    return lambda: rotation.generate(own, actor=actor, label="Entra", nonce="n" * 40)


def revoke(scim: ScimClient, own: SCIMConnection, organization: Organization, actor: User) -> Verb:
    token = TokenFactory(connection=own)
    return lambda: rotation.revoke(token, actor=actor)


def set_up(scim: ScimClient, own: SCIMConnection, organization: Organization, actor: User) -> Verb:
    actor.is_superuser = True
    actor.save()
    settings = SSOSettingsFactory()
    return lambda: setting_up.set_up_for(actor, settings)


def take_over(scim: ScimClient, own: SCIMConnection, organization: Organization, actor: User) -> Verb:
    _learner(scim)
    actor.is_superuser = True
    actor.save()
    old = SSOSettings.objects.get(pk=own.sso_key)
    new = SSOSettingsFactory(organization=old.organization)
    old.delete()
    own.refresh_from_db()
    return lambda: takeover.take_over_for(actor, own, new)


def lock(scim: ScimClient, own: SCIMConnection, organization: Organization, actor: User) -> Verb:
    learner = _learner(scim)
    return lambda: keeping.lock(learner, "title", reason="Agreed with HR", actor=actor)


def unlock(scim: ScimClient, own: SCIMConnection, organization: Organization, actor: User) -> Verb:
    learner = _learner(scim)
    keeping.lock(learner, "title", reason="Agreed with HR", actor=None)
    return lambda: keeping.unlock(learner, "title", actor=actor)


def detach(scim: ScimClient, own: SCIMConnection, organization: Organization, actor: User) -> Verb:
    learner = _learner(scim)
    return lambda: keeping.detach(learner, actor=actor)


def forget(scim: ScimClient, own: SCIMConnection, organization: Organization, actor: User) -> Verb:
    learner = _learner(scim)
    assert scim.patch(f"/Users/{learner.scim_id}", OFF).status_code == 200
    return lambda: erasure.forget(erasure.Person(own, learner), actor=actor)


ABOUT_PEOPLE = (link, undo, join, join_double, share, move, merge, let_go, lock, unlock, detach, forget)
ABOUT_CONNECTIONS = (
    pause,
    resume,
    choose,
    choose_for_units,
    generate,
    revoke,
    set_up,
    take_over,
)
VERBS = (*ABOUT_PEOPLE, *ABOUT_CONNECTIONS)


@pytest.fixture
def verb(
    request: pytest.FixtureRequest,
    scim: ScimClient,
    connection: SCIMConnection,
    organization: Organization,
    actor: User,
    monkeypatch: pytest.MonkeyPatch,
) -> Verb:
    """What the administrator asks for, with all that it needs."""
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", request.param in (share, move))
    monkeypatch.setattr(LearnerAdapter, "merge", lambda self, into, other: None)
    made: Verb = request.param(scim, connection, organization, actor)
    return made


def written() -> list[str]:
    """What the provisioning log has of administrators."""
    return list(ProvisioningEvent.objects.filter(actor__username="ada").values_list("action", flat=True))


@on_a_server
@pytest.mark.parametrize("verb", VERBS, indirect=True)
def test_a_lost_answer_to_commit_is_said_and_nothing_is_done_twice(verb: Verb) -> None:
    with in_between() as proxy:
        ProvisionedUser.objects.count()
        proxy.loses_the_answer.set()
        with pytest.raises(Unavailable) as lost:
            verb()
        proxy.loses_the_answer.clear()
    assert lost.value.code == "database.unconfirmed"
    once = written()
    assert once
    if once != ["leavers_allowed"]:
        # To let them go for another day is another word of theirs.
        with suppress(
            ConnectionRefused, ValidationError, IdentityQuestion.DoesNotExist, rotation.AlreadyShown
        ):
            verb()
        assert written() == once


@on_a_server
@pytest.mark.parametrize("verb", VERBS, indirect=True)
def test_history_and_log_tell_of_what_was_done_though_its_answer_was_lost(verb: Verb) -> None:
    before = LogEntry.objects.count()
    with in_between() as proxy:
        ProvisionedUser.objects.count()
        proxy.loses_the_answer.set()
        with pytest.raises(Unavailable) as lost:
            verb()
        proxy.loses_the_answer.clear()
    assert troubles.words(lost.value).endswith("Look before you try again.")
    assert written()
    assert LogEntry.objects.count() > before


@on_a_server
@pytest.mark.parametrize("verb", VERBS, indirect=True)
def test_a_deadlock_is_played_again(verb: Verb) -> None:
    holds, is_done = threading.Event(), threading.Event()

    def cross() -> None:
        """Lock in the order in which nobody here does."""
        try:
            with suppress(Exception), transaction.atomic():
                list(SCIMConnection.objects.select_for_update())
                holds.set()
                # Who sets up a connection waits for none of those that are there.
                until(lambda: is_done.is_set() or somebody_waits_for_a_lock())
                if is_done.is_set():
                    return
                ProvisionedUser.objects.update(version=1)
                ReferenceKey.objects.update(name="Crossed")
                LeaverBrake.objects.update(people=1)
        finally:
            connections.close_all()

    thread = threading.Thread(target=cross, daemon=True)
    thread.start()
    assert holds.wait(WAIT)
    verb()
    is_done.set()
    thread.join(WAIT)
    assert len(written()) == (2 if {"owner_moved", "shared"} & set(written()) else 1)


def state() -> dict[str, Any]:
    """What the verbs change, without what says when."""
    links = ProvisionedUser.objects.order_by("pk").values_list(
        "user", "user_name", "deleted_at__year", "owns_profile"
    )
    return {
        "links": list(links),
        "log": list(ProvisioningEvent.objects.order_by("pk").values_list("action", flat=True)),
        "history": LogEntry.objects.count(),
        "open": IdentityQuestion.objects.filter(answered_at=None).count(),
    }


def was_killed(verb: Verb, number: int) -> bool:
    """Ask in a process of its own that dies before that statement, COMMIT included; whether it did."""
    connections.close_all()
    inherit = inherited()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            inherit()
            kill = KilledAt(number)
            database.ensure_connection()
            database._commit = kill.commit(database._commit)
            with database.execute_wrapper(kill):
                verb()
            status = 0
        finally:
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(ended) in (0, 9)
    return os.waitstatus_to_exitcode(ended) == 9


@pytest.mark.long
@pytest.mark.parametrize("verb", [link, undo, join, join_double, move], indirect=True)
def test_whatever_is_killed_leaves_all_of_it_or_nothing(verb: Verb) -> None:
    before = settled(state)
    number = 0
    while was_killed(verb, number):
        assert settled(state) == before, f"killed before statement {number}"
        number += 1
    after = settled(state)
    assert number > 7, "so few statements cannot be all of them"
    assert after["history"] > before["history"]
    assert len(after["log"]) > len(before["log"])
