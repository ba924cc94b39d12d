"""One value at one path: judged against the schema and turned into the steps it asks for.

RFC 7644 section 3.5.2, with the deviations identity providers need, each named where it is made.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, TypeAlias

from ..errors import InvalidValue, Mutability, NoTarget, about
from ..filters import Filter
from ..filters.path_syntax import Path
from ..filters.selection import eq_terms
from ..schema import Attribute
from ..schema.pointers import is_pointer, pointed
from ..schema.values import (
    as_elements,
    as_members,
    as_text,
    coerce,
    coerce_object,
    is_hollow,
    is_unassigned,
)
from .plan import (
    Add,
    Assign,
    Become,
    Change,
    Clear,
    Discard,
    Fill,
    Listed,
    Matching,
    Merge,
    Plan,
    Unset,
    Which,
)


class _TooLong(InvalidValue):
    """A text above the limit, of an attribute that may or may not be left out."""


Op: TypeAlias = Literal["add", "replace"]


def decode_put(path: Path, value: object, op: Op, plan: Plan) -> None:
    """Plan to add or replace the value at a path that names an attribute.

    A text too long to keep is left out and named in the plan, where no field of the host's takes the attribute:
    authentik sends pictures of 20 kB, and a picture must not cost the person. Raises Mutability for a read-only
    target, InvalidValue for a wrong type or an emptied required attribute, NoTarget for a path that names a whole
    schema.
    """
    value = _pointed(path, value, plan)
    attribute = _writable(path)
    try:
        _decode_put(attribute, path, value, op, plan)
    except _TooLong as error:
        if attribute.required or attribute.path in plan.taken:
            raise InvalidValue(error.detail, code=error.code, params=error.params) from None
        plan.ignored.append(str(path))


def _decode_put(attribute: Attribute, path: Path, value: object, op: Op, plan: Plan) -> None:
    if path.sub is not None:
        _part(attribute, path, path.sub, value, plan)
    elif path.filter is not None:
        _selected(attribute, _matching(path.filter), value, op, plan)
    elif attribute.multi_valued:
        _list(attribute, value, op, plan)
    elif attribute.is_complex:
        _object(attribute, value, op, plan)
    else:
        _simple(attribute, value, plan)


def decode_remove(path: Path, value: object, plan: Plan) -> None:
    """Plan to remove what is at a path; what is not there is removed already.

    A value is never written. For a whole multi-valued attribute a list of values (Entra, JumpCloud) removes
    just those elements; everywhere else it is ignored. Raises Mutability for read-only and required targets.
    """
    attribute = _writable(path)
    which = Which.EVERY if path.filter is None else _matching(path.filter)
    if path.sub is not None:
        plan.steps.append(Change(attribute, which, Unset(path.sub.name)))
    elif path.filter is not None:
        plan.steps.append(Change(attribute, which, Discard()))
    elif attribute.required:
        raise Mutability(f"{attribute.path} is required and cannot be removed.", params=about(attribute.path))
    elif attribute.multi_valued and not is_unassigned(value):
        given = as_elements(attribute, value)
        if attribute.is_complex:
            listed: list[Any] = [coerce_object(attribute, item, []) for item in given]
        else:
            listed = [as_text(attribute, item) for item in given]
        plan.steps.append(Change(attribute, Listed(listed), Discard()))
    else:
        plan.steps.append(Clear(attribute))


def _pointed(path: Path, value: object, plan: Plan) -> object:
    """Who is meant by what was sent for a manager, or for its id."""
    if path.attribute is None or not is_pointer(path.attribute):
        return value
    if path.sub is None:
        return pointed(value, plan.base_url)
    members = pointed({path.sub.name: value}, plan.base_url)
    return members.get(path.sub.name) if isinstance(members, dict) else value


def _writable(path: Path) -> Attribute:
    if path.attribute is None:
        raise NoTarget(f"{path} names a schema, not an attribute.", params=about(path))
    if path.read_only:
        raise Mutability(f"Attribute {path} is read only.", params=about(path))
    return path.attribute


def _matching(node: Filter) -> Matching:
    return Matching(node, eq_terms(node))


def _simple(attribute: Attribute, value: object, plan: Plan) -> None:
    canonical = _canonical(attribute, value, plan)
    if attribute.required and (canonical is None or (isinstance(canonical, str) and not canonical.strip())):
        detail = f"{attribute.path} is required and cannot be empty."
        raise InvalidValue(detail, code="attr.required", params=about(attribute.path))
    plan.steps.append(Clear(attribute) if canonical is None else Assign(attribute, canonical))


def _object(attribute: Attribute, value: object, op: Op, plan: Plan) -> None:
    """Merge: sub-attributes that are not named stay as they are; null and "" clear one."""
    if not is_unassigned(value):
        plan.steps.append(Change(attribute, Which.PREFERRED, _merge(attribute, value, plan)))
    elif op == "replace" or value != {}:
        plan.steps.append(Clear(attribute))


def _list(attribute: Attribute, value: object, op: Op, plan: Plan) -> None:
    elements = _canonical(attribute, value, plan) or []
    if op == "replace":
        plan.steps.append(Fill(attribute, elements))
    elif elements:
        # Adding nothing adds nothing: only replace and remove empty a list.
        plan.steps.append(Add(attribute, elements))


def _part(attribute: Attribute, path: Path, sub: Attribute, value: object, plan: Plan) -> None:
    """Set one part of the elements a filter selects: Entra's usual way to write e-mails and addresses.

    Without a filter it is the part of the primary or else first element. Nothing clears the part, without a
    filter everywhere, as remove does.
    """
    canonical = _canonical(sub, value, plan)
    if canonical is None:
        change: Merge | Unset = Unset(sub.name)
        unfiltered = Which.EVERY
    else:
        change = Merge({sub.name: canonical})
        nobodys = attribute.multi_valued and sub.name == "primary" and canonical is False
        unfiltered = Which.PRIMARY if nobodys else Which.PREFERRED
    which = unfiltered if path.filter is None else _matching(path.filter)
    plan.steps.append(Change(attribute, which, change))


def _selected(attribute: Attribute, which: Matching, value: object, op: Op, plan: Plan) -> None:
    """Set the elements a filter selects as a whole: add merges into them, replace replaces them.

    A value with nothing but ``type`` and ``primary`` labels an element, it does not replace it. A
    single-valued attribute is merged, as it is without a filter.
    """
    if is_unassigned(value):
        if op == "replace" or not attribute.multi_valued:
            plan.steps.append(Change(attribute, which, Discard()))
        return
    merge = _merge(attribute, value, plan)
    change: Merge | Become = merge
    if attribute.multi_valued and (op == "add" or is_hollow(merge.members)):
        # What the filter asks for is changed by naming something else, not by naming nothing.
        change = replace(merge, lasting=which.terms)
    elif attribute.multi_valued:
        change = Become(which.terms | merge.members)
    plan.steps.append(Change(attribute, which, change))


def _merge(attribute: Attribute, value: object, plan: Plan) -> Merge:
    members = as_members(attribute, value)
    cleared = [
        sub.name
        for key, raw in members.items()
        if is_unassigned(raw) and (sub := attribute.sub(key)) is not None and not sub.read_only
    ]
    merged = coerce_object(attribute, members, plan.ignored)
    _check_length(attribute, merged, plan)
    return Merge(merged, tuple(cleared))


def _canonical(attribute: Attribute, value: object, plan: Plan) -> Any:
    canonical = coerce(attribute, value, plan.ignored)
    _check_length(attribute, canonical, plan)
    return canonical


def _check_length(attribute: Attribute, canonical: object, plan: Plan) -> None:
    pending = [canonical]
    while pending:
        value = pending.pop()
        if isinstance(value, str) and len(value) > plan.limits.string_length:
            most = plan.limits.string_length
            raise _TooLong(
                f"{attribute.path}: a text has {len(value)} characters, at most {most} are kept.",
                code="attr.too_long",
                params={**about(attribute.path), "length": len(value), "limit": most},
            )
        if isinstance(value, (dict, list)):
            pending.extend(value.values() if isinstance(value, dict) else value)
