"""What is written down: ``applied`` inside the transaction, ``refused`` after it; ``admin``, ``admin_for_each`` and
``not_done`` for what administrators do.

``lines`` writes beside it into the logs of the process.
"""

from __future__ import annotations

from scim_provisioning.events.administrators import admin, admin_for_each, not_done
from scim_provisioning.events.records import Caller, Exchange, applied, exchanged
from scim_provisioning.events.refusals import refused

__all__ = [
    "Caller",
    "Exchange",
    "admin",
    "admin_for_each",
    "applied",
    "exchanged",
    "not_done",
    "refused",
]
