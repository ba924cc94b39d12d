"""What every view of the API shares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from rest_framework.authentication import SessionAuthentication
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import JSONParser
from rest_framework.permissions import IsAdminUser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import exception_handler
from rest_framework.viewsets import GenericViewSet

from scim_provisioning.admin import permissions
from scim_provisioning.admin.reporting import TokenSafeReporterFilter
from scim_provisioning.models import SCIMConnection


class Pages(CursorPagination):
    """The newest first, by a cursor: no count, so the size of the log does not matter."""

    page_size = 100
    max_page_size = 500
    page_size_query_param = "page_size"
    ordering = "-id"


class AdministratorViewSet(GenericViewSet[Any]):
    """For signed-in staff. Views ask ``connection()`` for what the URL names: 404 for strangers' connections."""

    authentication_classes = (SessionAuthentication,)
    permission_classes = (IsAdminUser,)
    throttle_classes = ()
    parser_classes = (JSONParser,)
    renderer_classes = (JSONRenderer,)
    content_negotiation_class = DefaultContentNegotiation
    versioning_class = None
    metadata_class = None
    pagination_class = Pages
    filter_backends = ()

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """As DRF's; an error report of this request shows no token."""
        request.exception_reporter_filter = TokenSafeReporterFilter()
        return super().initialize_request(request, *args, **kwargs)

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response | None]:
        """DRF's own, whatever the host uses elsewhere."""
        return exception_handler

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Answers hold personal data or a secret: nobody keeps them."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers["Cache-Control"] = "no-store, private"
        return response

    def connection(self, codename: str = permissions.VIEW) -> SCIMConnection:
        """The connection in the URL. Raises 404 for what this person must not see, 403 for what they may not do."""
        return permissions.get_connection(self.request._request, str(self.kwargs["connection_id"]), codename)
