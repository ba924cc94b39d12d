"""What goes wrong meanwhile: workers die, the database is restarted or locked, connections are paused, leavers
are held until somebody decides."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import DatabaseError, connections
from django.utils import timezone

from benchmarks.soaking.servers import Server
from benchmarks.soaking.workers import Workers
from scim_provisioning.administration import connections as administration
from scim_provisioning.administration import leaver_brake
from scim_provisioning.models import SCIMConnection
from scim_provisioning.protocol.errors import SCIMError


@dataclass
class Troubles:
    """Makes trouble until told otherwise. ``windows``: when the database was away, by ``time.monotonic``."""

    server: Server
    workers: Workers
    tenants: Sequence[SCIMConnection]
    holding: Sequence[SCIMConnection]
    rng: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    windows: list[tuple[float, float]] = field(default_factory=list)

    def make(self, until: float) -> None:
        while time.monotonic() < until:
            time.sleep(self.rng.uniform(0.5, 7))
            self._let_a_day_pass()
            self.rng.choices((self._kill, self._database, self._pause, self.decide), (6, 2, 1, 3))[0]()

    def touches(self, began: float, ended: float) -> bool:
        """Whether the database was away between the two."""
        return any(began <= up and down <= ended for down, up in self.windows)

    def decide(self) -> None:
        """An administrator lets those go who are held; where the database is away, they come back."""
        for tenant in self.holding:
            with suppress(SCIMError, DatabaseError):
                keys = list(leaver_brake.held(tenant).values_list("pk", flat=True))
                self.counts["leaver let go"] += leaver_brake.allow(tenant, keys, actor=None)
        connections.close_all()

    def _let_a_day_pass(self) -> None:
        """Who came within the hour is never held: everybody came yesterday."""
        for tenant in self.holding:
            with suppress(DatabaseError):
                tenant.links.update(created_at=timezone.now() - timedelta(days=1))
        connections.close_all()

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
