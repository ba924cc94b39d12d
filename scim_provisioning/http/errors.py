"""Turns every exception into a SCIM error (RFC 7644 section 3.12), and files it in the provisioning log.

What a host may raise, and what becomes of it, is ``docs/errors.md``.
"""

from __future__ import annotations

import logging
from math import ceil
from typing import Any, Final
from urllib.parse import unquote_plus

from django.core.exceptions import PermissionDenied, TooManyFieldsSent, ValidationError
from django.db import DatabaseError, DataError, IntegrityError
from django.http import HttpResponse, JsonResponse
from django_scim.exceptions import SCIMException
from rest_framework import exceptions
from rest_framework.response import Response

from scim_provisioning import databases
from scim_provisioning.adapters import attribute_names, database_errors, refusals, violations
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.adapters.mapping import CompiledMapping
from scim_provisioning.events import Caller, observed, reports
from scim_provisioning.http.authentication import CHALLENGE
from scim_provisioning.protocol import errors
from scim_provisioning.protocol.constants import MEDIA_TYPE
from scim_provisioning.provisioning import host_code, refusing

logger = logging.getLogger("scim_provisioning")

_NOT_FILED: Final = frozenset({"rate", "search.at_once", "bulk.at_once"})


def exception_handler(exception: Exception, context: dict[str, Any]) -> Response:
    """DRF's hook: the answer to an exception raised anywhere in a SCIM view."""
    view = context["view"]
    sent = [view.exchange.request_body, unquote_plus(view.request.META.get("QUERY_STRING", ""))]
    error = scim_error(exception, view.caller, sent, reads=view.exchange.is_read)
    observed.note_error(error)
    # Whatever the verb did was rolled back by its own transaction; the refusal is written on its own. Who is
    # throttled could fill the log.
    if error.code not in _NOT_FILED and not databases.is_lost_to_somebody_else():
        refusing.note(view.caller, view.exchange, error)
    return error_response(error)


def error_response(error: errors.SCIMError) -> Response:
    headers = dict(error.headers)
    if error.status == 401:
        headers["WWW-Authenticate"] = CHALLENGE
    response = Response(
        error.to_dict(), status=error.status, headers=headers, content_type=f"{MEDIA_TYPE}; charset=utf-8"
    )
    if error.status >= 500 and not _is_failure(error):
        # Django would mail each of them to ADMINS, while the request waits for the mail server: whoever is paused, or
        # whose leavers are held, asks on and on. The log of provisioning has it.
        response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _is_failure(error: errors.SCIMError) -> bool:
    """Whether something is broken; a 503 or 501 that was meant is an answer like any other."""
    return (error.status >= 500 and error.status not in (501, 503)) or error.code.startswith("database.")


def last_resort(exception: Exception) -> HttpResponse:
    """The answer when the view could not be set up, or its answer not be written: nothing of it can be used. Whether a
    change was made before is not known here."""
    request_id = observed.request_id()
    error = _unexpected(exception, request_id, host_code.place(exception), reads=True)
    observed.note_error(error)
    reports.failure(logger, "SCIM request %s failed", request_id, exception=exception)
    return JsonResponse(
        error.to_dict(),
        status=error.status,
        content_type=f"{MEDIA_TYPE}; charset=utf-8",
        headers={"X-Request-ID": request_id, "Cache-Control": "no-store"},
    )


def scim_error(
    exception: Exception, caller: Caller, sent: object = None, *, reads: bool = False
) -> errors.SCIMError:
    """The SCIM error that stands for any exception; the traceback of a failure goes to the log, with its request id.

    ``sent`` is the body and what else was said, so that the log can leave out what of it an exception repeats.
    ``reads``: nothing was to be changed.
    """
    place = host_code.place(exception)
    error = _meant(exception, caller, place, reads=reads) or _unexpected(
        exception, caller.request_id, place, reads=reads
    )
    if not hasattr(error, "token"):
        # Whose request it was, where the host refused it while the token was being looked at.
        error.token = getattr(exception, "token", None)
    if _is_failure(error):
        reports.failure(logger, "SCIM request %s failed", caller.request_id, exception=exception, sent=sent)
    return error


