"""PATCH (RFC 7644 section 3.5.2) on plain data: three rooms in a row, and nobody goes back.

1. ``parse`` (operations.py) takes the message apart before any resource is looked up.
2. **read** (read.py, one value at a path: decode.py) resolves every path and judges every value against the
   schema, once. Out comes a ``Plan`` (plan.py): steps that say what to do where, with canonical values.
3. **find** (find.py) says which elements a step means, over a working form of the document that knows its
   elements by what they hold (working.py, elements.py): the cost is linear in steps and elements.
4. **put** (put.py) does the steps. Only what depends on the resource can still fail.

A POST or PUT body goes the same way (``documents.normalise``), and so does ``paths.write``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..limits import DEFAULT_LIMITS, Limits
from ..resources import Document, copied
from ..schema import UserSchema
from .operations import Operation, parse
from .plan import Assign, Step
from .put import put
from .read import read_operations

__all__ = ["Operation", "Patched", "apply", "parse"]


@dataclass(frozen=True, slots=True)
class Patched:
    """The document after the operations, and the names they held that the schema has no place for.

    ``active`` is what the operations said of it last, also where they removed it again; None where they said nothing.
    """

    document: Document
    ignored: tuple[str, ...]
    active: bool | None = None


def apply(
    document: Mapping[str, Any],
    operations: Iterable[Operation],
    schema: UserSchema,
    limits: Limits = DEFAULT_LIMITS,
    base_url: str = "",
) -> Patched:
    """Return the document as the operations leave it; the one given stays as it is.

    Reads all operations, then finds and puts step by step, in their order, on a copy: an error leaves nothing
    half done. Raises a SCIMError for the first operation that cannot be read (Mutability for a read-only or
    required target, InvalidValue, InvalidPath), else for the first step that cannot be done (NoTarget,
    Mutability for an immutable value), else InvalidValue for a list that grew above the limits. Several
    operations through the same filter end on one element.
    """
    plan = read_operations(operations, schema, limits, base_url)
    patched = put(plan.steps, copied(document), limits)
    return Patched(patched, tuple(dict.fromkeys(plan.ignored)), _said_of_active(plan.steps))


def _said_of_active(steps: Iterable[Step]) -> bool | None:
    """To remove ``active`` is to say nothing of access: it takes back no word that was said of it."""
    said = [step for step in steps if isinstance(step, Assign) and step.attribute.path == "active"]
    return said[-1].value if said else None
