"""The server processes of the LMS: gunicorn with two workers, of which one is killed now and then."""

from __future__ import annotations

import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.soaking.servers import await_port

_EVERY = 0.5
#: Seconds of a worker's life that say nothing of its memory: it loads, compiles and caches; or a third of its life.
_WARM_UP = 60.0
#: Samples whose median is compared: the first of these after the warm-up, and the last.
_COMPARED = 10


@dataclass(frozen=True, slots=True)
class Memory:
    """What a worker that lived to the end held after its warm-up and in the end, in MiB."""

    pid: int
    seconds: float
    first: float
    last: float

    @property
    def growth(self) -> float:
        """As a share: 0.05 is five per cent."""
        return self.last / self.first - 1


@dataclass
class Workers:
    """gunicorn on a port of its own. The worker that came first is never killed: its memory is measured."""

    port: int
    log: Path
    killed: int = 0
    samples: dict[int, list[tuple[float, float]]] = field(default_factory=dict)

    def start(self) -> None:
        command = [sys.executable, "-m", "gunicorn", "example_project.wsgi", "--workers", "2"]
        command += ["--bind", f"127.0.0.1:{self.port}", "--timeout", "120", "--log-level", "error"]
        with self.log.open("wb") as output:
            self._master = subprocess.Popen(command, stdout=output, stderr=output)  # noqa: S603
        await_port(self.port)
        while len(self.pids()) < 2:
            time.sleep(0.05)
        self.witness = min(self.pids())
        self._stops = threading.Event()
        self._watch = threading.Thread(target=self._sample, daemon=True)
        self._watch.start()

    def pids(self) -> list[int]:
        """The workers that there are now, the eldest first; none when the master is gone."""
        try:
            children = Path(f"/proc/{self._master.pid}/task/{self._master.pid}/children").read_text()
        except FileNotFoundError:
            return []
        return sorted(map(int, children.split()))

    def kill_one(self, rng: random.Random) -> None:
        others = [pid for pid in self.pids() if pid != self.witness]
        if others:
            os.kill(rng.choice(others), signal.SIGKILL)
            self.killed += 1

    def stop(self) -> None:
        self._stops.set()
        self._watch.join()
        self._master.terminate()
        self._master.wait(30)

    def memory(self) -> list[Memory]:
        """Of each worker that lived to the end, and for half as long again as the warm-up."""
        found = []
        for pid in self.pids():
            samples = self.samples.get(pid, [])
            life = samples[-1][0] - samples[0][0] if samples else 0.0
            if life < 1.5 * _WARM_UP:
                continue
            since = samples[0][0] + max(_WARM_UP, life / 3)
            held = [size for when, size in samples if when >= since]
            first, last = (statistics.median(part) for part in (held[:_COMPARED], held[-_COMPARED:]))
            found.append(Memory(pid, life, first, last))
        return found

    def _sample(self) -> None:
        while not self._stops.wait(_EVERY):
            for pid in self.pids():
                size = _resident(pid)
                if size:
                    self.samples.setdefault(pid, []).append((time.monotonic(), size))


def _resident(pid: int) -> float:
    """MiB of a process that are in memory; 0 when it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next(
        (int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS")), 0.0
    )
