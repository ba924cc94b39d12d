"""What stands between a mistake, or a stolen token, and everybody's access."""

from __future__ import annotations

import traceback
from typing import Any

from tests.behaviours.mutant import answers, mutants

_BRAKE = "tests/http/test_leaver_brake.py::"
_PAGES = "tests/admin/test_held_pages.py::"


def never_trips(original: Any) -> Any:
    def trip(caller: Any, exchange: Any, held: Any) -> None:
        original(caller, exchange, held)
        type(caller.tenant.leaver_brake).objects.update(tripped_at=None)

    return trip


def counts_no_deletion(let_go: Any) -> Any:
    def unless_deleting(adapter: Any, *, is_new: bool = False) -> None:
        if all(frame.name != "_delete" for frame in traceback.extract_stack(limit=6)):
            let_go(adapter, is_new=is_new)

    return unless_deleting


MUTANTS = mutants(
    (
        "too many leavers are held",
        "rules.brake:LeaverBrake.departed",
        answers(0),
        f"{_BRAKE}test_who_goes_above_the_limit_is_answered_try_again_later_and_stays",
    ),
    (
        "a deletion counts as a departure",
        "rules.brake:let_go",
        counts_no_deletion,
        f"{_BRAKE}test_every_road_out_counts_and_is_held",
    ),
    (
        "once somebody is held nobody goes",
        "provisioning.refusing:_hold",
        never_trips,
        f"{_BRAKE}test_once_people_are_held_nobody_goes_even_when_the_hour_is_over",
    ),
    (
        "who may go goes once",
        "rules.brake:_has_word",
        answers(True),
        f"{_PAGES}test_an_allowance_is_for_one_departure",
    ),
    (
        "what a departure changed comes back with the person",
        "administration.reactivation:_inverse",
        answers([]),
        f"{_PAGES}test_who_went_within_the_hour_comes_back_as_they_were",
    ),
)
