"""What happens to people over weeks, as the simulated Entra tells it over HTTP; each test is a sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from example_project.lms.models import Course, Learner, Progress
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.conf import tenant_url
from scim_provisioning.models import ProvisioningEvent, SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from scim_provisioning.testing.sending import send_through
from scim_provisioning.testing.simulators import EntraSimulator, Person
from tests.admin.pages import text, url
from tests.lms_factories import LearnerFactory, ProgressFactory, SSOSettingsFactory

pytestmark = pytest.mark.django_db

GUEST = "rui.sousa_partner.example#EXT#@harborline.onmicrosoft.com"


def somebody(name: str, **more: Any) -> Person:
    given, _, family = name.partition(".")
    facts = {"mail": f"{name}@harborline.example", "department": "Sales", **more}
    facts = {"userPrincipalName": f"{name}@harborline.example", "mailNickname": name, **facts}
    return Person(givenName=given.title(), surname=family.title(), displayName=name, **facts)


@pytest.fixture
def entra(token: str, client: Client) -> EntraSimulator:
    return EntraSimulator(tenant_url(), token, send_through(client))


def learner(name: str) -> Learner:
    return Learner.objects.select_related("user", "manager__user").get(user__first_name=name.title())


def a_week_passes() -> None:
    """Everything in the log is a week older."""
    for event in ProvisioningEvent.objects.all():
        event.created_at -= timedelta(days=7)
        event.save(update_fields=["created_at"])


def test_a_manager_who_is_assigned_a_week_later_manages_everybody_from_then_on(
    entra: EntraSimulator,
) -> None:
    boss = somebody("bea.lind")
    team = [somebody(name, manager=boss.objectId) for name in ("ann.roe", "carl.moss")]
    entra.initial_cycle(team)
    assert learner("ann").manager is None
    a_week_passes()
    entra.incremental([boss, *team])
    assert entra.problems == []
    assert learner("ann").manager == learner("carl").manager == learner("bea")
    quiet = entra.incremental([boss, *team])
    assert {step.method for step in quiet} == {"GET"}


def test_a_manager_who_was_deleted_and_returns_a_week_later_is_missed_on_the_page_until_then(
    entra: EntraSimulator, connection: SCIMConnection, admin_client: Client
) -> None:
    boss, ann = somebody("bea.lind"), somebody("ann.roe")
    entra.initial_cycle([boss, ann])
    bea = entra.anchors[boss.objectId]
    entra.delete(boss)
    # Another directory that names her all the same: by the id that it knows.
    entra.directory[boss.objectId], entra.anchors[boss.objectId] = boss, bea
    entra.incremental([replace(ann, manager=boss.objectId)])
    assert learner("ann").manager is None
    a_week_passes()
    page = text(admin_client.get(url("managers", connection)))
    assert (
        "ann.roe@harborline.example bea.lind@harborline.example Deleted by the identity provider. 7 days"
        in page
    )
    del entra.anchors[boss.objectId]
    entra.incremental([boss])
    assert entra.anchors[boss.objectId] == bea
    assert learner("ann").manager == learner("bea")
    assert "Nobody waits for a manager." in text(admin_client.get(url("managers", connection)))


def test_who_learnt_here_under_another_name_is_asked_about_and_goes_on_learning_once_somebody_has_answered(
    entra: EntraSimulator, connection: SCIMConnection, admin_client: Client
) -> None:
    here: dict[str, Any] = {"user__username": "annie", "user__email": "Ann.Roe@harborline.example"}
    annie = LearnerFactory(organization=connection.sso.organization, **here)
    begun = ProgressFactory(learner=annie, percent=60)
    ann = somebody("ann.roe", jobTitle="Welder")
    entra.initial_cycle([ann])
    (refused,) = entra.problems
    assert (refused.method, refused.status) == ("POST", 409)
    assert refused.verdict != "quarantine"
    page = url("queue", connection)
    assert "has the same work e-mail address" in text(admin_client.get(page))
    event = ProvisioningEvent.objects.get(outcome="refused")
    answer = {"answer": "link", "account": annie.user_id, "password": "password"}
    assert "Linked: “" in text(admin_client.post(f"{page}{event.pk}/", answer, follow=True))

    entra.incremental([ann])
    assert len(entra.problems) == 1
    assert Learner.objects.get() == annie == learner("ann")
    assert (learner("ann").job_role, begun.learner.progress.get().percent) == ("Welder", 60)


class TwoSeats(LearnerAdapter):
    @classmethod
    def seats(cls, connection: SCIMConnection) -> int | None:
        return 2


def test_who_finds_the_licence_pool_full_comes_in_with_the_cycle_after_somebody_has_left(
    entra: EntraSimulator, settings: Any, connection: SCIMConnection, admin_client: Client
) -> None:
    adapter = f"{__name__}.TwoSeats"
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": adapter}
    ann, bob, cara = (somebody(name) for name in ("ann.roe", "bob.lind", "cara.moss"))
    entra.initial_cycle([ann, bob, cara])
    (refused,) = entra.problems
    assert (refused.method, refused.status) == ("POST", 403)
    assert cara.objectId not in entra.anchors
    assert refused.verdict != "quarantine"
    assert "Seats 2 of 2 seats" in text(admin_client.get(url("change", connection)))
    page = admin_client.get("/admin/scim_provisioning/provisioningevent/people/?q=cara")
    assert "No licences are left." in text(page)

    entra.incremental([cara])
    assert len(entra.problems) == 2
    entra.disable(ann)
    entra.incremental([cara])
    assert len(entra.problems) == 2
    assert learner("cara").user.is_active
    assert not learner("ann").user.is_active


def test_guest_users_are_learners_like_any_and_keep_their_names_as_entra_writes_them(
    entra: EntraSimulator, client: Client
) -> None:
    guest = somebody("rui.sousa", userPrincipalName=GUEST, mail="rui.sousa@partner.example")
    entra.initial_cycle([guest])
    assert entra.problems == []
    rui = learner("rui").user
    assert (rui.username, rui.email) == (GUEST, "rui.sousa@partner.example")
    assert {step.method for step in entra.incremental([guest])} == {"GET"}

    entra.incremental([replace(guest, surname="Sousa Lima")])
    gone = entra.disable(replace(guest, surname="Sousa Lima"))
    rui.refresh_from_db()
    assert (rui.last_name, rui.is_active) == ("Sousa Lima", False)
    # Once a guest has become one of the staff, under a name of the house.
    entra.incremental([replace(gone, accountEnabled=True, userPrincipalName="rui.sousa@harborline.example")])
    assert entra.problems == []
    rui.refresh_from_db()
    assert (rui.username, rui.is_active) == ("rui.sousa@harborline.example", True)
    assert Learner.objects.count() == 1


def test_the_same_person_in_two_customers_tenants_is_two_learners_who_know_nothing_of_each_other(
    entra: EntraSimulator, client: Client, connection: SCIMConnection
) -> None:
    other = ConnectionFactory(name="Meadow", sso_key=str(SSOSettingsFactory().pk))
    theirs = EntraSimulator(tenant_url(), TokenFactory(connection=other).plaintext, send_through(client))
    ines = somebody("ines.okafor")
    entra.initial_cycle([ines])
    mine = learner("ines")
    Progress.objects.create(learner=mine, course=Course.objects.create(title="Secure coding"), percent=80)
    # A guest of Meadow's, whom Meadow's Entra knows by another id of its own.
    guest = replace(ines, objectId="9d4b5e6f-meadow", jobTitle="Adviser", department="Guests")
    theirs.initial_cycle([guest])
    assert entra.problems == theirs.problems == []
    assert entra.anchors[ines.objectId] != theirs.anchors[guest.objectId]
    yours = Learner.objects.exclude(pk=mine.pk).get()
    assert (yours.organization_id, yours.progress.count()) == (other.sso.organization_id, 0)  # type: ignore[union-attr]
    assert (yours.job_role, yours.team.name) == ("Adviser", "Guests")  # type: ignore[union-attr]

    theirs.incremental([replace(guest, surname="Otherwise")])
    theirs.disable(guest)
    theirs.delete(guest)
    now = Learner.objects.get(pk=mine.pk)
    assert (now.user.last_name, now.user.is_active, now.progress.get().percent) == ("Okafor", True, 80)
    # Neither is told of the other by what it does not find.
    assert {step.method for step in entra.incremental([ines])} == {"GET"}
    assert {step.status for step in entra.incremental([ines])} == {200}
    theirs.restore(guest)
    assert Learner.objects.count() == 2


def test_whoever_leads_the_company_and_is_their_own_manager_in_entra_has_none_here_and_no_cycle_is_wasted(
    entra: EntraSimulator,
) -> None:
    chief = somebody("bea.lind")
    chief = replace(chief, manager=chief.objectId)
    ann = somebody("ann.roe", manager=chief.objectId)
    entra.initial_cycle([chief, ann])
    assert entra.problems == []
    assert (learner("bea").manager, learner("ann").manager) == (None, learner("bea"))
    assert {step.method for step in entra.incremental([chief, ann])} == {"GET"}
    call_command("scim_managers")
    assert learner("bea").manager is None
    assert ProvisioningEvent.objects.filter(cause__has_key="manager_circle").count() == 1
