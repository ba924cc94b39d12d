"""How many requests a connection may make, counted in the host's cache."""

from __future__ import annotations

import time
from typing import Any

from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from scim_provisioning.conf import app_settings
from scim_provisioning.models import SCIMToken

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class ConnectionThrottle(BaseThrottle):
    """A fixed window of one second per connection, reads and writes apart (``THROTTLE``).

    With a cache that all workers share the limit holds for all of them, else for each one.
    """

    def allow_request(self, request: Request, view: Any) -> bool:
        kind = "reads" if request.method in _READS else "writes"
        token: SCIMToken = request.auth  # type: ignore[assignment]
        key = f"scim_provisioning:{token.connection_id}:{kind}:{int(time.time())}"
        if cache.add(key, 1, timeout=5):
            return True
        try:
            return cache.incr(key) <= app_settings.throttle[kind]
        except ValueError:
            # The window ended between the two calls.
            return True

    def wait(self) -> float:
        return 1.0
