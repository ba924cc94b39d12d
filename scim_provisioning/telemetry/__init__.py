"""What is told of requests to those who watch a server: metrics and traces, through one small interface.

``Metrics`` is that interface, and its methods do nothing; ``METRICS`` names a subclass. ``backend`` finds it and sees
to it that no trouble of its own reaches a request. ``prometheus`` and ``opentelemetry`` are the bundled ones; neither
is imported, nor has to be installed, unless it is named.
"""

from __future__ import annotations

from scim_provisioning.telemetry.backend import current, is_in_use, provide_figures, spanned
from scim_provisioning.telemetry.metrics import Answered, Figure, Metrics

__all__ = ["Answered", "Figure", "Metrics", "current", "is_in_use", "provide_figures", "spanned"]