def _meant(exception: Exception, caller: Caller, place: str, *, reads: bool) -> errors.SCIMError | None:
    """The refusal that somebody meant by raising ``exception``; None for a failure."""
    facts = {"exception": type(exception).__name__, "place": place}
    if not isinstance(exception, SCIMException) and (fault := databases.fault_of(exception)):
        # Wherever it was met, it is no fault of the host's code.
        return databases.unavailable(fault, _database_words(exception), reads=reads)
    match exception:
        case errors.SCIMError():
            # Every class here that is a 400 says which; a host's own may leave it out.
            if exception.status == 400 and exception.scim_type is None:
                exception.scim_type = "invalidValue"
            return exception
        case SCIMException():
            return _of_django_scim2(exception)
        case exceptions.Throttled():
            seconds = max(1, ceil(getattr(exception, "wait", None) or 1))
            return errors.TooManyRequests(headers={"Retry-After": str(seconds)})
        case exceptions.MethodNotAllowed():
            return errors.MethodNotAllowed()
        case exceptions.ParseError():
            return errors.InvalidSyntax(str(exception.detail))
        case TooManyFieldsSent() if not place:
            # Django counts when somebody first asks for one of the parameters.
            return errors.InvalidSyntax(
                "The URL has more parameters than are read.", code="limits.parameters"
            )
        case exceptions.PermissionDenied():
            return errors.Forbidden()
        case PermissionDenied():
            return refusals.of_permission_denied(exception, facts)
        case ValidationError():
            compiled = _mapping(caller)
            attributes = {} if compiled is None else attribute_names.by_field(compiled)
            return refusals.of_validation_error(exception, attributes, facts)
        case IntegrityError() | DataError() if not place:
            # Not while the host's code ran: a constraint that is deferred speaks up at COMMIT.
            compiled = _mapping(caller)
            columns = {} if compiled is None else attribute_names.by_column(compiled)
            return database_errors.explain(exception, database_errors.every_model(), columns)
    return None


def _database_words(exception: Exception) -> str:
    return violations.sentence(exception) if isinstance(exception, DatabaseError) else ""


def _unexpected(exception: Exception, request_id: str, place: str, *, reads: bool) -> errors.SCIMError:
    """A failure, the host's if any line of its code took part; the details of it stay on the server.

    ``Http404``, ``ObjectDoesNotExist`` and the like are failures too: what the host did not find is not the person
    who was asked for, and a 404 would make Entra forget them.
    """
    facts: dict[str, object] = {"exception": type(exception).__name__}
    if place:
        facts["place"] = place
    if isinstance(exception, DatabaseError):
        facts["database"] = violations.sentence(exception)
    what = "Internal error." if reads else "Internal error; the change was not made."
    return errors.InternalError(
        f"{what} Request id: {request_id}",
        code="host.hook" if place else "internal",
        params=facts,
    )


def _mapping(caller: Caller) -> CompiledMapping | None:
    """What gives fields and columns their SCIM names; None where the mapping itself is what is broken."""
    if caller.connection is None:
        return None
    try:
        return get_adapter_class().compiled(caller.connection)
    except Exception as error:
        # ``mapping_for`` is the host's code and may raise anything. The host's own names serve.
        reports.failure(
            logger, "SCIM request %s: the mapping could not be read", caller.request_id, exception=error
        )
        return None


def _of_django_scim2(exception: SCIMException) -> errors.SCIMError:
    """What a host's override raised in django-scim2's own vocabulary."""
    error = errors.SCIMError(str(exception.detail))
    if exception.status != SCIMException.status:
        error.status = int(exception.status)
    error.scim_type = exception.scim_type or ("invalidValue" if error.status == 400 else None)
    return error
