"""Reading people under a lock, for a change; for an answer ``showing`` reads them.

Everybody locks in one order: the links of an account by account and key, then the account, then the connection.

A request is let in before its transaction begins, and its connection may end in between. Who changes somebody asks
under the lock of the link, in the statement that reads them: whoever disconnects a customer handles everybody under the
same locks afterwards. Who adds somebody has no link yet that others could wait for, and so holds on to the connection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db.models import Exists, F, OuterRef, Subquery

from scim_provisioning import databases
from scim_provisioning.adapters import LearnerAdapter, links, shared_rows
from scim_provisioning.adapters.document import canonical
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.databases import prepared
from scim_provisioning.events import Caller
from scim_provisioning.models import ProvisionedUser, ProvisionedUserQuerySet, SCIMConnection
from scim_provisioning.models.provisioned_user import refuse_overtaken
from scim_provisioning.protocol.errors import NotFound
from scim_provisioning.protocol.resources import Document
from scim_provisioning.protocol.text import is_storable
from scim_provisioning.protocol.versions import Precondition
from scim_provisioning.provisioning import moved
from scim_provisioning.rules.identity import user_name_taken
from scim_provisioning.rules.ownership import lock_links
from scim_provisioning.rules.serving import ended
from scim_provisioning.telemetry import spanned

#: Django has no word for it. On SQLite one transaction writes at a time.
_SHARED_LOCK: Final[Mapping[str, str]] = {
    "postgresql": "FOR KEY SHARE",
    "mysql": "LOCK IN SHARE MODE",
}
#: Refused by PostgreSQL for a row that was changed since the transaction began; the weaker shows it as it was.
_STRICT_LOCK: Final = "FOR SHARE"


@spanned("match")
def load_for_update(caller: Caller, scim_id: str) -> LearnerAdapter:
    """Lock the account's links, then read everything else in a second statement: a joined row that was read by the
    statement that waited for the lock can be stale. On SQLite, where the whole transaction is the lock, one statement
    reads them. Raises ``NotFound``, ``Unauthorized`` as ``load_locked``, and ``Overtaken``."""
    refuse_impossible(scim_id)
    if not databases.connection().features.has_select_for_update:
        living = [one for one in _read(caller.tenant, _named, scim_id) if not one.link.is_deleted]
        return _current(living)
    link = _lock_account(caller.tenant, "scim_id", scim_id)
    if link is None or link.is_deleted:
        raise databases.Overtaken if _has_moved(caller.tenant, scim_id) else NotFound()
    return load_locked(caller, link.pk)


def _has_moved(connection: SCIMConnection, scim_id: str) -> bool:
    """Whether an administrator has joined the account with another while this waited, to which the link leads now."""
    own = ProvisionedUser.objects.living().filter(connection=connection, user__isnull=False)
    return own.filter(scim_id=scim_id).exists()


def load_tombstone_for_update(caller: Caller, key: int) -> LearnerAdapter | None:
    """Lock a tombstone and read it; None when another request has just brought that person back."""
    link = _lock_account(caller.tenant, "pk", key)
    return load_locked(caller, key) if link is not None and link.is_deleted else None


def _lock_account(connection: SCIMConnection, column: str, value: str | int) -> ProvisionedUser | None:
    """Lock every link of the account that one link of the connection is of, whose ``column`` has that value; return
    that one as it stands under the lock. One statement; None where there is no such link, or nobody behind it.

    Whether an account stays on depends on all of its links: of two connections that deactivate one person at the
    same moment neither may find the other one still active. Always in the order of account and key, so that nobody
    waits for each other.
    """
    found = prepared.rows(_same_account, connection, value, given=(column,))
    refuse_overtaken(found)
    return next((link for link in found if link.pk == link.own_key), None)


def _same_account(column: str, connection: SCIMConnection, value: str | int) -> ProvisionedUserQuerySet:
    own = ProvisionedUser.objects.filter(connection=connection, **{column: value})
    same_account = ProvisionedUser.objects.filter(user=Subquery(own.values("user")[:1]))
    return same_account.annotate(own_key=Subquery(own.values("pk")[:1])).locking()


def load_locked(caller: Caller, key: int) -> LearnerAdapter:
    """Read a person whose link is locked. Raises ``NotFound`` when the host deleted the account, or moved it to another
    customer, ``Unauthorized`` when the connection has ended since the request was let in."""
    return _current(read_locked(caller.tenant, [key]))


def _current(adapters: Sequence[LearnerAdapter]) -> LearnerAdapter:
    """The only one of these, if their connection has not ended."""
    if not adapters:
        raise NotFound()
    if adapters[0].link.connection_ended_at is not None:  # type: ignore[attr-defined]
        raise ended()
    return adapters[0]


def load_again(caller: Caller, key: int) -> LearnerAdapter:
    """Read somebody again who was changed under the lock. Raises ``NotFound``, as ``load_locked``; a connection that
    has ended since the change was begun lets it come to its end: whoever ends it handles everybody under these locks.
    """
    adapters = read_locked(caller.tenant, [key])
    if not adapters:
        raise NotFound()
    return adapters[0]


def read_locked(connection: SCIMConnection, keys: Sequence[int]) -> list[LearnerAdapter]:
    """Read people whose links are locked, with what else keeps their accounts active, in the order of their keys."""
    return _read(connection, _under_lock, tuple(keys))


def _read(connection: SCIMConnection, narrow: links.Narrow, meant: object) -> list[LearnerAdapter]:
    adapter_class = get_adapter_class()
    found = links.found(adapter_class, connection, narrow, meant)
    adapters = adapter_class.for_links(found, connection)
    for link, adapter in zip(found, adapters, strict=True):
        link.connection = connection
        wanted: bool = link.active_elsewhere  # type: ignore[attr-defined]
        adapter.person.active_elsewhere = wanted and moved.is_wanted_beside(link)
    # Who is shown needs not know it of those whom the connection owns: they may be about to be switched off.
    owned = (a.person for a in adapters if a.link.owns_profile and a.is_wanted_elsewhere)
    shared_rows.learn(owned, adapter_class.compiled(connection), connection)
    return adapters


def _under_lock(people: ProvisionedUserQuerySet, keys: tuple[int, ...]) -> ProvisionedUserQuerySet:
    return _with_what_keeps_them(people.filter(pk__in=keys)).order_by("pk")


def _named(people: ProvisionedUserQuerySet, scim_id: str) -> ProvisionedUserQuerySet:
    return _with_what_keeps_them(people.filter(scim_id=scim_id))


def _with_what_keeps_them(people: ProvisionedUserQuerySet) -> ProvisionedUserQuerySet:
    others = ProvisionedUser.objects.granting().exclude(connection=OuterRef("connection"))
    elsewhere = others.filter(user=OuterRef("user"))
    return people.annotate(
        active_elsewhere=Exists(elsewhere), connection_ended_at=F("connection__archived_at")
    )


def load_many_for_update(connection: SCIMConnection, keys: Sequence[int]) -> list[LearnerAdapter]:
    """Lock the links of many accounts, then read those of this connection that ``keys`` name."""
    return read_locked(connection, lock_many(connection, keys))


def lock_many(connection: SCIMConnection, keys: Sequence[int]) -> list[int]:
    """Lock every link of the accounts of these links, a connection's own; return the keys of those that are there
    (one query)."""
    own = ProvisionedUser.objects.filter(connection=connection, pk__in=keys)
    locked = lock_links(ProvisionedUser.objects.filter(user__in=own.values("user")))
    return sorted({*keys} & {*locked})


def lock_links_of(account: Any) -> None:
    """Lock all links of an account."""
    lock_links(ProvisionedUser.objects.filter(user=account.pk))


def lock_newcomer(adapter: LearnerAdapter) -> None:
    """Lock the account that a newcomer is, with its links, and read it again as it stands: of two who adopt one account
    at the same moment one finds the other (three queries). Raises ``Uniqueness`` for one that has just gone, was linked
    by this connection or is called otherwise now.

    The links come first, as everywhere: whoever has locked them goes on to write the account.
    """
    lock_links_of(adapter.obj)
    accounts = type(adapter.obj)._base_manager.select_for_update()
    account = accounts.filter(pk=adapter.obj.pk).first()
    if account is None or _name(adapter, account) != _name(adapter, adapter.obj):
        raise user_name_taken()
    if databases.sees_no_additions():
        # For whoever waits for these locks and looks for the newcomer's link then: begun again, they find it.
        ProvisionedUser.objects.filter(user=account).order_by().update(version=F("version"))
        type(account)._base_manager.filter(pk=account.pk).update(**{_written(account): F(_written(account))})
    adapter.obj = account
    living = ProvisionedUser.objects.living().filter(user=account).select_related("connection")
    beside = list(living)
    if any(link.connection_id == adapter.connection.pk for link in beside):
        raise user_name_taken()
    here = moved.still_here(link for link in beside if link.connection.archived_at is None)
    adapter.person.active_elsewhere = any(link.active for link in here)
    shared_rows.note(adapter.person, adapter.compiled_mapping, here)


def _name(adapter: LearnerAdapter, account: Any) -> object:
    """What the account signs in by: the evidence that it is the newcomer's."""
    entry = adapter.compiled_mapping.account_name
    return None if entry is None else getattr(account, entry.field.attname)


