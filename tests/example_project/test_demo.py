"""`manage.py demo`, as the README has it: a process of its own, SQLite, a free port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def manage(database: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py on a SQLite file, with nothing else from the environment that settings read."""
    ours = {"DATABASE_URL", "REDIS_URL", "SITE_URL", "DEBUG", "DJANGO_SETTINGS_MODULE"}
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**environment, "DATABASE_URL": f"sqlite:///{database}"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "demo.db"


@pytest.mark.long
def test_demo_once_shows_what_became_of_whom_twice(database: Path) -> None:
    first = manage(database, "demo", "--once", "--port", "0")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "0 faults" in first.stdout
    assert "Hana Novák-Reid" in first.stdout
    assert "left and came back" in first.stdout
    cared_for = manage(database, "scim_doctor").stdout
    for command in ("scim_managers", "scim_units", "scim_notify"):
        assert f"“{command}” was last run on" in cared_for

    second = manage(database, "demo", "--once", "--port", "0")
    assert second.returncode == 0, second.stdout + second.stderr
    assert "  POST " not in second.stdout


def test_seed_only_leaves_a_connection_that_tokens_can_be_made_for(database: Path) -> None:
    seeded = manage(database, "demo", "--seed-only")
    assert seeded.returncode == 0, seeded.stderr
    assert "Connection: demo" in seeded.stdout
    made = manage(database, "scim_token", "create", "--connection", "demo")
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("lmsscim_")
    assert made.stdout.count("\n") == 1


def test_demo_says_which_port_is_taken(database: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = manage(database, "demo", "--once", "--port", port)
    assert refused.returncode == 1
    assert f"Port {port} on 127.0.0.1 is not free" in refused.stderr
