"""Each index of the app's own tables is written with every row: none begins with the columns of another one."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db import connection as database

pytestmark = pytest.mark.django_db


def indexes(table: str, *, unique: bool) -> dict[str, list[str]]:
    """The columns of each index, with those that keep something unique or without."""
    with database.cursor() as cursor:
        found: dict[str, Any] = database.introspection.get_constraints(cursor, table)
    return {
        name: facts["columns"]
        for name, facts in found.items()
        # PostgreSQL's second one for the beginnings of texts is of another kind.
        if facts["index"]
        and facts["columns"]
        and not name.endswith("_like")
        and (unique or not facts["unique"])
    }


@pytest.mark.parametrize(
    "model", [*apps.get_app_config("scim_provisioning").get_models()], ids=lambda model: model.__name__
)
def test_no_index_is_the_beginning_of_another_one(model: Any) -> None:
    table = model._meta.db_table
    twice = [
        (name, other)
        for name, columns in indexes(table, unique=False).items()
        for other, others in indexes(table, unique=True).items()
        if name != other and others[: len(columns)] == columns
    ]
    assert twice == []


def test_the_log_is_found_by_learner_and_by_connection() -> None:
    columns = list(indexes("scim_provisioning_provisioningevent", unique=False).values())
    assert ["link_id", "id"] in columns
    assert ["connection_id", "id"] in columns
