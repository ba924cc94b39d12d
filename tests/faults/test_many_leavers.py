"""A group is taken out of the scope by mistake: what eight workers can do before the brake holds, and its undoing.

Entra is the simulated one, in as many threads, and the LMS is served by as many processes. On SQLite they queue at
BEGIN; on PostgreSQL and MariaDB they meet.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection as database
from django.test import Client

from example_project.lms.models import BusinessUnit, Company, Course, Learner, Progress, Team
from scim_provisioning.administration import leaver_brake, reactivation
from scim_provisioning.models import Action, HeldLeaver, ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.protocol.text import fold
from scim_provisioning.testing.factories import TokenFactory
from scim_provisioning.testing.simulators import (
    DEFAULT_MAPPING,
    LEARNING_ROWS,
    EntraSimulator,
    Job,
    Person,
    Step,
)
from tests.admin.conftest import make_administrator
from tests.admin.pages import PASSWORD, text, url
from tests.client import ScimClient
from tests.deployment.conftest import url_of
from tests.faults.enrolment.scim import ENROLLED
from tests.leavers import established, learners, leave, let_go_at_most
from tests.processes import serving

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.long,
    pytest.mark.usefixtures("shared_database"),
]

#: Of 1,204 learners, 5 per cent are 60.
LEARNERS, MISTAKEN, WORKERS, LIMIT = 1204, 214, 8, 60
SECONDS = 10


@pytest.fixture
def lms(settings: Any, tmp_path: Path) -> Iterator[str]:
    """The address of the LMS, on the database of the test; here it is as there: leavers lose their courses."""
    settings.SCIM_PROVISIONING = {
        **settings.SCIM_PROVISIONING,
        "ADAPTER": "tests.faults.enrolment.scim.LearnerAdapter",
    }
    name = str(database.settings_dict["NAME"])
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{name}" if database.vendor == "sqlite" else url_of(name),
        "DJANGO_SETTINGS_MODULE": "tests.faults.enrolment.settings",
        "REDIS_URL": "",
        "TEST_DATABASE_NAME": "",
    }
    arguments = ["gunicorn", "example_project.wsgi:application", "--bind", "127.0.0.1:{port}", "--preload"]
    with serving(
        [*arguments, "--workers", str(WORKERS), "--graceful-timeout", "5"], environment, tmp_path
    ) as port:
        yield f"http://127.0.0.1:{port}/scim/v2"


class Entra:
    """One job of Entra's, played by workers that share its people."""

    def __init__(self, address: str, token: str) -> None:
        self.job = Job()
        mapping = (*DEFAULT_MAPPING, *LEARNING_ROWS)
        self.workers = [EntraSimulator(address, token, mapping=mapping, job=self.job) for _ in range(WORKERS)]

    def cycle(self, people: list[Person]) -> list[Step]:
        """Send what differs; returns the requests that changed somebody, or tried to."""
        self.job.begin_cycle()
        shares = [people[number::WORKERS] for number in range(WORKERS)]
        with ThreadPoolExecutor(WORKERS) as threads:
            cycles = threads.map(EntraSimulator.incremental, self.workers, shares)
            return [step for steps in cycles for step in steps if step.method != "GET"]

    @property
    def failures(self) -> int:
        """How many people are to be tried again."""
        return sum(len(worker.failures) for worker in self.workers)


def somebody(number: int) -> Person:
    name = f"p{number}@crowd.example"
    return Person(
        userPrincipalName=name,
        mail=name,
        givenName="Cleo",
        surname=f"No. {number}",
        jobTitle="Mate",
        companyName="Harborline Shipping",
        division="Digital",
        department="Crowd",
    )


def fill(connection: SCIMConnection, organization: Any) -> None:
    """The learners, as earlier cycles made them: with all that an LMS has of them, the first everybody's manager."""
    User = get_user_model()
    enrolled, course = Group.objects.create(name=ENROLLED), Course.objects.create(title="Secure coding")
    units = {
        field: model.objects.create(organization=organization, name=name)
        for field, model, name in (
            ("company", Company, "Harborline Shipping"),
            ("business_unit", BusinessUnit, "Digital"),
            ("team", Team, "Crowd"),
        )
    }
    User.objects.bulk_create(
        User(username=one.userPrincipalName, email=one.mail, first_name=one.givenName, last_name=one.surname)
        for one in map(somebody, range(LEARNERS))
    )
    # Read again: MySQL tells no keys of many rows at once.
    users = list(User.objects.order_by("pk"))
    User.groups.through.objects.bulk_create(User.groups.through(user=user, group=enrolled) for user in users)
    facts = {"organization": organization, "job_role": "Mate", **units}
    Learner.objects.bulk_create(Learner(user=user, **facts) for user in users)
    people = list(Learner.objects.order_by("pk"))
    Learner.objects.exclude(pk=people[0].pk).update(manager=people[0])
    Progress.objects.bulk_create(
        Progress(learner=one, course=course, percent=number % 101) for number, one in enumerate(people)
    )
    ProvisionedUser.objects.bulk_create(
        ProvisionedUser(
            connection=connection,
            user=user,
            user_name=user.username,
            user_name_key=fold(user.username),
            document={
                "userName": user.username,
                "name": {"formatted": user.get_full_name()},
                "emails": [{"type": "work", "value": user.email}],
            },
        )
        for user in users
    )
    established()


