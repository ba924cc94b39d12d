"""Whether a request of many operations may go on: what let it in may have ended since, and web servers kill a worker
that takes too long, so that nobody would hear what was done."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Final

from scim_provisioning import rules, tokens
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.models import SCIMToken
from scim_provisioning.protocol.errors import Unavailable

#: Seconds for which what was found out is taken to hold.
_FRESH: Final = 1.0


class Lasting:
    """Called before each operation. ``renew`` is called each time; ``seconds`` is how long the request may take.

    Raises what a request of its own would be refused with now: ``Unauthorized``, ``Forbidden``, ``Unavailable`` (two
    queries a second); ``Unavailable`` (``bulk.time``) when it has taken too long.
    """

    def __init__(self, token: SCIMToken, renew: Callable[[], None], *, seconds: int) -> None:
        self._token, self._renew, self._seconds = token, renew, seconds
        self._began = self._asked = monotonic()

    def __call__(self) -> None:
        self._renew()
        now = monotonic()
        if now - self._began >= self._seconds:
            raise Unavailable(
                f"Not begun: the operations before this one took {self._seconds} seconds. Send it again.",
                code="bulk.time",
                params={"limit": self._seconds},
                headers={"Retry-After": "1"},
            )
        if now - self._asked >= _FRESH:
            self._asked = now
            rules.admit(tokens.confirmed(self._token).connection, get_adapter_class())
