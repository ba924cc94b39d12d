"""A host upgrades from any version, with its data, and can go back: over all the migrations that there are."""

from __future__ import annotations

from typing import Any, Final

import pytest
from django.apps import apps
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from tests.upgrades.rows import EACH, common, fill, held

pytestmark = pytest.mark.long

APP: Final = "scim_provisioning"
_GRAPH: Final = MigrationLoader(None).graph
(LATEST,) = _GRAPH.leaf_nodes(APP)
#: Every migration of the app, in the order in which they are applied.
STEPS: Final = [node for node in _GRAPH.forwards_plan(LATEST) if node[0] == APP]


def migrated(alias: str, target: tuple[str, str | None]) -> Any:
    """Bring the database to that migration; returns the models as they were then. None is before the first."""
    executor = MigrationExecutor(connections[alias])
    executor.migrate([target])
    return executor.loader.project_state([target] if target[1] else [STEPS[0]]).apps


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step[1])
def test_data_of_any_version_comes_through_an_upgrade_and_back(step: tuple[str, str], database: str) -> None:
    old = migrated(database, step)
    fill(old, APP, database)
    before = held(old, APP, database)
    assert {len(rows) for rows in before.values()} == {EACH}

    new = migrated(database, LATEST)
    then, now = common(before, held(new, APP, database))
    assert now == then
    for model in apps.get_app_config(APP).get_models():
        # Not the models of a migration: the app's own, as it reads them today.
        assert len(list(model._base_manager.using(database))) in (0, EACH)

    assert held(migrated(database, step), APP, database) == before, "and back"
    assert common(before, held(migrated(database, LATEST), APP, database))[1] == now, "and forth again"


def test_data_of_today_goes_back_version_by_version(database: str) -> None:
    fill(migrated(database, LATEST), APP, database)
    for newer, older in zip(reversed(STEPS), reversed(STEPS[:-1]), strict=False):
        before = held(migrated(database, newer), APP, database)
        then, back = common(before, held(migrated(database, older), APP, database))
        assert back == then, older


def test_nothing_is_left_of_the_app_when_it_is_taken_out(database: str) -> None:
    fill(migrated(database, LATEST), APP, database)
    migrated(database, (APP, None))
    tables = connections[database].introspection.table_names()
    assert [table for table in tables if table.startswith(APP)] == []
