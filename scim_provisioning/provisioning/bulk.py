"""Many operations in one request (RFC 7644 section 3.7): one savepoint and one log row each.

The operations run through the same verbs as single requests do. An operation that needs the id of somebody
created by a later one waits for it; people who refer to each other in a circle are created first and
introduced to each other afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import transaction

from scim_provisioning import events
from scim_provisioning.conf import app_settings, tenant_url, user_location
from scim_provisioning.events import Caller, Exchange
from scim_provisioning.models import Operation
from scim_provisioning.protocol import bulk
from scim_provisioning.protocol.body import check as check_body
from scim_provisioning.protocol.constants import GROUPS_UNSUPPORTED
from scim_provisioning.protocol.errors import InvalidValue, NotFound, NotSupported, SCIMError
from scim_provisioning.protocol.versions import precondition
from scim_provisioning.provisioning import verbs
from scim_provisioning.provisioning.managers import give_manager

Result = dict[str, Any]
#: Turns what a verb raised into the SCIM error to report; the HTTP layer has one for every request.
ToError = Callable[[Exception], SCIMError]

_OPERATIONS = {
    "POST": Operation.CREATE,
    "PUT": Operation.REPLACE,
    "PATCH": Operation.PATCH,
    "DELETE": Operation.DELETE,
}


@dataclass(slots=True)
class _Run:
    """The state of one bulk request: ids by bulkId, whom it wrote, results by position, errors so far."""

    caller: Caller
    exchange: Exchange
    to_error: ToError
    referenced: set[str]
    ids: dict[str, str] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    results: dict[int, Result] = field(default_factory=dict)
    errors: int = 0


def perform(caller: Caller, exchange: Exchange, request: bulk.BulkRequest, to_error: ToError) -> list[Result]:
    """Perform the operations; the results stand in the order of the request.

    After ``failOnErrors`` failures the rest is neither tried nor reported.
    """
    referenced = {name for operation in request.operations for name in operation.references}
    run = _Run(caller, exchange, to_error, referenced)
    posted = {op.bulk_id for op in request.operations if op.method == "POST" and op.bulk_id}
    pending = list(enumerate(request.operations))
    with transaction.atomic():
        while pending and not _enough(run, request):
            number, operation = pending.pop(_next(pending, posted, run))
            _perform(run, number, operation, posted)
    return [run.results[number] for number in sorted(run.results)]


def _enough(run: _Run, request: bulk.BulkRequest) -> bool:
    return request.fail_on_errors is not None and run.errors >= request.fail_on_errors


def _next(pending: list[tuple[int, bulk.BulkOperation]], posted: set[str], run: _Run) -> int:
    """The first operation whose references are settled; in a circle, the first one."""
    settled = run.ids.keys() | run.failed
    for index, (_, operation) in enumerate(pending):
        if not (operation.references & posted) - settled:
            return index
    return 0


def _perform(run: _Run, number: int, operation: bulk.BulkOperation, posted: set[str]) -> None:
    exchange = replace(
        run.exchange,
        operation=_OPERATIONS[operation.method],
        method=operation.method,
        path=f"{run.exchange.path}#{number} {operation.path}",
        request_body=operation.data,
    )
    result: Result = {"method": operation.method}
    if operation.bulk_id is not None:
        result["bulkId"] = operation.bulk_id
    try:
        with transaction.atomic():
            result |= _apply(run, exchange, operation, posted)
    except Exception as exception:
        error = run.to_error(exception)
        events.refused(run.caller, exchange, error=error)
        run.errors += 1
        result |= {"status": str(error.status), "response": error.to_dict()}
        if operation.method == "POST":
            _introduce(run, operation, None)
        else:
            result["location"] = f"{tenant_url()}{_resolved_path(operation, run)}"
    run.results[number] = result


def _apply(run: _Run, exchange: Exchange, operation: bulk.BulkOperation, posted: set[str]) -> Result:
    check_body(operation.data, app_settings.limits)
    unknown = operation.references - posted
    failed = operation.references & run.failed
    if unknown or failed:
        name = sorted(unknown or failed)[0]
        why = "names no operation of this request" if unknown else "could not be created"
        raise InvalidValue(f"bulkId '{name}' {why}.", code="bulk.reference")
    scim_id = _scim_id(_resolved_path(operation, run), operation.method)
    data = bulk.resolved(operation.data, run.ids)
    exchange = replace(exchange, request_body=data)
    version = precondition(operation.version)
    match operation.method:
        case "POST":
            written = verbs.create(run.caller, exchange, data)
            _introduce(run, operation, written.resource["id"])
            return _done(run, written.resource, 201)
        case "PUT":
            written = verbs.replace(run.caller, exchange, scim_id, data, precondition=version)
            return _done(run, written.resource, 200)
        case "PATCH":
            written = verbs.patch(run.caller, exchange, scim_id, data, precondition=version)
            return _done(run, written.resource, 200)
    verbs.delete(run.caller, exchange, scim_id, precondition=version)
    return {"location": user_location(scim_id), "status": "204"}


def _introduce(run: _Run, operation: bulk.BulkOperation, scim_id: str | None) -> None:
    """Let everybody who waits for this person under their bulkId know the id now, or (None) that it is vain.

    Only people in a circle wait; what was reported of them is brought up to date. A ``bulkId:`` that an earlier
    request left in somebody's document means nobody: the name is one of this request's.
    """
    if operation.bulk_id is None:
        return
    if operation.bulk_id in run.referenced:
        # Somebody may name themselves.
        among = run.written | ({scim_id} if scim_id else set())
        for waiting in give_manager(run.caller, f"bulkId:{operation.bulk_id}", scim_id, among=among):
            resource = verbs.get(run.caller, waiting)
            for result in run.results.values():
                if "version" in result and result["location"] == resource["meta"]["location"]:
                    result["version"] = resource["meta"]["version"]
    if scim_id is None:
        run.failed.add(operation.bulk_id)
    else:
        run.ids[operation.bulk_id] = scim_id


def _resolved_path(operation: bulk.BulkOperation, run: _Run) -> str:
    head, slash, last = operation.path.rpartition("/")
    return f"{head}{slash}{bulk.resolved(last, run.ids)}"


def _scim_id(path: str, method: str) -> str:
    """The SCIM id in a path ``/Users/<id>``; empty for ``/Users``."""
    parts = [part for part in path.split("/") if part]
    collection = parts[0].casefold() if parts else ""
    if collection == "groups":
        raise NotSupported(GROUPS_UNSUPPORTED, code="group.unsupported")
    if collection != "users" or len(parts) != (1 if method == "POST" else 2):
        raise NotFound(f"There is no resource at {path}.", code="path.unknown")
    return "" if method == "POST" else parts[1]


def _done(run: _Run, resource: dict[str, Any], status: int) -> Result:
    run.written.add(resource["id"])
    meta = resource["meta"]
    return {"location": meta["location"], "version": meta["version"], "status": str(status)}
