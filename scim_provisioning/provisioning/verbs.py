"""The verbs of SCIM on Users, each in a transaction of its own (``transactions``).

A verb either does the whole of what was asked, logs it and commits, or raises a SCIM error and leaves nothing
behind. Who asks is a ``Caller``; what they sent is an ``Exchange``; what they get is a SCIM resource.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from scim_provisioning import databases, events, rules
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.conf import app_settings, tenant_url_or_empty
from scim_provisioning.events import Caller, Exchange
from scim_provisioning.models import Action, ProvisioningEvent
from scim_provisioning.protocol import documents
from scim_provisioning.protocol import patch as patching
from scim_provisioning.protocol.messages import SearchRequest
from scim_provisioning.protocol.resources import Document
from scim_provisioning.protocol.schema import UserSchema
from scim_provisioning.protocol.versions import Precondition
from scim_provisioning.provisioning import differences, earlier, host_calls, local_values, searching, undoing
from scim_provisioning.provisioning.answering import told
from scim_provisioning.provisioning.links import make_tombstone, strip_tombstone
from scim_provisioning.provisioning.loading import checked, load_for_update
from scim_provisioning.provisioning.managers import Allowance, give
from scim_provisioning.provisioning.newcomers import meet, told_of_the_quicker
from scim_provisioning.provisioning.searching import Page
from scim_provisioning.provisioning.showing import read
from scim_provisioning.provisioning.transactions import durable
from scim_provisioning.provisioning.writing import WAITS, end_access, explained, switch_off, write


@dataclass(frozen=True, slots=True)
class Written:
    """What a verb did: the resource as it stands now, and the event that says so; None if nothing changed."""

    resource: Document
    event: ProvisioningEvent | None = None


def get(caller: Caller, scim_id: str) -> Document:
    """The resource (RFC 7644 section 3.4.1). Raises ``NotFound``, for a stranger's id too."""
    return databases.retried(lambda: read(caller, scim_id))


