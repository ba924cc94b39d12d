"""``LearnerAdapter``: the one class a host writes.

It keeps django-scim2's ``SCIMUser`` contract (``obj``, ``to_dict``, ``from_dict``, ``validate_dict``,
``save``, ``delete``), so a team that knows that library knows this one; what lies behind is driven by
``mapping``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.db import IntegrityError, models
from django_scim.adapters import SCIMUser

from scim_provisioning import databases
from scim_provisioning.adapters import database_errors, resource
from scim_provisioning.adapters import document as documents
from scim_provisioning.adapters.customers import customer_of
from scim_provisioning.adapters.kinds import MappedAttribute
from scim_provisioning.adapters.mapping import CompiledMapping, compile_mapping, row_problems, unswitched
from scim_provisioning.adapters.people import People
from scim_provisioning.adapters.person import Person
from scim_provisioning.adapters.problems import MappingProblem
from scim_provisioning.adapters.reading import complete, joined_links
from scim_provisioning.adapters.row_set import RowSet
from scim_provisioning.adapters.rows import RelatedRow
from scim_provisioning.adapters.same_address import HostAddresses
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.protocol.documents import copied
from scim_provisioning.protocol.resources import Document

if TYPE_CHECKING:
    from scim_provisioning.models.provisioned_user import ProvisionedUserQuerySet


class LearnerAdapter(HostAddresses, SCIMUser):  # type: ignore[misc]
    """Translates between one SCIM User and one learner of the host.

    A host subclasses this, names the class in ``SCIM_PROVISIONING["ADAPTER"]`` and fills in ``mapping``.
    Everything else has a default: see also :class:`~scim_provisioning.adapters.hooks.HostHooks`.
    """

    #: One line an attribute; see :mod:`scim_provisioning.adapters.kinds`.
    mapping: ClassVar[Sequence[MappedAttribute]] = ()
    #: Rows that are not simply one-to-one with the account, by the name that targets use.
    rows: ClassVar[Mapping[str, RelatedRow]] = {}
    #: Whole extension schemas that are stored and returned although no field holds them.
    extensions: ClassVar[Sequence[Any]] = ()

    # What the rows said otherwise than the identity provider when they were read last, by path.
    _otherwise: Sequence[tuple[str, Any]] = ()

    def __init__(
        self,
        obj: Any,
        request: Any = None,
        *,
        link: ProvisionedUser | None = None,
        connection: SCIMConnection | None = None,
        people: People | None = None,
    ) -> None:
        super().__init__(obj, request)
        self.connection: SCIMConnection = connection or link.connection  # type: ignore[union-attr]
        self.link = link or ProvisionedUser(connection=self.connection)
        self._people = people

    # --- what a host may override

    @classmethod
    def mapping_for(cls, connection: SCIMConnection) -> Sequence[MappedAttribute]:
        """The mapping of one customer; the same for all by default. Return lists that live as long as the
        process: they are compiled once each."""
        return cls.mapping

    # --- django-scim2's contract

    @property
    def id(self) -> str:
        scim_id: str = self.link.scim_id
        return scim_id

    @property
    def path(self) -> str:
        return f"/Users/{self.id}"

    @property
    def location(self) -> str:
        return self.person.people.location_of(self.id)

    @property
    def meta(self) -> Document:
        return {**resource.meta(self.person, self.resource_type), "location": self.location}

    def to_dict(self) -> Document:
        """The full SCIM User (RFC 7643 section 4.1) with ``schemas``, ``id`` and ``meta``."""
        document = self.read()
        # All of it where a host reads in a way of its own.
        said = self._otherwise if type(self).read is LearnerAdapter.read else [*self._otherwise, document]
        version = resource.version(self.person, self.compiled_mapping, document, said)
        meta = {**self.meta, "version": version}
        return {**resource.resource(self.person, self.compiled_mapping, document, meta), "id": self.id}

    def from_dict(self, d: Document) -> None:
        """Write a canonical document into the rows, unsaved. Raises ``InvalidValue``."""
        self.write(d)

    def save(self) -> None:
        """Save the rows that changed: only their changed columns, and nothing when nothing changed.

        Raises ``Overtaken`` where another request took the account's name since it was found to be free.
        """
        sources = self.compiled_mapping.sources if self.person.is_new else {}
        complete = [name for name, source in sources.items() if self.person.owns(source)]
        had_no_row = not self.person.is_new and self._has_no_switch
        try:
            self.person.rows.save(complete=complete)
            if had_no_row and self.has_access:
                # Saving the account has made the host make the row, on by default: nobody has asked for that.
                self.set_active(False)
                self.person.rows.save()
        except IntegrityError as error:
            if self._was_overtaken(error):
                raise databases.Overtaken from error
            raise

    @property
    def _has_no_switch(self) -> bool:
        """Whether the row is missing on which ``active`` stands."""
        entry = self.compiled_mapping.active
        return entry is not None and not entry.source.is_account and self.row(entry.source.name) is None

    def _was_overtaken(self, error: IntegrityError) -> bool:
        """Whether it is the account's name that somebody has by now; who that is makes a difference: another tenant's
        newcomer, or an account of this customer that nobody manages."""
        entry = self.compiled_mapping.account_name
        if entry is None or not self._found_free(getattr(self.obj, entry.field.attname)):
            return False
        return database_errors.is_taken(error, type(self.obj), entry.field.column)

    def delete(self) -> None:
        """What DELETE does to the learner: access ends, nothing is deleted."""
        self.set_active(False)
        self.save()

    # --- reading and writing

    def read(self) -> Document:
        """The canonical document: as it was sent, except where the learner's row means something else now."""
        document: Document = copied(self.person.document)
        self._otherwise = documents.show(document, self.person, self.compiled_mapping)
        return document

    def write(self, document: Document) -> None:
        """Bring the rows to what ``document`` means; a value that already means the same is not touched."""
        documents.write(document, self.person, self.compiled_mapping, self._name_account)

    def set_active(self, active: bool) -> None:
        """Switch the learner on or off, wherever the mapping says that lives."""
        entry = self.compiled_mapping.active
        if entry is None or (not active and self.is_kept_on):
            return
        was_on = self.has_access
        entry.declaration.turn(self.person.rows.to_write(entry.source.name), entry.field, active)
        if active and not was_on and self.switches_account:
            self._renew_session_hash()

    def _begin(self, name: str, row: models.Model) -> Sequence[str]:
        """A row that is made for an account that was here lets nobody in by its default: the LMS may have deleted one
        that was off, and ``set_active`` alone says who comes in. Nor is it in a state that only a person ends."""
        entry = self.compiled_mapping.active
        if entry is None or entry.source.name != name:
            return ()
        entry.declaration.turn(row, entry.field, False)
        return (entry.field.attname,)

    def _renew_session_hash(self) -> None:
        """A new unusable password changes what sessions are checked against: signed cookies, which no server can
        delete, stay dead too."""
        if hasattr(self.obj, "has_usable_password") and not self.obj.has_usable_password():
            self.obj.set_unusable_password()

    @property
    def has_access(self) -> bool | None:
        """Whether the learner is on, as the host's own row says it; None where nothing can be switched."""
        return documents.has_access(self.person, self.compiled_mapping)

    @property
    def is_active(self) -> bool:
        """What SCIM shows as ``active``."""
        return documents.is_active(self.person, self.compiled_mapping)

    @property
    def is_kept_on(self) -> bool:
        """Whether another connection keeps on what ``active`` switches."""
        return documents.is_kept_on(self.person, self.compiled_mapping)

    @property
    def is_wanted_elsewhere(self) -> bool:
        """Whether another connection's living link wants this account active."""
        return self.person.active_elsewhere

    @property
    def switches_account(self) -> bool:
        """Whether what is switched is the account's, not a row that belongs to one customer."""
        entry = self.compiled_mapping.active
        return entry is not None and entry.source.belongs_to_account

    @property
    def is_switched_off(self) -> bool:
        """Whether the LMS has switched the learner off, and could switch them on again."""
        entry = self.compiled_mapping.active
        row = self.row(entry.source.name) if entry else None
        if entry is None or row is None:
            return False
        return not entry.declaration.is_on(row, entry.field) and self.may_be_switched

    @property
    def may_be_switched(self) -> bool:
        """Whether the host lets provisioning switch this learner on and off in the state in which they are."""
        entry = self.compiled_mapping.active
        row = self.row(entry.source.name) if entry else None
        return entry is None or row is None or entry.declaration.may_turn(row, entry.field)

    def remember_rows(self) -> None:
        """Note the rows as they are, so that ``save`` knows what changed."""
        self.person.rows.remember()

    def row(self, name: str) -> models.Model | None:
        """The row that targets call ``name`` (``""`` is the account), or None when the person has none."""
        return self.person.rows.get(name)

    @cached_property
    def person(self) -> Person:
        """What kinds are handed. ``obj`` must not be exchanged afterwards."""
        compiled = self.compiled_mapping
        rows = RowSet(self.obj, compiled.sources, self.connection, begins=self._begin)
        people = self._people or People(self.connection, compiled.people_source, compiled.sources)
        return Person(self.link, self.connection, rows, people)

    @property
    def learner(self) -> Any:
        """What hooks receive: the learner's own row when the mapping names one, else the account."""
        names = [name for name in self.compiled_mapping.sources if name]
        return (self.row(names[0]) if names else None) or self.obj

    @cached_property
    def compiled_mapping(self) -> CompiledMapping:
        return self.compiled(self.connection)

    @classmethod
    def compiled(cls, connection: SCIMConnection | None) -> CompiledMapping:
        mapping = cls.mapping if connection is None else cls.mapping_for(connection)
        return compile_mapping(tuple(mapping), tuple(cls.rows.items()), tuple(cls.extensions))

    @classmethod
    def mapping_problems(cls, connection: SCIMConnection | None = None) -> list[MappingProblem]:
        """What is wrong with ``rows`` and ``mapping``, or one customer's (``mapping_for``), for the system checks."""
        compiled = cls.compiled(connection)
        own_rows = cls._has_own("write", "from_dict", "save")
        own_accounts = own_rows or cls._has_own("new_account")
        own_switch = own_rows or cls._has_own("set_active")
        return [
            *compiled.problems,
            *row_problems(compiled, host_makes_accounts=own_accounts),
            *(() if own_switch else unswitched(compiled)),
        ]

    @classmethod
    def _has_own(cls, *methods: str) -> bool:
        """Whether the host has written one of these itself, so that nobody can look into what it does."""
        return any(getattr(cls, name) is not getattr(LearnerAdapter, name) for name in methods)

    @classmethod
    def links(cls, connection: SCIMConnection) -> ProvisionedUserQuerySet:
        """A connection's links with everything the mapping reads, joined in one statement.

        Links whose account the host deleted are left out: there is nobody behind them. So are those of people whom it
        has moved to another customer.
        """
        compiled = cls.compiled(connection)
        return joined_links(compiled, connection).filter(customer_of(compiled.sources, connection).has)

    @classmethod
    def for_links(cls, links: Sequence[ProvisionedUser], connection: SCIMConnection) -> list[Self]:
        """An adapter for each link; rows that could not be joined and managers are fetched once for all."""
        compiled = cls.compiled(connection)
        people = People(connection, compiled.people_source, compiled.sources)
        adapters = [cls(link.user, link=link, connection=connection, people=people) for link in links]
        complete([adapter.person for adapter in adapters], compiled, connection)
        return adapters
