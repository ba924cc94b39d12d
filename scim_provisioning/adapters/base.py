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

from scim_provisioning.adapters.attributes import MappedAttribute, Reference, checked_text
from scim_provisioning.adapters.expressions import Folded, TextMatch
from scim_provisioning.adapters.mapping import CompiledMapping, Group, MappingProblem, compile_mapping
from scim_provisioning.adapters.people import People
from scim_provisioning.adapters.rows import RelatedRow, resolve_scope, row_source
from scim_provisioning.conf import tenant_url
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.protocol import paths
from scim_provisioning.protocol.documents import copied, schemas_in_use
from scim_provisioning.protocol.errors import InvalidValue
from scim_provisioning.protocol.filters import fold

if TYPE_CHECKING:
    from django.http import HttpRequest

    from scim_provisioning.models import ProvisioningEvent
    from scim_provisioning.models.provisioned_user import ProvisionedUserQuerySet

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account that may already be the person a client wants to create.

    ``strong`` evidence (the SSO subject agrees) links at once; weak evidence (same user name) never does.
    """

    user: models.Model
    strong: bool = False


class LearnerAdapter(SCIMUser):  # type: ignore[misc]
    """Translates between one SCIM User and one learner of the host.

    A host subclasses this, names the class in ``SCIM_PROVISIONING["ADAPTER"]`` and fills in ``mapping``.
    Everything else has a default. Hooks receive keyword arguments and run inside the request's transaction;
    an exception in one of them refuses the request as a whole.
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
        self._rows: dict[str, models.Model | None] = {}
        self._before: dict[str, dict[str, Any]] = {}
        self._account_name_is_taken: bool | None = None
        #: Set while writing, when the manager who was sent is not provisioned here (yet).
        self.waiting_for_manager = bool(self.link.search.get("~manager"))
        #: Whether another connection's living link keeps this account active.
        self.active_elsewhere = False

    # --- what a host may override

    @classmethod
    def mapping_for(cls, connection: SCIMConnection) -> Sequence[MappedAttribute]:
        """The mapping of one customer; the same for all by default. Return lists that live as long as the
        process: they are compiled once each."""
        return cls.mapping

    @classmethod
    def tenant_enabled(cls, connection: SCIMConnection) -> bool:
        """Whether the host still serves this customer; False answers every request with 403."""
        return True

    @classmethod
    def connections_for(cls, user: Any) -> models.QuerySet[SCIMConnection]:
        """The connections that this staff member may see in Django admin: all of them, unless the host gives
        its customers' own administrators accounts and narrows this."""
        return SCIMConnection.objects.all()

    @classmethod
    def confirm_identity(cls, request: HttpRequest) -> bool | None:
        """Whether the administrator has just proved again who they are, by the host's own step-up (a second
        factor, a fresh SSO sign-in). None, the default: the app asks for their password. Asked before every
        token and every other act that a stolen session must not do; on GET to know whether to ask."""
        return None

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
        same_name = self.accounts_named(scim_user["userName"])
        self._account_name_is_taken = bool(same_name)
        if not same_name:
            return []
        mine = self.tenant_users(self.connection).filter(pk__in=[account.pk for account in same_name])
        return [Candidate(account, strong=self.user_name_is_sso_subject) for account in mine]

    def is_protected(self, user: Any) -> bool:
        """Whether provisioning must keep its hands off this account: staff and superusers by default."""
        return bool(getattr(user, "is_staff", False) or getattr(user, "is_superuser", False))

    def new_account(self) -> models.Model:
        """A fresh, unsaved account without a usable password: these people sign in through SSO."""
        account = get_user_model()()
        account.set_unusable_password()
        return account

    def account_name(self, user_name: str) -> str:
        """The account's own user name when another account already holds ``user_name``: user names are unique
        across the whole host, but two customers may both employ an ``ana``."""
        field = self.compiled_mapping.user_name.field  # type: ignore[union-attr]
        suffix = f"~{self.link.scim_id[:8]}"
        return f"{user_name[: (field.max_length or 150) - len(suffix)]}{suffix}"

    def revoke_access(self, learner: Any) -> None:
        """End what outlives ``is_active``: the host's API tokens, mobile sessions, LTI keys."""

    def on_provisioned(self, learner: Any, *, event: ProvisioningEvent) -> None:
        """A learner was created, adopted or came back after a DELETE."""

    def on_updated(self, learner: Any, *, event: ProvisioningEvent) -> None:
        """Attributes of a learner changed; ``event.changes`` names them."""

    def on_deactivated(self, learner: Any, *, event: ProvisioningEvent) -> None:
        """A learner was switched off, by ``active: false`` or DELETE. Nothing was deleted."""

    def on_reactivated(self, learner: Any, *, event: ProvisioningEvent) -> None:
        """A learner who had been switched off is active again."""

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
            **document,
            "meta": {**self.meta, "version": f'W/"{digest}"'},
        }

    def from_dict(self, d: Document) -> None:
        """Write a canonical document into the rows, unsaved. Raises ``InvalidValue``."""
        self.write(d)

    def save(self) -> None:
        """Save the rows that changed: only their changed columns, and nothing when nothing changed."""
        for name, row in self._loaded_rows():
            if row._state.adding:
                source = self.compiled_mapping.sources.get(name)
                if source is not None and source.user_field:
                    setattr(row, source.user_field, self.obj)
                row.save()
            elif changed := self._changed_columns(name, row):
                row.save(update_fields=changed)

    def delete(self) -> None:
        """What DELETE does to the learner: access ends, nothing is deleted."""
        self.set_active(False)
        self.save()

    # --- reading and writing

    def read(self) -> Document:
        """The canonical document: as it was sent, except where the learner's row means something else now."""
        document: Document = copied(self.link.document)
        for group in self.compiled_mapping.groups:
            self._reconcile(document, group)
        document["userName"] = self.link.user_name
        document["active"] = self.link.active
        document.pop("externalId", None)
        if self.link.external_id is not None:
            document["externalId"] = self.link.external_id
        return document

    def write(self, document: Document) -> None:
        """Bring the rows to what ``document`` means; a value that already means the same is not touched."""
        self._write_user_name(document["userName"])
        for group in self.compiled_mapping.groups:
            self._write_group(document, group)

    def set_active(self, active: bool) -> None:
        """Switch the learner on or off, wherever the mapping says that lives."""
        entry = self.compiled_mapping.active
        if entry is None or (not active and entry.source.is_account and self.active_elsewhere):
            return
        row = self._row_to_write(entry.source.name)
        setattr(row, entry.field.attname, active)
        if active and hasattr(self.obj, "has_usable_password") and not self.obj.has_usable_password():
            # A new unusable password changes the session hash: cookies from before stay dead.
            self.obj.set_unusable_password()

    def remember_rows(self) -> None:
        """Note the rows as they are, so that ``save`` knows what changed."""
        for name in self.compiled_mapping.sources:
            row = self.row(name)
            if row is not None and not row._state.adding:
                self._before[name] = _columns(row)

    def row(self, name: str) -> models.Model | None:
        """The row that targets call ``name`` (``""`` is the account), or None when the person has none."""
        if name not in self._rows:
            source = self.compiled_mapping.sources.get(name) or row_source(name, self.rows)
            row = source.of(self.obj)
            if row is None and source.accessor is None and not self.obj._state.adding:
                row = source.queryset(self.connection).filter(**{source.user_field: self.obj}).first()
            self._rows[name] = row
        return self._rows[name]

    @property
    def learner(self) -> Any:
        """What hooks receive: the learner's own row when the mapping names one, else the account."""
        names = [name for name in self.compiled_mapping.sources if name]
        return (self.row(names[0]) if names else None) or self.obj

    @property
    def people(self) -> People:
        if self._people is None:
            source = self.compiled_mapping.manager_source or row_source("", {})
            self._people = People(self.connection, source)
        return self._people

    def accounts_named(self, user_name: str) -> list[models.Model]:
        """The accounts whose own user name is ``user_name`` in any case; usually none, seldom one."""
        entry = self.compiled_mapping.user_name
        if entry is None:
            return []
        matches = TextMatch(Folded(models.F(entry.field.name)), "eq", user_name)
        others = entry.source.model._default_manager.filter(matches)
        return list(others.exclude(pk=self.obj.pk) if self.obj.pk else others)[:5]

    @cached_property
    def compiled_mapping(self) -> CompiledMapping:
        return self.compiled(self.connection)

    @classmethod
    def compiled(cls, connection: SCIMConnection) -> CompiledMapping:
        return cls._compile(cls.mapping_for(connection))

    @classmethod
    def mapping_problems(cls) -> list[MappingProblem]:
        """What is wrong with ``mapping``, for the system checks."""
        return list(cls._compile(cls.mapping).problems)

    @classmethod
    def _compile(cls, mapping: Sequence[MappedAttribute]) -> CompiledMapping:
        return compile_mapping(tuple(mapping), tuple(cls.rows.items()), tuple(cls.extensions))

    @classmethod
    def links(cls, connection: SCIMConnection) -> ProvisionedUserQuerySet:
        """A connection's links with everything the mapping reads, joined in one statement.

        Links whose account the host deleted are left out: there is nobody behind them.
        """
        joined = ["user"]
        compiled = cls.compiled(connection)
        joined += [f"user__{s.accessor}" for s in compiled.sources.values() if s.accessor]
        joined += [
            f"user__{e.source.accessor}__{e.field.name}" if e.source.accessor else f"user__{e.field.name}"
            for e in compiled.entries
            if isinstance(e.declaration, Reference) and (e.source.accessor or e.source.is_account)
        ]
        links = ProvisionedUser.objects.filter(connection=connection, user__isnull=False)
        return links.select_related(*joined)

    @classmethod
    def for_links(cls, links: Sequence[ProvisionedUser], connection: SCIMConnection) -> list[Self]:
        """An adapter for each link; rows that could not be joined and managers are fetched once for all."""
        compiled = cls.compiled(connection)
        people = People(connection, compiled.manager_source or row_source("", {}))
        adapters = [cls(link.user, link=link, connection=connection, people=people) for link in links]
        for name, source in compiled.sources.items():
            if source.accessor is None and not source.is_account:
                references = [e.field.name for e in compiled.entries if isinstance(e.declaration, Reference)]
                rows = source.queryset(connection).filter(
                    **{f"{source.user_field}__in": [link.user_id for link in links]}
                )
                rows = rows.select_related(*references) if references else rows
                by_user = {getattr(row, f"{source.user_field}_id"): row for row in rows}
                for adapter in adapters:
                    adapter._rows[name] = by_user.get(adapter.link.user_id)
        if compiled.manager is not None:
            owners = [adapter.row(compiled.manager.source.name) for adapter in adapters]
            people.learn(getattr(row, compiled.manager.field.attname) for row in owners if row is not None)
        return adapters

    # --- in detail

    def _reconcile(self, document: Document, group: Group) -> None:
        declaration = group.first.declaration
        current = self._current(group)
        sent = group.sent(document)
        value = sent[1] if sent else group.fallback(document)
        if current is None and (value is None or (sent and self._is_waiting(group))):
            return
        if current is not None and value is not None and declaration.same(value, current, self):
            return
        for entry in group.entries:
            paths.write(document, entry.path, None)
        if current is not None:
            entry = sent[0] if sent else group.first
            paths.write(document, entry.path, declaration.to_scim(current))

    def _write_group(self, document: Document, group: Group) -> None:
        declaration, entry = group.first.declaration, group.first
        sent = group.sent(document)
        value = sent[1] if sent else group.fallback(document)
        if value is None and declaration.required:
            raise InvalidValue(f"{declaration.path} is required.", code=_missing_code(declaration))
        current = self._current(group)
        if value is None:
            if current is not None and declaration.when_empty == "clear":
                declaration.clear(self._row_to_write(entry.source.name), entry.field)
            self.waiting_for_manager &= not self._is_waiting(group)
        elif current is None or not declaration.same(value, current, self):
            row = self._row_to_write(entry.source.name)
            (sent[0] if sent else entry).declaration.assign(row, entry.field, value, self)

    def _is_waiting(self, group: Group) -> bool:
        return self.waiting_for_manager and group.first == self.compiled_mapping.manager

    def _current(self, group: Group) -> Any:
        row = self.row(group.first.source.name)
        return None if row is None else group.first.declaration.current(row, group.first.field, self)

    def _write_user_name(self, user_name: str) -> None:
        entry = self.compiled_mapping.user_name
        if entry is None or (self.link.user_name == user_name and not self.link._state.adding):
            return
        row = self._row_to_write(entry.source.name)
        text = checked_text("userName", user_name, entry.field)
        if fold(getattr(row, entry.field.attname) or "") != fold(text) and self._is_taken(text):
            text = self.account_name(text)
        setattr(row, entry.field.attname, text)

    def _is_taken(self, user_name: str) -> bool:
        if self._account_name_is_taken is None:
            self._account_name_is_taken = bool(self.accounts_named(user_name))
        return self._account_name_is_taken

    def _row_to_write(self, name: str) -> models.Model:
        row = self.row(name)
        if row is None:
            row = self._rows[name] = self.compiled_mapping.sources[name].new(self.connection)
        return row

    def _loaded_rows(self) -> Iterable[tuple[str, models.Model]]:
        """The account first: other rows point at it. A new person gets every row the mapping knows."""
        yield "", self.obj
        for name in self.compiled_mapping.sources:
            row = self._row_to_write(name) if self.link._state.adding else self.row(name)
            if name and row is not None:
                yield name, row

    def _changed_columns(self, name: str, row: models.Model) -> list[str]:
        before = self._before.get(name)
        if before is None:
            return []
        changed = [column for column, value in _columns(row).items() if before.get(column) != value]
        if changed:
            changed += [f.attname for f in row._meta.concrete_fields if getattr(f, "auto_now", False)]
        return changed


def scim_time(moment: datetime) -> str:
    """A ``dateTime`` of RFC 7643 section 2.3.5, in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _columns(row: models.Model) -> dict[str, Any]:
    return {field.attname: row.__dict__.get(field.attname) for field in row._meta.concrete_fields}


def _missing_code(declaration: MappedAttribute) -> str:
    return "user.email_missing" if declaration.kind == "e-mail" else "attr.required"
