"""The verbs of SCIM on Users. The only place that opens a transaction.

A verb either does the whole of what was asked, logs it and commits, or raises a SCIM error and leaves nothing
behind. Who asks is a ``Caller``; what they sent is an ``Exchange``; what they get is a SCIM resource.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from scim_provisioning import events, policies, searching
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.adapters.searchable import search_copy
from scim_provisioning.conf import app_settings
from scim_provisioning.events import Caller, Exchange
from scim_provisioning.models import Action, ProvisionedUser, ProvisioningEvent
from scim_provisioning.protocol import documents, paths
from scim_provisioning.protocol import patch as patching
from scim_provisioning.protocol.errors import NotFound, PreconditionFailed, Uniqueness
from scim_provisioning.protocol.filters import fold
from scim_provisioning.protocol.messages import SearchRequest

Document = dict[str, Any]
#: Given the version of a resource as it stands, raises ``PreconditionFailed`` unless the client may go on.
Precondition = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Written:
    """What a verb did: the resource as it stands now, and whether anything changed."""

    resource: Document
    changed: bool = True


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of resources, the number of all hits, and where the next page begins (RFC 9865)."""

    resources: list[Document]
    total: int
    next_cursor: str | None = None


def get(caller: Caller, scim_id: str) -> Document:
    """The resource (RFC 7644 section 3.4.1). Raises ``NotFound``, for a stranger's id too."""
    return _load(caller, scim_id).to_dict()


def search(caller: Caller, request: SearchRequest) -> Listing:
    """The people who fulfil a filter (RFC 7644 section 3.4.2)."""
    page = searching.find(caller.tenant, get_adapter_class(), request, app_settings.limits)
    return Listing([adapter.to_dict() for adapter in page.adapters], page.total, page.next_cursor)


def create(caller: Caller, exchange: Exchange, body: object) -> Written:
    """Create a learner, or bring back or adopt one (RFC 7644 section 3.3; the rules are in ``policies``).

    Raises ``InvalidValue``, ``InvalidSyntax`` and ``Uniqueness``.
    """
    connection, adapter_class = caller.tenant, get_adapter_class()
    sent = documents.normalise(body, adapter_class.compiled(connection).schema)
    documents.require(sent.document)
    document = {"active": True, **sent.document}
    with transaction.atomic():
        tombstone = policies.returning(connection, document)
        if tombstone is not None:
            adapter, action = _revived(caller, tombstone), Action.REVIVED
        else:
            adapter, action = _newcomer(caller, adapter_class, document)
        before = {} if tombstone is None else adapter.read()
        event = _write(adapter, caller, exchange, before, document, action, ignored=sent.ignored, status=201)
        if tombstone is not None:
            settle_manager(caller, adapter.id, adapter.id)
        adapter.on_provisioned(learner=adapter.learner, event=event)
        return Written(adapter.to_dict())


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
    adapter_class = get_adapter_class()
    sent = documents.normalise(body, adapter_class.compiled(caller.tenant).schema)
    documents.require(sent.document)
    with transaction.atomic():
        adapter = _load_for_update(caller, scim_id)
        before = _checked(adapter, precondition)
        after = {"active": before["active"], **sent.document}
        return _change(adapter, caller, exchange, before, after, ignored=sent.ignored)


def patch(
    caller: Caller,
    exchange: Exchange,
    scim_id: str,
    body: object,
    *,
    precondition: Precondition | None = None,
) -> Written:
    """Apply PATCH operations (RFC 7644 section 3.5.2): all of them, or none."""
    schema = get_adapter_class().compiled(caller.tenant).schema
    operations = patching.parse(body, schema, app_settings.limits)
    with transaction.atomic():
        adapter = _load_for_update(caller, scim_id)
        before = _checked(adapter, precondition)
        patched = patching.apply(before, operations, schema)
        after = {"active": before["active"], **patched.document}
        return _change(adapter, caller, exchange, before, after, ignored=patched.ignored)


