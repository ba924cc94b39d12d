"""What waits for the commit: mail, tasks and calls of the host's to other systems."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.db import transaction

from scim_provisioning import databases
from scim_provisioning.events import reports

logger = logging.getLogger("scim_provisioning")


def after_commit(call: Callable[[], Any]) -> None:
    """Have ``call`` called once everything that this transaction does is committed, in the order of asking; from a
    hook, a receiver or ``save()``. Outside of a transaction it is called at once.

    Never for what was undone: a request that was refused, an operation of ``/Bulk`` that was, a hook whose work was
    taken back, a trial, an attempt that is played again. What ``call`` raises is logged ("scim_provisioning"), keeps
    nothing else from being called, and changes no answer: the change stands. The client is answered afterwards, so hand
    long work to a queue; what must not be lost with the process belongs into a table of yours.
    """

    def called() -> None:
        try:
            call()
        except Exception as error:
            # Whatever code of the host's may raise.
            name = getattr(call, "__qualname__", None) or type(call).__name__
            reports.failure(logger, "%s failed after the commit; the change was made", name, exception=error)

    transaction.on_commit(called, using=databases.alias(), robust=True)
