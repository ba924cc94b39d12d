"""``/Users``: create, read, search, replace, patch, delete (RFC 7644 sections 3.3 to 3.6)."""

from __future__ import annotations

from functools import partial
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from scim_provisioning import provisioning
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.conf import app_settings
from scim_provisioning.http.base import SCIMView
from scim_provisioning.http.media import Written
from scim_provisioning.http.parameters import parameters
from scim_provisioning.http.throttling import look_up_among_everybody, search_among_everybody, spend_page
from scim_provisioning.models import Operation
from scim_provisioning.protocol import messages, versions
from scim_provisioning.protocol.errors import InvalidFilter
from scim_provisioning.protocol.projection import Projection

Resource = dict[str, Any]


class UserResourceView(SCIMView):
    """What the views on people share: projection and the form of an answer."""

    def projection(self, request: Request) -> Projection:
        """``attributes`` and ``excludedAttributes`` of the URL (RFC 7644 section 3.9)."""
        query = parameters(request)
        schema = get_adapter_class().compiled(self.caller.tenant).schema
        return Projection.parse(
            query.get("attributes"), query.get("excludedattributes"), schema, app_settings.limits
        )

    def resource_response(self, resource: Resource, projection: Projection, *, status: int = 200) -> Response:
        meta = resource["meta"]
        # RFC 7643 section 3.1: meta.location is what Content-Location says.
        headers = {"ETag": meta["version"], "Content-Location": meta["location"]}
        if status == 201:
            headers["Location"] = meta["location"]
        written = Written.of(projection.apply(resource), projection.schema)
        return Response(written, status=status, headers=headers)

    def list_response(self, search: messages.SearchRequest) -> Response:
        schema = get_adapter_class().compiled(self.caller.tenant).schema
        projection = Projection.parse(
            search.attributes, search.excluded_attributes, schema, app_settings.limits
        )
        page = provisioning.search(
            self.caller,
            search,
            among_everybody=partial(search_among_everybody, self.caller.tenant),
            unindexed=partial(look_up_among_everybody, self.caller.tenant),
        )
        resources = [Written.of(projection.apply(resource), schema) for resource in page.resources]
        if self.caller.token is not None:
            spend_page(self.caller.token, len(resources), projection.comparisons)
        self.touch("query")
        if search.cursor is not None:
            return Response(messages.cursor_response(resources, page.total, page.next_cursor))
        return Response(messages.list_response(resources, page.total, search.start_index))


class UsersView(UserResourceView):
    route = "/Users"

    def get(self, request: Request) -> Response:
        self.exchange = self.as_operation(Operation.SEARCH)
        search = messages.SearchRequest.from_query(
            parameters(request), default_count=app_settings.page_size, max_count=app_settings.page_size_max
        )
        return self.list_response(search)

    def post(self, request: Request) -> Response:
        body, projection = self.body(request), self.projection(request)
        written = provisioning.create(self.caller, self.exchange, body)
        self.touch("create")
        return self.resource_response(written.resource, projection, status=201)


class SearchView(UserResourceView):
    """``POST /Users/.search`` and ``POST /.search`` (RFC 7644 section 3.4.3): Users are all there is."""

    operation = Operation.SEARCH
    route = "/.search"

    def post(self, request: Request) -> Response:
        if "filter" in parameters(request):
            # The one in the body widens it, and a body without one means everybody.
            raise InvalidFilter("A search takes its filter in the body, not in the URL.")
        search = messages.SearchRequest.from_body(
            self.body(request), default_count=app_settings.page_size, max_count=app_settings.page_size_max
        )
        return self.list_response(search)


class UserView(UserResourceView):
    route = "/Users"

    def get(self, request: Request, scim_id: str) -> Response:
        projection = self.projection(request)
        resource = provisioning.get(self.caller, scim_id)
        self.touch(None)
        version = resource["meta"]["version"]
        versions.precondition(request.META.get("HTTP_IF_MATCH"))(version)
        if versions.is_among(request.META.get("HTTP_IF_NONE_MATCH"), version):
            location = resource["meta"]["location"]
            return Response(status=304, headers={"ETag": version, "Content-Location": location})
        return self.resource_response(resource, projection)

    def put(self, request: Request, scim_id: str) -> Response:
        body, projection = self.body(request), self.projection(request)
        written = provisioning.replace(
            self.caller, self.exchange, scim_id, body, precondition=self.precondition(request)
        )
        return self._written(written, projection)

    def patch(self, request: Request, scim_id: str) -> Response:
        body, projection = self.body(request), self.projection(request)
        written = provisioning.patch(
            self.caller, self.exchange, scim_id, body, precondition=self.precondition(request)
        )
        return self._written(written, projection)

    def delete(self, request: Request, scim_id: str) -> Response:
        provisioning.delete(self.caller, self.exchange, scim_id, precondition=self.precondition(request))
        self.touch("deactivate")
        return Response(status=204)

    def precondition(self, request: Request) -> versions.Precondition | None:
        """``If-Match`` and ``If-None-Match`` for a write (RFC 7644 section 3.14); None without either."""
        given = request.META.get("HTTP_IF_MATCH"), request.META.get("HTTP_IF_NONE_MATCH")
        return None if given == (None, None) else versions.precondition(*given)

    def _written(self, written: provisioning.Written, projection: Projection) -> Response:
        self.touch("update" if written.resource.get("active", True) else "deactivate")
        return self.resource_response(written.resource, projection)
