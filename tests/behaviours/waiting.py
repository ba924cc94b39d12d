"""Locks that put those who write at the same moment into an order. SQLite needs none: there one transaction writes at a
time, so these are taken away on a server (``mutants.py --server``)."""

from __future__ import annotations

from typing import Any

from scim_provisioning.models import LeaverBrake
from scim_provisioning.models.provisioned_user import _STATE
from tests.behaviours.mutant import answers, mutants

_ACCESS = "tests/http/test_access_races.py::"
_RACES = "tests/http/test_races.py::"


def locks_no_link(original: Any) -> Any:
    def locking(links: Any, *, skip_locked: bool = False) -> Any:
        return links.order_by("user_id", "pk").only("connection", *_STATE)

    return locking


def locks_own_link_alone(original: Any) -> Any:
    return lambda column, connection, value: original(column, connection, value).filter(connection=connection)


def locks_no_brake(original: Any) -> Any:
    return lambda connection: LeaverBrake.objects.get_or_create(connection=connection)[0]


def locks_no_name(original: Any) -> Any:
    def locked(cls: Any, digest: str, **facts: Any) -> Any:
        return cls.objects.filter(digest=digest).first() or cls(digest=digest, **facts)

    return locked


MUTANTS = mutants(
    (
        "who changes somebody holds their link",
        "models.provisioned_user:ProvisionedUserQuerySet.locking",
        locks_no_link,
        f"{_RACES}test_patches_of_different_attributes_all_survive",
    ),
    (
        "whether an account stays on is decided under a lock on all of its links",
        "provisioning.loading:_same_account",
        locks_own_link_alone,
        f"{_ACCESS}test_of_people_whom_two_connections_deactivate_at_the_same_moment_none_stays_active",
    ),
    (
        "who takes a seat holds the connection's seats",
        "models.seat_lock:SeatLock.hold",
        answers(None),
        "tests/http/test_seats.py::test_of_many_who_come_and_return_and_leave_at_the_same_moment_exactly_as_many_are_in"
        "_as_there_are_seats",
    ),
    (
        "who leaves is counted under a lock",
        "rules.brake:locked",
        locks_no_brake,
        "tests/faults/test_leavers_at_once.py"
        "::test_of_many_who_leave_at_the_same_moment_exactly_as_many_go_as_may",
    ),
    (
        "who needs a new team holds its name",
        "models.reference_key:ReferenceKey.locked",
        locks_no_name,
        "tests/faults/test_references_at_once.py::test_the_host_need_not_have_a_constraint",
    ),
    (
        "who takes a name holds it in every case",
        "databases.texts:hold_text",
        answers(None),
        "tests/faults/test_one_name.py::test_of_two_who_are_given_one_name_in_two_cases_one_gets_it",
    ),
)
