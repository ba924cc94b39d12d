"""How long the database works while a customer is disconnected and their learners are suspended. At most a minute for
fifty thousand.

    python -m benchmarks.disconnection [people]

With ``DATABASE_URL``: in a test database on that server. Prints the seconds of this process's own processor time, those
that it waited for its statements, which grow with whatever else the machine does, and of PostgreSQL on the same machine
the processor time of the server's process, which do not. Exits with 1 above a minute of the database's.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from benchmarks.database import a_database

PEOPLE, MOST = 50_000, 60.0


def main(people: int) -> int:
    """Fill, disconnect, print; 1 when the database worked for too long, or somebody is active in the end."""
    with a_database():
        from django.db import connection as database

        from benchmarks.comparing import host_filling
        from scim_provisioning.administration import connections
        from scim_provisioning.models import ProvisionedUser, SCIMConnection

        host_filling.fill(people)
        with database.cursor() as cursor:
            table = ProvisionedUser._meta.db_table
            cursor.execute("ANALYZE" if database.vendor != "mysql" else f"ANALYZE TABLE {table}")
        waited = Waited()
        began, own, server = perf_counter(), process_time(), _server_seconds(database)
        with database.execute_wrapper(waited):
            connection = SCIMConnection.objects.get(name=host_filling.NAME)
            connections.disconnect(connection, actor=None, learners="suspend")
        took, own = perf_counter() - began, process_time() - own
        worked = None if server is None else (_server_seconds(database) or 0.0) - server
        left = ProvisionedUser.objects.filter(active=True).count()
    print(f"{people:,} learners of {database.vendor}: {took:.1f} s in all (load {os.getloadavg()[0]:.1f})")
    print(f"  this process {own:.1f} s, {waited.statements:,} statements {waited.seconds:.1f} s")
    if worked is not None:
        print(f"  the server's process {worked:.1f} s")
    for words, seconds in sorted(waited.by_kind.items(), key=lambda kind: -kind[1])[:5]:
        print(f"  {seconds:6.1f} s  {words}")
    print(f"  still active: {left}")
    return int(left > 0 or (waited.seconds if worked is None else worked) > MOST)


class Waited:
    """Adds up how long statements take, COMMIT left out."""

    def __init__(self) -> None:
        self.seconds, self.statements = 0.0, 0
        self.by_kind: dict[str, float] = defaultdict(float)

    def __call__(self, execute: Any, sql: str, *statement: Any) -> Any:
        began = perf_counter()
        try:
            return execute(sql, *statement)
        finally:
            took = perf_counter() - began
            self.seconds, self.statements = self.seconds + took, self.statements + 1
            self.by_kind[sql[:70]] += took


def _server_seconds(database: Any) -> float | None:
    """The processor time of the process that serves this connection; None where there is none to be seen."""
    if database.vendor != "postgresql":
        return None
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        facts = Path(f"/proc/{cursor.fetchone()[0]}/stat")
    if database.settings_dict["HOST"] not in ("", "localhost", "127.0.0.1") or not facts.exists():
        return None
    user, system = facts.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else PEOPLE))
