"""Rows 20 to 26: what an answer tells, what a request may cost, and what is written down of it."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from unicodedata import normalize

from django.utils.safestring import mark_safe

from scim_provisioning.http import pace, throttling
from scim_provisioning.http.counting import counted, key_of
from scim_provisioning.models import SCIMConnection, SCIMToken
from scim_provisioning.protocol.errors import InvalidFilter, Uniqueness
from scim_provisioning.protocol.text import fold
from scim_provisioning.tokens import AuthenticationRefused
from scim_provisioning.tokens.text import split
from tests.behaviours.mutant import Make, answers, is_instead, mutants

_TOKENS = "tests/test_tokens.py::"
_HOSTILE = "tests/http/test_hostile_input.py::"
_THROTTLING = "tests/http/test_throttling.py::"
_PACE = "tests/http/test_pace.py::"
_FILTERS = "tests/protocol/test_filters.py::"
_UNITS = "tests/http/test_many_unit_names.py::"
_BAD = "tests/http/test_bad_input.py::"


def asks_for_one_spelling(letters: Any) -> Any:
    return SimpleNamespace(others=lambda text, most: (text,))


# --- what an answer tells


def tells_who_owns_the_public_part(original: Any) -> Any:
    def authenticate(plaintext: Any, *, address: Any) -> Any:
        try:
            return original(plaintext, address=address)
        except AuthenticationRefused as refusal:
            refusal.token = SCIMToken.objects.filter(prefix=refusal.params.get("prefix", "")).first()
            raise

    return authenticate


def names_who_has_the_name(original: Any) -> Any:
    def user_name_taken(link: Any = None) -> Any:
        return Uniqueness(f"{link.user_name} has this userName.") if link else original()

    return user_name_taken


def looks_up_by_the_public_part(original: Any) -> Any:
    def authenticate(plaintext: Any, *, address: Any) -> Any:
        public = (split(plaintext) or ("",))[0]
        if SCIMToken.objects.filter(prefix=public).exists():
            return original(plaintext, address=address)
        raise AuthenticationRefused("auth.invalid", reason="unknown", prefix=public)

    return authenticate


# --- limits


def without_limit(name: str, most: int = 10_000_000) -> Make:
    """That one limit of a filter is out of reach."""

    def make(original: Any) -> Any:
        return lambda text, limits: original(text, replace(limits, **{name: most}))

    return make


def reads_more_bytes(original: Any) -> Any:
    def limits(settings: Any) -> Any:
        found = original(settings)
        return replace(found, body_bytes=2 * found.body_bytes)

    return limits


def takes_as_many_operations_as_come(original: Any) -> Any:
    def parse(body: Any, schema: Any, limits: Any) -> Any:
        return original(body, schema, replace(limits, operations=10_000))

    return parse


def compares_with_each_element(original: Any) -> Any:
    def twin(elements: Any, element: Any) -> Any:
        same = (number for number, other in elements.by_number.items() if other == element)
        return next(same, None) if element in elements.values() else original(elements, element)

    return twin


def fails_at_what_is_no_filter(original: Any) -> Any:
    def parse(*arguments: Any) -> Any:
        try:
            return original(*arguments)
        except InvalidFilter as error:
            raise ValueError(error.detail) from error

    return parse


def compares_by_like(original: Any) -> Any:
    def comparison(left: Any, op: str, right: Any, length: int, connection: Any) -> Any:
        if op not in ("co", "sw", "ew"):
            return original(left, op, right, length, connection)
        (sql, params), (value, value_params) = left, right
        return f"{sql} LIKE '%%' || {value} || '%%'", [*params, *value_params]

    return comparison


def counts_against_a_connection(original: Any) -> Any:
    def note(failures: Any, plaintext: str = "") -> int:
        connection = SCIMConnection.objects.earliest("pk")
        pace.spend(f"{connection.pk}\nreads", 1, throttling.time.time())
        return int(original(failures, plaintext))

    return note


def counts_reads_and_writes_together(original: Any) -> Any:
    return lambda token, method: original(token, "POST")


def counts_from_zero_every_second(original: Any) -> Any:
    def wait(name: str, allowed: int, now: float) -> int:
        return int(counted(key_of(name, int(now)), seconds=5) > allowed)

    return wait


def says_one_second(original: Any) -> Any:
    return lambda counts, passed, allowed: min(1, original(counts, passed, allowed))


# --- what is written down


def trusts_text(original: Any) -> Any:
    return lambda text, *values, **named: mark_safe(text.format(*values, **named))  # noqa: S308


MUTANTS = mutants(
    (
        "one bulk request of a connection at a time",
        "http.bulk:many_operations",
        lambda original: lambda connection: nullcontext(),
        "tests/http/test_bulk.py::test_a_second_bulk_request_at_the_same_moment_is_429_and_fills_no_log",
    ),
    # --- 20
    (
        "a public part tells nothing",
        "tokens.authentication:authenticate",
        tells_who_owns_the_public_part,
        f"{_TOKENS}test_an_unknown_public_part_and_a_wrong_secret_look_the_same",
    ),
    (
        "a conflict names nobody",
        "rules.identity:user_name_taken",
        names_who_has_the_name,
        f"{_HOSTILE}test_nothing_in_an_answer_tells_of_others",
    ),
    # --- 21
    (
        "a token is found by the digest of all of it",
        "tokens.authentication:authenticate",
        looks_up_by_the_public_part,
        f"{_TOKENS}test_a_known_public_part_costs_the_very_same_steps_as_an_unknown_one",
    ),
    # --- 22
    (
        "a body has so many bytes",
        "conf:AppSettings.limits",
        reads_more_bytes,
        f"{_HOSTILE}test_limit_of_bytes_holds_exactly",
    ),
    (
        "a body is checked before it is read",
        "protocol.body:check",
        answers(None),
        f"{_HOSTILE}test_limit_of_a_body_holds_exactly",
    ),
    (
        "a PATCH has so many operations",
        "protocol.patch.operations:parse",
        takes_as_many_operations_as_come,
        f"{_HOSTILE}test_limit_of_operations_holds_exactly",
    ),
    (
        "a body that nests without end is refused",
        "protocol.body:_too_deep",
        lambda original: lambda limits: RecursionError(),
        f"{_HOSTILE}test_body_that_was_made_to_be_expensive_is_refused_at_once",
    ),
    (
        "more parameters than Django reads are 400 beside a charset too",
        "http.charset:_is_in_the_way",
        answers(False),
        f"{_BAD}test_more_parameters_than_django_reads_are_400_whatever_the_content_type_says",
    ),
    (
        "NaN is no JSON",
        "protocol.body:_refuse_constant",
        lambda original: float,
        f"{_BAD}test_broken_body_is_invalid_syntax",
    ),
    (
        "a PATCH costs as much as it is long",
        "protocol.patch.elements:Elements.twin",
        compares_with_each_element,
        "tests/protocol/test_patch_cost.py::test_twice_the_operations_on_twice_the_elements_are_twice_the_work",
    ),
    (
        "marks behind a letter are sorted in a time that grows as the text does",
        "protocol.text:normalized",
        lambda original: normalize,
        f"{_HOSTILE}test_texts_of_nothing_but_marks_cost_no_more_than_letters[marks]",
    ),
    (
        "a value is folded once however many comparisons are made with it",
        "protocol.filters.matching:Folds.__missing__",
        lambda missing: lambda folds, text: fold(text),
        "tests/protocol/test_projection.py::"
        "test_each_value_is_folded_once_however_many_comparisons_are_made_with_it",
    ),
    (
        "a PATCH folds a text once, however many operations compare it",
        "protocol.patch.find:matches_element",
        lambda original: lambda node, element, folds=None: original(node, element),
        "tests/protocol/test_patch_cost.py::test_no_text_is_folded_once_for_each_operation[value ew]",
    ),
    # --- 23
    *(
        (
            f"a filter has a limit for its {what}",
            "protocol.filters.lexer:tokenize",
            without_limit(name),
            f"{_FILTERS}test_each_limit_holds_exactly",
        )
        for what, name in (("terms", "filter_terms"), ("depth", "filter_depth"), ("length", "filter_length"))
    ),
    (
        "what is no filter is an error of SCIM",
        "protocol.filters.grammar:parse",
        fails_at_what_is_no_filter,
        f"{_FILTERS}test_any_text_gives_a_tree_or_a_scim_error_in_bounded_time",
    ),
    (
        "a filter finds a team by every spelling that is understood when it is sent",
        "adapters.kinds.named_rows:NamedRows.spelled_otherwise",
        answers([]),
        "tests/http/test_one_text.py::test_who_is_in_a_team_of_the_lms_is_found_by_every_spelling_of_its_name",
    ),
    (
        "many names in spellings of their own are read once a minute",
        "adapters.kinds.odd_names:KEPT_SECONDS",
        is_instead(0),
        f"{_UNITS}test_a_second_new_name_within_a_minute_reads_none_of_many",
    ),
    (
        "what was read of them is compared again before it is meant",
        "adapters.kinds.named_rows:NamedRows._still_called",
        lambda original: lambda self, wanted, keys: keys,
        f"{_UNITS}test_a_team_renamed_within_the_minute_is_not_meant_by_its_former_name",
    ),
    (
        "an index on small letters is asked for all that are one",
        "adapters.sql.narrowing:letters",
        asks_for_one_spelling,
        "tests/http/test_one_text.py::test_an_index_leads_to_the_same_people",
    ),
    (
        "wildcards are plain text",
        "adapters.expressions:_comparison",
        compares_by_like,
        f"{_HOSTILE}test_wildcards_and_quotes_in_a_filter_are_only_text",
    ),
    # --- 24
    (
        "a burst is refused",
        "http.throttling:seconds_to_wait",
        answers(0),
        f"{_THROTTLING}test_burst_is_429_with_a_whole_number_of_seconds_and_writes_nothing",
    ),
    (
        "a client at exactly the pace is served",
        "http.pace:wait",
        counts_from_zero_every_second,
        f"{_PACE}test_a_client_at_exactly_the_pace_is_never_refused",
    ),
    (
        "whoever is refused is told how long to wait",
        "http.pace:seconds_until",
        says_one_second,
        f"{_PACE}test_after_a_bulk_request_is_waited_for_as_long_as_it_takes_at_the_pace",
    ),
    (
        "what is refused is not counted",
        "http.pace:given_back",
        answers(None),
        f"{_PACE}test_whoever_does_not_wait_gets_no_more_than_the_pace_and_no_less",
    ),
    (
        "reads and writes are counted apart",
        "http.throttling:seconds_to_wait",
        counts_reads_and_writes_together,
        f"{_THROTTLING}test_reads_and_writes_are_counted_apart",
    ),
    (
        "unknown tokens cost no connection anything",
        "http.throttling:Failures.note",
        counts_against_a_connection,
        f"{_THROTTLING}test_flood_of_unknown_tokens_costs_a_good_one_nothing",
    ),
    (
        "an address that fails often is not looked up",
        "http.throttling:Failures.refuse_flood",
        answers(False),
        f"{_THROTTLING}test_an_address_that_fails_often_is_refused_before_any_statement",
    ),
    # --- 25
    (
        "a text in the log is one line",
        "events.redaction:text",
        lambda original: lambda value, length: str(value)[:length],
        "tests/test_events.py::test_hostile_text_is_stored_on_one_line_that_fits",
    ),
    (
        "a name on a page is text",
        "admin.log_columns:format_html",
        trusts_text,
        "tests/admin/test_log.py::test_hostile_names_are_text",
    ),
    (
        "a cell of a file is text",
        "administration.spreadsheets:_safe",
        lambda original: str,
        "tests/admin/test_log.py::test_a_value_that_a_spreadsheet_would_run_is_exported_as_text",
    ),
    # --- 26
    (
        "a password is dropped before anything is kept",
        "events.redaction:is_secret",
        answers(False),
        "tests/test_events.py::test_a_password_is_in_no_column",
    ),
)