def delete(
    caller: Caller, exchange: Exchange, scim_id: str, *, precondition: Precondition | None = None
) -> None:
    """Answer DELETE (RFC 7644 section 3.6): the resource is gone, the learner is switched off and kept."""
    with transaction.atomic():
        adapter = _load_for_update(caller, scim_id)
        before = _checked(adapter, precondition)
        policies.protect(adapter)
        link, was_active = adapter.link, adapter.link.active
        adapter.remember_rows()
        adapter.delete()
        link.user_name_tombstone_key, link.user_name_key = link.user_name_key, None
        link.active, link.deleted_at, link.modified_at = False, timezone.now(), timezone.now()
        link.save()
        event = events.applied(
            caller,
            exchange,
            action=Action.DELETED,
            link=link,
            status=204,
            changes={"active": (before["active"], False)} if was_active else {},
        )
        adapter.revoke_access(adapter.learner)
        if was_active:
            adapter.on_deactivated(learner=adapter.learner, event=event)


def settle_manager(caller: Caller, waited_for: str, scim_id: str) -> int:
    """Give a manager who has appeared (back) to the people whose ``manager`` named them in vain.

    ``waited_for`` is the value those people's documents hold: the id itself, or a ``bulkId:``. Returns how
    many people that were.
    """
    adapter_class = get_adapter_class()
    mapping = adapter_class.compiled(caller.tenant)
    if mapping.manager is None:
        return 0
    waiting = searching.waiting_for_manager(caller.tenant, adapter_class, waited_for)
    for adapter in adapter_class.for_links(waiting, caller.tenant):
        adapter.link.connection = caller.tenant
        document = adapter.read()
        paths.write(document, mapping.manager.path, scim_id)
        adapter.remember_rows()
        adapter.from_dict(document)
        _save_learner(adapter)
        _save_link(adapter, document)
    return len(waiting)


# --- loading


def _load(caller: Caller, scim_id: str) -> LearnerAdapter:
    adapter_class = get_adapter_class()
    link = adapter_class.links(caller.tenant).living().filter(scim_id=scim_id).first()
    if link is None:
        raise NotFound()
    return adapter_class.for_links([link], caller.tenant)[0]


def _load_for_update(caller: Caller, scim_id: str) -> LearnerAdapter:
    """Lock the link, then read everything else in a second statement: a joined row that was read by the
    statement that waited for the lock can be stale."""
    locked = ProvisionedUser.objects.living().select_for_update().filter(connection=caller.tenant)
    key = locked.filter(scim_id=scim_id).values_list("pk", flat=True).first()
    if key is None:
        raise NotFound()
    return _load_locked(caller, key)


def _load_locked(caller: Caller, key: int) -> LearnerAdapter:
    adapter_class = get_adapter_class()
    elsewhere = ProvisionedUser.objects.living().filter(user=OuterRef("user"), active=True)
    elsewhere = elsewhere.exclude(connection=OuterRef("connection"))
    links = adapter_class.links(caller.tenant).annotate(active_elsewhere=Exists(elsewhere))
    link = links.filter(pk=key).first()
    if link is None:
        raise NotFound()
    link.connection = caller.tenant
    adapter = adapter_class.for_links([link], caller.tenant)[0]
    adapter.active_elsewhere = link.active_elsewhere  # type: ignore[attr-defined]
    return adapter


def _checked(adapter: LearnerAdapter, precondition: Precondition | None) -> Document:
    """The canonical document as it stands, once the client's precondition holds."""
    resource = adapter.to_dict()
    if precondition is not None:
        precondition(resource["meta"]["version"])
    return {name: value for name, value in resource.items() if name not in ("schemas", "id", "meta")}


def _revived(caller: Caller, tombstone: ProvisionedUser) -> LearnerAdapter:
    adapter = _load_locked(caller, tombstone.pk)
    policies.protect(adapter)
    adapter.link.deleted_at = None
    return adapter


