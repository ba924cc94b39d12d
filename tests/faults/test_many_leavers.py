"""A group is taken out of the scope by mistake: what eight workers can do before the brake holds, and its undoing.

Each worker is a process. On SQLite they queue at BEGIN; on PostgreSQL and MariaDB they meet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from example_project.lms.models import Learner, Team
from scim_provisioning.administration import leaver_brake, reactivation
from scim_provisioning.models import Action, HeldLeaver, ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.protocol.constants import MEDIA_TYPE
from scim_provisioning.protocol.text import fold
from scim_provisioning.testing.simulators import Answer
from scim_provisioning.testing.simulators.judging import verdict_on
from tests.client import ScimClient
from tests.databases import shared_by_threads
from tests.faults.forks import at_once

pytestmark = pytest.mark.django_db(transaction=True)

#: Of 1,204 learners, 5 per cent are 60.
LEARNERS, MISTAKEN, WORKERS, LIMIT = 1204, 214, 8, 60
OFF = [{"op": "Replace", "path": "active", "value": "False"}]


@pytest.fixture(autouse=True)
def _database_that_processes_can_share(transactional_db: None, tmp_path: Path) -> Iterator[None]:
    with shared_by_threads(tmp_path):
        yield


@pytest.fixture
def mistaken(connection: SCIMConnection, organization: Any) -> list[str]:
    """The SCIM ids of the people whom the identity provider is going to switch off."""
    team = Team.objects.create(organization=organization, name="Crowd")
    User = get_user_model()
    names = [f"p{n}@crowd.example" for n in range(LEARNERS)]
    User.objects.bulk_create([User(username=name, email=name) for name in names])
    # Read again: MySQL tells no keys of many rows at once.
    users = list(User.objects.filter(username__in=names))
    Learner.objects.bulk_create([Learner(user=user, organization=organization, team=team) for user in users])
    ProvisionedUser.objects.bulk_create(
        ProvisionedUser(
            connection=connection,
            user=user,
            user_name=user.username,
            user_name_key=fold(user.username),
            document={"userName": user.username},
            # Who came within the hour makes no room for leavers.
            created_at=timezone.now() - timedelta(days=1),
        )
        for user in users
    )
    return [str(scim_id) for scim_id in ProvisionedUser.objects.values_list("scim_id", flat=True)[:MISTAKEN]]


def switch_off(token: str, ids: list[str]) -> Callable[[], list[Any]]:
    """What one worker of the identity provider sends."""
    return lambda: [ScimClient(token).patch(f"/Users/{scim_id}", OFF) for scim_id in ids]


def test_of_214_wrong_deactivations_60_are_done_none_is_lost_and_one_click_brings_them_back(
    token: str, mistaken: list[str], connection: SCIMConnection
) -> None:
    shares = [mistaken[n::WORKERS] for n in range(WORKERS)]
    answers = [answer for one in at_once(*(switch_off(token, share) for share in shares)) for answer in one]
    assert Counter(answer.status_code for answer in answers) == {200: LIMIT, 503: MISTAKEN - LIMIT}
    assert ProvisionedUser.objects.filter(active=False).count() == LIMIT
    assert get_user_model().objects.filter(is_active=False).count() == LIMIT

    # Nothing is lost: each was either done or is held, and stands in the log once.
    assert HeldLeaver.objects.filter(connection=connection).count() == MISTAKEN - LIMIT
    written = Counter(ProvisioningEvent.objects.values_list("action", flat=True))
    assert written == {Action.DEACTIVATED: LIMIT, Action.HELD: MISTAKEN - LIMIT}

    # For Entra these are people to be tried again, not a job to be stopped: it stops at 5,000 and more failures.
    judged = [
        verdict_on(
            Answer(answer.status_code, {"content-type": MEDIA_TYPE}, answer.content), (200,), essential=False
        )
        for answer in answers
    ]
    assert Counter(verdict for _what, verdict in judged) == {"": LIMIT, "retry": MISTAKEN - LIMIT}

    hold = leaver_brake.of(connection)
    assert hold is not None
    assert (hold.waiting, hold.departed) == (MISTAKEN - LIMIT, LIMIT)
    went = list(reactivation.departures(connection, 1))
    assert reactivation.undo(connection, went, actor=None).back == LIMIT
    assert not get_user_model().objects.filter(is_active=False).exists()
    assert not ProvisionedUser.objects.filter(active=False).exists()


def test_what_is_asked_of_people_who_came_back_counts_as_new_and_is_held(
    token: str, mistaken: list[str], connection: SCIMConnection
) -> None:
    scim = ScimClient(token)
    connection.policies = {"leavers_at_least": 2, "leavers_percent": 0}
    connection.save()
    answers = [scim.patch(f"/Users/{scim_id}", OFF).status_code for scim_id in mistaken[:3]]
    assert answers == [200, 200, 503]
    reactivation.undo(connection, list(reactivation.departures(connection, 1)), actor=None)
    again = [scim.patch(f"/Users/{scim_id}", OFF).status_code for scim_id in mistaken[:3]]
    assert again == [503, 503, 503]
