"""Connections that are kept, pooled by psycopg, or shared through pgbouncer: each works as docs/deployment.md says."""

from __future__ import annotations

import getpass
import importlib.util
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.deployment.conftest import url_of
from tests.deployment.site import Filled, serving
from tests.servers import free_port, running

pytestmark = [
    pytest.mark.long,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="there is no server to be connected to"),
]
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL's own")


def sessions(name: str) -> list[int]:
    """The connections that the server has to that database."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = %s", [name])
        else:
            cursor.execute("SELECT id FROM information_schema.processlist WHERE db = %s", [name])
        return [row[0] for row in cursor.fetchall()]


def end(sessions: list[int]) -> None:
    """End them as a restart of the server would."""
    with connection.cursor() as cursor:
        for number in sessions:
            statement = "SELECT pg_terminate_backend(%s)" if connection.vendor == "postgresql" else "KILL %s"
            cursor.execute(statement, [number])


def test_connections_that_are_kept_are_looked_at_before_they_are_used(
    database: Filled, name: str, log: Path
) -> None:
    with serving(database, log, CONN_MAX_AGE=600, CONN_HEALTH_CHECKS=True) as site:
        site.story("kept")
        kept = sessions(name)
        assert kept, "nothing was kept, so nothing is tested"
        end(kept)
        site.story("again")
        assert not set(sessions(name)) & set(kept)


@on_postgresql
@pytest.mark.skipif(importlib.util.find_spec("psycopg_pool") is None, reason="needs psycopg-pool")
def test_connections_from_the_pool_of_psycopg_are_few_and_good(
    database: Filled, name: str, log: Path
) -> None:
    pool = {"min_size": 1, "max_size": 2, "timeout": 60}
    with serving(database, log, CONN_HEALTH_CHECKS=True, OPTIONS={"pool": pool}) as site:
        site.story("pooled")
        pooled = sessions(name)
        assert 0 < len(pooled) <= 4, "two processes, two connections each"
        end(pooled)
        site.story("repooled")


@on_postgresql
@pytest.mark.skipif(shutil.which("pgbouncer") is None, reason="needs pgbouncer")
def test_pgbouncer_shares_three_connections_between_eight_threads_and_no_setting_stays_on_them(
    database: Filled, name: str, log: Path, tmp_path: Path
) -> None:
    port = free_port()
    with running(_pgbouncer(tmp_path, port), port, tmp_path / "pgbouncer.out"):
        through = url_of(name, HOST="127.0.0.1", PORT=port)
        with serving(database, log, url=through, DISABLE_SERVER_SIDE_CURSORS=True) as site:
            site.story("bounced")
            assert 0 < len(sessions(name)) <= 3
            assert _time_limits(through) == {"0"}


def _pgbouncer(folder: Path, port: int) -> list[str]:
    """The command that starts it in transaction mode on that port; it may not run as root."""
    server = connection.settings_dict
    login = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
    database = " ".join(f"{key}='{server[name]}'" for key, name in login.items() if server[name])
    settings = {
        "listen_addr": "127.0.0.1",
        "listen_port": port,
        "auth_type": "any",
        "pool_mode": "transaction",
        "default_pool_size": 3,
        "unix_socket_dir": "",
    }
    lines = ["[databases]", f"* = {database}", "[pgbouncer]"]
    file = folder / "pgbouncer.ini"
    file.write_text("\n".join([*lines, *(f"{key} = {value}" for key, value in settings.items())]))
    if getpass.getuser() != "root":
        return ["pgbouncer", str(file)]
    return ["pgbouncer", "--user", "nobody", str(file)]


def _time_limits(url: str) -> set[str]:
    """``statement_timeout`` of the connections behind pgbouncer: what a search sets must be gone after it."""
    import psycopg

    limits: set[str] = set()
    held: list[Any] = []
    try:
        for _ in range(3):
            held.append(psycopg.connect(url))
            # Three transactions at once are three connections of the server's.
            limits |= {row[0] for row in held[-1].execute("SHOW statement_timeout").fetchall()}
    finally:
        for one in held:
            one.close()
    return limits
