"""What is drawn in a soak: of one seed always the same."""

from __future__ import annotations

import random


def draws(seed: int, who: str) -> random.Random:
    """A generator of somebody's own, so that what others draw meanwhile changes nothing."""
    return random.Random(f"{seed} {who}")  # noqa: S311
