"""Text and e-mail addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from scim_provisioning.adapters.kinds.kind import MappedAttribute
from scim_provisioning.adapters.kinds.targets import checked_text
from scim_provisioning.adapters.person import Person
from scim_provisioning.adapters.problems import Unusable
from scim_provisioning.databases.indexes import NamedColumn
from scim_provisioning.protocol.paths import Path
from scim_provisioning.protocol.resources import Document, preferred
from scim_provisioning.protocol.text import fold


class Text(MappedAttribute):
    """Text, kept exactly as it was sent. Refuses what the field cannot hold instead of cutting it."""

    label = _("text")
    field_types: ClassVar[tuple[type[Any], ...]] = (models.CharField, models.TextField)

    def to_scim(self, current: Any) -> str:
        return str(current)

    def assign(self, row: models.Model, field: Any, value: Any, person: Person) -> None:
        setattr(row, field.attname, checked_text(self.path, value, field))

    def clear(self, row: models.Model, field: Any, person: Person) -> None:
        setattr(row, field.attname, None if field.null else "")


class Email(Text):
    """An e-mail address.

    ``Email("emails", ...)`` takes the work address, else the primary one, else the first; of several work
    addresses the primary one. ``emails[type eq "work"].value`` takes nothing but a work address. ``fallback``
    names another attribute that serves when there is none and that one holds an address: many directories have
    no ``mail``, but a userName of that form.
    """

    label = _("e-mail")
    missing_code = "user.email_missing"

    def __init__(self, path: str, target: str, *, fallback: str | None = None, **options: Any) -> None:
        super().__init__(path, target, **options)
        self.fallback = fallback

    def value_path(self, path: Path) -> Path:
        attribute = path.attribute
        if attribute is None or not attribute.multi_valued or path.filter is not None:
            return super().value_path(path)
        value = attribute.sub("value")
        if value is None:
            raise Unusable("bad_path", f"'{self.path}' has no value of its own")
        return replace(path, sub=value)

    def chosen(self, elements: list[Any]) -> Document | None:
        """authentik types its one address ``other``; Okta and OneLogin send it without a type."""
        given = [element for element in elements if isinstance(element, dict) and element.get("value")]
        if len(given) == 1:
            return given[0]
        work = [element for element in given if fold(str(element.get("type", ""))) == "work"]
        return preferred(work) or preferred(given)

    def looked_up(self, field: Any) -> NamedColumn:
        return NamedColumn(field)

    def validators(self, field: Any) -> Iterable[Callable[[Any], None]]:
        """Without Django's own idea of an address: it knows no umlauts (RFC 6531) and no hosts without a dot."""
        return [check for check in super().validators(field) if check not in field.default_validators]

    def assign(self, row: models.Model, field: Any, value: Any, person: Person) -> None:
        text = checked_text(self.path, value, field)
        if "@" not in text or any(character.isspace() for character in text):
            raise self.refusal("expected an e-mail address.", code="attr.email")
        setattr(row, field.attname, text)
