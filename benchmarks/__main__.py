"""What the app takes of the processor, beside a bare Django project that does the least, and beside one that does the
same work.

    python -m benchmarks [--users 100000] [--ops get,post] [--rounds 15] [--json]

Starts *floor* (two tables, one indexed query for the token, one indexed statement, ``JsonResponse``), *equal-work
floor* (bare views over the rows that the app has to read and write) and *app* (the example LMS), each behind gunicorn
with two workers and one client that keeps its connection, and lets them take turns. Prints the CPU of the server an
operation, the median of the rounds' ratios to the floor, what may be, and how app and floor grow from a small directory
to the great one. Exits with 1 when anything is above what it must be.

Beside it: benchmarks.patch_cost, benchmarks.search_cost and benchmarks.token_timing, of what somebody may do to you;
benchmarks.memory, benchmarks.cycle, benchmarks.disconnection and benchmarks.soak. What they said stands in
docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.comparing import contestants, table, verdict
from benchmarks.comparing.databases import Databases, databases, end_servers_when_ended, made_folder
from benchmarks.comparing.operations import (
    FOR_A_MILLION,
    MOST_GROWTH,
    MOST_GROWTH_TO_A_MILLION,
    ON_A_SERVER,
    OPERATIONS,
    Operation,
    chosen,
)
from benchmarks.comparing.rounds import measure


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, print; 1 when a row is above what it must be."""
    asked = _asked(arguments)
    end_servers_when_ended()
    with made_folder() as folder, databases(asked.database_url, folder, asked.data) as own:
        return _compare(asked, own, folder / "server.log")


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--users", type=_even, default=100_000, help="people in the directory (100000)")
    parser.add_argument("--small", type=_even, default=1000, help="people where growth begins (1000)")
    known = ", ".join(operation.key for operation in OPERATIONS)
    parser.add_argument("--ops", type=_operations, default=list(OPERATIONS), metavar="KEYS", help=known)
    parser.add_argument(
        "--database-url", metavar="URL", help="of any database on a PostgreSQL or MariaDB server"
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument(
        "--data", type=Path, metavar="FOLDER", help="keep the people there for the next time (SQLite)"
    )
    parser.add_argument(
        "--peer",
        metavar="PYTHON",
        help="beside django-scim2, in an environment with it, gunicorn and dj-database-url",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument(
        "--markdown", action="store_true", help="print the ratios as docs/performance.md has them"
    )
    parser.add_argument(
        "--no-verdict", action="store_true", help="exit with 0 whatever is above what it must be"
    )
    parser.add_argument(
        "--million",
        action="store_true",
        help="1,000,000 people beside 100,000: look-ups, GET and PATCH (PostgreSQL)",
    )
    parser.set_defaults(most_growth=MOST_GROWTH)
    asked = parser.parse_args(arguments)
    if asked.million:
        asked.users, asked.small, asked.most_growth = 1_000_000, 100_000, MOST_GROWTH_TO_A_MILLION
        asked.ops = chosen(FOR_A_MILLION.split(","))
    return asked


def _operations(text: str) -> list[Operation]:
    try:
        return chosen(text.split(","))
    except KeyError as unknown:
        raise argparse.ArgumentTypeError(f"{unknown} is no operation") from None


def _even(text: str) -> int:
    number = int(text)
    if number < 2 or number % 2:
        raise argparse.ArgumentTypeError("an even number is expected: half of the people are changed")
    return number


def _compare(asked: argparse.Namespace, databases: Databases, log: Path) -> int:
    peers = [contestants.peer(asked.peer)] if asked.peer else []
    entered = contestants.entries(asked.users, asked.small, *peers)
    _say(f"making {asked.users:,} people, if they are not there ...")
    with contestants.started(entered, databases, log) as playing:
        times = measure(playing, asked.ops, asked.rounds, _say)
        memory = {f"{each.entry.kind.name} {each.entry.users}": each.server.memory() for each in playing}
    allowance = ON_A_SERVER if asked.database_url else 1.0
    rows = verdict.rows(times, asked.ops, asked.users, asked.small, asked.most_growth, allowance)
    if asked.json:
        print(json.dumps({"rows": [row.as_json() for row in rows], "memory_mib": memory}, indent=2))
    elif asked.markdown:
        print(*table.markdown(rows), sep="\n")
    else:
        print(*table.lines(rows), sep="\n")
        print("\nmemory of a worker: " + ", ".join(f"{who} {size:.0f} MiB" for who, size in memory.items()))
    return int(not asked.no_verdict and any(row.is_above or row.grows for row in rows))


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
