"""``/Groups``: a polite "there are none".

Identity providers probe groups even when only people are provisioned; a 404 on the collection put real Entra
jobs into quarantine although every person had synced. Nothing is kept of a group, and a write is never
answered 201, which would pretend that it was.
"""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from scim_provisioning.http.base import SCIMView
from scim_provisioning.models import Operation
from scim_provisioning.protocol import messages
from scim_provisioning.protocol.constants import GROUPS_UNSUPPORTED
from scim_provisioning.protocol.errors import NotFound, NotSupported


class GroupView(SCIMView):
    """Both the collection and an item."""

    operation = Operation.GROUP
    route = "/Groups"

    def get(self, request: Request, group_id: str | None = None) -> Response:
        self.touch(None)
        if group_id is not None:
            raise NotFound(GROUPS_UNSUPPORTED, code="group.unsupported")
        return Response(messages.list_response([], 0, 1))

    def post(self, request: Request, group_id: str | None = None) -> Response:
        # Only writes count as "Entra is also sending groups": its connection test reads them once anyway.
        self.touch("group")
        raise NotSupported(GROUPS_UNSUPPORTED, code="group.unsupported")

    put = patch = delete = post
