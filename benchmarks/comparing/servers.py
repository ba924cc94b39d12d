"""A contestant's server: gunicorn with two workers, and what its workers take of the processor and of memory."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.soaking.servers import await_port, free_port

WORKERS = 2
#: Seconds that an idle connection is kept: longer than the others' turns take.
_KEEP_ALIVE = "3600"


class Server:
    """gunicorn with threads, as its other workers keep no connection. It loads before it forks."""

    def __init__(self, python: str, settings: str, database_url: str, log: Path, threads: int) -> None:
        self.port, self._threads = free_port(), threads
        self._python, self._settings = python, settings
        self._database_url, self._log = database_url, log

    def start(self) -> None:
        command = [self._python, "-m", "gunicorn", "benchmarks.comparing.wsgi", "--preload"]
        command += ["--bind", f"127.0.0.1:{self.port}", "--workers", str(WORKERS), "--timeout", "120"]
        command += ["--worker-class", "gthread", "--threads", str(self._threads), "--keep-alive", _KEEP_ALIVE]
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": self._settings,
            "DATABASE_URL": self._database_url,
            "SITE_URL": f"http://127.0.0.1:{self.port}",
        }
        with self._log.open("ab") as output:
            self._master = subprocess.Popen(  # noqa: S603
                command, stdout=output, stderr=output, env=environment
            )

    def wait(self) -> None:
        """Raises ``TimeoutError`` when it does not listen after a minute."""
        await_port(self.port)

    def stop(self) -> None:
        self._master.terminate()
        self._master.wait(30)

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self._master.pid}/task/{self._master.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def cpu(self) -> float:
        """Seconds that the workers have run so far, in user and in kernel mode."""
        return sum(_seconds_run(pid) for pid in self.workers())

    def ports(self) -> list[int]:
        """The ports from which its workers are connected, to the database above all."""
        return [port for pid in self.workers() for port in _ports(pid)]

    def memory(self) -> float:
        """MiB of the larger worker that are in memory."""
        return max(_resident(pid) for pid in self.workers())


def _seconds_run(pid: int) -> float:
    """To the nanosecond: ``/proc/PID/stat`` counts in hundredths, which are several requests."""
    return seconds_run(int(thread.name) for thread in Path(f"/proc/{pid}/task").iterdir())


def seconds_run(threads: Iterable[int]) -> float:
    """Of these threads of any process."""
    return sum(int(Path(f"/proc/{thread}/schedstat").read_text().split()[0]) for thread in threads) / 1e9


def _ports(pid: int) -> Iterator[int]:
    links = (str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir() if file.is_symlink())
    inodes = {link.removeprefix("socket:[").rstrip("]") for link in links}
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[9] in inodes:
            yield int(fields[1].partition(":")[2], 16)


def _resident(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 2**20
