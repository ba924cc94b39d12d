"""A host upgrades from any version, with its data, and can go back: over all the migrations that there are."""

from __future__ import annotations

from typing import Any, Final

import pytest
from django.apps import apps
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from tests.upgrades.rows import EACH, Rows, common, fill, held, of_those

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


def test_data_of_every_version_comes_through_all_upgrades_after_it_and_back(database: str) -> None:
    """One walk: at each version rows are added, and those of the versions before it are read again."""
    written: dict[tuple[str, str], Rows] = {}
    before: Rows = {}
    for time, step in enumerate(STEPS):
        then = migrated(database, step)
        if before:
            kept, now = common(before, held(then, APP, database))
            assert now == kept, f"up to {step}"
        fill(then, APP, database, time)
        before = written[step] = held(then, APP, database)
    for model in apps.get_app_config(APP).get_models():
        # Not the models of a migration: the app's own, as it reads them today.
        assert len(list(model._base_manager.using(database))) >= EACH

    for step in reversed(STEPS[:-1]):
        here = held(migrated(database, step), APP, database)
        assert of_those(written[step], here) == written[step], f"back at {step}"
    again = held(migrated(database, LATEST), APP, database)
    oldest = written[STEPS[0]]
    assert common(oldest, again)[1] == common(oldest, written[LATEST])[1], "and forth again"


def test_nothing_is_left_of_the_app_when_it_is_taken_out(database: str) -> None:
    fill(migrated(database, LATEST), APP, database)
    migrated(database, (APP, None))
    tables = connections[database].introspection.table_names()
    assert [table for table in tables if table.startswith(APP)] == []
