"""How a line of the mapping that leads nowhere is mended, as it would be written: the hints of the system checks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from scim_provisioning.adapters.rows import RelatedRow, relation_of, row_source
from scim_provisioning.conf import app_settings
from scim_provisioning.protocol.constants import CORE_USER
from scim_provisioning.protocol.schema import UserSchema

_SHOWN = 12
_NAME = re.compile(r"[a-z][\w$-]*(\.[\w$-]+)?")

#: The kind for each class of field, the special before the general.
_KINDS: tuple[tuple[type[Any], str], ...] = (
    (models.BooleanField, "Boolean"),
    (models.DateTimeField, "DateTime"),
    (models.DateField, "Date"),
    (models.DecimalField, "Decimal"),
    (models.FloatField, "Decimal"),
    (models.IntegerField, "Integer"),
    (models.CharField, "Text"),
    (models.TextField, "Text"),
)
_CAN_BE_CHOSEN = (models.CharField, models.TextField, models.IntegerField)


# --- a path that is none


def of_the_path(path: str, schema: UserSchema) -> str:
    """What to write for a path that names no attribute of ``schema``, as it is misspelt or the host's own; "" for a
    path that is wrong in another way."""
    head, bracket, rest = path.partition("[")
    selection, _closing, part = rest.rpartition("]")
    urn, colon, name = head.rpartition(":")
    meant, known = f"{name}{part}".casefold(), _parts(schema, urn)
    if meant in known or not _NAME.fullmatch(meant):
        return ""
    if near := nearest(meant, known):
        attribute, sub = known[near]
        chosen = f"[{selection}]" if bracket else ""
        return f"Write {f'{urn}{colon}{attribute}{chosen}{sub}'!r} as the path."
    own = f"urn:ietf:params:scim:schemas:extension:acme:2.0:User:{name.partition('.')[0]}"
    return f"Name an attribute of SCIM, or one of your own under a URN of your own, such as {own!r}."


def _parts(schema: UserSchema, urn: str) -> dict[str, tuple[str, str]]:
    """What a path may name in the schema of that URN, or without one in any: attribute and sub-attribute, by both."""
    whole = schema.by_urn.get(urn.lower())
    attributes = whole.attributes if whole else schema.by_bare_name.values() if not urn else ()
    found: list[tuple[str, str]] = []
    for attribute in attributes:
        if not attribute.read_only:
            found += [
                (attribute.name, f".{sub.name}") for sub in attribute.sub_attributes if not sub.read_only
            ]
            found += [(attribute.name, "")] if attribute.multi_valued or not attribute.is_complex else []
    return {f"{name}{sub}".casefold(): (name, sub) for name, sub in found}


# --- what is not there


def of_the_row(path: str, target: str, rows: Mapping[str, RelatedRow]) -> str:
    """What to write when ``target`` names a row that is none."""
    account: type[models.Model] = get_user_model()
    first, _dot, rest = target.partition(".")
    try:
        row = row_source(first, rows)
    except LookupError:
        if relation_of(account, first) is not None or field_of(account, first) is not None:
            return _beyond(path, "", account, target, rows)
        if near := nearest(first, _row_names(rows)):
            return f"Write '{near}.{rest}' as the target."
        return (
            f"Name a field of {account._meta.label}, or declare the row on the adapter: "
            f'rows = {{"{first}": scim.RelatedRow("app_label.ModelName", user_field="user")}}.'
        )
    return _beyond(path, first, row.model, rest, rows)


def _beyond(
    path: str, row: str, model: type[models.Model], names: str, rows: Mapping[str, RelatedRow]
) -> str:
    """For a target with more dots than a row and a field: its second part is a relation, JSON, or neither."""
    name, _dot, rest = names.partition(".")
    field = field_of(model, name) or relation_of(model, name)
    if field is None:
        return of_the_field(row, name, model, rows)
    return fitting(path, f"{row}.{name}".strip("."), field, rest)


def of_the_field(row: str, name: str, model: type[models.Model], rows: Mapping[str, RelatedRow]) -> str:
    """What to write when ``model``, the row called ``row``, has no field ``name``: it stands elsewhere, is
    misspelt, or is one of these."""
    names = _names(model)
    elsewhere = [other for other in ("", *_row_names(rows)) if other != row and _has(other, name, rows)]
    where, found = (elsewhere[0], name) if elsewhere else (row, nearest(name, names))
    if found:
        return f"Write '{f'{where}.{found}'.strip('.')}' as the target."
    shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    return f"Name one of the fields of {model._meta.label}: {shown}."


def nearest(name: str, names: Iterable[str]) -> str:
    """The one of ``names`` that was probably meant; "" when none is like it."""
    return next(iter(get_close_matches(name, list(names), n=1)), "")


def field_of(model: type[models.Model], name: str) -> Any:
    """The model's field or relation of that name; None when there is none."""
    try:
        return model._meta.get_field(name)
    except FieldDoesNotExist:
        return None


def _names(model: type[models.Model]) -> list[str]:
    """The fields that a line could name."""
    return [field.name for field in model._meta.concrete_fields if field.editable and not field.primary_key]


