"""``application/scim+json`` in and out (RFC 7644 section 3.1), read within limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import Any

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.utils.mediatypes import media_type_matches

from scim_provisioning import moments
from scim_provisioning.conf import app_settings
from scim_provisioning.protocol import body, json_text
from scim_provisioning.protocol.constants import MEDIA_TYPE
from scim_provisioning.protocol.errors import NotAcceptable, PayloadTooLarge, UnsupportedMediaType
from scim_provisioning.protocol.resources import Document
from scim_provisioning.protocol.schema import UserSchema

_ACCEPTED = (MEDIA_TYPE, "application/json")
#: What nearly every client says of it.
_ACCEPTING = frozenset({*_ACCEPTED, "*/*", ""})


class SCIMParser(BaseParser):
    """Reads a JSON body without ever holding more of it than the view allows."""

    media_type = MEDIA_TYPE

    def parse(  # type: ignore[override]
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> object:
        """The JSON value. Raises ``PayloadTooLarge`` and ``InvalidSyntax``."""
        view = (parser_context or {})["view"]
        limit: int = view.body_limit
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise PayloadTooLarge(f"The request body is larger than {limit} bytes.", code="limits.body")
        view.note_body(raw)
        return body.loads(raw, view.body_limits(app_settings.limits))


class SCIMRenderer(BaseRenderer):
    """Writes JSON as ``application/scim+json``, whatever JSON type the client named."""

    media_type = MEDIA_TYPE
    format = "scim"
    charset = "utf-8"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if data is None:
            return b""
        resources = data.get("Resources") if isinstance(data, dict) else None
        if not resources or not isinstance(resources[0], Written):
            return data if isinstance(data, Written) else json_text.written(data, _as_text)
        # They come last in what is said of a page.
        around = json_text.written({**data, "Resources": []}, _as_text)
        return b"".join((around.removesuffix(b"]}"), b",".join(resources), b"]}"))


class Written(bytes):
    """A resource as it is sent: written while it is at hand, where a page would have a hundred at a time."""

    @classmethod
    def of(cls, resource: Document, schema: UserSchema) -> Written:
        return cls(json_text.writer(schema)(resource, _as_text))


def _as_text(value: object) -> str:
    """What a host's ``to_dict`` may hold and JSON has no form for: a moment, a UUID, an amount."""
    if isinstance(value, datetime):
        return moments.aware(value).isoformat()
    return value.isoformat() if isinstance(value, date | time) else str(value)


class SCIMNegotiation(BaseContentNegotiation):
    """One parser for both JSON types, one renderer for every ``Accept`` that admits JSON."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser:
        """The parser. Raises ``UnsupportedMediaType`` for another type, or a compressed body."""
        encoding = request.META.get("HTTP_CONTENT_ENCODING", "identity").strip().lower()
        if encoding not in ("", "identity"):
            raise UnsupportedMediaType(f"Content-Encoding '{encoding}' is not supported; send plain JSON.")
        content_type = (request.content_type or "").partition(";")[0].strip().lower()
        if content_type and content_type not in _ACCEPTED:
            raise UnsupportedMediaType(f"Content-Type must be {MEDIA_TYPE}.")
        return next(iter(parsers))

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The renderer. Raises ``NotAcceptable`` when the client takes no JSON."""
        if request.META.get("HTTP_ACCEPT", "*/*") in _ACCEPTING:
            return next(iter(renderers)), MEDIA_TYPE
        # Parameters say nothing about JSON: clients write "application/scim+json; charset=utf-8" here too.
        listed = (
            item.partition(";")[0].strip() for item in request.META.get("HTTP_ACCEPT", "*/*").split(",")
        )
        accepted = [item for item in listed if item]
        if not accepted or any(media_type_matches(item, own) for item in accepted for own in _ACCEPTED):
            return next(iter(renderers)), MEDIA_TYPE
        raise NotAcceptable(f"Only {MEDIA_TYPE} and application/json can be answered.")
