"""An upgrade of a PostgreSQL database that is in use: who reads and writes meanwhile goes on."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from django.db import OperationalError, connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.test.utils import CaptureQueriesContext

from tests.upgrades.rows import fill
from tests.upgrades.test_migrations import APP, STEPS, migrated

pytestmark = pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL's locks")

#: Tables that stay small however large the customer is: rewriting one, or reading it through, takes no time.
SMALL: Final = frozenset(
    f"{APP}_{name}"
    for name in (
        "confirmationattempts",
        "identityquestion",
        "scimconnection",
        "scimtoken",
        "sentnotice",
        "sharedaccount",
        "stranger",
    )
)
_FILES: Final = """
    SELECT owner.relname, file.relname, pg_relation_filenode(file.oid)
    FROM pg_class owner
    LEFT JOIN pg_index i ON i.indrelid = owner.oid
    JOIN pg_class file ON file.oid IN (owner.oid, i.indexrelid)
    WHERE owner.relkind = 'r' AND owner.relnamespace = 'public'::regnamespace
"""


def large_files(alias: str) -> dict[tuple[str, str], int]:
    """The files of the tables that may be large, and of their indexes: a new one has been written from all rows."""
    with connections[alias].cursor() as cursor:
        cursor.execute(_FILES)
        return {(table, file): number for table, file, number in cursor.fetchall() if table not in SMALL}


def tables_of_the_app(alias: str) -> list[str]:
    return sorted(table for table in connections[alias].introspection.table_names() if table.startswith(APP))


def test_no_migration_writes_or_reads_through_a_large_table(database: str) -> None:
    for time, (before, after) in enumerate(zip(STEPS, STEPS[1:], strict=False)):
        fill(migrated(database, before), APP, database, time)
        old = large_files(database)
        with CaptureQueriesContext(connections[database]) as captured:
            migrated(database, after)
        # Read through while others go on writing.
        beside = {
            name
            for query in captured
            for name in re.findall(r'CREATE INDEX CONCURRENTLY "(\w+)"', query["sql"])
        }
        tables = {table for table, _ in old}
        found = large_files(database).items()
        new = {key: number for key, number in found if key[0] in tables and key[1] not in beside}
        # An index that is given up is neither written nor read.
        assert {key: number for key, number in new.items() if old.get(key) != number} == {}, after
        assert {table for table, _ in new} == tables, after


class Visitor(threading.Thread):
    """A second session: reads and writes a row of each table, round after round, and waits for no lock for long."""

    def __init__(self, alias: str, tables: list[str]) -> None:
        super().__init__(daemon=True)
        self.failures: list[str] = []
        self._alias, self._tables = alias, tables
        self._turn = threading.Condition()
        self._rounds, self._is_over = 0, False

    def run(self) -> None:
        database = connections[self._alias]
        try:
            with database.cursor() as cursor:
                cursor.execute("SET lock_timeout = '5s'")
                keys = {t: database.introspection.get_primary_key_column(cursor, t) for t in self._tables}
                while not self._is_over:
                    for table in self._tables:
                        cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608
                        key = keys[table]
                        cursor.execute(
                            f"UPDATE {table} SET {key} = {key} WHERE {key} = (SELECT min({key}) FROM {table})"  # noqa: S608
                        )
                    self._tell()
        except Exception as error:
            self.failures.append(f"{type(error).__name__}: {error}")
            self._tell()
        finally:
            database.close()

    def _tell(self) -> None:
        with self._turn:
            self._rounds += 1
            self._turn.notify_all()

    def wait(self) -> None:
        """Until it has gone round once more."""
        with self._turn:
            seen = self._rounds
            assert self._turn.wait_for(lambda: self._rounds > seen, 30) or self.failures

    def leave(self) -> None:
        self._is_over = True
        self.join(30)


@contextmanager
def visited(alias: str) -> Iterator[Visitor]:
    visitor = Visitor(alias, [*tables_of_the_app(alias), "auth_user"])
    visitor.start()
    try:
        yield visitor
    finally:
        visitor.leave()


def test_readers_and_writers_go_on_while_each_migration_runs(database: str) -> None:
    fill(migrated(database, STEPS[0]), APP, database)
    for step in STEPS[1:]:
        with visited(database) as visitor:
            visitor.wait()
            migrated(database, step)
            visitor.wait()
        assert visitor.failures == [], step


@contextmanager
def reading(alias: str, tables: list[str]) -> Iterator[None]:
    """A session that has read these tables and does not end its transaction."""
    import psycopg

    with psycopg.connect(**_login(alias)) as session:
        for table in tables:
            session.execute(f"SELECT 1 FROM {table} LIMIT 1")  # noqa: S608
        yield
        session.rollback()


def _login(alias: str) -> dict[str, Any]:
    settings = connections[alias].settings_dict
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    return {key: settings[name] for key, name in names.items() if settings[name]}


def test_behind_a_long_transaction_an_upgrade_with_a_lock_timeout_gives_up_whole_and_can_be_repeated(
    database: str,
) -> None:
    """Without one it would wait, and everybody else behind it."""
    fill(migrated(database, STEPS[0]), APP, database)
    refusals: list[str] = []
    for step in STEPS[1:]:
        tables = tables_of_the_app(database)
        with reading(database, tables):
            with connections[database].cursor() as cursor:
                cursor.execute("SET lock_timeout = '100ms'")
            try:
                MigrationExecutor(connections[database]).migrate([step])
            except OperationalError as error:
                refusals.append(str(error))
                assert step not in MigrationRecorder(connections[database]).applied_migrations()
                assert tables_of_the_app(database) == tables
        migrated(database, step)
    assert refusals, "no migration changes a table that is there: this proves nothing"
    assert {"lock timeout" in refusal for refusal in refusals} == {True}
