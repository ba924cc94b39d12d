"""What every view of the API shares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from django.db import models, transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from rest_framework import exceptions, serializers
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

from scim_provisioning import databases, moments
from scim_provisioning.administration import host, identity, permissions, troubles
from scim_provisioning.events import reports
from scim_provisioning.http.address import client_address
from scim_provisioning.models import SCIMConnection
from scim_provisioning.protocol.text import is_storable

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

M = TypeVar("M", bound=models.Model)

#: No body of the API's has half as many levels.
_DEEPEST: Final = 12


class Pages(CursorPagination):
    """The newest first, by a cursor: no count, so the size of the log does not matter."""

    page_size = 100
    max_page_size = 500
    page_size_query_param = "page_size"
    ordering = "-id"

    def decode_cursor(self, request: Request) -> Any:
        """As DRF's. Raises ``NotFound`` for a position that is no key, too."""
        cursor = super().decode_cursor(request)
        position = getattr(cursor, "position", None)
        if position is not None and not (position.isascii() and position.isdecimal() and len(position) < 19):
            raise exceptions.NotFound(self.invalid_cursor_message)
        return cursor


class Bodies(JSONParser):
    """JSON that is nested no deeper than any body is: Python fails on what is nested a thousand times."""

    @sensitive_variables()
    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """As REST framework's. Raises ``ParseError`` for what is nested too deep, too."""
        try:
            body = super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise _too_deep() from None
        if any(depth > _DEEPEST and isinstance(value, dict | list) for value, depth in _values(body)):
            raise _too_deep()
        return body


def _too_deep() -> exceptions.ParseError:
    return exceptions.ParseError(f"The body is nested more than {_DEEPEST} levels deep.")


class Conflict(exceptions.APIException):
    """Nothing was done; ``code`` says why to a program."""

    status_code = 409
    default_detail = "Nothing was done."


class Unavailable(exceptions.APIException):
    """What would have to be asked does not answer."""

    status_code = 503
    default_detail = "Not available now."


class MomentField(serializers.DateTimeField):
    """A moment, always with its zone: REST framework leaves it out where the host has none (``USE_TZ = False``)."""

    def default_timezone(self) -> tzinfo:
        return timezone.get_current_timezone()

    def to_representation(self, value: datetime) -> Any:
        return super().to_representation(moments.aware(value))


class RowSerializer(serializers.ModelSerializer[M]):
    """A row as its columns are, with the zone at every moment."""

    serializer_field_mapping: ClassVar[dict[Any, Any]] = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.DateTimeField: MomentField,
    }


class IdentitySerializer(serializers.Serializer[Any]):
    """A body that asks who is there, as the admin's forms do: last, when nothing else is wrong."""

    #: What is said of a wrong password.
    wrong_password: ClassVar[StrOrPromise] = identity.WRONG_PASSWORD

    password = serializers.CharField(
        required=False,
        allow_blank=True,
        write_only=True,
        trim_whitespace=False,
        help_text="The administrator's own, unless the host confirms who is there by itself.",
    )

    @sensitive_variables("attrs", "password")
    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raises ``ValidationError`` for somebody who is not confirmed."""
        password = attrs.pop("password", "")
        confirmation = identity.Confirmation(self.context["request"]._request)
        if confirmation.needs_password and not password:
            raise serializers.ValidationError(
                {"password": [serializers.Field.default_error_messages["required"]]}
            )
        refusal = confirmation.refusal(password, wrong=self.wrong_password)
        if refusal is not None:
            raise serializers.ValidationError(
                {"password" if confirmation.needs_password else "detail": [refusal]}
            )
        return attrs


class AdministratorViewSet(GenericViewSet[Any]):
    """For signed-in staff. Views ask ``connection()`` for what the URL names: 404 for strangers' connections."""

    authentication_classes = (SessionAuthentication,)
    permission_classes = (IsAdminUser,)
    throttle_classes = ()
    parser_classes = (Bodies,)
    renderer_classes = (JSONRenderer,)
    content_negotiation_class = DefaultContentNegotiation
    versioning_class = None
    metadata_class = None
    pagination_class = Pages
    filter_backends = ()

    @classmethod
    def as_view(cls, actions: Any = None, **initkwargs: Any) -> Any:
        """Never inside a host's ``ATOMIC_REQUESTS``: each verb has its own transaction, and DRF rolls a refused
        request back, with the wrong password that was to be counted."""
        return transaction.non_atomic_requests(super().as_view(actions, **initkwargs))

    @databases.primary()
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """As DRF's; whatever is read is read where it would be written, as administrators decide on it."""
        return super().dispatch(request, *args, **kwargs)

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """As DRF's; an error report of this request shows no token, no password and nobody's data."""
        reports.keep_quiet(request)
        return super().initialize_request(request, *args, **kwargs)

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response | None]:
        """DRF's own, whatever the host uses elsewhere; an adapter that does not load or raises in a hook, or a database
        in trouble, is a 503."""

        def handler(error: Exception, context: dict[str, Any]) -> Response | None:
            if isinstance(error, host.AdapterBroken):
                told = error.message
            else:
                told = troubles.words(error) or troubles.of_host(error, self.request.user)
            return exception_handler(Unavailable(told) if told else error, context)

        return handler

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Answers hold personal data or a secret: nobody keeps them."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers["Cache-Control"] = "no-store, private"
        return response

    def connection(self, codename: str = permissions.VIEW) -> SCIMConnection:
        """The connection in the URL. Raises 404 for what this person must not see, 403 for what they may not do."""
        return permissions.get_connection(self.request._request, str(self.kwargs["connection_id"]), codename)

    @sensitive_variables("body")
    def valid(
        self, body_class: type[serializers.Serializer[Any]], request: Request, **context: Any
    ) -> dict[str, Any]:
        """The body as ``body_class`` takes it. Raises ``ValidationError`` with the names of what is wrong, and for what
        no database can store."""
        texts = (value for value, _depth in _values(request.data) if isinstance(value, str))
        if not all(map(is_storable, texts)):
            raise exceptions.ValidationError("A text holds U+0000 or half of a character.")
        body = body_class(data=request.data, context={**self.get_serializer_context(), **context})
        body.is_valid(raise_exception=True)
        validated: dict[str, Any] = body.validated_data
        return validated

    def who(self) -> dict[str, Any]:
        """Who acts, and from where, for the verbs of ``administration``."""
        return {"actor": self.request.user, "address": client_address(self.request._request)}


@sensitive_variables()
def _values(body: object) -> Iterator[tuple[object, int]]:
    """Everything in a JSON value, names included, with how deep it stands."""
    pending = [(body, 1)]
    while pending:
        value, depth = pending.pop()
        yield value, depth
        inner: Iterable[object] = ()
        if isinstance(value, dict):
            inner = (*map(str, value), *value.values())
        elif isinstance(value, list):
            inner = value
        pending += [(one, depth + 1) for one in inner]
