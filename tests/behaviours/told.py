"""What hosts are told, and what they may count on."""

from __future__ import annotations

from typing import Any

from tests.behaviours.mutant import answers, mutants

_TOLD = "tests/http/test_told_hosts.py::"
_SEATS = "tests/http/test_seats.py::"
_WORDS = "tests/faults/test_words_of_administrators.py::"
_CIRCLES = "tests/http/test_manager_circles.py::"


def calls_at_once(original: Any) -> Any:
    return lambda call: call()


MUTANTS = mutants(
    (
        "whom a join lets in takes a seat",
        "provisioning.merging:_seat",
        answers(None),
        "tests/admin/test_seats_of_the_joined.py::"
        "test_who_was_off_and_comes_in_by_the_account_that_goes_on_needs_a_seat",
    ),
    (
        "the account that goes leaves the second name too",
        "adapters.accounts:HostAccounts.has_second_name",
        answers(False),
        "tests/admin/test_joining_names.py::test_the_account_that_goes_on_takes_the_second_name_over",
    ),
    (
        "who is to keep their profile is not linked by a link that writes it",
        "administration.adoption.queue:is_linked",
        answers(True),
        f"{_WORDS}test_who_is_to_keep_their_profile_is_not_said_to_be_linked_by_a_link_that_writes_it",
    ),
    (
        "whoever finds no seat is refused",
        "rules.seats:take_a_seat",
        answers(None),
        f"{_SEATS}test_whoever_finds_the_pool_full_is_refused_keeps_nothing_and_comes_in_once_somebody_has_left",
    ),
    (
        "nobody is their own manager through others",
        "adapters.people:People.is_above",
        answers(False),
        f"{_CIRCLES}test_a_circle_through_many_is_found_and_a_long_line_is_none",
    ),
    (
        "a team that changes is told",
        "provisioning.moves:of",
        answers([]),
        f"{_TOLD}test_a_team_that_changes_is_told_with_the_rows_of_the_lms",
    ),
    (
        "what waits for the commit waits for it",
        "commits:after_commit",
        calls_at_once,
        f"{_TOLD}test_nothing_is_called_before_the_commit_of_the_whole",
    ),
    (
        "what a receiver changes is in the answer",
        "provisioning.host_calls:listens",
        answers(False),
        f"{_TOLD}test_what_a_receiver_changes_is_in_the_answer",
    ),
)
