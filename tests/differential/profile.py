"""How hypothesis runs here: the same examples every time; more of them with DIFFERENTIAL_EXAMPLES."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings


def examples(usual: int) -> settings:
    """Deterministic, without a deadline (the machine may be busy), ``usual`` examples unless told otherwise."""
    wanted = os.environ.get("DIFFERENTIAL_EXAMPLES")
    return settings(
        max_examples=int(wanted) if wanted else usual,
        # With a number of one's own the search is a new one each time.
        derandomize=wanted is None,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
