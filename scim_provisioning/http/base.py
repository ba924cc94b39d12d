"""What every SCIM view shares: each DRF policy named here, so that no setting of the host's leaks in."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any, ClassVar, NoReturn

from django.db import Error, transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from scim_provisioning import databases, tokens
from scim_provisioning.conf import app_settings
from scim_provisioning.events import Caller, Exchange, observed, reports
from scim_provisioning.http.address import client_address
from scim_provisioning.http.authentication import TokenAuthentication, refuse_plain_http
from scim_provisioning.http.chunked import lacks_length, read_whole
from scim_provisioning.http.errors import exception_handler, last_resort
from scim_provisioning.http.media import SCIMNegotiation, SCIMParser, SCIMRenderer
from scim_provisioning.http.observing import observed_view
from scim_provisioning.http.throttling import ConnectionThrottle
from scim_provisioning.models import Operation, SCIMToken
from scim_provisioning.protocol.errors import InvalidSyntax, MethodNotAllowed
from scim_provisioning.protocol.limits import Limits
from scim_provisioning.telemetry import spanned

logger = logging.getLogger("scim_provisioning")

_OPERATIONS = {
    "GET": Operation.READ,
    "HEAD": Operation.READ,
    "POST": Operation.CREATE,
    "PUT": Operation.REPLACE,
    "PATCH": Operation.PATCH,
    "DELETE": Operation.DELETE,
}


class SCIMView(APIView):
    """A view reads the request, calls one verb of ``provisioning`` and answers."""

    authentication_classes: Sequence[type[BaseAuthentication]] = (TokenAuthentication,)
    permission_classes = ()
    throttle_classes: Sequence[type[BaseThrottle]] = (ConnectionThrottle,)
    parser_classes = (SCIMParser,)
    renderer_classes = (SCIMRenderer,)
    content_negotiation_class = SCIMNegotiation
    versioning_class = None
    metadata_class = None
    schema = None

    #: What a request to this view is called in the log; by default what its method does.
    operation: ClassVar[str | None] = None
    #: Its path below the Tenant URL in lines and counts; what follows in the URL is ``/{id}`` there.
    route: ClassVar[str] = "other"

    request_id: str
    caller: Caller
    exchange: Exchange

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """Never inside a host's ``ATOMIC_REQUESTS``: each verb has its own transaction, and what is written
        down about a refusal must outlive the one that was rolled back.

        Whatever fails on the way, before or after DRF's own handling too, is SCIM: never Django's error page.
        """
        view = super().as_view(**initkwargs)

        @wraps(view)
        def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            reports.keep_quiet(request)
            try:
                with databases.primary():
                    response: HttpResponseBase = view(request, *args, **kwargs).render()
            except Exception as error:
                response = last_resort(error)
            if response.status_code >= 500:
                # Django mails these, with the URL.
                reports.forget_query(request)
            return response

        return transaction.non_atomic_requests(observed_view(answered, cls.route))

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.request_id = observed.request_id()
        self.caller = Caller(
            None,
            None,
            request_id=self.request_id,
            address=client_address(request),
            client=request.META.get("HTTP_USER_AGENT", ""),
        )
        method = request.method or "GET"
        self.exchange = Exchange(
            method, request.path, self.operation or _OPERATIONS.get(method, Operation.READ)
        )

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        refuse_plain_http(request, app_settings.site_url)
        super().initial(request, *args, **kwargs)
        if isinstance(request.auth, SCIMToken):
            self.caller = replace(self.caller, connection=request.auth.connection, token=request.auth)

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response]:
        return exception_handler

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        observed.note_caller(self.caller.connection, self.caller.token)
        response.headers["X-Request-ID"] = self.request_id
        # Answers hold personal data and belong to one token.
        response.headers["Cache-Control"] = "no-store"
        if response.status_code == 404:
            # LocaleMiddleware takes a 404 for a path without its language, and redirects when anything inside the
            # host's i18n_patterns answers there (a CMS answers everything). There are no such patterns in ours.
            request._request.urlconf = "scim_provisioning.urls"
        return response

    def http_method_not_allowed(self, request: Request, *args: Any, **kwargs: Any) -> NoReturn:  # type: ignore[override]
        """Raises ``MethodNotAllowed``; DRF's own sentence would follow the caller's Accept-Language."""
        raise MethodNotAllowed(f'Method "{request.method}" not allowed.')

    def options(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # type: ignore[override]
        return Response(status=204, headers={"Allow": ", ".join(self.allowed_methods)})

    @property
    def body_limit(self) -> int:
        """Bytes that a body may have here."""
        return app_settings.limits.body_bytes

    def body_limits(self, limits: Limits) -> Limits:
        """The limits inside a body; bulk has wider ones."""
        return limits

    @spanned("parse")
    def body(self, request: Request) -> object:
        """The JSON value that was sent; noted for the log, readable or not. Raises ``InvalidSyntax``, and
        ``LengthRequired`` for a body without a length that the server does not let us read.

        DRF asks no parser about a body without bytes; it would pass for an empty object.
        """
        if lacks_length(request._request):
            read_whole(request._request, self.body_limit)
        if request.stream is None:
            raise InvalidSyntax("The body is empty; expected a JSON object.")
        data = request.data
        self.note_body(data)
        return data

    def as_operation(self, operation: str) -> Exchange:
        return replace(self.exchange, operation=operation)

    def note_body(self, sent: object) -> None:
        self.exchange = replace(self.exchange, request_body=sent)

    def touch(self, first: tokens.FirstSeen | None) -> None:
        """Note the token's use and what the identity provider did for the first time. What was asked for is done and
        committed: no trouble with this note may turn the answer into an error."""
        token = self.caller.token
        if token is None:
            return
        try:
            tokens.touch(token, address=self.caller.address, agent=self.caller.client, first=first)
        except Error as error:
            reports.failure(logger, "The use of a token could not be noted", exception=error)
