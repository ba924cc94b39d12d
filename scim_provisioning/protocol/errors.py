"""The refusals of RFC 7644 section 3.12 and RFC 9865 as exceptions.

Raise them anywhere; one function of the HTTP layer turns them into answers. ``detail`` is what the identity
provider shows to its administrator, so it names the attribute, path or position and says what was expected,
and never holds another learner's data. ``params`` are facts for our own administrator's cause text and never
leave the server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django_scim.exceptions import SCIMException

from .constants import ERROR


class SCIMError(SCIMException):  # type: ignore[misc]
    """Base of every refusal: ``status``, ``scim_type`` (RFC 7644 table 9) and ``code`` are class attributes.

    ``code`` is the key of the administrator's error catalogue; an instance may name a more precise one. The base
    itself is raised by hosts only: theirs is whatever has no class of its own here.
    """

    status: int = 400
    scim_type: str | None = None
    code: str = "host.refused"
    default_detail: ClassVar[str] = "The application refused the change."
    #: Whether it may be otherwise a moment later, as somebody else was quicker: asked for again before it is answered.
    deserves_another_try: bool = False

    def __init__(
        self,
        detail: str = "",
        *,
        code: str | None = None,
        params: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail or self.default_detail)
        self.detail: str = detail or self.default_detail
        self.code = code or type(self).code
        self.params: dict[str, object] = dict(params or {})
        self.headers: dict[str, str] = dict(headers or {})

    def to_dict(self) -> dict[str, Any]:
        """Return the body of RFC 7644 section 3.12; ``status`` is a string there, not a number."""
        body: dict[str, Any] = {"schemas": [ERROR], "status": str(self.status), "detail": self.detail}
        if self.scim_type:
            body["scimType"] = self.scim_type
        return body


def about(attribute: object) -> dict[str, object]:
    """The ``params`` of a refusal for what was sent of one attribute, or at a path to it."""
    return {"attribute": str(attribute)}


class _BadRequest(SCIMError):
    status = 400


class InvalidFilter(_BadRequest):
    scim_type = "invalidFilter"
    code = "filter.unsupported"
    default_detail = "The filter is not valid."


class TooMany(_BadRequest):
    scim_type = "tooMany"
    code = "filter.too_many"
    default_detail = "The filter yields more results than can be returned; narrow it."


class Uniqueness(SCIMError):
    status = 409
    scim_type = "uniqueness"
    code = "user.username_taken"
    default_detail = "userName is already in use in this directory."


class Mutability(_BadRequest):
    scim_type = "mutability"
    code = "attr.readonly"
    default_detail = "The attribute is read only."


class InvalidSyntax(_BadRequest):
    scim_type = "invalidSyntax"
    code = "body.syntax"
    default_detail = "The request body is not valid."


class InvalidPath(_BadRequest):
    scim_type = "invalidPath"
    code = "patch.path"
    default_detail = "The path is not valid."


class UnknownAttribute(InvalidPath):
    """A well-formed path to an attribute outside the schema: PATCH counts it as ignored."""

    code = "patch.unknown_attribute"
    default_detail = "The attribute is not part of the schema."


class NoParts(InvalidPath):
    """A path into an attribute that has no parts: ``active.value``."""


class NoTarget(_BadRequest):
    scim_type = "noTarget"
    code = "patch.no_target"
    default_detail = "The path does not point to anything that can be changed."


class InvalidValue(_BadRequest):
    scim_type = "invalidValue"
    code = "attr.type"
    default_detail = "A value is missing or has the wrong type."


class Sensitive(SCIMError):
    status = 403
    scim_type = "sensitive"
    code = "request.sensitive"
    default_detail = "Sensitive values may not be sent in a URL."


class InvalidCursor(_BadRequest):
    scim_type = "invalidCursor"
    code = "cursor.invalid"
    default_detail = "The cursor is not valid; start again without one."


class ExpiredCursor(_BadRequest):
    scim_type = "expiredCursor"
    code = "cursor.expired"
    default_detail = "The cursor has expired; start again without one."


class InvalidCount(_BadRequest):
    scim_type = "invalidCount"
    code = "cursor.count"
    default_detail = "count must not change between the pages of one cursor."


class Unauthorized(SCIMError):
    status = 401
    code = "auth.invalid"
    default_detail = "Authentication failed."


class Forbidden(SCIMError):
    status = 403
    code = "request.forbidden"
    default_detail = "Not allowed."


class NotFound(SCIMError):
    status = 404
    code = "user.not_found"
    default_detail = "Resource not found."


class MethodNotAllowed(SCIMError):
    status = 405
    code = "request.method"
    default_detail = "This method is not allowed here."


class NotAcceptable(SCIMError):
    status = 406
    code = "request.accept"
    default_detail = "Only application/scim+json and application/json can be produced."


class LengthRequired(SCIMError):
    status = 411
    code = "request.length"
    default_detail = "Send the body with its length (Content-Length)."


class PreconditionFailed(SCIMError):
    status = 412
    code = "version.mismatch"
    default_detail = "The resource has changed since that version was read."


class PayloadTooLarge(SCIMError):
    status = 413
    code = "limits.body"
    default_detail = "Request too large."


class UnsupportedMediaType(SCIMError):
    status = 415
    code = "request.media_type"
    default_detail = "Send the body as application/scim+json, without a content encoding."


class TooManyRequests(SCIMError):
    status = 429
    code = "rate"
    default_detail = "Too many requests."


class InternalError(SCIMError):
    status = 500
    code = "internal"
    default_detail = "Internal error; the change was not made."


class NotSupported(SCIMError):
    status = 501
    code = "request.unsupported"
    default_detail = "Not supported by this endpoint."


class Unavailable(SCIMError):
    status = 503
    code = "conn.paused"
    default_detail = "Provisioning is paused by the application."
