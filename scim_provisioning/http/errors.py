"""Turns every exception into a SCIM error (RFC 7644 section 3.12), and files it in the provisioning log."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django_scim.exceptions import SCIMException
from rest_framework import exceptions
from rest_framework.response import Response

from scim_provisioning import events
from scim_provisioning.http.authentication import CHALLENGE
from scim_provisioning.protocol import errors
from scim_provisioning.protocol.constants import MEDIA_TYPE

logger = logging.getLogger("scim_provisioning")


def exception_handler(exception: Exception, context: dict[str, Any]) -> Response:
    """DRF's hook: the answer to an exception raised anywhere in a SCIM view."""
    view = context["view"]
    error = scim_error(exception, view.request_id)
    if error.status >= 500 and error.status not in (501, 503):
        logger.error("SCIM request %s failed", view.request_id, exc_info=exception)
    # Whatever the verb did was rolled back by its own transaction; the refusal is written on its own.
    if error.status != 429 and not transaction.get_connection().needs_rollback:
        events.refused(view.caller, view.exchange, error=error)
    return error_response(error)


def error_response(error: errors.SCIMError) -> Response:
    headers = dict(error.headers)
    if error.status == 401:
        headers["WWW-Authenticate"] = CHALLENGE
    return Response(
        error.to_dict(), status=error.status, headers=headers, content_type=f"{MEDIA_TYPE}; charset=utf-8"
    )


def scim_error(exception: Exception, request_id: str = "") -> errors.SCIMError:
    """The SCIM error that stands for any exception; the details of an unexpected one stay on the server."""
    if isinstance(exception, errors.SCIMError):
        return exception
    if isinstance(exception, SCIMException):
        return _of_django_scim2(exception)
    if isinstance(exception, exceptions.Throttled):
        return errors.TooManyRequests(headers={"Retry-After": "1"})
    if isinstance(exception, exceptions.MethodNotAllowed):
        return errors.MethodNotAllowed()
    if isinstance(exception, Http404 | exceptions.NotFound):
        return errors.NotFound()
    if isinstance(exception, PermissionDenied | exceptions.PermissionDenied):
        return errors.Forbidden()
    if isinstance(exception, exceptions.ParseError):
        return errors.InvalidSyntax(str(exception.detail))
    error = errors.InternalError(
        f"Internal error; the change was not made. Request id: {request_id}",
        code="host.hook",
        params={"exception": type(exception).__name__},
    )
    error.token = getattr(exception, "token", None)
    return error


def _of_django_scim2(exception: SCIMException) -> errors.SCIMError:
    """What a host's override raised in django-scim2's own vocabulary."""
    error = errors.SCIMError(str(exception.detail), code="host.refused")
    error.status, error.scim_type = int(exception.status), exception.scim_type
    return error
