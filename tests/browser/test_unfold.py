"""The same pages on django-unfold, which is another admin with other templates."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.processes import run_pytest

PAGES = Path(__file__).parent / "unfold" / "pages_under_unfold.py"


@pytest.mark.long
def test_the_pages_render_under_unfold_and_a_token_is_generated() -> None:
    pytest.importorskip("unfold")
    # INSTALLED_APPS cannot change in a running process: Unfold replaces the admin's own templates.
    run = run_pytest("unfold", "--ds=tests.browser.unfold.settings", "-m", "browser", str(PAGES))
    assert run.returncode == 0, run.stdout + run.stderr
