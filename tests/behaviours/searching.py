"""Filters, sorting, paging."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from django.db.models import Q, Value

from scim_provisioning.models import ProvisioningEvent
from scim_provisioning.protocol.filters import And, Not, Or, UnknownFilterAttribute, ValuePath
from tests.behaviours.mutant import answers, mutants


def reads_from_left_to_right(original: Any) -> Any:
    def logical(builder: Any, node: Any) -> Any:
        both = (builder.build(node.expr.expr1), builder.build(node.expr.expr2))
        return And(both) if node.expr.op == "and" else Or(both)

    return logical


def finds_everybody(original: Any) -> Any:
    def parse(text: Any, *others: Any) -> Any:
        try:
            return original(text, *others)
        except UnknownFilterAttribute:
            return original("id pr", *others)

    return parse


def overlooks_the_minus(original: Any) -> Any:
    def from_query(cls: Any, params: Any, **sizes: Any) -> Any:
        turned = {key: value.replace("-", "1") for key, value in params.items()}
        return original(cls, turned, **sizes)

    return from_query


def takes_not_for_nothing(original: Any) -> Any:
    def condition(lookups: Any, tree: Any) -> Any:
        return original(lookups, tree.term if isinstance(tree, Not) else tree)

    return condition


def takes_any_element(original: Any) -> Any:
    def condition(lookups: Any, tree: Any) -> Any:
        return original(lookups, tree.filter if isinstance(tree, ValuePath) else tree)

    return condition


def takes_any_case(original: Any) -> Any:
    def column(ref: Any, op: Any, value: Any) -> Any:
        if (ref.name, op) == ("externalId", "eq"):
            return Q(external_id__iexact=value)
        return original(ref, op, value)

    return column


def puts_the_missing_first(original: Any) -> Any:
    def ordered(people: Any, order: Any, request: Any) -> Any:
        return people.order_by(order.asc(nulls_first=True), "pk")

    return ordered


def compares_nothing(original: Any) -> Any:
    return lambda connection, since: Value(0)


def begins_at_the_last_line(original: Any) -> Any:
    def way_back(connection: Any) -> int:
        return ProvisioningEvent.objects.filter(connection=connection).latest("pk").pk - 1

    return way_back


def counts_the_page(original: Any) -> Any:
    def find(*arguments: Any, **named: Any) -> Any:
        page = original(*arguments, **named)
        return replace(page, total=len(page.resources))

    return find


_POINTS = "tests/http/test_rfc_points.py::"
_BAD = "tests/http/test_bad_input.py::"
_SPELLINGS = "tests/http/test_spellings.py::"

_TOTALS = "tests/http/test_totals.py::"
_AT_ONCE = "tests/http/test_searches_at_once.py::"

MUTANTS = mutants(
    (
        "and before or",
        "protocol.filters.grammar:_Builder._logical",
        reads_from_left_to_right,
        f"{_POINTS}test_operators_and_their_precedence",
    ),
    (
        "not is a negation",
        "adapters.sql.lookups:Lookups.condition",
        takes_not_for_nothing,
        f"{_POINTS}test_operators_and_their_precedence",
    ),
    (
        "one element fulfils a value path",
        "adapters.sql.lookups:Lookups.condition",
        takes_any_element,
        f"{_POINTS}test_value_path_means_one_element_that_fulfils_all_of_it",
    ),
    (
        "externalId is exact",
        "adapters.sql.lookups:link_column",
        takes_any_case,
        "tests/http/test_names.py::test_external_id_and_id_are_exact",
    ),
    (
        "unknown attributes in a filter are refused",
        "protocol.filters.grammar:parse",
        finds_everybody,
        f"{_BAD}test_broken_query_is_refused_and_never_answered_with_everybody",
    ),
    (
        "a query is in UTF-8",
        "http.parameters:_refuse_other_encodings",
        answers(None),
        f"{_SPELLINGS}test_a_query_that_says_two_things_or_none_is_refused_and_never_answered_with_everybody",
    ),
    (
        "totalResults counts everybody",
        "provisioning.searching:find",
        counts_the_page,
        f"{_POINTS}test_edges_of_paging",
    ),
    (
        "whoever comes or goes is counted at once",
        "provisioning.totals:_lines_since",
        compares_nothing,
        f"{_TOTALS}test_whoever_comes_goes_and_returns_is_counted_at_once",
    ),
    (
        "a line that is committed late is seen",
        "provisioning.totals:_way_back",
        begins_at_the_last_line,
        f"{_TOTALS}test_a_line_that_is_committed_after_later_ones_counts",
    ),
    (
        "nothing is believed that was read in a transaction",
        "provisioning.totals:may_be_believed",
        answers(True),
        f"{_TOTALS}test_what_is_counted_in_a_transaction_that_is_rolled_back_is_not_believed",
    ),
    (
        "startIndex is at least 1",
        "protocol.messages:SearchRequest.from_query",
        overlooks_the_minus,
        f"{_POINTS}test_edges_of_paging",
    ),
    (
        "missing values come last",
        "provisioning.searching:_ordered",
        puts_the_missing_first,
        f"{_POINTS}test_sorting_puts_missing_values_last_ascending_and_first_descending",
    ),
    (
        "one search among everybody at a time",
        "http.users:search_among_everybody",
        answers(nullcontext()),
        f"{_AT_ONCE}test_a_second_search_at_the_same_moment_is_429_and_fills_no_log",
    ),
    (
        "a slot ends by itself",
        "http.slots:_take",
        lambda take: lambda keys, holder, seconds: take(keys, holder, None),
        f"{_AT_ONCE}test_the_slot_of_a_worker_that_was_killed_is_free_after_a_while",
    ),
    (
        "a look-up is no search",
        "adapters.sql.bounds:is_search",
        lambda original: lambda tree, *, is_sorted: tree is not None or is_sorted,
        f"{_AT_ONCE}test_a_look_up_is_never_held_up",
    ),
)
