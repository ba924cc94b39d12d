"""What is left: ``/Me``, and every path that is none of ours."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from scim_provisioning.conf import tenant_url
from scim_provisioning.http.base import SCIMView
from scim_provisioning.http.throttling import StrangerThrottle
from scim_provisioning.protocol.errors import NotFound, NotSupported


class MeView(SCIMView):
    """RFC 7644 section 3.11: a token is not a person, so there is no "me"."""

    route = "/Me"

    def get(self, request: Request) -> Response:
        raise NotSupported(
            "A provisioning token is not a person, so there is no /Me; use /Users.", code="me.unsupported"
        )

    post = put = patch = delete = get


class UnknownPathView(SCIMView):
    """At, under and above the prefix: a SCIM 404 that names the right Tenant URL.

    Without authentication: whoever mistyped the URL should learn that, not that their token is wrong. Each call is
    counted for administrators, since a wrong Tenant URL is what goes wrong most when a connection is set up.
    """

    authentication_classes = ()
    throttle_classes = (StrangerThrottle,)

    def get(self, request: Request, **kwargs: Any) -> Response:
        raise NotFound(
            f"No SCIM resource at this path. The Tenant URL is {tenant_url()}.", code="path.unknown"
        )

    head = post = put = patch = delete = options = get
