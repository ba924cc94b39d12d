"""A host with a primary and a replica loses nothing, and one whose tables are not on `default` is a host like any."""

from __future__ import annotations

import pytest

from tests.processes import ROOT, run_pytest


@pytest.mark.long
def test_nothing_that_scim_decides_on_is_read_from_a_replica_that_is_behind() -> None:
    story = ROOT / "tests" / "faults" / "replica" / "story.py"
    done = run_pytest("replica", str(story), "--ds=tests.faults.replica.settings")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long
def test_nor_are_rows_that_are_read_in_a_second_statement() -> None:
    story = ROOT / "tests" / "faults" / "replica" / "membership_story.py"
    done = run_pytest("replica_rows", str(story), "--ds=tests.faults.replica.membership_settings")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long
def test_nor_what_administrators_decide_on() -> None:
    story = ROOT / "tests" / "faults" / "replica" / "administrators_story.py"
    done = run_pytest("replica_administrators", str(story), "--ds=tests.faults.replica.settings")
    assert done.returncode == 0, done.stdout + done.stderr