def search(
    caller: Caller,
    request: SearchRequest,
    *,
    among_everybody: Callable[[], AbstractContextManager[None]] = nullcontext,
    unindexed: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Page:
    """The people who fulfil a filter (RFC 7644 section 3.4.2). What ``among_everybody`` makes is entered around a
    search among all of them, and what ``unindexed`` makes around a look-up where no index leads to them."""
    limits, around = app_settings.limits, (among_everybody, unindexed)
    return databases.retried(
        lambda: searching.find(caller.tenant, get_adapter_class(), request, limits, *around)
    )


def create(
    caller: Caller, exchange: Exchange, body: object, *, allowance: Allowance | None = None
) -> Written:
    """Create a learner, or bring back or adopt one (RFC 7644 section 3.3; who they are is for ``rules`` to say).

    Whoever returns is given to people who wait for them as their manager: to as many as ``allowance`` has left.
    Raises ``InvalidValue``, ``InvalidSyntax`` and ``Uniqueness``; as every verb that writes, what ``durable`` raises.
    """
    sent = _understood(body, get_adapter_class().compiled(caller.tenant).schema)
    with told_of_the_quicker(caller, sent.document):
        return durable(lambda: _create(caller, exchange, sent, allowance or Allowance()))


def replace(
    caller: Caller,
    exchange: Exchange,
    scim_id: str,
    body: object,
    *,
    precondition: Precondition | None = None,
) -> Written:
    """Replace a resource (RFC 7644 section 3.5.1): what is omitted is cleared, except ``active``.

    An omitted ``active`` neither disables (Okta leaves it out) nor revives anybody.
    """
    sent = _understood(body, get_adapter_class().compiled(caller.tenant).schema)

    def work() -> Written:
        adapter = load_for_update(caller, scim_id)
        before = checked(adapter, precondition)
        after = {name: before[name] for name in ("active",) if name in before} | sent.document
        said = sent.document.get("active")
        return _change(adapter, caller, exchange, before, after, said, ignored=sent.ignored)

    return durable(work)


def patch(
    caller: Caller,
    exchange: Exchange,
    scim_id: str,
    body: object,
    *,
    precondition: Precondition | None = None,
) -> Written:
    """Apply PATCH operations (RFC 7644 section 3.5.2): all of them, or none.

    What they say of ``active`` holds, also where a later one removes it from the resource: a removal says nothing of
    access, and a success that left somebody on whom the request switched off would be a lie.
    """
    schema = get_adapter_class().compiled(caller.tenant).schema
    limits = app_settings.limits
    operations = patching.parse(body, schema, limits)

    def work() -> Written:
        adapter = load_for_update(caller, scim_id)
        before = checked(adapter, precondition)
        patched = patching.apply(before, operations, schema, limits, tenant_url_or_empty())
        return _change(
            adapter, caller, exchange, before, patched.document, patched.active, ignored=patched.ignored
        )

    return durable(work)


def follow(caller: Caller, exchange: Exchange, scim_id: str) -> Written:
    """Do what the identity provider asked before and could not be done then (``rules.late_wishes``), if it is due."""

    def work() -> Written:
        adapter = load_for_update(caller, scim_id)
        before = checked(adapter, None)
        return _change(adapter, caller, exchange, before, before, None, ignored=())

    return durable(work)


def delete(
    caller: Caller, exchange: Exchange, scim_id: str, *, precondition: Precondition | None = None
) -> None:
    """Answer DELETE (RFC 7644 section 3.6): the resource is gone, the learner is switched off and kept.

    Where the connection's policy says so, the host's ``erase`` comes last, and the tombstone forgets them.
    """
    durable(lambda: _delete(caller, exchange, scim_id, precondition))


def _create(caller: Caller, exchange: Exchange, sent: documents.Normalised, allowance: Allowance) -> Written:
    document = {"active": True, **sent.document}
    newcomer = meet(caller, document)
    adapter, action = newcomer.adapter, newcomer.action
    before = {} if adapter.link._state.adding else adapter.read()
    kept = undoing.kept(adapter) if action is Action.ADOPTED and adapter.link._state.adding else None
    event = write(
        adapter,
        caller,
        exchange,
        before,
        document,
        action,
        ignored=sent.ignored,
        status=201,
        active=document["active"],
        cause=earlier.cause(newcomer.earlier),
    )
    earlier.ask(adapter.link, newcomer.earlier)
    if kept is not None:
        undoing.adoption(adapter, kept).save(force_insert=True)
    if action is Action.REVIVED:
        give(caller.tenant, adapter.id, allowance)
    return Written(told(adapter, caller, exchange, event, newcomer.hook), event)


def _delete(caller: Caller, exchange: Exchange, scim_id: str, precondition: Precondition | None) -> None:
    adapter = load_for_update(caller, scim_id)
    before = checked(adapter, precondition)
    rules.protect(adapter)
    link, was_active = adapter.link, adapter.is_active
    erases = rules.erases(adapter)
    if was_active or erases:
        rules.keep_an_administrator(adapter)
        rules.let_go(adapter)
    met = differences.between(adapter)
    adapter.remember_rows()
    with explained(adapter):
        waits = switch_off(adapter)
    make_tombstone(link)
    event = events.applied(
        caller,
        exchange,
        action=Action.DELETED,
        link=link,
        status=204,
        changes={"active": (before.get("active"), False)} if was_active else {},
        cause={
            **({"erased": True} if erases else {}),
            **({WAITS: True} if waits else {}),
            **(met.facts if met else {}),
        },
    )
    end_access(adapter, event)
    if was_active:
        host_calls.tell(adapter, "on_deactivated", event)
    host_calls.tell(adapter, "on_deleted", event)
    if erases:
        host_calls.require(adapter, "erase", adapter.learner)
        strip_tombstone(link)
    events.exchanged(event, exchange)


def _understood(body: object, schema: UserSchema) -> documents.Normalised:
    """What the body of a POST or PUT means. Raises ``InvalidSyntax`` and ``InvalidValue``."""
    sent = documents.normalise(body, schema, app_settings.limits, tenant_url_or_empty())
    documents.require(sent.document)
    return sent


def _change(
    adapter: LearnerAdapter,
    caller: Caller,
    exchange: Exchange,
    before: Document,
    after: Document,
    said: bool | None,
    *,
    ignored: tuple[str, ...],
) -> Written:
    """Bring the learner from ``before`` to ``after``; ``said`` is what the request says of ``active``, if it does."""
    if said is None and rules.is_to_go(adapter):
        said = False
        after = {**after, "active": False} if "active" in after else after
    late = {WAITS: True} if differences.agree(adapter, said) else {}
    is_active = adapter.is_active
    wanted, is_news = is_active if said is None else said, bool(late)
    if wanted != is_active and not adapter.may_be_switched:
        if "active" in after:
            after = {**after, "active": is_active}
        is_news = wanted != adapter.link.active
        adapter.link.active, wanted = wanted, is_active
    if after == before and wanted == is_active:
        return _left_alone(adapter, caller, exchange, late) if is_news else Written(adapter.to_dict())
    rules.protect(adapter)
    if wanted and not is_active:
        rules.refuse_left(adapter)
    tombstones = earlier.met_by_rename(caller, adapter, before, after)
    action = _SWITCHES[wanted] if wanted != is_active else local_values.action(adapter, before, after)
    event = write(
        adapter,
        caller,
        exchange,
        before,
        after,
        action,
        ignored=ignored,
        status=200,
        active=wanted,
        cause={**earlier.cause(tombstones), **late},
    )
    earlier.ask(adapter.link, tombstones)
    hook = _HOOKS.get(action)
    return (
        Written(told(adapter, caller, exchange, event, hook), event)
        if hook
        else _answered(adapter, exchange, event)
    )


def _left_alone(
    adapter: LearnerAdapter, caller: Caller, exchange: Exchange, cause: Mapping[str, object]
) -> Written:
    """Note that somebody stays as they are although the identity provider wants them otherwise: once, not at every
    cycle in which it says so again."""
    link = adapter.link
    link.save(update_fields=["active"])
    detail = "The application does not let provisioning switch somebody who is in this state."
    event = events.applied(
        caller, exchange, action=Action.SKIPPED, link=link, status=200, changes={}, detail=detail, cause=cause
    )
    return _answered(adapter, exchange, event)


def _answered(adapter: LearnerAdapter, exchange: Exchange, event: ProvisioningEvent) -> Written:
    """Render the answer, once, and keep it in the log as it is given."""
    resource = adapter.to_dict()
    events.exchanged(event, exchange, resource)
    return Written(resource, event)


_SWITCHES = {True: Action.REACTIVATED, False: Action.DEACTIVATED}
_HOOKS = {
    Action.UPDATED: "on_updated",
    Action.REACTIVATED: "on_reactivated",
    Action.DEACTIVATED: "on_deactivated",
}
