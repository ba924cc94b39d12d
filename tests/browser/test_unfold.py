"""The same pages on django-unfold, which is another admin with other templates."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def test_the_pages_render_under_unfold_and_a_token_is_generated() -> None:
    pytest.importorskip("unfold")
    # INSTALLED_APPS cannot change in a running process: Unfold replaces the admin's own templates.
    command = [sys.executable, "-m", "pytest", "--ds=tests.browser.unfold.settings", "-q", "--no-cov"]
    result = subprocess.run(
        [*command, str(HERE / "unfold" / "pages_under_unfold.py")],
        cwd=HERE.parent.parent,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
