"""What is said of requests to those who run the server."""

from __future__ import annotations

from typing import Any

from scim_provisioning import telemetry
from tests.behaviours.mutant import answers, is_instead, mutants

_LINES = "tests/operating/test_lines.py::"
_METRICS = "tests/operating/test_metrics.py::"
_TERMINALS = "tests/operating/test_terminals.py::"
_DOCTOR = "tests/operating/test_doctor.py::"


def counts_before_the_commit(note_done: Any) -> Any:
    def at_once(event: Any) -> None:
        telemetry.current().operation(action=str(event.action), result=str(event.outcome))

    return at_once


MUTANTS = mutants(
    (
        "changed attributes are named without values",
        "http.observing:_names",
        is_instead(sorted),
        f"{_LINES}test_nothing_of_a_person_is_in_any_line",
    ),
    (
        "what others have written gives a terminal no orders",
        "management.output:inert management.tables:inert",
        lambda original: str,
        f"{_TERMINALS}test_an_export_gives_no_orders_by_what_a_command_says_of_it_nor_by_its_report",
    ),
    (
        "what others have written gives no orders in a file",
        "administration.spreadsheets:inert",
        lambda original: str,
        f"{_TERMINALS}test_the_log_gives_no_orders_to_a_terminal_nor_in_a_file",
    ),
    (
        "a route is a template",
        "http.observing:_asked",
        lambda asked: lambda request, route: asked(request, request.path),
        f"{_LINES}test_nothing_of_a_person_is_in_any_line",
    ),
    (
        "what is rolled back is not counted",
        "events.observed:note_done",
        counts_before_the_commit,
        f"{_METRICS}test_what_is_rolled_back_is_not_counted",
    ),
    (
        "trouble of a metrics back-end stays its own",
        "telemetry.backend:_Guarded.tried",
        lambda tried: lambda guard, method, *args, **named: method(*args, **named),
        f"{_METRICS}test_no_trouble_of_a_back_end_changes_an_answer",
    ),
    (
        "there are only so many codes to count by",
        "http.observing:_countable",
        is_instead(str),
        f"{_METRICS}test_codes_that_a_host_makes_up_at_run_time_are_counted_together_in_the_end",
    ),
    (
        "a request is found by the id of its trace",
        "http.observing:trace_of",
        answers(None),
        f"{_LINES}test_a_request_is_found_by_one_id_in_answer_line_and_log",
    ),
    (
        "a command that cron runs leaves a note",
        "administration.jobs:note_run",
        answers(None),
        f"{_DOCTOR}test_a_command_that_cron_does_not_run_is_missed",
    ),
    (
        "a missing index is noticed",
        "administration.doctor.databases:_missing_indexes",
        answers(()),
        f"{_DOCTOR}test_a_missing_index_is_named_with_the_statement_that_makes_it",
    ),
    (
        "the self-test is nobody's request",
        "http.observing:_is_rehearsal",
        answers(False),
        f"{_LINES}test_the_self_test_leaves_no_line",
    ),
    (
        "a change that is too long for the log is cut",
        "events.kept:_cut",
        lambda original: lambda changes: changes,
        "tests/http/test_long_changes.py::"
        "test_a_change_that_is_too_long_for_the_log_is_cut_there_and_the_learner_keeps_it",
    ),
    (
        "what the log has cut is not written back",
        "administration.reactivation:_whole",
        lambda original: lambda event: event.changes,
        "tests/http/test_long_changes.py::test_what_the_log_has_cut_is_not_written_back_with_a_departure",
    ),
)
