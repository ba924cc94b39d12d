"""What administrators are told when the database fails after some of it is done, or another of them was quicker."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.db import connection as database
from pytest_django import Settings

from example_project.lms.models import Learner, Organization, Team
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import (
    adoption,
    erasure,
    keeping,
    leaver_brake,
    ownership,
    reactivation,
    reconciliation,
    troubles,
    units,
)
from scim_provisioning.administration.adoption import answers, joining, queue, same_person
from scim_provisioning.administration.people import learners as learners_told
from scim_provisioning.administration.reconciliation import Found, learners
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.management.commands import scim_connection
from scim_provisioning.models import (
    AdoptionAnswer,
    HeldLeaver,
    IdentityQuestion,
    ProvisionedUser,
    ProvisioningEvent,
    ReferenceKey,
    SCIMConnection,
)
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests import leavers
from tests.api.staff import API
from tests.client import ScimClient
from tests.faults.forks import at_once
from tests.lms_factories import LearnerFactory, SSOSettingsFactory
from tests.people import ENTERPRISE, person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shared_database")]

INES = "ines.okafor@harborline.example"
DEPARTMENT = f"{ENTERPRISE}:department"
STAYS = "What was done stays done"

Execute = Callable[..., Any]


def away(table: str) -> Any:
    """Whatever is about this table finds the database busy."""

    def execute(go_on: Execute, sql: str, params: Any, many: bool, context: Any) -> Any:
        if table in sql:
            raise OperationalError("database is locked")
        return go_on(sql, params, many, context)

    return database.execute_wrapper(execute)


@pytest.fixture
def actor(transactional_db: None) -> User:
    user: User = User.objects.create_user("ada", is_staff=True)
    return user


def _known(organization: Organization, **facts: Any) -> User:
    """Somebody of the LMS's own."""
    account: User = LearnerFactory(organization=organization, **facts).user
    return account


# --- some of it is done


