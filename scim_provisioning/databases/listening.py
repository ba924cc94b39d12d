"""Whether anybody waits for what happens to a model."""

from __future__ import annotations

from django.db.models import Model
from django.dispatch import Signal


def is_heard(model: type[Model], *signals: Signal) -> bool:
    """Whether a receiver is told of one of these signals where this model sends it. Where a signal has no receiver at
    all, as most have none, nobody has to be looked for."""
    return any(signal.receivers and signal.has_listeners(model) for signal in signals)
