"""What is written down: ``applied`` inside the transaction, ``refused`` after it, ``admin`` for people.

``lines`` writes beside it into the logs of the process.
"""

from __future__ import annotations

from scim_provisioning.events.records import Caller, Exchange, admin, applied, exchanged, refused

__all__ = ["Caller", "Exchange", "admin", "applied", "exchanged", "refused"]
