"""How many learners of a disconnected customer are handled in one transaction."""

from __future__ import annotations

import pytest

from scim_provisioning.administration import disconnection_batch


def batches_of(learners: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many, whatever the host has written."""
    for size in ("MANY", "FEW"):
        monkeypatch.setattr(disconnection_batch, size, learners)
