"""What goes wrong meanwhile: workers die, the database is restarted or locked, connections are paused."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import connections

from benchmarks.soaking.servers import Server
from benchmarks.soaking.workers import Workers
from scim_provisioning.administration import connections as administration
from scim_provisioning.models import SCIMConnection


@dataclass
class Troubles:
    """Makes trouble until told otherwise. ``windows``: when the database was away, by ``time.monotonic``."""

    server: Server
    workers: Workers
    tenants: Sequence[SCIMConnection]
    rng: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    windows: list[tuple[float, float]] = field(default_factory=list)

    def make(self, until: float) -> None:
        while time.monotonic() < until:
            time.sleep(self.rng.uniform(0.5, 7))
            self.rng.choices((self._kill, self._database, self._pause), (6, 2, 1))[0]()

    def touches(self, began: float, ended: float) -> bool:
        """Whether the database was away between the two."""
        return any(began <= up and down <= ended for down, up in self.windows)

    def _kill(self) -> None:
        self.workers.kill_one(self.rng)
        self.counts["worker killed"] += 1

    def _database(self) -> None:
        down = time.monotonic()
        what = self.server.trouble(self.rng)
        self.windows.append((down, time.monotonic()))
        self.counts[f"database {what}"] += 1

    def _pause(self) -> None:
        connections.close_all()
        tenant = self.rng.choice(self.tenants)
        administration.pause(tenant, actor=None, reason="Soak")
        time.sleep(self.rng.uniform(1, 3))
        administration.resume(tenant, actor=None)
        connections.close_all()
        self.counts["connection paused"] += 1
