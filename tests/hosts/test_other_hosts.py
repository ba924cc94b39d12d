"""The same story and every identity provider's case again, inside hosts of the two other shapes.

``AUTH_USER_MODEL`` cannot change in a running process, so each host has a process of its own.
"""

from __future__ import annotations

import os

import pytest

from tests.processes import run_pytest


@pytest.mark.long
@pytest.mark.parametrize("host", ["custom_user", "membership"])
def test_a_host_of_another_shape_serves_entra_as_well(host: str) -> None:
    suite = ["tests/hosts/test_shapes.py", "tests/idp_cases", f"tests/hosts/{host}"]
    # The hosts have no migrations, and on a server a table without any cannot point to one that has some.
    options = ["--create-db", "--nomigrations", f"--ds=tests.hosts.{host}.settings"]
    # Beside the test database of the suite, which has other tables.
    database = f"{os.environ.get('TEST_DATABASE_NAME', 'test_scim_provisioning')}_{host}"
    run = run_pytest(host, *options, *suite, HOST=host, TEST_DATABASE_NAME=database)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-2000:]
    assert "passed" in run.stdout
