"""What becomes of the people of a customer who is disconnected, and who is asked again under a lock."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from scim_provisioning.databases import Fault
from tests.behaviours.mutant import answers, mutants


def takes_whoever_is_locked(original: Any) -> Any:
    return lambda adapters: adapters[0]


def takes_everything_for_the_database(databases: Any) -> Any:
    return SimpleNamespace(**{**vars(databases), "fault_of": lambda error: Fault.BUSY})


def starts_anew(original: Any) -> Any:
    def next_batch(connection: Any, **named: Any) -> Any:
        connection.disconnection.position = 0
        connection.disconnection.save()
        return original(connection, **named)

    return next_batch


def keeps_to_the_requests_transaction(transaction: Any) -> Any:
    return SimpleNamespace(non_atomic_requests=lambda view: view)


_FAULTS = "tests/faults/test_disconnecting.py::"
_PAGES = "tests/admin/test_disconnecting.py::"

MUTANTS = mutants(
    (
        "nobody is added to a connection that has ended meanwhile",
        "provisioning.loading:hold_connection",
        answers(None),
        f"{_FAULTS}test_a_write_that_was_let_in_before_and_begins_after_is_refused[created]",
    ),
    (
        "nobody is changed by a connection that has ended meanwhile",
        "provisioning.loading:_current",
        takes_whoever_is_locked,
        f"{_FAULTS}test_a_write_that_was_let_in_before_and_begins_after_is_refused[activated]",
    ),
    (
        "whoever goes on begins where the last one ended",
        "administration.disconnection:_next_batch",
        starts_anew,
        f"{_PAGES}test_the_door_is_shut_at_once_and_a_page_goes_on_with_the_learners",
    ),
    (
        "a disconnection that nobody has finished is told",
        "administration.disconnection:left",
        lambda left: lambda: left().none(),
        "tests/test_notify.py::test_a_disconnection_that_nobody_has_finished_is_told_once",
    ),
    (
        "the name is asked for by the API too",
        "api.disconnection:DisconnectSerializer.validate_name",
        lambda validate: lambda serializer, typed: typed,
        "tests/api/test_disconnection.py::test_without_choice_name_and_password_nothing_ends",
    ),
    (
        "the door is shut on its own, whatever follows",
        "admin.pages:transaction",
        keeps_to_the_requests_transaction,
        f"{_PAGES}test_the_door_stays_shut_whatever_becomes_of_the_request_afterwards",
    ),
    (
        "what a host has written is called for each who is suspended",
        "adapters.together:may_be_saved_together",
        answers(True),
        f"{_PAGES}test_whatever_the_host_has_written_is_called_for_each_person",
    ),
    (
        "one for whom the host's code fails keeps nobody else",
        "administration.disconnection_batch:databases",
        takes_everything_for_the_database,
        f"{_PAGES}test_somebody_for_whom_the_hosts_code_fails_keeps_nobody_else_from_being_suspended",
    ),
    (
        "sessions end for those who are suspended together",
        "sessions:end",
        answers(0),
        f"{_PAGES}test_sessions_of_those_who_are_suspended_together_end",
    ),
    (
        "who is suspended is wanted on by nobody, though the LMS had switched them off before",
        "provisioning.leaving:_wish_off",
        answers(None),
        "tests/http/test_kept_on_by_whom.py::test_who_was_suspended_while_off_is_let_in_again_by_no_guest",
    ),
    (
        "who is adopted is read again under the lock",
        "provisioning.loading:lock_newcomer",
        answers(None),
        f"{_FAULTS}test_an_account_that_is_renamed_while_it_is_adopted_is_left_alone",
    ),
    (
        "whether an account is protected is asked again under the lock",
        "rules.identity:refuse_protected",
        answers(None),
        f"{_FAULTS}test_an_account_that_is_protected_while_it_is_adopted_is_left_alone",
    ),
    (
        "a returner's account is nobody else's by now",
        "rules.identity:refuse_linked",
        answers(None),
        f"{_FAULTS}test_whoever_returns_finds_their_account_taken_by_another_of_the_connection",
    ),
)
