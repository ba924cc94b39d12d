"""The same pages under other themes of the admin, which give buttons and sections a look of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.processes import run_pytest

PAGES = Path(__file__).parent / "themes" / "pages_under_themes.py"


@pytest.mark.long
@pytest.mark.parametrize("theme", ["grappelli", "jazzmin"])
def test_no_theme_squashes_a_button_or_a_section(theme: str) -> None:
    pytest.importorskip(theme)
    settings = f"--ds=tests.browser.themes.{theme}_settings"
    run = run_pytest(theme, settings, "-m", "browser", str(PAGES))
    assert run.returncode == 0, run.stdout + run.stderr
