"""The same story and every identity provider's case again, inside hosts of the two other shapes.

``AUTH_USER_MODEL`` cannot change in a running process, so each host has a process of its own.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.processes import run_pytest


def variables(host: str, folder: Path) -> dict[str, str]:
    """Where a host keeps its tables: beside those of the suite, under a name of its own, or else in a file."""
    if "DATABASE_URL" not in os.environ:
        return {"HOST": host, "DATABASE_URL": f"sqlite:///{folder / 'host.sqlite3'}"}
    name = os.environ.get("TEST_DATABASE_NAME", "test_scim_provisioning")
    return {"HOST": host, "TEST_DATABASE_NAME": f"{name}_{host}"}


@pytest.mark.long
@pytest.mark.parametrize("host", ["custom_user", "membership"])
def test_a_host_of_another_shape_serves_entra_as_well(host: str, tmp_path: Path) -> None:
    suite = ["tests/hosts/test_shapes.py", "tests/idp_cases", f"tests/hosts/{host}"]
    run = run_pytest(
        host, "--create-db", f"--ds=tests.hosts.{host}.settings", *suite, **variables(host, tmp_path)
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-2000:]
    assert "passed" in run.stdout
