"""The same story, the contract and every identity provider's case again, inside hosts of the two other shapes.

``AUTH_USER_MODEL`` cannot change in a running process, so each host has a process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("host", ["custom_user", "membership"])
def test_a_host_of_another_shape_serves_entra_as_well(host: str, tmp_path: Path) -> None:
    shared = ["tests/hosts/test_shapes.py", "tests/hosts/test_contract.py", "tests/idp_cases"]
    suite = [*shared, f"tests/hosts/{host}"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--create-db", f"--ds=tests.hosts.{host}.settings", *suite],
        cwd=ROOT,
        env={**os.environ, "HOST": host, "DATABASE_URL": f"sqlite:///{tmp_path / 'host.sqlite3'}"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-2000:]
    assert "passed" in run.stdout
