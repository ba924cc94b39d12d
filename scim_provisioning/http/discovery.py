"""``/ServiceProviderConfig``, ``/ResourceTypes`` and ``/Schemas`` (RFC 7644 section 4), from the mapping."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.conf import app_settings, tenant_url
from scim_provisioning.http.base import SCIMView
from scim_provisioning.protocol import discovery, messages
from scim_provisioning.protocol.errors import Forbidden, NotFound
from scim_provisioning.protocol.schema import UserSchema
from scim_provisioning.provisioning import cursors


class DiscoveryView(SCIMView):
    """GET only; a filter is 403 (RFC 7644 section 4), other query parameters are ignored."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if any(name.lower() == "filter" for name in request.query_params):
            raise Forbidden("Discovery endpoints cannot be filtered.", code="discovery.filter")
        self.touch(None)

    @property
    def user_schema(self) -> UserSchema:
        return get_adapter_class().compiled(self.caller.tenant).schema

    @staticmethod
    def one_of(resources: list[dict[str, Any]], wanted: str | None, what: str) -> Response:
        """The whole list, or the resource of that id in any case."""
        if wanted is None:
            return Response(messages.list_response(resources, len(resources), 1))
        for resource in resources:
            if resource["id"].casefold() == wanted.casefold():
                return _single(resource)
        raise NotFound(f"There is no {what} of that name.")


def _single(resource: dict[str, Any]) -> Response:
    return Response(resource, headers={"Content-Location": resource["meta"]["location"]})


class ServiceProviderConfigView(DiscoveryView):
    route = "/ServiceProviderConfig"

    def get(self, request: Request) -> Response:
        config = discovery.service_provider_config(
            tenant_url(),
            limits=app_settings.limits,
            page_size=app_settings.page_size,
            page_size_max=app_settings.page_size_max,
            cursor_timeout=cursors.LIFETIME,
            documentation_uri=app_settings.documentation_url,
        )
        return _single(config)


class ResourceTypesView(DiscoveryView):
    route = "/ResourceTypes"

    def get(self, request: Request, name: str | None = None) -> Response:
        return self.one_of(discovery.resource_types(self.user_schema, tenant_url()), name, "resource type")


class SchemasView(DiscoveryView):
    route = "/Schemas"

    def get(self, request: Request, urn: str | None = None) -> Response:
        return self.one_of(discovery.schemas(self.user_schema, tenant_url()), urn, "schema")
