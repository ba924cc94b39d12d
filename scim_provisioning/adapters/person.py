"""One person in one connection: what kinds are handed, so that they need to know nothing of the adapter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

from scim_provisioning.adapters.people import People
from scim_provisioning.adapters.row_set import RowSet
from scim_provisioning.adapters.rows import RowSource
from scim_provisioning.models import ProvisionedUser, SCIMConnection

#: Marks in ``ProvisionedUser.search``. The manager who was sent is not provisioned here, and the document's value
#: is the truth:
AWAITS_MANAGER = "~manager"
#: A client removed ``active``: then it is not returned, and says nothing about access.
ACTIVE_UNASSIGNED = "~active"
#: Fields of the mapping that an administrator keeps, by ``locked_key``: see ``Person.locked``.
LOCKED = "~locked"
#: How names were understood that do not say it: see ``Person.meant``.
MEANT = "~meant"
#: When the identity provider switched somebody off whose state provisioning moves nobody out of: see
#: ``rules.late_wishes``.
WISHED_OFF = "~off"
_NOTHING: Final[Mapping[str, dict[str, str]]] = MappingProxyType({})

_NONE: Final = frozenset[str]()


def locked_key(field: str) -> str:
    """Where ``LOCKED`` has a field: not every database takes a quotation mark in the path to a value."""
    return field.replace('"', "'")


@dataclass(frozen=True, slots=True)
class Move:
    """Somebody has come from one company, business unit or team to another: rows of the host's, or what its field
    holds. ``hook`` is told of it."""

    hook: str
    old: Any
    new: Any


class Person:
    """An account with its link and rows.

    ``people`` knows who is who in the connection. ``awaits_manager``: the manager who was sent is not provisioned
    here (yet), or may not be theirs. ``active_elsewhere``: another connection's living link keeps the account active.
    """

    active_elsewhere = False
    #: The same of a row that the connections of one customer have together, where that is what ``active`` switches.
    row_active_elsewhere = False
    #: Names of such rows that another of these connections writes: see ``shared_rows``.
    rows_elsewhere: frozenset[str] = _NONE
    #: The manager who was written just now is managed by this person, and waits therefore.
    closes_circle = False
    #: That is taken for granted, since so many stand above that manager.
    is_too_low = False
    #: While an attribute is written: what the identity provider had sent for it before, or None.
    sent_before: Any = None

    def __init__(
        self,
        link: ProvisionedUser,
        connection: SCIMConnection,
        rows: RowSet,
        people: People,
    ) -> None:
        self.link = link
        self.connection = connection
        self.rows = rows
        self.people = people
        search = link.search
        self.awaits_manager = bool(search.get(AWAITS_MANAGER))
        #: How names of companies, units and teams were understood, where the row that they led to is called otherwise,
        #: or there is none: by path of the mapping and key of the name, the row's key as text.
        self.meant: Mapping[str, dict[str, str]] = search.get(MEANT, _NOTHING)
        #: When somebody was switched off who has yet to leave the state in which they were: ISO 8601; empty for others.
        self.wished_off: str = search.get(WISHED_OFF, "")
        #: Fields of the mapping (``CompiledMapping.fields``) that an administrator keeps: the row is left alone, and
        #: what was sent is returned.
        self.locked: frozenset[str] = frozenset(search[LOCKED].values()) if LOCKED in search else _NONE

    @cached_property
    def unknown_names(self) -> list[tuple[str, str]]:
        """Names that mean nothing here, which this request has sent: with their path."""
        return []

    @cached_property
    def odd_names(self) -> dict[Any, Any]:
        """What was read of names of the host's rows that are not plain: see ``kinds.NamedRows``."""
        return {}

    @cached_property
    def held_names(self) -> dict[Any, Any]:
        """Names that were looked up, and locked, before they are written: see ``kinds.meanings.hold``."""
        return {}

    @cached_property
    def moves(self) -> list[Move]:
        """What the host is to be told of the change that is being made."""
        return []

    def understand(self, path: str, names: Mapping[str, str]) -> None:
        """Keep how the names of an attribute were understood."""
        if names or path in self.meant:
            self.meant = {**self.meant, path: {**names}}

    @property
    def is_new(self) -> bool:
        """Whether the connection meets this person for the first time: created or adopted just now."""
        return self.link._state.adding

    @property
    def owns_account(self) -> bool:
        """Whether this connection may write the account's name, address and user name."""
        return self.link.owns_profile

    def owns(self, source: RowSource) -> bool:
        """Whether this connection may write such a row: of an account that another one owns, its own rows only."""
        if self.owns_account:
            return True
        return not source.belongs_to_account and source.name not in self.rows_elsewhere

    def keeps(self, source: RowSource, path: str) -> bool:
        """Whether the row is not this connection's to write or to show there: an administrator has locked the value, or
        another connection owns it."""
        return path in self.locked or not self.owns(source)

    @property
    def document(self) -> dict[str, Any]:
        """The resource as the identity provider last left it."""
        document: dict[str, Any] = self.link.document
        return document
