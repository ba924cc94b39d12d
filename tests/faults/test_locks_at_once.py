"""An administrator locks a value, or detaches a learner, while the identity provider writes. On SQLite they queue at
BEGIN."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from example_project.lms.models import Learner
from scim_provisioning.administration import keeping
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.models import LockedValue, ProvisionedUser, SCIMConnection
from tests.client import ScimClient
from tests.faults.forks import at_once
from tests.people import person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shared_database")]

ROUNDS = 6


def joined(scim: ScimClient, number: int) -> ProvisionedUser:
    made = scim.post("/Users", person(f"p{number}.x", title="Before")).json()
    return ProvisionedUser.objects.select_related("user", "connection").get(scim_id=made["id"])


def sent(scim: ScimClient, link: ProvisionedUser, title: str) -> Callable[[], Any]:
    change = [{"op": "replace", "path": "title", "value": title}]
    return lambda: scim.patch(f"/Users/{link.scim_id}", change).status_code


def locking(link: ProvisionedUser, path: str) -> Callable[[], bool]:
    return lambda: keeping.lock(link, path, reason="Ours", actor=None)


def test_a_lock_that_meets_a_change_is_never_lost(scim: ScimClient, connection: SCIMConnection) -> None:
    for number in range(ROUNDS):
        link = joined(scim, number)
        status, done, _other = at_once(
            sent(scim, link, "Between"), locking(link, "title"), locking(link, "name.givenName")
        )
        assert (status, done) == (200, True)
        kept = Learner.objects.get(user=link.user_id).job_role
        assert kept in ("Before", "Between")
        assert sent(scim, link, "After")() == 200
        assert Learner.objects.get(user=link.user_id).job_role == kept
        assert scim.get(f"/Users/{link.scim_id}").json()["title"] == "After"
        assert LockedValue.objects.filter(link=link).count() == 2


def test_the_connection_knows_of_locks_whoever_makes_and_ends_them_at_the_same_moment(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    one, other = joined(scim, 1), joined(scim, 2)
    assert locking(one, "title")()
    for _round in range(ROUNDS):
        at_once(lambda: keeping.unlock(one, "title", actor=None), locking(other, "title"))
        assert SCIMConnection.objects.get().has_locks
        at_once(lambda: keeping.unlock(other, "title", actor=None), locking(one, "title"))
        assert SCIMConnection.objects.get().has_locks


def test_somebody_who_is_detached_twice_and_written_to_is_detached_once(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    def detached(link: ProvisionedUser) -> Callable[[], bool]:
        def detach() -> bool:
            try:
                keeping.detach(link, actor=None)
            except ConnectionRefused:
                return False
            return True

        return detach

    for number in range(ROUNDS):
        link = joined(scim, number)
        first, second, status = at_once(detached(link), detached(link), sent(scim, link, "Between"))
        assert sorted((first, second)) == [False, True]
        assert status in (200, 404)
        assert not ProvisionedUser.objects.living().filter(pk=link.pk).exists()
        assert Learner.objects.filter(user=link.user_id).exists()
