"""pytest in a process of its own: for settings that cannot change in a running one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def run_pytest(name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run pytest with these arguments and variables; ``name`` tells its coverage from that of other processes.

    Where coverage is measured, the process writes it beside that of the outer run, which takes it in at its end.
    """
    data = f"{os.environ.get('COVERAGE_FILE', '.coverage')}.{name}"
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", *arguments],
        cwd=ROOT,
        env={**os.environ, "COVERAGE_FILE": data, **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