def as_they_are() -> dict[str, Any]:
    """Of everybody what an LMS has of them."""
    rows = Learner.objects.order_by("pk").values_list(
        "user__username",
        "user__is_active",
        "user__email",
        "user__last_name",
        "job_role",
        "company__name",
        "business_unit__name",
        "team__name",
        "manager__user__username",
        "user__groups__name",
        "progress__course__title",
        "progress__percent",
    )
    return {name: facts for name, *facts in rows}


def switched_off() -> int:
    return get_user_model().objects.filter(is_active=False).count()


def written() -> dict[str, int]:
    """How many entries the log has of who went, is held, or is back."""
    moves = (Action.DEACTIVATED, Action.HELD, Action.REACTIVATED, Action.REFUSED)
    return Counter(ProvisioningEvent.objects.filter(action__in=moves).values_list("action", flat=True))


def test_of_214_wrong_deactivations_60_are_done_none_is_lost_and_one_click_brings_them_back(
    lms: str, token: str, connection: SCIMConnection, organization: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(connection, organization)
    entra, before = Entra(lms, token), as_they_are()
    people = [somebody(number) for number in range(1, MISTAKEN + 1)]
    assert len(before) == LEARNERS
    assert before["p7@crowd.example"][2:] == [
        "No. 7",
        "Mate",
        "Harborline Shipping",
        "Digital",
        "Crowd",
        "p0@crowd.example",
        ENROLLED,
        "Secure coding",
        7,
    ]

    asked = entra.cycle([replace(person, accountEnabled=False) for person in people])
    assert Counter(step.status for step in asked) == {200: LIMIT, 503: MISTAKEN - LIMIT}
    assert switched_off() == LIMIT
    assert Group.objects.get().user_set.count() == LEARNERS - LIMIT
    # Nothing is lost: each was either done, or is held, to be tried again, and stands in the log once.
    assert HeldLeaver.objects.filter(connection=connection).count() == entra.failures == MISTAKEN - LIMIT
    assert written() == {Action.DEACTIVATED: LIMIT, Action.HELD: MISTAKEN - LIMIT}
    assert entra.job.failed == MISTAKEN - LIMIT
    assert entra.job.quarantine == ""

    make_administrator("ada", is_superuser=True)
    browser = Client()
    browser.login(username="ada", password=PASSWORD)
    page = browser.get(url("undo", connection))
    form = {name: page.context["form"].initial[name] for name in ("hours", "last")}
    # Of a busy machine's clock the work of this process: ten seconds are also what one press works for.
    monkeypatch.setattr(reactivation, "monotonic", process_time)
    started = process_time()
    done = browser.post(url("undo", connection), {**form, "password": PASSWORD})
    assert process_time() - started < SECONDS
    assert "60 people are back as before." in text(browser.get(done["Location"]))
    assert as_they_are() == before
    assert written()[Action.REACTIVATED] == LIMIT

    # Somebody has put the group back: Entra tries again whom it could not switch off, and has nothing to send.
    assert entra.cycle(people) == []
    assert (entra.failures, entra.job.quarantine) == (0, "")
    assert as_they_are() == before


def test_what_is_asked_of_people_who_came_back_counts_as_new_and_is_held(
    connection: SCIMConnection,
) -> None:
    scim = ScimClient(TokenFactory(connection=connection).plaintext)
    let_go_at_most(connection, 2)
    ids = learners(scim, 3)
    assert leave(scim, *ids) == [200, 200, 503]
    reactivation.undo(connection, list(reactivation.departures(connection, 1)), actor=None)
    assert leaver_brake.of(connection) is not None
    assert leave(scim, *ids) == [503, 503, 503]