def _written(account: Any) -> str:
    """A column that every account has, and that no foreign key points at."""
    return str(type(account).USERNAME_FIELD)


def hold_connection(connection: SCIMConnection) -> None:
    """Hold on to a connection to which somebody is added, so that it does not end before they are there to be found
    (one query). Raises ``Unauthorized`` when it has ended since the request was let in.

    A shared lock, as the foreign keys of what is written take it anyway: requests do not wait for one another.
    """
    database = databases.connection()
    name, options = database.ops.quote_name, SCIMConnection._meta
    table, ended_at = options.db_table, "archived_at"
    lock = _STRICT_LOCK if databases.sees_no_additions() else _SHARED_LOCK.get(database.vendor, "")
    sql = f"SELECT {name(ended_at)} FROM {name(table)} WHERE {name('id')} = %s {lock}"  # noqa: S608
    with database.cursor() as cursor:
        cursor.execute(sql, [connection.pk])
        found = cursor.fetchone()
    if found is None or found[0] is not None:
        raise ended()


def refuse_impossible(scim_id: str) -> None:
    """An id that no database can store is nobody's; PostgreSQL would call U+0000 an error."""
    if not is_storable(scim_id):
        raise NotFound()


def checked(adapter: LearnerAdapter, precondition: Precondition | None) -> Document:
    """The canonical document as it stands, once the client's precondition holds.

    Only for a precondition, or a host that renders people itself, it takes the whole resource to know it.
    """
    if precondition is None and type(adapter).to_dict is LearnerAdapter.to_dict:
        return adapter.read()
    resource = adapter.to_dict()
    if precondition is not None:
        precondition(resource["meta"]["version"])
    return canonical(resource, adapter.compiled_mapping)
