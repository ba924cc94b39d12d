"""The mapping kit: what a host writes in ``LearnerAdapter.mapping``, one line an attribute.

Each declaration names a SCIM path and a target, a field reached from the account (``"username"``,
``"learner.job_role"``). The same line serves reading, writing, filters, ``/Schemas`` and the system checks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from django.db import IntegrityError, models, transaction
from django.db.models.functions import Trim

from scim_provisioning.adapters.expressions import Folded, TextMatch
from scim_provisioning.adapters.rows import Scope, resolve_scope, scope_values
from scim_provisioning.protocol.errors import InvalidValue
from scim_provisioning.protocol.text import fold

if TYPE_CHECKING:
    from scim_provisioning.adapters.base import LearnerAdapter

Field: TypeAlias = "models.Field[Any, Any]"


class MappedAttribute:
    """One SCIM attribute that is one field of the host's.

    ``path`` is a SCIM path (RFC 7644 section 3.5.2): ``title``, ``name.givenName``,
    ``emails[type eq "work"].value``, ``urn:...:User:department``. Several declarations may name the same
    ``target``: the first one with a value wins. ``required`` refuses a person without a value;
    ``when_empty="keep"`` leaves the field alone when the identity provider clears the attribute.
    """

    kind: ClassVar[str] = "text"
    field_types: ClassVar[tuple[type[Any], ...]] = ()
    scim_type: ClassVar[str] = "string"

    def __init__(
        self,
        path: str,
        target: str,
        *,
        required: bool = False,
        when_empty: Literal["clear", "keep"] = "clear",
    ) -> None:
        self.path = path
        self.target = target
        self.required = required
        self.when_empty = when_empty

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path!r}, {self.target!r})"

    def current(self, row: models.Model, field: Field, adapter: LearnerAdapter) -> Any:
        """The row's value in Python, or None when the field is empty."""
        return getattr(row, field.attname)

    def to_scim(self, current: Any) -> Any:
        """The SCIM value that stands for ``current``, which is never None here."""
        return current

    def same(self, sent: Any, current: Any, adapter: LearnerAdapter) -> bool:
        """Whether the row still means what the identity provider sent, so that it is returned as sent."""
        return bool(sent == current)

    def assign(self, row: models.Model, field: Field, value: Any, adapter: LearnerAdapter) -> None:
        """Put a SCIM value into the row (unsaved). Raises ``InvalidValue``."""
        setattr(row, field.attname, value)

    def clear(self, row: models.Model, field: Field) -> None:
        setattr(row, field.attname, None if field.null else field.get_default())

    def column(self, lookup: str) -> str:
        """The ORM path whose text a filter compares."""
        return lookup


class Text(MappedAttribute):
    """Text, kept exactly as it was sent. Refuses what the field cannot hold instead of cutting it."""

    kind = "text"
    field_types = (models.CharField, models.TextField)

    def current(self, row: models.Model, field: Field, adapter: LearnerAdapter) -> str | None:
        return super().current(row, field, adapter) or None

    def assign(self, row: models.Model, field: Field, value: Any, adapter: LearnerAdapter) -> None:
        setattr(row, field.attname, checked_text(self.path, value, field))

    def clear(self, row: models.Model, field: Field) -> None:
        setattr(row, field.attname, None if field.null else "")


class Email(Text):
    """An e-mail address. ``fallback`` names another attribute that serves when this one is absent and that
    one holds an address: many directories have no ``mail``, but a userName of that form."""

    kind = "e-mail"

    def __init__(self, path: str, target: str, *, fallback: str | None = None, **options: Any) -> None:
        super().__init__(path, target, **options)
        self.fallback = fallback

    def assign(self, row: models.Model, field: Field, value: Any, adapter: LearnerAdapter) -> None:
        text = checked_text(self.path, value, field)
        if "@" not in text or any(character.isspace() for character in text):
            raise InvalidValue(f"{self.path}: expected an e-mail address.", code="attr.type")
        setattr(row, field.attname, text)


class Boolean(MappedAttribute):
    """True or false. ``Boolean("active", ...)`` chooses what deactivation switches off."""

    kind = "boolean"
    scim_type = "boolean"
    field_types = (models.BooleanField,)


