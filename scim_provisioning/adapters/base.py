"""``LearnerAdapter``: the one class a host writes.

It keeps django-scim2's ``SCIMUser`` contract (``obj``, ``to_dict``, ``from_dict``, ``validate_dict``,
``save``, ``delete``), so a team that knows that library knows this one; what lies behind is driven by
``mapping``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.contrib.auth import get_user_model
from django.db import models
from django_scim.adapters import SCIMUser

from scim_provisioning.adapters.attributes import MappedAttribute
from scim_provisioning.adapters.derived import with_references
from scim_provisioning.adapters.expressions import Folded, TextMatch
from scim_provisioning.adapters.hooks import HostHooks
from scim_provisioning.adapters.mapping import CompiledMapping, MappingProblem, compile_mapping
from scim_provisioning.adapters.people import People
from scim_provisioning.adapters.reading import (
    fetch_managers,
    fetch_separate_rows,
    joined_links,
    people_of,
)
from scim_provisioning.adapters.row_set import RowSet
from scim_provisioning.adapters.rows import RelatedRow, resolve_scope
from scim_provisioning.adapters.searchable import ACTIVE_UNASSIGNED, WAITING_FOR_MANAGER
from scim_provisioning.adapters.translation import reconcile, write_group, write_user_name
from scim_provisioning.adapters.unsaved import unsaved_problems
from scim_provisioning.conf import tenant_url
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.protocol.documents import copied, schemas_in_use
from scim_provisioning.protocol.text import fold

if TYPE_CHECKING:
    from scim_provisioning.models.provisioned_user import ProvisionedUserQuerySet

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account that may already be the person a client wants to create.

    ``strong`` evidence (the SSO subject agrees) links at once; weak evidence (same user name) never does.
    """

    user: models.Model
    strong: bool = False


