"""What the servers around the app do to it: clocks, hosts without time zones, a cache that is gone."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any

from django.conf import settings
from django.utils import timezone

from tests.behaviours.mutant import answers, is_instead, mutants


def dates_it_now(original: Any) -> Any:
    def changed(link: Any) -> None:
        link.modified_at = timezone.now()

    return changed


def fails_with_what_keeps_them(original: Any) -> Any:
    def deleted(keys: Any) -> Any:
        for key in keys:
            import_module(settings.SESSION_ENGINE).SessionStore(key).delete()
            yield key

    return deleted


_CLOCK, _CACHE = "tests/faults/test_clock.py::", "tests/faults/test_cache.py::"

MUTANTS = mutants(
    (
        "lastModified never goes back",
        "models.provisioned_user:ProvisionedUser.changed",
        dates_it_now,
        f"{_CLOCK}test_what_was_modified_is_never_told_to_be_older_than_before",
    ),
    (
        "a use of a token is noted although the clock went back",
        "tokens.authentication:TOUCH_EVERY",
        is_instead(timedelta(days=1)),
        f"{_CLOCK}test_the_last_use_of_a_token_is_noted_all_the_same",
    ),
    (
        "refusals are counted together for a minute, whichever way the clock goes",
        "events.repeats:COUNTED_TOGETHER",
        is_instead(timedelta(days=1)),
        f"{_CLOCK}test_refusals_of_before_and_after_are_not_counted_together",
    ),
    (
        "a cache that broke is left alone",
        "http.counting:Circuit._is_worth_asking",
        answers(True),
        f"{_CACHE}test_a_cache_that_never_answers_is_asked_once_in_a_while_however_many_requests_there_are",
    ),
    (
        "a cache that is gone is told of once a minute",
        "http.counting:SILENCE",
        is_instead(0),
        f"{_CACHE}test_it_is_said_once_a_minute_and_again_after_it",
    ),
    (
        "access ends although its session cannot be deleted",
        "sessions:_deleted",
        fails_with_what_keeps_them,
        f"{_CACHE}test_access_ends_although_the_cache_that_holds_the_session_is_gone_and_the_session_is_dead_for_good",
    ),
    (
        "who listens to our models is told",
        "databases.own_rows:_is_unheard",
        answers(True),
        "tests/test_own_rows.py::test_a_receiver_of_the_hosts_is_told_of_every_row",
    ),
    (
        "who listens to a person's rows is told",
        "databases.host_rows:_is_usual",
        answers(True),
        "tests/test_host_rows.py::test_a_receiver_of_the_hosts_is_told_of_every_row_and_of_the_columns_that_changed",
    ),
    (
        "a step of saving that the host has written is taken",
        "databases.host_rows:_saves_as_django",
        answers(True),
        "tests/test_host_rows.py::test_a_step_that_the_host_has_written_is_taken",
    ),
    (
        "who waits for rows that are made is told",
        "databases.listening:is_heard",
        answers(False),
        "tests/test_own_rows.py::test_who_waits_for_rows_that_are_made_is_told",
    ),
    (
        "links of the host's own are asked for each time",
        "adapters.links:are_joined",
        answers(True),
        "tests/test_prepared.py::test_links_of_the_hosts_own_are_asked_for_each_time",
    ),
)
