"""Processes beside the tests' own: pytest, for settings that cannot change in a running one, and real servers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
_BARE = ("-q", "-n0", "-p", "no:cacheprovider", "--create-db", "--no-migrations")


def run_pytest(name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run pytest with these arguments and variables.

    On a server it has a test database beside that of the suite, with other tables. Where coverage is measured it writes
    it beside that of the outer run, which takes it in at its end. ``name`` tells both from those of other processes.

    Its tables are made from the models; the outer run's are made by the migrations, which takes longer.
    """
    name = "_".join(filter(None, [name, os.environ.get("PYTEST_XDIST_WORKER")]))
    own = {
        "COVERAGE_FILE": f"{os.environ.get('COVERAGE_FILE', '.coverage')}.{name}",
        "TEST_DATABASE_NAME": f"{os.environ.get('TEST_DATABASE_NAME', 'test_scim_provisioning')}_{name}",
    }
    return subprocess.run(
        [sys.executable, "-m", "pytest", *_BARE, *arguments],
        cwd=ROOT,
        env={**os.environ, **own, **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@contextmanager
def serving(arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> Iterator[int]:
    """A server, started as ``python -m`` with these arguments, in which ``{port}`` stands for a free port; the port.

    What it says is kept in ``folder``.
    """
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    log = folder / f"server-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *(part.format(port=port) for part in arguments)],
            env=dict(environment),
            cwd=ROOT,
            stdout=output,
            stderr=output,
        )
    try:
        for _ in range(300):
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        else:
            pytest.fail(f"{arguments[0]} does not answer: {log.read_text()}")
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
