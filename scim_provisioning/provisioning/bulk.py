"""Many operations in one request (RFC 7644 section 3.7): one transaction and one log row each.

The operations run through the same verbs as single requests do, and each is committed before the next begins: what is
reported of one stays true whatever becomes of the others, and no lock is held for longer than a single request's. An
operation that needs the id of somebody created by a later one waits for it; people who refer to each other in a circle
are created first and introduced to each other afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import DatabaseError

from scim_provisioning.conf import app_settings, tenant_url, user_location
from scim_provisioning.events import Caller, Exchange
from scim_provisioning.models import Operation
from scim_provisioning.protocol import bulk
from scim_provisioning.protocol.body import check as check_body
from scim_provisioning.protocol.constants import GROUPS_UNSUPPORTED
from scim_provisioning.protocol.errors import InvalidValue, NotFound, NotSupported, SCIMError
from scim_provisioning.protocol.resources import Document
from scim_provisioning.protocol.versions import precondition
from scim_provisioning.provisioning import refusing, verbs
from scim_provisioning.provisioning.managers import Allowance, introduce
from scim_provisioning.provisioning.transactions import durable

Result = dict[str, Any]
#: Versions by location.
Versions = dict[str, str]
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
    gone: SCIMError | None = None
    allowance: Allowance = field(default_factory=Allowance)

    def bring_up_to_date(self, versions: Versions) -> None:
        """Report the versions that people have by now who were written before."""
        for result in self.results.values():
            if "version" in result:
                result["version"] = versions.get(result["location"], result["version"])


@dataclass(frozen=True, slots=True)
class _Done:
    """What came of one operation: its result, whom it wrote, and what became of those who waited for them."""

    result: Result
    scim_id: str
    introduced: Versions = field(default_factory=dict)

    @classmethod
    def of(cls, resource: Document, status: int, introduced: Versions | None = None) -> _Done:
        meta = resource["meta"]
        if introduced:
            # Somebody may be their own manager.
            meta = {**meta, "version": introduced.get(meta["location"], meta["version"])}
        result = {"location": meta["location"], "version": meta["version"], "status": str(status)}
        return cls(result, resource["id"], introduced or {})


def perform(
    caller: Caller,
    exchange: Exchange,
    request: bulk.BulkRequest,
    to_error: ToError,
    goes_on: Callable[[], None] = lambda: None,
) -> list[Result]:
    """Perform the operations; the results stand in the order of the request. ``goes_on`` is called before each; with
    what it raises those that are left are answered.

    After ``failOnErrors`` failures the rest is neither tried nor reported.
    """
    referenced = {name for operation in request.operations for name in operation.references}
    run = _Run(caller, exchange, to_error, referenced)
    posted = {op.bulk_id for op in request.operations if op.method == "POST" and op.bulk_id}
    pending = list(enumerate(request.operations))
    while pending and not _enough(run, request):
        _ask(run, goes_on)
        number, operation = pending.pop(_next(pending, posted, run))
        _perform(run, number, operation, posted)
    return [run.results[number] for number in sorted(run.results)]


def _ask(run: _Run, goes_on: Callable[[], None]) -> None:
    """Find out whether the request may go on."""
    if run.gone is None:
        try:
            goes_on()
        except (SCIMError, DatabaseError) as error:
            # What was done before is done, whatever became of the database meanwhile.
            run.gone = error if isinstance(error, SCIMError) else run.to_error(error)


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
        done = _committed(run, exchange, operation, posted)
    except Exception as exception:
        result |= _failed(run, exchange, operation, exception)
    else:
        result |= _noted(run, operation, done)
    run.results[number] = result


def _committed(run: _Run, exchange: Exchange, operation: bulk.BulkOperation, posted: set[str]) -> _Done:
    if run.gone is not None:
        raise run.gone
    left = run.allowance.left

    def work() -> _Done:
        # Another try has what the one before had: whom that gave a manager has none.
        run.allowance.left = left
        run.allowance.given.clear()
        return _apply(run, exchange, operation, posted)

    done = durable(work)
    # They are reported of with this operation. Read again with each later one they would cost a second request.
    run.allowance.given.clear()
    return done


def _failed(run: _Run, exchange: Exchange, operation: bulk.BulkOperation, exception: Exception) -> Result:
    """Log the refusal of one operation, and tell whoever waited for its person that it is vain."""
    error = run.to_error(exception)
    refusing.note(run.caller, exchange, error)
    run.errors += 1
    if error.code == "database.gone":
        # A thousand operations would each wait for a server that is not there.
        run.gone = error
    result: Result = {"status": str(error.status), "response": error.to_dict()}
    if operation.method != "POST":
        return result | {"location": f"{tenant_url()}{_resolved_path(operation, run)}"}
    if operation.bulk_id is not None:
        run.failed.add(operation.bulk_id)
        try:
            run.bring_up_to_date(durable(lambda: _introduce(run, operation, None)))
        except Exception as failure:
            # The reference stays what it is, which is nobody.
            run.to_error(failure)
    return result


def _noted(run: _Run, operation: bulk.BulkOperation, done: _Done) -> Result:
    """What is reported of an operation, now that it is committed."""
    if operation.bulk_id is not None and operation.method == "POST":
        run.ids[operation.bulk_id] = done.scim_id
    run.written.add(done.scim_id)
    run.bring_up_to_date(done.introduced)
    return done.result


def _apply(run: _Run, exchange: Exchange, operation: bulk.BulkOperation, posted: set[str]) -> _Done:
    """Perform one operation, in its transaction: ``run`` is only read, since none of it may come to anything."""
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
            resource = verbs.create(run.caller, exchange, data, allowance=run.allowance).resource
            # Whoever was written before may have waited for this person, by bulkId or by SCIM id.
            introduced = _introduce(run, operation, resource["id"])
            introduced |= _versions(run, run.allowance.given & run.written)
            return _Done.of(resource, 201, introduced)
        case "PUT":
            written = verbs.replace(run.caller, exchange, scim_id, data, precondition=version)
            return _Done.of(written.resource, 200)
        case "PATCH":
            written = verbs.patch(run.caller, exchange, scim_id, data, precondition=version)
            return _Done.of(written.resource, 200)
    verbs.delete(run.caller, exchange, scim_id, precondition=version)
    return _Done({"location": user_location(scim_id), "status": "204"}, scim_id)


def _introduce(run: _Run, operation: bulk.BulkOperation, scim_id: str | None) -> Versions:
    """Let everybody who waits for this person under their bulkId know the id now, or (None) that it is vain; return
    the versions that those people have now, by location.

    Only people in a circle wait. A ``bulkId:`` that an earlier request left in somebody's document means nobody: the
    name is one of this request's.
    """
    if operation.bulk_id not in run.referenced:
        return {}
    # Somebody may name themselves.
    among = run.written | ({scim_id} if scim_id else set())
    return _versions(run, introduce(run.caller, f"bulkId:{operation.bulk_id}", scim_id, among=among))


def _versions(run: _Run, people: Collection[str]) -> Versions:
    found = [verbs.get(run.caller, scim_id)["meta"] for scim_id in people]
    return {meta["location"]: meta["version"] for meta in found}


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
