"""The same story, the contract and every identity provider's case again, inside each host of another shape.

``AUTH_USER_MODEL`` cannot change in a running process, so each host has a process of its own.
"""

from __future__ import annotations

import pytest
from django.db import connection as database

from tests.processes import run_pytest

#: What identity providers send, and need to be answered.
CASES = "tests/idp_cases"
#: What runs in every host: the story, its pages, the contract of its adapter.
SHARED = [
    "tests/hosts/test_shapes.py",
    "tests/hosts/test_access.py",
    "tests/hosts/test_sharing.py",
    "tests/hosts/test_sharing_while_read.py",
    "tests/hosts/test_moved.py",
    "tests/hosts/test_leaver_elsewhere.py",
    "tests/hosts/test_ended_elsewhere.py",
    "tests/hosts/test_last_word.py",
    "tests/hosts/test_settings_gone.py",
    "tests/hosts/test_switch_gone.py",
    "tests/hosts/test_adopting.py",
    "tests/hosts/test_joining.py",
    "tests/hosts/test_reconciling.py",
    "tests/hosts/test_people_not_managed.py",
    "tests/hosts/test_disconnecting.py",
    "tests/hosts/test_locked_values.py",
    "tests/hosts/test_leavers_and_pages.py",
    "tests/hosts/test_administration.py",
    "tests/hosts/test_contract.py",
    "tests/hosts/test_prepared.py",
    CASES,
]
#: What shows, keeps or compares a moment.
TIMES = [
    "tests/admin/test_log.py",
    "tests/admin/test_confirmation.py",
    "tests/faults/test_clock.py",
    "tests/http/test_queries.py",
    "tests/test_notify.py",
    "tests/test_scim_token_command.py",
]
HOSTS = {
    **dict.fromkeys(["custom_user", "membership", "academy", "signals", "club"], SHARED),
    # There to hold one field of every kind; its users are those of the example.
    "every_kind": ["tests/hosts/test_prepared.py"],
    # The example LMS again, without time zones: what clients are answered in each case is known of its mapping.
    "zoneless": [*(part for part in SHARED if part != CASES), *TIMES],
}


@pytest.mark.long
@pytest.mark.parametrize("host", HOSTS)
def test_a_host_of_another_shape_serves_entra_as_well(host: str) -> None:
    suite = [*HOSTS[host], f"tests/hosts/{host}"]
    if database.vendor != "sqlite":
        # What a client is answered in each case depends on the mapping, or on the server: not on both together.
        suite = [part for part in suite if part != CASES]
    # Coverage costs half as much again: of these hosts it is measured where every kind is, else in the example LMS.
    measured = {} if host == "every_kind" else {"PYTEST_ADDOPTS": ""}
    run = run_pytest(host, f"--ds=tests.hosts.{host}.settings", *suite, HOST=host, **measured)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-2000:]
    assert "passed" in run.stdout