def test_who_is_back_is_not_said_to_be_unchanged_where_the_brake_could_not_be_told(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    ids = leavers.learners(scim, 2)
    assert leavers.leave(scim, *ids) == [200, 200]
    went = list(reactivation.departures(connection, 1))
    with away("leaverbrake"), pytest.raises(ConnectionRefused) as told:
        reactivation.undo(connection, went, actor=None)
    assert (told.value.code, STAYS in told.value.message) == (troubles.PARTLY, True)
    assert ProvisionedUser.objects.filter(active=True, user__is_active=True).count() == 2


def test_who_may_go_is_not_said_to_be_held_still_where_it_could_not_be_noted(
    scim: ScimClient, connection: SCIMConnection, actor: User
) -> None:
    leavers.let_go_at_most(connection, 1)
    assert leavers.leave(scim, *leavers.learners(scim, 2)) == [200, 503]
    keys = list(leaver_brake.held(connection).values_list("pk", flat=True))
    with away("django_admin_log"), pytest.raises(ConnectionRefused) as told:
        leaver_brake.allow(connection, keys, actor=actor)
    assert (told.value.code, STAYS in told.value.message) == (troubles.PARTLY, True)
    assert HeldLeaver.objects.get().is_allowed


def test_who_is_linked_is_not_said_to_be_nobodys_where_it_could_not_be_noted(
    connection: SCIMConnection, organization: Organization, actor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    _known(organization, user__username=INES, user__email=INES)
    report = adoption.examine(connection, adoption.Directory([person()], frozenset({"userName"}), ()))
    with away("django_admin_log"), pytest.raises(ConnectionRefused) as told:
        adoption.link(connection, report, actor=actor)
    assert (told.value.code, STAYS in told.value.message) == (troubles.PARTLY, True)
    assert ProvisionedUser.objects.get().user_name == INES


@pytest.mark.parametrize("road", ["api", "command"])
def test_what_is_done_is_not_said_to_be_undone_where_it_cannot_be_shown(
    connection: SCIMConnection, actor: User, settings: Settings, monkeypatch: pytest.MonkeyPatch, road: str
) -> None:
    def busy(*_args: Any, **_options: Any) -> Any:
        raise OperationalError("database is locked")

    if road == "api":
        settings.ROOT_URLCONF = "tests.api.urls"
        actor.is_superuser = True
        actor.save()
        api = API(actor)
        monkeypatch.setattr(SCIMConnection, "refresh_from_db", busy)
        answer = api.post("pause", connection.pk, reason="Audit")
        assert answer.status_code == 503
        told = answer.json()["detail"]
    else:
        monkeypatch.setattr(scim_connection, "name_for", busy)
        with pytest.raises(CommandError) as failure:
            call_command("scim_connection", "pause", "--connection", connection.name)
        told = str(failure.value)
    assert SCIMConnection.objects.get().is_paused
    assert "Look before you try again." in told


@pytest.mark.parametrize("name", ["scim_managers", "scim_notify", "scim_prune", "scim_units"])
def test_a_job_that_does_one_person_after_the_other_says_that_what_was_done_stays(
    connection: SCIMConnection, name: str
) -> None:
    with away("scim_provisioning_commandrun"), pytest.raises(CommandError, match=STAYS):
        call_command(name)


# --- another administrator was quicker


@pytest.fixture
def question(scim: ScimClient) -> IdentityQuestion:
    """Whether somebody new is who was deleted."""
    first = scim.post("/Users", person()).json()["id"]
    scim.delete(f"/Users/{first}")
    assert scim.post("/Users", person(externalId="another")).status_code == 201
    return IdentityQuestion.objects.select_related("newcomer__user", "earlier__user", "connection").get()


def said() -> list[str]:
    """Of the log what administrators have said of the two."""
    return list(
        ProvisioningEvent.objects.filter(action__in=["merged", "answered"]).values_list("action", flat=True)
    )


ANSWERS = {"merged": same_person.join, "answered": same_person.keep_apart}


@pytest.mark.parametrize(("first", "second"), [("merged", "answered"), ("answered", "merged")])
def test_a_question_is_answered_once(question: IdentityQuestion, first: str, second: str) -> None:
    seen = IdentityQuestion.objects.select_related("newcomer__user", "earlier__user", "connection").get()
    ANSWERS[first](question, actor=None)
    with pytest.raises(ConnectionRefused):
        ANSWERS[second](seen, actor=None)
    assert said() == [first]
    assert ProvisionedUser.objects.filter(user__isnull=True).exists() == (first == "merged")


def test_of_two_who_answer_at_the_same_moment_one_is_told(question: IdentityQuestion) -> None:
    def answer(verb: Callable[..., None]) -> str:
        try:
            verb(question, actor=None)
        except ConnectionRefused:
            return "refused"
        return "done"

    assert sorted(at_once(*[partial(answer, verb) for verb in ANSWERS.values()])) == ["done", "refused"]
    assert len(said()) == 1
    assert ProvisionedUser.objects.filter(user__isnull=True).exists() == (said() == ["merged"])


def test_two_who_are_one_by_now_are_not_kept_apart(
    question: IdentityQuestion, connection: SCIMConnection
) -> None:
    keys = question.newcomer.user_id, question.earlier.user_id
    into, other = (joining.found(connection, str(key)) for key in keys)
    assert into is not None
    assert other is not None
    joining.join(connection, into, other, actor=None)
    with pytest.raises(ConnectionRefused):
        same_person.keep_apart(question, actor=None)
    assert said() == ["merged"]


def test_nobody_is_said_to_get_an_account_of_their_own_who_was_linked_meanwhile(
    connection: SCIMConnection, organization: Organization
) -> None:
    account = _known(organization, user__username="iokafor")
    document = {"userName": INES}
    queue.link(connection, document, account, keeps_profile=True, actor=None)
    with pytest.raises(ConnectionRefused, match="linked already"):
        queue.answer(connection, document, AdoptionAnswer.Verdict.SEPARATE, actor=None)
    assert not AdoptionAnswer.objects.exists()
    assert said() == []


def test_who_is_to_keep_their_profile_is_not_said_to_be_linked_by_a_link_that_writes_it(
    connection: SCIMConnection, organization: Organization
) -> None:
    account = _known(organization, user__username="iokafor")
    verdict = queue.look_for(connection, INES, [str(account.pk)])
    assert verdict is not None
    answers.give(connection, verdict, "link", account, actor=None)
    with pytest.raises(ConnectionRefused, match="meanwhile"):
        answers.give(connection, verdict, "keep", account, actor=None)
    assert "linked already" in answers.give(connection, verdict, "link", account, actor=None)
    assert not ProvisionedUser.objects.get().keeps_profile


def test_whose_account_is_another_connections_by_now_is_not_made_the_applications_own(
    scim: ScimClient, connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    assert scim.post("/Users", person()).status_code == 201
    seen = ProvisionedUser.objects.select_related("user", "connection").get()
    other = ConnectionFactory(name="Brightwater", sso_key=str(SSOSettingsFactory().pk))
    ownership.allow_share(other, seen.user, actor=None, name=INES)
    assert ScimClient(TokenFactory(connection=other).plaintext).post("/Users", person()).status_code == 201
    assert ownership.move_ownership(ProvisionedUser.objects.get(connection=other), actor=None)
    with pytest.raises(ConnectionRefused) as refusal:
        keeping.detach(seen, actor=None)
    assert refusal.value.code == "share.guest"
    assert not ProvisionedUser.objects.get(pk=seen.pk).is_deleted


# --- who comes, or is moved, while it is looked at


def test_who_comes_while_everybody_is_compared_is_not_said_to_be_gone(
    scim: ScimClient, connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert scim.post("/Users", person()).status_code == 201
    everybody = learners.everybody

    def seen(own: SCIMConnection) -> Any:
        yield from everybody(own)
        assert scim.post("/Users", person("rui.sousa")).status_code == 201

    monkeypatch.setattr(learners, "everybody", seen)
    report = reconciliation.examine(connection)
    assert (report.compared, report.counts[Found.GONE], report.lines) == (1, 0, [])


def test_whom_the_lms_moves_elsewhere_meanwhile_stays_there_when_their_former_team_is_merged(
    scim: ScimClient, connection: SCIMConnection, organization: Organization
) -> None:
    for name, team in (("ines.okafor", "Bolts"), ("rui.sousa", "Locks")):
        assert scim.post("/Users", person(name, **{ENTERPRISE: {"department": team}})).status_code == 201
    bolts, locks = Team.objects.get(name="Bolts"), Team.objects.get(name="Locks")
    keys = Team.objects.create(organization=organization, name="Keys")
    own = Learner.objects.get(user=_known(organization, team=bolts))
    line = next(line for line in units.choosable(connection) if line.path == DEPARTMENT)
    units.merge(line, ReferenceKey.objects.get(digest=line.rows.digest("Bolts")), locks, actor=None)

    moved: list[str] = []

    def move(go_on: Execute, sql: str, params: Any, many: bool, context: Any) -> Any:
        found = go_on(sql, params, many, context)
        # The LMS's own people of that team, whom nobody has locked yet.
        if not moved and re.search(r"NOT \(.lms_learner", sql):
            moved.append(sql)
            Learner.objects.filter(pk=own.pk).update(team=keys)
        return found

    with database.execute_wrapper(move):
        assert units.settle(line, actor=None) == 1
    own.refresh_from_db()
    assert (len(moved), own.team) == (1, keys)


# --- the database fails where the host could


def test_a_fault_of_the_database_is_not_taken_for_one_of_the_host(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    assert scim.post("/Users", person()).status_code == 201
    link = ProvisionedUser.objects.get()
    User.objects.update(is_active=False)
    with away("lms_learner"), pytest.raises(OperationalError):
        learners_told.answers([link.pk], in_clear=True)
    assert not erasure.is_active(erasure.Person(connection, link))
