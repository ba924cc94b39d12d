"""Values that an administrator keeps, and learners whom provisioning leaves alone."""

from __future__ import annotations

from typing import Any

from scim_provisioning.provisioning.local_values import Met
from tests.behaviours.mutant import answers, mutants

_LOCKS = "tests/http/test_locked_values.py::"
_PAGES = "tests/admin/test_whose_field.py::"


def keeps_nothing(original: Any) -> Any:
    return lambda person, source, path: not person.owns(source)


def tells_no_lock(original: Any) -> Any:
    return lambda adapter, before, after: Met((), (before, after))


MUTANTS = mutants(
    (
        "a locked value is neither written nor read from its row",
        "adapters.person:Person.keeps",
        keeps_nothing,
        f"{_LOCKS}test_a_locked_value_stays_and_the_identity_provider_gets_back_what_it_sent",
    ),
    (
        "filters know of locks",
        "rules:locked_fields",
        answers(frozenset()),
        f"{_LOCKS}test_filters_and_sorting_go_by_what_is_answered",
    ),
    (
        "a change that a lock kept out is skipped",
        "provisioning.local_values:met",
        tells_no_lock,
        f"{_LOCKS}test_the_log_says_skipped_once_for_each_value_and_not_at_each_cycle",
    ),
    (
        "pages of a list know of locks",
        "adapters.glimpses:_MARKED",
        answers(None),
        f"{_LOCKS}test_a_locked_value_stays_and_the_identity_provider_gets_back_what_it_sent",
    ),
    (
        "fields of another customer's connection are named to nobody",
        "administration.permissions:sees",
        answers(True),
        f"{_PAGES}test_another_customers_staff_neither_see_nor_lock_nor_detach",
    ),
)
