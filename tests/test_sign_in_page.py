"""docs/sign-in.md: its examples let in whom they should, inside the packages that they are written for."""

from __future__ import annotations

from pathlib import Path

from tests.processes import run_pytest

EXAMPLES = Path(__file__).parent / "sign_in" / "through_other_packages.py"


def test_the_examples_for_other_packages_let_learners_in_and_leavers_out() -> None:
    # INSTALLED_APPS cannot change in a running process.
    run = run_pytest("sign_in", "--ds=tests.sign_in.settings", str(EXAMPLES), DATABASE_URL="")
    assert run.returncode == 0, run.stdout + run.stderr
