"""What becomes of what goes wrong in the host's code or its database."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

from django.db import IntegrityError
from rest_framework import exceptions

from scim_provisioning.protocol import errors
from tests.behaviours.mutant import answers, mutants


def takes_404_for_the_persons(original: Any) -> Any:
    def scim_error(exception: Any, caller: Any, sent: Any = None, **named: Any) -> Any:
        if isinstance(exception, exceptions.NotFound):
            return errors.NotFound()
        return original(exception, caller, sent, **named)

    return scim_error


def blames_the_host_for_constraints(original: Any) -> Any:
    def scim_error(exception: Any, caller: Any, sent: Any = None, **named: Any) -> Any:
        if isinstance(exception, IntegrityError):
            return errors.InternalError()
        return original(exception, caller, sent, **named)

    return scim_error


def tells_the_exception(original: Any) -> Any:
    def scim_error(exception: Any, caller: Any, sent: Any = None, **named: Any) -> Any:
        error = original(exception, caller, sent, **named)
        error.detail = f"{exception} {error.detail}"
        return error

    return scim_error


def without_transactions(databases: Any) -> Any:
    return SimpleNamespace(**{**vars(databases), "atomic": nullcontext})


def tries_once(databases: Any) -> Any:
    return SimpleNamespace(**{**vars(databases), "retried": lambda work: work()})


def knows_no_faults(databases: Any) -> Any:
    return SimpleNamespace(**{**vars(databases), "fault_of": lambda error: None})


_BREAKS = "tests/faults/test_host_code_that_breaks_the_transaction.py::"
_FAILS = "tests/faults/test_databases_that_fail.py::"


def says_only_that_it_failed(original: Any) -> Any:
    return lambda reference, name, refused: errors.InvalidValue(
        f"'{name}' could not be created.", code="attr.reference"
    )


_DATABASE = "tests/http/test_database_errors.py::"
_HOOK_FAILS = (
    "tests/http/test_host_hooks.py::test_exception_in_a_hook_is_a_500_without_detail_rolled_back_and_logged"
)

MUTANTS = mutants(
    (
        "an administrator is told which hook of which connection failed",
        "provisioning.host_calls:raised_by",
        answers(None),
        "tests/admin/test_failing_hooks.py::test_who_does_not_see_the_guests_connection_is_not_told_what_it_is_called",
    ),
    (
        "a refused create leaves nothing",
        "provisioning.transactions:databases",
        without_transactions,
        _HOOK_FAILS,
    ),
    (
        "an error that a hook catches is the hook's own",
        "provisioning.host_calls:databases",
        without_transactions,
        f"{_BREAKS}test_what_a_hook_does_to_the_transaction_never_makes_the_answer_a_lie[swallow]",
    ),
    (
        "a hook that closes the connection is found out",
        "provisioning.transactions:broken",
        lambda original: lambda *arguments: errors.InternalError(),
        f"{_BREAKS}test_what_a_hook_does_to_the_transaction_never_makes_the_answer_a_lie[close]",
    ),
    (
        "nothing is sent after the application has ended the transaction",
        "provisioning.watching:Watch.kept",
        lambda original: lambda watch: nullcontext(),
        f"{_BREAKS}test_commit_by_hand_is_a_failure_that_does_not_say_that_nothing_was_done",
    ),
    (
        "the line that broke a transaction is named",
        "provisioning.host_code:running",
        answers(""),
        "tests/faults/test_host_code_everywhere.py"
        "::test_code_of_the_host_that_runs_under_no_savepoint_is_named_by_its_line[swallow]",
    ),
    (
        "what fails after the commit changes no answer",
        "provisioning.watching:Watch.committed",
        answers(None),
        f"{_BREAKS}test_callback_that_fails_after_the_commit_changes_no_answer_and_is_logged",
    ),
    (
        "a database that is locked for a moment is tried again",
        "databases.retrying:_deserves_another_try",
        answers(False),
        f"{_FAILS}test_a_lock_that_is_given_up_soon_costs_a_moment_and_no_change",
    ),
    (
        "an administrator is told what became of their word when the database was in the way",
        "administration.troubles:words",
        answers(""),
        "tests/admin/test_database_in_trouble.py::test_page_api_and_command_say_whether_it_was_done",
    ),
    (
        "the row of a refusal is tried again too",
        "events.refusals:databases",
        tries_once,
        f"{_FAILS}test_refusal_whose_row_meets_a_lock_is_in_the_log_all_the_same",
    ),
    (
        "a database that is locked for long is no fault of the host's code",
        "http.errors:databases",
        knows_no_faults,
        f"{_FAILS}test_a_lock_that_is_held_for_long_is_503_and_nothing_is_changed",
    ),
    (
        "a host's Http404 is not the person's",
        "http.errors:scim_error",
        takes_404_for_the_persons,
        "tests/http/test_refusals.py::test_a_failure_is_500_and_tells_only_administrators_what_and_where",
    ),
    (
        "a database error in a signal of the host's is about the person",
        "provisioning.writing:explained",
        answers(nullcontext()),
        f"{_DATABASE}test_a_unique_column_of_another_table_is_named_itself",
    ),
    (
        "a constraint that speaks up at COMMIT is about the person",
        "http.errors:scim_error",
        blames_the_host_for_constraints,
        f"{_DATABASE}test_a_reference_to_nothing_is_400_be_it_found_at_once_or_at_commit",
    ),
    (
        "not every collision is a userName's",
        "adapters.database_errors:is_collision",
        answers(True),
        f"{_DATABASE}test_only_the_links_own_constraint_means_that_a_user_name_is_taken",
    ),
    (
        "a fault of the host's stays on the server",
        "http.errors:scim_error",
        tells_the_exception,
        _HOOK_FAILS,
    ),
    (
        "a row that a reference cannot make names its column",
        "adapters.kinds.references:Reference._not_created",
        says_only_that_it_failed,
        f"{_DATABASE}test_a_team_that_the_database_does_not_take_is_400_with_the_column_of_its_own_table",
    ),
)
