"""Whose a learner's values are, and an administrator's word on it: lock one, unlock it, detach the learner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from django.utils.translation import gettext as _

from scim_provisioning import databases
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.administration import audit, catalogue, host
from scim_provisioning.administration.attribute_words import short_name
from scim_provisioning.administration.connections import notice
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.events import Caller
from scim_provisioning.models import LockedValue, ProvisionedUser
from scim_provisioning.protocol.errors import NotFound, SCIMError, Unavailable
from scim_provisioning.protocol.text import fold
from scim_provisioning.provisioning import keeping
from scim_provisioning.provisioning.loading import lock_many
from scim_provisioning.provisioning.transactions import durably
from scim_provisioning.rules.ownership import holder_beside

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a learner that the mapping writes. ``path`` is the line's, ``row`` and ``field`` the host's own."""

    path: str
    row: Any
    field: Any
    #: Whether the line writes all of the field: a key of a JSON column is a part.
    is_whole: bool
    here: Any
    sent: Any
    may_be_locked: bool
    lock: LockedValue | None = None

    @property
    def name(self) -> str:
        """The attribute, as the log calls it."""
        return short_name(self.path)

    @property
    def is_made_here(self) -> bool:
        """Whether it is a user name of the application's own, as the one that was sent was not free."""
        return self.path == "userName" and fold(str(self.here)) != fold(str(self.sent))


@databases.primary()
def values(link: ProvisionedUser) -> list[Value]:
    """The values of a living link's learner that its connection writes, in the order of the mapping (two queries, and
    what the host's rows cost). Those of an account that another connection owns are not among them, nor is the switch:
    whoever switches somebody off in the LMS means it.

    Raises ``AdapterBroken``, and whatever the host's own code raises.
    """
    adapter: LearnerAdapter = host.adapter_class().for_links([link], link.connection)[0]
    mapping, locks = adapter.compiled_mapping, {lock.path: lock for lock in locked(link)}
    lockable = {group.path for group in mapping.lockable}
    found = [
        Value(
            path=group.path,
            row=row,
            field=group.first.field,
            is_whole=not group.first.declaration.keys,
            here=group.current(row, group.first.field, adapter.person),
            sent=(group.sent(link.document) or (None, None))[1],
            may_be_locked=group.path in lockable,
            lock=locks.get(group.path),
        )
        for group in mapping.groups
        if (row := adapter.row(group.row)) is not None and adapter.person.owns(group.first.source)
    ]
    own = mapping.user_name
    if own is None or not adapter.person.owns(own.source) or (row := adapter.row(own.source.name)) is None:
        return found
    here, sent = getattr(row, own.field.attname), link.user_name
    return [Value(own.declaration.path, row, own.field, True, here, sent, may_be_locked=False), *found]


def locked(link: ProvisionedUser) -> list[LockedValue]:
    """What is locked of a learner (one query)."""
    mine = LockedValue.objects.filter(connection=link.connection_id, link=link)
    return list(mine.select_related("locked_by").order_by("path"))


def attribute(link: ProvisionedUser, name: str) -> str:
    """The path of the mapping that is meant by ``name``: itself, or without the urn of its schema. Raises
    ``ConnectionRefused``."""
    mapping = host.adapter_class().compiled(link.connection)
    known: list[str] = [group.path for group in mapping.lockable] + [lock.path for lock in locked(link)]
    meant = {path for path in known if name in (path, short_name(path))}
    if len(meant) != 1:
        raise ConnectionRefused(
            _("“%(name)s” is no attribute that can be locked here. Those are: %(known)s.")
            % {"name": name, "known": ", ".join(dict.fromkeys(map(short_name, known)))},
            "lock.attribute",
        )
    (path,) = meant
    return path


@durably
def lock(
    link: ProvisionedUser, path: str, *, reason: str, actor: AbstractBaseUser | None, address: str = ""
) -> bool:
    """Keep a value as it is here, whatever the identity provider sends. False where it is kept already.

    Raises ``ConnectionRefused`` where the link is gone, or has not been written to by the identity provider yet.
    """
    if link.is_awaited:
        raise ConnectionRefused(
            _("The identity provider has not sent this person yet: there is nothing to lock before it has."),
            "lock.awaited",
        )
    words = _("“%(attribute)s” of “%(name)s” was locked: %(reason)s")
    said = words % {"attribute": short_name(path), "name": link.user_name, "reason": reason}
    caller = Caller(link.connection, None, address=address, actor=actor)
    done = _done(lambda: keeping.lock(caller, link, path, reason=reason, detail=said))
    if done:
        audit.log_entry(actor, link.connection, said)
    return done


@durably
def unlock(link: ProvisionedUser, path: str, *, actor: AbstractBaseUser | None, address: str = "") -> bool:
    """Give a value back to the identity provider: the learner gets what it sent last. False where it is not locked.

    Raises ``ConnectionRefused`` where the link is gone, or the value cannot be written.
    """
    words = _("“%(attribute)s” of “%(name)s” was unlocked.")
    said = words % {"attribute": short_name(path), "name": link.user_name}
    caller = Caller(link.connection, None, address=address, actor=actor)
    done = _done(lambda: keeping.unlock(caller, link, path, detail=said))
    if done:
        audit.log_entry(actor, link.connection, said)
    return done


@durably
def detach(link: ProvisionedUser, *, actor: AbstractBaseUser | None, address: str = "") -> None:
    """Make the learner the LMS's own again; the connection's contacts are told. Raises ``ConnectionRefused`` where the
    link is gone, and where another connection owns the account."""
    refuse_guest(held(link))
    words = _("“%(name)s” was detached: the account stays as it is, and is the application’s own.")
    said = words % {"name": link.user_name}
    caller = Caller(link.connection, None, address=address, actor=actor)
    _done(lambda: keeping.detach(caller, link, detail=said))
    audit.log_entry(actor, link.connection, said)
    audit.tell_contacts(link.connection, *notice(link.connection, actor, said, address))


def is_guest(link: ProvisionedUser) -> bool:
    """Whether a living link only shares an account that is another connection's, or was until its owner let it go."""
    if link.is_deleted or link.owns_profile or link.user is None:
        return False
    return not link.keeps_profile or holder_beside(link.connection, link.user) is not None


def held(link: ProvisionedUser) -> ProvisionedUser:
    """A link as it stands once all links of its account are locked: another connection may have been given the account
    since it was read. Raises ``ConnectionRefused`` where it is gone."""
    lock_many(link.connection, [link.pk])
    stands = ProvisionedUser.objects.select_related("connection", "user").filter(pk=link.pk).first()
    if stands is None:
        raise ConnectionRefused(catalogue.title(NotFound.code), NotFound.code)
    return stands


def refuse_guest(link: ProvisionedUser) -> None:
    """Who only shares an account has nothing to give back: what becomes of it is its owner's to say. Raises
    ``ConnectionRefused``."""
    if is_guest(link):
        message = _("This connection only shares the account: withdraw the shared link instead.")
        raise ConnectionRefused(message, "share.guest")


def _done(verb: Callable[[], Done]) -> Done:
    host.adapter_class()
    try:
        return verb()
    except Unavailable:
        raise
    except SCIMError as refusal:
        raise ConnectionRefused(catalogue.title(refusal.code), refusal.code) from refusal
