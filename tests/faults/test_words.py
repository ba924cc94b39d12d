"""What databases say of a row, without its values."""

from __future__ import annotations

import logging

import pytest
from django.db import DatabaseError, IntegrityError

from scim_provisioning.adapters import database_errors
from scim_provisioning.databases.words import without_values
from scim_provisioning.events import reports

SENTENCES = {
    "DETAIL:  Key (org, email)=(7, x1-SECRET) already exists.": "DETAIL:  Key (org, email)=(…) already exists.",
    "DETAIL:  Key (email)=(x1-SECRET (a)=(b)) already exists.": "DETAIL:  Key (email)=(…) already exists.",
    "DETAIL:  Schlüssel »(lower(email))=(x1-SECRET)« existiert bereits.": (
        "DETAIL:  Schlüssel »(lower(email))=(…)« existiert bereits."
    ),
    "DETAIL:  Failing row contains (1, x1-SECRET…, null).": "DETAIL:  Failing row contains (…).",
    "DETAIL:  Failing row contains (1, x1-SECRET": "DETAIL:  Failing row contains (…)",
    "Duplicate entry 'x1-SECRET's' for key 'email'": "Duplicate entry (…) for key 'email'",
    "Incorrect integer value: 'x1-SECRET' for column 'n' at row 1": (
        "Incorrect integer value: (…) for column 'n' at row 1"
    ),
    "Duplicate entry 'a' for key 'x1-SECRET' for key 'email'": "Duplicate entry (…) for key 'email'",
    "Duplicate entry 'x)=(1-SECRET' for key 'email'": "Duplicate entry (…) for key 'email'",
    "Duplicate entry 'x1-SECRET": "Duplicate entry (…)",
    "Key (a)=(b\nx1-SECRET) already exists.": "Key (a)=(…) already exists.",
    'invalid input syntax for type integer: "x1-SECRET"': "invalid input syntax for type integer: (…)",
    'date/time field value out of range: "x1-SECRET"': "date/time field value out of range: (…)",
    'time zone "x1-SECRET" not recognized': "time zone (…) not recognized",
    "Truncated incorrect DOUBLE value: 'x1-SECRET'": "Truncated incorrect DOUBLE value: (…)",
    "syntax error\nLINE 1: select 'x1-SECRET'::int\n               ^": "syntax error\nLINE 1: (…)",
    'bad json\nDETAIL:  Token "x1-SECRET" is invalid.\nCONTEXT:  JSON data, line 1: x1-SECRET': (
        "bad json\nDETAIL:  (…)"
    ),
    'null value in column "email" of relation "lms_learner"': 'null value in column "email" of relation "lms_learner"',
    "UNIQUE constraint failed: lms_team.name": "UNIQUE constraint failed: lms_team.name",
}


@pytest.mark.parametrize(("said", "kept"), SENTENCES.items())
def test_no_value_of_a_row_is_kept_of_what_a_database_says(
    said: str, kept: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert without_values(said) == kept
    error = RuntimeError(f"The hook failed: {said}")
    error.__cause__ = DatabaseError(said)
    reports.failure(logging.getLogger("scim_provisioning"), "Failed", exception=error, sent=None)
    assert "x1-SECRET" not in caplog.text


@pytest.mark.parametrize(
    "said",
    [
        ("NOT NULL constraint failed: scim_provisioning_provisioningevent.later",),
        ("NOT NULL constraint failed: lms_learner.later",),
        (1364, "Field 'later' doesn't have a default value"),
    ],
)
def test_a_column_that_only_a_newer_version_fills_is_no_fault_of_the_client(said: tuple[object, ...]) -> None:
    error = IntegrityError(*said)
    assert database_errors.explain(error, database_errors.every_model(), {}) is None


def test_a_column_of_the_hosts_that_needs_a_value_is_named() -> None:
    error = IntegrityError("NOT NULL constraint failed: lms_learner.job_role")
    assert database_errors.explain(error, database_errors.every_model(), {}) is not None
