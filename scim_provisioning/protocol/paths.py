"""Paths and single values: where a mapping reads and writes one value of a canonical document.

``parse`` understands what ``filters.path_syntax`` says; ``read`` and ``write`` follow a path without the
ceremony of PATCH.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .constants import CORE_USER
from .filters import select
from .filters.path_syntax import Path, parse
from .filters.selection import stand_in
from .patch.decode import decode_put
from .patch.plan import Plan
from .patch.put import put
from .resources import Document, clear, elements_of, preferred
from .schema.values import is_unassigned

__all__ = ["Path", "parse", "read", "write"]


def read(document: Mapping[str, Any], path: Path) -> Any:
    """Return the value at a path, or None.

    For a filter: the primary one of the elements it selects, else the first of them, or that element's part.
    An only element without a type stands in for the work one, since Okta and OneLogin send e-mails that way.
    ``emails.value`` is the primary e-mail's, else the first one's.
    """
    attribute = path.attribute
    if attribute is None:
        return document if path.urn in (None, CORE_USER) else document.get(path.urn)
    present = elements_of(attribute, document)
    if path.filter is not None:
        element: Any = preferred(select(path.filter, present)) or stand_in(path.filter, present)
    elif path.sub is not None:
        element = preferred(present)
    elif attribute.multi_valued:
        return present or None
    else:
        element = present[0] if present else None
    if path.sub is None or element is None:
        return element
    return element.get(path.sub.name)


def write(document: Document, path: Path, value: object) -> None:
    """Set the value at a path in place, replacing what is there; None, "", [] and {} remove it.

    A filter that selects nothing creates its element from its ``eq`` terms. Containers left empty go too.
    Raises InvalidValue for a wrong type, Mutability for a read-only path, NoTarget for a filter nothing can
    be made from.
    """
    plan = Plan()
    attribute = path.attribute
    is_whole = path.filter is None and path.sub is None
    if attribute is not None and is_whole and (is_unassigned(value) or attribute.is_complex):
        clear(attribute, document)
    if attribute is None or not (is_unassigned(value) and is_whole and attribute.required):
        decode_put(path, value, "replace", plan)
    put(plan.steps, document)
