"""Many processes let people go at the same moment: as many go as may, and the others are held."""

from __future__ import annotations

from functools import partial

import pytest

from scim_provisioning.models import HeldLeaver, LeaverBrake, SCIMConnection
from tests.client import ScimClient
from tests.faults.forks import at_once
from tests.leavers import OFF, learners, let_go_at_most

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shared_database")]


def test_of_many_who_leave_at_the_same_moment_exactly_as_many_go_as_may(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    let_go_at_most(connection, 6)
    ids = learners(scim, 24)
    for round_of in range(3):
        people = ids[8 * round_of : 8 * round_of + 8]
        LeaverBrake.objects.update(recent=[], tripped_at=None)
        HeldLeaver.objects.all().delete()
        answers = at_once(*[partial(scim.patch, f"/Users/{scim_id}", OFF) for scim_id in people])
        assert sorted(answer.status_code for answer in answers) == [200] * 6 + [503] * 2
        assert HeldLeaver.objects.count() == 2