def _newcomer(
    caller: Caller, adapter_class: type[LearnerAdapter], document: Mapping[str, Any]
) -> tuple[LearnerAdapter, Action]:
    link = ProvisionedUser(connection=caller.tenant)
    adapter = adapter_class(None, link=link, connection=caller.tenant)
    adapter.obj = adapter.new_account()
    account = policies.adopted(adapter, document)
    if account is None:
        return adapter, Action.CREATED
    return adapter_class(account, link=link, connection=caller.tenant), Action.ADOPTED


# --- writing


def _change(
    adapter: LearnerAdapter,
    caller: Caller,
    exchange: Exchange,
    before: Document,
    after: Document,
    *,
    ignored: tuple[str, ...],
) -> Written:
    if after == before:
        return Written(adapter.to_dict(), changed=False)
    policies.protect(adapter)
    action = Action.UPDATED
    if before["active"] != after["active"]:
        action = Action.REACTIVATED if after["active"] else Action.DEACTIVATED
    event = _write(adapter, caller, exchange, before, after, action, ignored=ignored, status=200)
    hooks = {
        Action.UPDATED: adapter.on_updated,
        Action.REACTIVATED: adapter.on_reactivated,
        Action.DEACTIVATED: adapter.on_deactivated,
    }
    hooks[action](learner=adapter.learner, event=event)
    return Written(adapter.to_dict())


def _write(
    adapter: LearnerAdapter,
    caller: Caller,
    exchange: Exchange,
    before: Document,
    after: Document,
    action: Action,
    *,
    ignored: tuple[str, ...],
    status: int,
) -> ProvisioningEvent:
    """Bring learner and link to ``after`` and log it, in the caller's transaction."""
    adapter.remember_rows()
    adapter.validate_dict(after)
    adapter.from_dict(after)
    if action is not Action.UPDATED:
        adapter.set_active(after["active"])
    _save_learner(adapter)
    _save_link(adapter, after)
    if not after["active"]:
        adapter.revoke_access(adapter.learner)
    return events.applied(
        caller,
        exchange,
        action=action,
        link=adapter.link,
        status=status,
        changes=documents.changes(before, after),
        ignored=ignored,
        response=adapter.to_dict(),
    )


def _save_learner(adapter: LearnerAdapter) -> None:
    try:
        adapter.save()
    except IntegrityError as error:
        raise Uniqueness(
            "A value that must be unique is already used by another account.",
            code="user.value_taken",
            params={"error": type(error).__name__},
        ) from error


def _save_link(adapter: LearnerAdapter, document: Document) -> None:
    link = adapter.link
    link.user = adapter.obj
    link.user_name = document["userName"]
    link.user_name_key, link.user_name_tombstone_key = fold(link.user_name), None
    link.external_id = document.get("externalId")
    link.active = document["active"]
    link.document = document
    link.search = search_copy(
        document, adapter.compiled_mapping, waiting_for_manager=adapter.waiting_for_manager
    )
    link.modified_at = timezone.now()
    if not link._state.adding:
        link.version += 1
    try:
        link.save()
    except IntegrityError as error:
        # The unique key of (connection, userName): somebody else took the name a moment ago.
        raise policies.user_name_taken() from error


# --- versions


def precondition(if_match: str | None, if_none_match: str | None = None) -> Precondition:
    """RFC 7644 section 3.14: a check that raises ``PreconditionFailed`` when the version has moved on."""

    def check(current: str) -> None:
        if if_match is not None and not version_is_among(if_match, current):
            raise PreconditionFailed("The resource has changed since it was read; read it again.")
        if version_is_among(if_none_match, current):
            raise PreconditionFailed("The resource is still at a version that If-None-Match excludes.")

    return check


def version_is_among(tags: str | None, current: str) -> bool:
    """Whether a list of entity tags names ``current``; weak and strong spellings compare alike."""
    if tags is None:
        return False
    named = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
    return "*" in named or current.removeprefix("W/") in named
