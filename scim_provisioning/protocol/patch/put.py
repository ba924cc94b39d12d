"""The third room: steps done on a working document.

All has been judged: what can fail here is what depends on the resource itself, a filter that selects nothing
and does not say what to create (noTarget), and an immutable value that is set already (mutability).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..errors import Mutability, NoTarget, about
from ..filters.path_syntax import Path
from ..limits import Limits
from ..resources import Document
from .elements import Elements
from .find import find, find_or_stand_in, has, made_before, untyped
from .plan import (
    Add,
    Assign,
    Become,
    Change,
    Clear,
    ClearExtension,
    Discard,
    Fill,
    Listed,
    Matching,
    Merge,
    Step,
    Unset,
    Which,
)
from .working import WorkingDocument


def put(steps: Iterable[Step], document: Document, limits: Limits | None = None) -> Document:
    """Do the steps on a document, in place and in order, and return it. Raises NoTarget and Mutability, and
    InvalidValue for a list that grows above the limits; without limits lists may grow."""
    working = WorkingDocument(document)
    for step in steps:
        _put(step, working)
    return working.finished(None if limits is None else limits.elements)


def _put(step: Step, working: WorkingDocument) -> None:
    match step:
        case Assign(attribute, value):
            if attribute.mutability == "immutable" and working.value(attribute) not in (None, value):
                raise Mutability(f"{attribute.path} cannot be changed once it is set.")
            working.assign(attribute, value)
        case Clear(attribute):
            working.clear(attribute)
        case ClearExtension(urn):
            working.clear_extension(urn)
        case Fill(attribute, values):
            working.elements(attribute).fill(values)
        case Add(attribute, values):
            _add(values, working.elements(attribute))
        case Change(attribute, which, change):
            _change(change, which, working.elements(attribute))


def _add(values: list[Any], elements: Elements) -> None:
    for value in values:
        known = elements.twin(value)
        if known is None:
            known = elements.append(value)
        elif isinstance(value, dict):
            elements.merge(known, value)
        elements.prefer(known)


def _change(
    change: Merge | Become | Unset | Discard, which: Which | Matching | Listed, elements: Elements
) -> None:
    if isinstance(change, Discard):
        elements.discard(find(which, elements))
    elif isinstance(change, Unset):
        for number in find_or_stand_in(which, elements):
            elements.merge(number, {}, (change.name,))
    elif not (meant := _to_write(which, elements)):
        if isinstance(which, Matching):
            _create(change.members, which, elements)
    elif isinstance(change, Become):
        # "All matching record values SHALL be replaced"; several replaced by one value are one value.
        first, *others = meant
        elements.discard(others)
        elements.become(first, change.members)
        elements.prefer(first)
    else:
        for number in meant:
            elements.merge(number, change.members, change.cleared)
            elements.complete(number, change.lasting)
            elements.prefer(number)


def _to_write(which: Which | Matching | Listed, elements: Elements) -> list[int]:
    """Return the elements to write: those that are meant, else the one that stands for what was asked."""
    meant = find(which, elements)
    if not meant and which is Which.PREFERRED:
        return [elements.append({})]
    if meant or not isinstance(which, Matching) or not elements.attribute.multi_valued:
        return meant
    meant = made_before(which.filter, elements)
    if not meant:
        meant = untyped(which.filter, elements)
        for number in meant:
            elements.merge(number, which.terms)
    return meant


def _create(members: dict[str, Any], which: Matching, elements: Elements) -> None:
    """Append the element that a filter describes and does not select.

    The RFC has replace fail with noTarget, but Entra updates everything with Replace and expects the element
    to appear with the filter's terms. An operation that changes what its own filter asks for finds its
    result the second time.
    """
    wanted = which.terms | members
    path = Path(elements.attribute, None, which.filter)
    if elements.attribute.multi_valued:
        if not which.terms:
            raise NoTarget(f"Nothing matches {path}, nor does it say what to create.", params=about(path))
        if has(elements, wanted):
            return
    elif not members or has(elements, wanted):
        return
    elif elements.by_number or not which.terms:
        raise NoTarget(f"Nothing matches {path}.", params=about(path))
    number = elements.made[which.filter] = elements.append(wanted)
    elements.prefer(number)