class Reference(MappedAttribute):
    """A row of another model, named by text: company, business unit, team.

    ``by`` is the field that holds the name. Names are compared without regard to case, and what is sent also
    without regard to spaces around and repeated between words; ``within`` narrows the look-up to one customer
    (see :class:`RelatedRow`);
    ``create="never"`` refuses a name that does not exist instead of creating it.
    """

    kind = "reference"
    field_types = (models.ForeignKey,)

    def __init__(
        self,
        path: str,
        target: str,
        *,
        by: str = "name",
        within: Scope | None = None,
        create: Literal["auto", "never"] = "auto",
        **options: Any,
    ) -> None:
        super().__init__(path, target, **options)
        self.by = by
        self.within: Scope = within or {}
        self.create = create

    def current(self, row: models.Model, field: Field, adapter: LearnerAdapter) -> models.Model | None:
        related: models.Model | None = getattr(row, field.name)
        return related

    def to_scim(self, current: models.Model) -> str:
        return str(getattr(current, self.by))

    def same(self, sent: Any, current: models.Model, adapter: LearnerAdapter) -> bool:
        return isinstance(sent, str) and reference_key(sent) == reference_key(self.to_scim(current))

    def assign(self, row: models.Model, field: Field, value: Any, adapter: LearnerAdapter) -> None:
        model: type[models.Model] = field.related_model  # type: ignore[assignment]
        name = " ".join(checked_text(self.path, value, model._meta.get_field(self.by)).split())
        if not name:
            self.clear(row, field)
            return
        setattr(row, field.name, self._find_or_create(model, name, adapter))

    def clear(self, row: models.Model, field: Field) -> None:
        setattr(row, field.name, None)

    def column(self, lookup: str) -> str:
        return f"{lookup}__{self.by}"

    def _find_or_create(
        self, model: type[models.Model], name: str, adapter: LearnerAdapter
    ) -> models.Model | None:
        scope = resolve_scope(self.within, adapter.connection)
        found = self._find(model, name, scope)
        if found is not None:
            return found
        if self.create == "never":
            raise InvalidValue(f"{self.path}: '{name}' does not exist here.", code="attr.reference")
        try:
            with transaction.atomic():
                values = scope_values(model, self.within, adapter.connection)
                return model._default_manager.create(**values, **{self.by: name})
        except IntegrityError:
            # Another request created it in the meantime: theirs is ours. Or the host's collation takes two names
            # for one (MariaDB: "Café" and "Cafe"), and its word counts in its own table.
            found = model._default_manager.filter(**scope, **{self.by: name}).first()
            if found is None:
                raise InvalidValue(
                    f"{self.path}: '{name}' could not be created here.", code="attr.reference"
                ) from None
            return found

    def _find(self, model: type[models.Model], name: str, scope: dict[str, Any]) -> models.Model | None:
        matches = TextMatch(Folded(Trim(models.F(self.by))), "eq", name)
        return model._default_manager.filter(matches, **scope).order_by("pk").first()


class Manager(MappedAttribute):
    """The enterprise ``manager``: a foreign key to another learner (or account) of the same connection.

    The SCIM value is that person's SCIM id. A manager who is not provisioned yet is remembered as sent.
    """

    kind = "manager"
    field_types = (models.ForeignKey,)

    def __init__(
        self,
        target: str,
        *,
        path: str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
        **options: Any,
    ) -> None:
        super().__init__(path, target, **options)

    def current(self, row: models.Model, field: Field, adapter: LearnerAdapter) -> str | None:
        key = getattr(row, field.attname)
        return None if key is None else adapter.people.scim_id_of(key)

    def assign(self, row: models.Model, field: Field, value: Any, adapter: LearnerAdapter) -> None:
        person = adapter.people.find(value)
        # Entra sends managers in a second pass, and not at all when they are out of scope; Okta's value may
        # be free text. Refusing would refuse the whole person, so an unknown manager waits in the document.
        adapter.waiting_for_manager = person is None
        setattr(row, field.name, person)

    def clear(self, row: models.Model, field: Field) -> None:
        setattr(row, field.name, None)


def reference_key(text: str) -> str:
    """What makes two spellings of a company, unit or team name the same: case and spaces do not count."""
    return fold(" ".join(text.split()))


def checked_text(path: str, value: Any, field: Any) -> str:
    """``value`` when ``field`` can hold it; raises ``InvalidValue`` (attr.type, attr.too_long) otherwise."""
    if not isinstance(value, str):
        raise InvalidValue(f"{path}: expected text.", code="attr.type", params={"attribute": path})
    if "\x00" in value:
        # PostgreSQL refuses NUL in text with a database error; say so before it does.
        raise InvalidValue(f"{path}: text must not hold NUL characters.", code="attr.type")
    if field.max_length is not None and len(value) > field.max_length:
        raise InvalidValue(
            f"{path}: expected text of at most {field.max_length} characters.",
            code="attr.too_long",
            params={"attribute": path, "limit": field.max_length, "length": len(value)},
        )
    return value
