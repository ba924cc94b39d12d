"""``POST /Bulk`` (RFC 7644 section 3.7)."""

from __future__ import annotations

from collections.abc import Callable

from rest_framework.request import Request
from rest_framework.response import Response

from scim_provisioning.conf import app_settings
from scim_provisioning.http.base import SCIMView
from scim_provisioning.http.errors import scim_error
from scim_provisioning.http.lasting import Lasting
from scim_provisioning.http.throttling import many_operations, spend_writes
from scim_provisioning.models import Operation
from scim_provisioning.protocol import bulk as messages
from scim_provisioning.protocol.limits import Limits
from scim_provisioning.provisioning import bulk


class BulkView(SCIMView):
    """Its limits are its own and stand in ``/ServiceProviderConfig``."""

    operation = Operation.BULK
    route = "/Bulk"

    @property
    def body_limit(self) -> int:
        return app_settings.limits.bulk_bytes

    def body_limits(self, limits: Limits) -> Limits:
        return limits.for_bulk()

    def post(self, request: Request) -> Response:
        parsed = messages.parse(self.body(request), app_settings.limits)
        # The request was counted as one write; each operation is one.
        if self.caller.token is not None and len(parsed.operations) > 1:
            spend_writes(self.caller.token, len(parsed.operations) - 1)
        with many_operations(self.caller.tenant) as renew:
            results = bulk.perform(
                self.caller,
                self.exchange,
                parsed,
                lambda exception: scim_error(exception, self.caller, self.exchange.request_body),
                self._goes_on(renew),
            )
        self.touch("create" if any(result["method"] == "POST" for result in results) else "update")
        return Response(messages.response(results))

    def _goes_on(self, renew: Callable[[], None]) -> Callable[[], None]:
        """What is asked before each operation."""
        token = self.caller.token
        return renew if token is None else Lasting(token, renew, seconds=app_settings.limits.bulk_seconds)
