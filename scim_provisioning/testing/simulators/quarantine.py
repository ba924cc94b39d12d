"""When Entra gives a job up: its rule of quarantine, over what a cycle of the job came to.

Microsoft publishes the figures; see "Application provisioning in quarantine status" in its documentation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

from scim_provisioning.testing.simulators.exchange import Step


@dataclass(slots=True)
class Job:
    """A provisioning job: how many operations of its cycle failed, and whether Entra stops it for that.

    An operation is what was written of somebody, or that they could not be read. A fault of the endpoint or of
    the credentials stops the job at once; failed operations do when more than `most` failed, or more than the
    `share` of all of them, once there are `least`. Managers that could not be written count only among `in_all`.

    least, share, most, in_all: Entra's own figures. A test of few people sets smaller ones.

    Several simulators may play one job at the same time, each in a thread of its own.
    """

    least: int = 5_000
    share: float = 0.4
    most: int = 40_000
    in_all: int = 60_000
    operations: int = field(default=0, init=False)
    failed: int = field(default=0, init=False)
    failed_references: int = field(default=0, init=False)
    _stopped_by: str = field(default="", init=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def begin_cycle(self) -> None:
        """Another cycle, judged by itself: a good one lifts the quarantine."""
        with self._lock:
            self.operations = self.failed = self.failed_references = 0
            self._stopped_by = ""

    def count(self, step: Step) -> None:
        """Take in a request and its answer."""
        with self._lock:
            if step.verdict == "quarantine":
                self._stopped_by = self._stopped_by or f"{step.what}: {step.detail}"
            if step.method == "GET" and step.ok:
                return
            has_failed = step.verdict == "retry"
            if step.is_reference:
                self.failed_references += has_failed
            else:
                self.operations += 1
                self.failed += has_failed

    @property
    def quarantine(self) -> str:
        """Why the job is in quarantine, where Entra asks once a day; "" while it is not."""
        if self._stopped_by:
            return self._stopped_by
        if self.failed + self.failed_references > self.in_all:
            return f"{self.failed} operations and {self.failed_references} references failed"
        if self.failed < self.least:
            return ""
        if self.failed > self.most or self.failed > self.share * self.operations:
            return f"{self.failed} of {self.operations} operations failed"
        return ""