def _row_names(rows: Mapping[str, RelatedRow]) -> list[str]:
    """The rows that targets may name: declared, or one-to-one with the account."""
    related = get_user_model()._meta.related_objects
    return [*rows, *(str(relation.get_accessor_name()) for relation in related if relation.one_to_one)]


def _has(row: str, name: str, rows: Mapping[str, RelatedRow]) -> bool:
    try:
        return name in _names(row_source(row, rows).model)
    except LookupError:
        return False


# --- what is of another kind


def fitting(path: str, target: str, field: Any, rest: str = "") -> str:
    """What to write for a field that ``target`` names, whatever follows it in the mapping after a dot."""
    related = field.related_model
    if field.one_to_many and isinstance(field.remote_field, models.ForeignKey):
        declared = (
            f'scim.RelatedRow("{related._meta.label}", user_field="{field.remote_field.name}", within={{…}})'
        )
        return (
            f'Declare the row on the adapter: rows = {{"{target}": {declared}}}. within names the column by which '
            "customers are told apart; leave it out where an account has one such row."
        )
    if field.many_to_many:
        return f'Write scim.References({path!r}, {target!r}, by="{name_field(related, rest)}").'
    if field.one_to_one and field.auto_created:
        return (
            f"Name a field of that row: {', '.join(f'{target}.{name}' for name in _names(related)[:_SHOWN])}."
        )
    if isinstance(field, models.ForeignKey):
        if related in _people(field):
            return f"Write scim.Manager({target!r})."
        return f'Write scim.Reference({path!r}, {target!r}, by="{name_field(related, rest)}").'
    if isinstance(field, models.JSONField):
        return f"Write scim.Json({path!r}, '{target}.{rest or 'key'}') with the key that is meant."
    if path.casefold() in ("active", f"{CORE_USER}:active".casefold()):
        return switching(target, field)
    return _valued(path, target, field)


def _valued(path: str, target: str, field: Any) -> str:
    """The kind for a column that is no relation."""
    kind = next((kind for field_class, kind in _KINDS if isinstance(field, field_class)), "")
    if isinstance(field, _CAN_BE_CHOSEN) and field.flatchoices:
        kind = "Choice"
    if kind:
        return f"Write scim.{kind}({path!r}, {target!r})."
    return (
        f"Map '{path}' to another field, or write a kind of your own for a {type(field).__name__}: "
        "a subclass of scim.MappedAttribute."
    )


def switching(target: str, field: Any) -> str:
    """What to write for ``active``, which has to end access."""
    if isinstance(field, models.BooleanField):
        return f"Write scim.Boolean('active', {target!r})."
    if isinstance(field, models.DateTimeField):
        return f"Write scim.OffSince({target!r})."
    if isinstance(field, _CAN_BE_CHOSEN):
        states = f": {listed(stored for stored, _label in field.flatchoices)}" if field.flatchoices else ""
        return f"Write scim.Switch({target!r}, on=…, off=…) with two of the values that it stores{states}."
    instead = ", or remove the line: is_active is switched where the account has it" if target else ""
    kinds = "scim.Boolean, scim.Switch or scim.OffSince"
    return f"Map active with {kinds} to the column that says who may come in{instead}."


def _people(field: Any) -> tuple[Any, ...]:
    """The models whose rows are people, seen from a foreign key."""
    return get_user_model(), field.model


def name_field(model: type[models.Model], wanted: str = "") -> str:
    """The field of a referenced model that probably holds its name."""
    columns = [field for field in model._meta.concrete_fields if not field.is_relation]
    texts = [field for field in columns if isinstance(field, models.CharField | models.TextField)]
    unique = [field for field in texts if field.unique]
    names = [field.name for field in columns]
    close = nearest(wanted, [field.name for field in texts])
    ranked = [name for name in (wanted, close, "name") if name in names]
    return next(iter([*ranked, *(field.name for field in (*unique, *texts))]), "name")


def listed(values: Iterable[object]) -> str:
    """Values as they are written in Python."""
    return ", ".join(map(repr, values))


# --- what nobody fills


def filling(target: str, field: Any) -> str:
    """How a column of a new row that nobody sets gets its value."""
    if target == "":
        return f"Override new_account() and set {field.attname} there, or give the field a default."
    value = f'={{"{field.attname}": …}} with a value or a callable of the connection'
    if field.is_relation and field.related_model in _customers():
        return f"Add within{value}: it is what tells one customer's rows from another's."
    return (
        f"Add defaults{value}, or give the field a default. Only what names the customer belongs into within: rows "
        "are also looked for by it, and no longer found when it changes."
    )


def _customers() -> set[Any]:
    """The models that stand for a customer: the SSO settings, and what they point at."""
    try:
        model = apps.get_model(app_settings.sso_model) if app_settings.sso_model else None
    except (LookupError, ValueError):
        return set()  # a check of its own says so
    if model is None:
        return set()
    relations = {field.related_model for field in model._meta.concrete_fields if field.is_relation}
    return {model, *relations} - {get_user_model()}
