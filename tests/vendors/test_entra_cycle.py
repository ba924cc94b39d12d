"""Entra's whole cycle over real HTTP, in both dialects, and what it leaves in the LMS's tables."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from example_project.lms import entra_people
from example_project.lms.demonstration import Demonstration
from example_project.lms.models import Learner, Progress, Team
from example_project.lms.seeds import SeededLMS, seed_lms
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lms(transactional_db: None) -> SeededLMS:
    return seed_lms()


@pytest.fixture
def harborline(lms: SeededLMS) -> SCIMConnection:
    return ConnectionFactory(sso_key=str(lms.sso.pk))


def demonstration(
    live_server: LiveServer, lms: SeededLMS, connection: SCIMConnection, *, flag: bool
) -> Demonstration:
    token = TokenFactory(connection=connection).plaintext
    tenant_url = live_server.url + reverse("scim_provisioning:root")
    return Demonstration(connection, lms.organization, tenant_url, token, lambda line: None, flag)


@pytest.mark.parametrize("flag", [False, True], ids=["default", "flagged"])
def test_cycle_leaves_everybody_right(
    live_server: LiveServer, lms: SeededLMS, harborline: SCIMConnection, flag: bool
) -> None:
    demo = demonstration(live_server, lms, harborline, flag=flag)
    demo.play()
    assert demo.faults == []

    hana = User.objects.get(username="hana.reid@harborline.example")
    assert (hana.last_name, hana.email) == ("Novák-Reid", "hana.reid@harborline.example")
    viktor = Learner.objects.get(user__username="viktor.petrov@harborline.example")
    assert not viktor.user.is_active
    assert viktor.progress.exists()
    aino = Learner.objects.get(user__username="aino.laine@harborline.example")
    assert aino.user.is_active
    assert aino.progress.exists()
    # Without a mailbox the sign-in name is the address, as the adapter says.
    hana_less_mail = next(person for person in entra_people.people() if person.mail is None)
    assert (
        User.objects.get(username=hana_less_mail.userPrincipalName).email == hana_less_mail.userPrincipalName
    )
    # The team that both customers have is still two teams.
    assert Team.objects.filter(name="Platform Security").count() == 2


def test_second_run_finds_everybody_and_makes_nobody_twice(
    live_server: LiveServer, lms: SeededLMS, harborline: SCIMConnection
) -> None:
    demonstration(live_server, lms, harborline, flag=False).play()
    counts = [model.objects.count() for model in (User, Learner, Progress, ProvisionedUser)]
    again = demonstration(live_server, lms, harborline, flag=False)
    again.play()
    assert again.faults == []
    assert counts == [model.objects.count() for model in (User, Learner, Progress, ProvisionedUser)]
    assert "POST" not in {step.method for step in again.entra.steps}


def test_cycle_after_which_nothing_changed_sends_no_patch(
    live_server: LiveServer, lms: SeededLMS, harborline: SCIMConnection
) -> None:
    demo = demonstration(live_server, lms, harborline, flag=False)
    demo.entra.initial_cycle(entra_people.people())
    quiet = demo.entra.incremental(entra_people.people())
    assert {step.method for step in quiet} == {"GET"}
    assert demo.faults == []


def test_purged_person_keeps_learner_and_progress_and_comes_back_to_them(
    live_server: LiveServer, lms: SeededLMS, harborline: SCIMConnection
) -> None:
    demo = demonstration(live_server, lms, harborline, flag=False)
    demo.play()
    viktor = demo.entra.directory[entra_people.LEAVER]
    learner = Learner.objects.get(user__username=viktor.userPrincipalName)
    progress = set(learner.progress.values_list("pk", "percent"))
    demo.entra.delete(viktor)
    learner.refresh_from_db()
    assert not User.objects.get(pk=learner.user_id).is_active
    assert set(learner.progress.values_list("pk", "percent")) == progress
    demo.entra.restore(viktor)
    assert demo.faults == []
    assert User.objects.get(pk=learner.user_id).is_active
    assert set(learner.progress.values_list("pk", "percent")) == progress


def test_groups_left_on_are_refused_and_users_go_on(
    live_server: LiveServer, lms: SeededLMS, harborline: SCIMConnection
) -> None:
    demo = demonstration(live_server, lms, harborline, flag=False)
    people = entra_people.people()
    demo.entra.initial_cycle(people[:2])
    assert [step.status for step in demo.entra.push_group("Staff", people[:2])] == [200, 501]
    demo.entra.initial_cycle(people[:3])
    assert demo.faults == []
    assert len(demo.entra.anchors) == 3
