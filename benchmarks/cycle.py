"""How many people a second does an initial cycle bring in? At least forty, on two cores with the simulator beside.

    python -m benchmarks.cycle [--people 10000] [--parallel 8] [--threads 4] [--database-url URL]

Lets ``scim_simulate`` play Entra against the example LMS behind gunicorn with two workers. An initial cycle is, for
each person, a look-up, a POST, and later a PATCH with the manager; how long it took, from the first newcomer to the
last manager, is read from the provisioning log. Exits with 1 when it is too slow.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.comparing.contestants import APP, Contestant, Entry, started
from benchmarks.comparing.databases import databases, end_servers_when_ended, made_folder

#: People a second.
MUST, AIM = 40, 60
#: Who is there before.
_USERS = 1000


def main(arguments: Sequence[str] | None = None) -> int:
    """Play, print; 1 when it is too slow."""
    asked = _asked(arguments)
    end_servers_when_ended()
    with made_folder() as folder, databases(asked.database_url, folder, asked.data) as own:
        entered = [Entry(APP, _USERS)]
        with started(entered, own, folder / "server.log", threads=asked.threads) as (contestant,):
            environment = {
                **os.environ,
                "DJANGO_SETTINGS_MODULE": APP.settings,
                "DATABASE_URL": own.url(contestant.entry.data),
            }
            _simulate(contestant, asked, environment)
            people, seconds = _read_the_log(environment)
    rate = people / seconds
    word = "aim met" if rate >= AIM else "must met" if rate >= MUST else "TOO SLOW"
    print(
        f"\n{people:,} people in {seconds:.1f} s: {rate:.1f} people/s; must {MUST}, aim {AIM}: {word} "
        f"(load {os.getloadavg()[0]:.1f})"
    )
    return int(rate < MUST)


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cycle", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--parallel", type=int, default=8)
    parser.add_argument("--threads", type=int, default=4, help="of each of the two workers (4)")
    parser.add_argument("--database-url", metavar="URL")
    parser.add_argument("--data", type=Path, metavar="FOLDER")
    return parser.parse_args(arguments)


def _simulate(contestant: Contestant, asked: argparse.Namespace, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "django", "scim_simulate", "--connection", "Benchmark", "--keep"]
    command += ["--people", str(asked.people), "--parallel", str(asked.parallel)]
    command += ["--url", f"http://127.0.0.1:{contestant.server.port}/scim/v2"]
    subprocess.run(command, check=True, env=environment)  # noqa: S603


def _read_the_log(environment: dict[str, str]) -> tuple[int, float]:
    """How many people the cycle brought in, and the seconds that it took."""
    command = [sys.executable, "-m", "benchmarks.comparing.initial_cycle"]
    read = subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE)  # noqa: S603
    people, seconds = json.loads(read.stdout)
    return people, seconds


if __name__ == "__main__":
    sys.exit(main())
