"""The same pages on django-unfold, which is another admin with other templates."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.processes import run_pytest

FOLDER = Path(__file__).parent
#: Its own, and what an administrator does on the day after.
PAGES = [
    "unfold/pages_under_unfold.py",
    "test_joining.py::test_three_clicks_from_the_learners_page",
    "test_adopting.py",
    "test_units.py::test_two_spellings_become_one_team_in_three_interactions",
    "test_forget.py",
]


@pytest.mark.long
def test_the_pages_render_under_unfold_and_an_administrator_gets_a_day_done() -> None:
    pytest.importorskip("unfold")
    # INSTALLED_APPS cannot change in a running process: Unfold replaces the admin's own templates.
    pages = [str(FOLDER / page) for page in PAGES]
    run = run_pytest("unfold", "--ds=tests.browser.unfold.settings", "-m", "browser", *pages)
    assert run.returncode == 0, run.stdout + run.stderr
