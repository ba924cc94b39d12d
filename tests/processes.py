"""pytest in a process of its own: for settings that cannot change in a running one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def run_pytest(name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run pytest with these arguments and variables.

    On a server it has a test database beside that of the suite, with other tables. Where coverage is measured it writes
    it beside that of the outer run, which takes it in at its end. ``name`` tells both from those of other processes.
    """
    name = "_".join(filter(None, [name, os.environ.get("PYTEST_XDIST_WORKER")]))
    own = {
        "COVERAGE_FILE": f"{os.environ.get('COVERAGE_FILE', '.coverage')}.{name}",
        "TEST_DATABASE_NAME": f"{os.environ.get('TEST_DATABASE_NAME', 'test_scim_provisioning')}_{name}",
    }
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "--create-db", *arguments],
        cwd=ROOT,
        env={**os.environ, **own, **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