class LearnerAdapter(HostHooks, SCIMUser):  # type: ignore[misc]
    """Translates between one SCIM User and one learner of the host.

    A host subclasses this, names the class in ``SCIM_PROVISIONING["ADAPTER"]`` and fills in ``mapping``.
    Everything else has a default: see also :class:`~scim_provisioning.adapters.hooks.HostHooks`.
    """

    #: One line an attribute; see :mod:`scim_provisioning.adapters.attributes`.
    mapping: ClassVar[Sequence[MappedAttribute]] = ()
    #: Rows that are not simply one-to-one with the account, by the name that targets use.
    rows: ClassVar[Mapping[str, RelatedRow]] = {}
    #: Whole extension schemas that are stored and returned although no field holds them.
    extensions: ClassVar[Sequence[Any]] = ()
    #: True when the identity provider's userName is also the subject of the host's SSO: then an existing
    #: account of that name is the same person for certain, and is linked without asking.
    user_name_is_sso_subject: ClassVar[bool] = False

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
        self._account_name_is_taken: bool | None = None
        #: Set while writing, when the manager who was sent is not provisioned here (yet).
        self.waiting_for_manager = bool(self.link.search.get(WAITING_FOR_MANAGER))
        #: Whether another connection's living link keeps this account active.
        self.active_elsewhere = False

    # --- what a host may override

    @classmethod
    def mapping_for(cls, connection: SCIMConnection) -> Sequence[MappedAttribute]:
        """The mapping of one customer; the same for all by default. Return lists that live as long as the
        process: they are compiled once each."""
        return cls.mapping

    @classmethod
    def tenant_users(cls, connection: SCIMConnection) -> models.QuerySet[Any]:
        """The accounts that belong to this customer and could be the person a client wants to create.

        By default those with a row inside the customer (see ``RelatedRow.within``), or, when no row says so,
        every account that no connection manages.
        """
        accounts = get_user_model()._default_manager.all()
        scoped = [s for s in cls.compiled(connection).sources.values() if s.within]
        for source in scoped:
            scope = resolve_scope(source.within, connection)
            accounts = accounts.filter(
                **{f"{source.query_name}__{name}": value for name, value in scope.items()}
            )
        if scoped:
            return accounts
        return accounts.exclude(
            pk__in=ProvisionedUser.objects.living().filter(user__isnull=False).values("user")
        )

    def find_learner(self, scim_user: Mapping[str, Any]) -> Iterable[Candidate]:
        """Existing accounts of this customer that may be ``scim_user`` (a canonical document).

        By default the account of that user name: strong evidence when ``user_name_is_sso_subject``.
        """
        user_name = scim_user["userName"]
        same_name = self.accounts_named(user_name)
        self._account_name_is_taken = bool(same_name)
        if not same_name:
            return []
        entry = self.compiled_mapping.user_name
        same = [a.pk for a in same_name if entry and fold(getattr(a, entry.field.attname)) == fold(user_name)]
        mine = self.tenant_users(self.connection).filter(pk__in=same) if same else []
        return [Candidate(account, strong=self.user_name_is_sso_subject) for account in mine]

    def account_name(self, user_name: str) -> str:
        """The account's own user name when another account already holds ``user_name``: user names are unique
        across the whole host, but two customers may both employ an ``ana``."""
        field = self.compiled_mapping.user_name.field  # type: ignore[union-attr]
        suffix = f"~{self.link.scim_id[:8]}"
        return f"{user_name[: (field.max_length or 150) - len(suffix)]}{suffix}"

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
        return f"{tenant_url()}{self.path}"

    @property
    def meta(self) -> Document:
        return {
            "resourceType": self.resource_type,
            "created": scim_time(self.link.created_at),
            "lastModified": scim_time(self.link.modified_at),
            "location": self.location,
        }

    def to_dict(self) -> Document:
        """The full SCIM User (RFC 7643 section 4.1) with ``schemas``, ``id`` and ``meta``."""
        document = self.read()
        body = json.dumps([self.link.version, document], sort_keys=True, ensure_ascii=False)
        digest = hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()[:24]
        return {
            "schemas": schemas_in_use(document, self.compiled_mapping.schema),
            "id": self.id,
            **with_references(document, self),
            "meta": {**self.meta, "version": f'W/"{digest}"'},
        }

    def from_dict(self, d: Document) -> None:
        """Write a canonical document into the rows, unsaved. Raises ``InvalidValue``."""
        self.write(d)

    def save(self) -> None:
        """Save the rows that changed: only their changed columns, and nothing when nothing changed."""
        self.row_set.save(complete=self.link._state.adding)

    def delete(self) -> None:
        """What DELETE does to the learner: access ends, nothing is deleted."""
        self.set_active(False)
        self.save()

    # --- reading and writing

    def read(self) -> Document:
        """The canonical document: as it was sent, except where the learner's row means something else now."""
        document: Document = copied(self.link.document)
        for group in self.compiled_mapping.groups:
            reconcile(document, group, self)
        document["userName"] = self.link.user_name
        document.pop("active", None)
        if not self.link.search.get(ACTIVE_UNASSIGNED):
            document["active"] = self.link.active
        document.pop("externalId", None)
        if self.link.external_id is not None:
            document["externalId"] = self.link.external_id
        return document

    def write(self, document: Document) -> None:
        """Bring the rows to what ``document`` means; a value that already means the same is not touched."""
        write_user_name(document["userName"], self)
        for group in self.compiled_mapping.groups:
            write_group(document, group, self)

    def set_active(self, active: bool) -> None:
        """Switch the learner on or off, wherever the mapping says that lives."""
        entry = self.compiled_mapping.active
        if entry is None or (not active and entry.source.is_account and self.active_elsewhere):
            return
        row = self.row_set.to_write(entry.source.name)
        setattr(row, entry.field.attname, active)
        if active and hasattr(self.obj, "has_usable_password") and not self.obj.has_usable_password():
            # A new unusable password changes the session hash: cookies from before stay dead.
            self.obj.set_unusable_password()

    def remember_rows(self) -> None:
        """Note the rows as they are, so that ``save`` knows what changed."""
        self.row_set.remember()

    def row(self, name: str) -> models.Model | None:
        """The row that targets call ``name`` (``""`` is the account), or None when the person has none."""
        return self.row_set.get(name)

    @cached_property
    def row_set(self) -> RowSet:
        """The person's rows. ``obj`` must not be exchanged afterwards."""
        return RowSet(self.obj, self.compiled_mapping.sources, self.connection)

    @property
    def learner(self) -> Any:
        """What hooks receive: the learner's own row when the mapping names one, else the account."""
        names = [name for name in self.compiled_mapping.sources if name]
        return (self.row(names[0]) if names else None) or self.obj

    @property
    def people(self) -> People:
        if self._people is None:
            self._people = people_of(self.compiled_mapping, self.connection)
        return self._people

    def accounts_named(self, user_name: str) -> list[models.Model]:
        """The accounts whose own user name is ``user_name`` in any case; usually none, seldom one.

        Those that the column's collation takes for it are among them (on MariaDB ``aná`` and ``ana ``, when
        asked for ``ana``): they are other people, but the name is not free.
        """
        entry = self.compiled_mapping.user_name
        if entry is None:
            return []
        matches = models.Q(TextMatch(Folded(models.F(entry.field.name)), "eq", user_name))
        matches |= models.Q(**{entry.field.name: user_name})
        others = entry.source.model._default_manager.filter(matches)
        return list(others.exclude(pk=self.obj.pk) if self.obj.pk else others)[:5]

    def account_name_is_taken(self, user_name: str) -> bool:
        """Whether another account of the host, in whatever tenant, has this user name."""
        if self._account_name_is_taken is None:
            self._account_name_is_taken = bool(self.accounts_named(user_name))
        return self._account_name_is_taken

    @cached_property
    def compiled_mapping(self) -> CompiledMapping:
        return self.compiled(self.connection)

    @classmethod
    def compiled(cls, connection: SCIMConnection) -> CompiledMapping:
        return cls._compile(cls.mapping_for(connection))

    @classmethod
    def mapping_problems(cls) -> list[MappingProblem]:
        """What is wrong with ``mapping`` and ``rows``, for the system checks."""
        compiled = cls._compile(cls.mapping)
        own_accounts = any(
            getattr(cls, name) is not getattr(LearnerAdapter, name)
            for name in ("new_account", "write", "from_dict", "save")
        )
        return [*compiled.problems, *unsaved_problems(compiled, host_makes_accounts=own_accounts)]

    @classmethod
    def _compile(cls, mapping: Sequence[MappedAttribute]) -> CompiledMapping:
        return compile_mapping(tuple(mapping), tuple(cls.rows.items()), tuple(cls.extensions))

    @classmethod
    def links(cls, connection: SCIMConnection) -> ProvisionedUserQuerySet:
        """A connection's links with everything the mapping reads, joined in one statement.

        Links whose account the host deleted are left out: there is nobody behind them.
        """
        return joined_links(cls.compiled(connection), connection)

    @classmethod
    def for_links(cls, links: Sequence[ProvisionedUser], connection: SCIMConnection) -> list[Self]:
        """An adapter for each link; rows that could not be joined and managers are fetched once for all."""
        compiled = cls.compiled(connection)
        people = people_of(compiled, connection)
        adapters = [cls(link.user, link=link, connection=connection, people=people) for link in links]
        fetch_separate_rows(adapters, compiled, connection)
        fetch_managers(adapters, compiled, people)
        return adapters


def scim_time(moment: datetime) -> str:
    """A ``dateTime`` of RFC 7643 section 2.3.5, in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
