"""Whether what a host wrote into ``mapping``, ``rows`` and ``extensions`` are declarations at all.

Asked before the mapping is compiled, which takes that for granted: a slip would end ``manage.py check`` in a
traceback. However many lines have the same slip, it is one message.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage
from django.db import models

from scim_provisioning.adapters import LearnerAdapter, MappedAttribute, RelatedRow, remedies
from scim_provisioning.checks import faults
from scim_provisioning.checks.fault import several
from scim_provisioning.protocol.schema import Schema

_EXAMPLE = 'scim.Text("title", "learner.job_role")'

_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = 80


@dataclass(frozen=True, slots=True)
class Slip:
    """Something that is no declaration: where it stands, what it is, what belongs there, and how to write it."""

    place: str
    value: object
    wanted: str
    advice: str


def slips_in(adapter: type[LearnerAdapter], mapping: object) -> list[CheckMessage]:
    """At most one message for each of ``mapping`` (the adapter's own, or one customer's), rows and extensions."""
    found = (list(_lines(mapping)), list(_rows(adapter.rows)), list(_extensions(adapter.extensions)))
    return [_message(adapter, slips) for slips in found if slips]


def _message(adapter: type[LearnerAdapter], slips: list[Slip]) -> CheckMessage:
    first, *rest = slips
    others = f" So it is with {several([slip.place for slip in rest])}." if rest else ""
    facts = {"place": first.place, "wanted": first.wanted, "others": others, "advice": first.advice}
    return faults.NO_DECLARATION.at(obj=adapter, value=_shown(first.value), **facts)


def _shown(value: object) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else _repr.repr(value)


def _lines(mapping: object) -> Iterator[Slip]:
    if not _is_list(mapping):
        advice = f"Write mapping = [{_EXAMPLE}, …]. What depends on the customer belongs into mapping_for(connection)."
        yield Slip("mapping", mapping, "a list", advice)
        return
    for position, line in enumerate(mapping):  # type: ignore[arg-type, var-annotated]
        place = f"mapping[{position}]"
        if not isinstance(line, MappedAttribute):
            yield Slip(place, line, "a line such as scim.Text(path, target)", _line_for(line))
        elif not (isinstance(line.path, str) and isinstance(line.target, str)):
            yield Slip(place, line, "a line of two texts", f"Write path and target as text: {_EXAMPLE}.")
        else:
            yield from _scopes(place, line)
            yield from _states(place, line)


def _states(place: str, line: MappedAttribute) -> Iterator[Slip]:
    """``never_from`` of a line, where it has it: one state is easily written without the comma of a tuple."""
    states = getattr(line, "never_from", ())
    if isinstance(states, str):
        advice = f"Write never_from=({states!r},)."
        yield Slip(f"{place}.never_from", states, "a tuple of states", advice)


def _line_for(value: object) -> str:
    """How to write what somebody meant by ``value``."""
    if isinstance(value, type) and issubclass(value, MappedAttribute):
        return f"Write scim.{value.__name__}(…) with its path and target: what stands there is the class."
    if isinstance(value, str):
        return f'Write scim.Text({value!r}, "…") with the field that it lands in.'
    if _is_list(value):
        inner: Sequence[object] = value  # type: ignore[assignment]
        if len(inner) == 2 and all(isinstance(part, str) for part in inner):
            return f"Write scim.Text({inner[0]!r}, {inner[1]!r})."
        return "Put a * before it: the lines of an inner list belong into the list itself."
    return f"Write a line such as {_EXAMPLE}, or remove it."


def _rows(rows: object) -> Iterator[Slip]:
    if not isinstance(rows, Mapping):
        advice = 'Write rows = {"learner": scim.RelatedRow("lms.Learner", user_field="user")}.'
        yield Slip("rows", rows, "a dict", advice)
        return
    for name, row in rows.items():
        place = f"rows[{name!r}]"
        if not isinstance(row, RelatedRow):
            model = repr(row) if isinstance(row, str) else getattr(row, "__name__", "Learner")
            model = '"lms.Learner"' if row is RelatedRow else model
            yield Slip(place, row, "a RelatedRow", f'Write scim.RelatedRow({model}, user_field="user").')
        else:
            yield from _scopes(place, row)
            # "" is the account itself, which no foreign key leads to.
            yield from _row_model(place, row) if name else _account_row(place, row)


def _account_row(place: str, row: RelatedRow) -> Iterator[Slip]:
    account = get_user_model()
    if row.named not in (account, account._meta.label):
        advice = f'Write rows = {{"": scim.RelatedRow("{account._meta.label}", within=…)}}.'
        yield Slip(f"{place}.model", row.named, "the account's model", advice)


def _row_model(place: str, row: RelatedRow) -> Iterator[Slip]:
    """The model and the relation that a row is found by."""
    try:
        model: Any = row.model
    except (LookupError, ValueError) as error:
        near = remedies.nearest(str(row.named), [known._meta.label for known in apps.get_models()])
        advice = f'Write "{near}".' if near else 'Write it as "app_label.ModelName".'
        yield Slip(place, str(error), "an installed model", advice)
        return
    if not (isinstance(model, type) and issubclass(model, models.Model)):
        yield Slip(
            f"{place}.model", model, "a model", 'Name the model, as a class or as "app_label.ModelName".'
        )
        return
    account, label = get_user_model(), model._meta.label
    leading = [field.name for field in model._meta.concrete_fields if _leads_to(account, field)]
    if row.user_field not in leading:
        wanted = f"a foreign key to {account._meta.label}"
        near = remedies.nearest(str(row.user_field), leading) or next(iter(leading), "")
        advice = (
            f'Write user_field="{near}".'
            if near
            else f"Name another model: {label} has no foreign key to {account._meta.label}."
        )
        yield Slip(f"{place}.user_field", row.user_field, wanted, advice)


def _leads_to(account: type[models.Model], field: Any) -> bool:
    return (field.many_to_one or field.one_to_one) and issubclass(account, field.related_model)


def _scopes(place: str, declaration: object) -> Iterator[Slip]:
    """``within`` and ``defaults`` of a line or row, where it has them."""
    for option in ("within", "defaults"):
        scope = getattr(declaration, option, {})
        if not isinstance(scope, Mapping) or not all(isinstance(name, str) for name in scope):
            advice = f'Write {option}={{"organization_id": tenant}}: names of fields, and what they hold.'
            yield Slip(f"{place}.{option}", scope, "a dict by names of fields", advice)
            continue
        for name, value in scope.items():
            if isinstance(value, type):
                advice = (
                    f"Write a constant, or a function of the connection: def {name}(connection): return …."
                )
                yield Slip(f"{place}.{option}[{name!r}]", value, "a value", advice)


def _extensions(extensions: object) -> Iterator[Slip]:
    advice = (
        "Write extensions = [Schema(…), …] with Schema and Attribute from scim_provisioning.protocol.schema."
    )
    if not _is_list(extensions):
        yield Slip("extensions", extensions, "a list", advice)
        return
    for position, schema in enumerate(extensions):  # type: ignore[arg-type, var-annotated]
        if not isinstance(schema, Schema):
            yield Slip(f"extensions[{position}]", schema, "a Schema", advice)


def _is_list(value: object) -> bool:
    # A generator would be empty at its second reading, and a text is a sequence of letters.
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)
