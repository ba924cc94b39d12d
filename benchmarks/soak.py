"""Does the database say what was answered, after minutes of killed workers and database restarts?

    python -m benchmarks.soak [--minutes 2] [--database postgresql|mariadb|sqlite] [--seed 1] [--keep]

Five jobs of identity providers (Entra in both dialects, two of them for one customer; Okta by PUT and by PATCH) play
joiners, movers, leavers, returners, managers, teams, bulk and look-ups over HTTP against gunicorn with two workers,
on a database server of the soak's own. Meanwhile workers are killed (SIGKILL), the database is restarted or crashes
(SQLite: is locked), and connections are paused; the throttle is low enough to be met. One customer's leavers are held
until an administrator lets them go. Whatever was not answered, or with 503 or 429, is sent again as an identity
provider would.

Then every learner is compared with the model, each answer with the log by its X-Request-ID, the log with itself, and
the memory of the worker that was never killed with what it held when it was warm. Prints a table; exits with 1, and
names the first differences, when anything differs.

minutes: how long trouble is made; what was begun is finished afterwards.
database: which server is made, in a temporary folder, from the programs that are installed. Neither PostgreSQL nor
    MariaDB runs as root; started by root they run as ``postgres`` and ``mysql``.
seed: of all that is drawn: who, what and which trouble. The moments are the machine's.
keep: leave the folder with the database and the server's log; its name is printed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import django

from benchmarks.soaking.chance import draws
from benchmarks.soaking.journal import Entry, Journal
from benchmarks.soaking.servers import SERVERS, Server, free_port
from benchmarks.soaking.workers import Memory, Workers

if TYPE_CHECKING:
    from benchmarks.soaking.players import Player
    from benchmarks.soaking.troubles import Troubles

#: Of the memory of a worker, after its warm-up.
MOST_GROWTH = 0.05
#: So many differences are printed.
FIRST = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Play, compare, print; 1 when something differs."""
    asked = _asked(arguments)
    folder = Path(tempfile.mkdtemp(prefix="scim-soak-"))
    server: Server = SERVERS[asked.database](folder)
    server.start()
    port = free_port()
    os.environ |= {
        "DATABASE_URL": server.url,
        "DJANGO_SETTINGS_MODULE": "benchmarks.soaking.settings",
        "DEBUG": "0",
        "SITE_URL": f"http://127.0.0.1:{port}",
        "REDIS_URL": "",
    }
    workers = Workers(port, folder / "server.log")
    # Whoever ends the soak ends its servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    try:
        return _soak(asked, server, workers)
    finally:
        server.stop()
        if asked.keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--database", choices=sorted(SERVERS), default="postgresql")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true")
    return parser.parse_args(arguments)


def _soak(asked: argparse.Namespace, server: Server, workers: Workers) -> int:
    django.setup()
    from django.core.management import call_command
    from django.db import connections

    from benchmarks.soaking import verdict
    from benchmarks.soaking.casting import cast
    from benchmarks.soaking.troubles import Troubles

    call_command("migrate", verbosity=0)
    journal = Journal()
    casting = cast(journal, f"{os.environ['SITE_URL']}/scim/v2", asked.seed)
    connections.close_all()
    troubles = Troubles(server, workers, casting.tenants, casting.holding, draws(asked.seed, "troubles"))
    workers.start()
    try:
        casting.prepare()
        _play(casting.players, troubles, asked.minutes * 60)
        memory = workers.memory()
        found = list(verdict.on(casting.customers, journal, troubles.touches))
    finally:
        workers.stop()
    found += [f"worker {each.pid} grew by {each.growth:.1%}" for each in memory if each.growth > MOST_GROWTH]
    _table(asked, journal, troubles.counts, memory, sum(len(player.people) for player in casting.players))
    return _judged(found)


def _play(players: Sequence[Player], troubles: Troubles, seconds: float) -> None:
    """Everybody at once; then those come back without whom it is not known how the others are to stand."""
    until = time.monotonic() + seconds
    with ThreadPoolExecutor(len(players) + 1) as threads:
        tasks = [threads.submit(player.play, until) for player in players]
        trouble = threads.submit(troubles.make, until)
        while not all(task.done() for task in tasks):
            time.sleep(1)
            if trouble.done():
                # Who is held still is waited for.
                troubles.decide()
        tasks.append(trouble)
    for task in tasks:
        task.result()
    for player in players:
        player.bring_back()


def _table(
    asked: argparse.Namespace, journal: Journal, troubles: Counter[str], memory: list[Memory], people: int
) -> None:
    print(
        f"{asked.minutes:g} minutes on {asked.database}, seed {asked.seed}, load {os.getloadavg()[0]:.1f}\n"
    )
    print(f"{'':24} {'count':>7}")
    print(f"{'people':24} {people:7}")
    print(f"{'requests':24} {len(journal.entries):7}")
    statuses = Counter(_kind(entry) for entry in journal.entries)
    rows = {**dict(sorted(statuses.items())), **dict(sorted(troubles.items()))}
    for name, count in rows.items():
        print(f"{name:24} {count:7}")
    for each in memory:
        print(
            f"worker {each.pid}, {each.seconds:.0f} s: {each.first:.1f} MiB warm, {each.last:.1f} at the end, "
            f"{each.growth:+.1%}"
        )
    if not memory:
        print("memory: no worker lived long enough to be measured")


def _kind(entry: Entry) -> str:
    answer = entry.answer
    if answer.status == 0:
        return "  no answer"
    if answer.status != 503:
        kind = "write" if entry.is_write else "read"
        return f"  {answer.status} {kind}"
    kinds = {"paused": answer.is_paused, "held": answer.is_held, "unconfirmed": answer.is_unknown}
    return f"  503 {next((kind for kind, is_so in kinds.items() if is_so), 'database')}"


def _judged(found: list[str]) -> int:
    print(f"\ndifferences: {len(found)}")
    for difference in found[:FIRST]:
        print(f"  {difference}")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
