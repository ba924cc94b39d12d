"""What ``read`` makes of a request: steps that say what to do where, with canonical values, already judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeAlias

from ..errors import InvalidPath
from ..filters import Filter
from ..filters.selection import count_terms
from ..limits import DEFAULT_LIMITS, Limits
from ..schema import Attribute

# Which elements a change means. A single-valued complex attribute is a list of at most one.


class Which(Enum):
    """Elements that are named without a filter."""

    EVERY = "every"
    #: The primary one, else the first, else a new one.
    PREFERRED = "preferred"
    PRIMARY = "primary"


@dataclass(slots=True)
class Matching:
    """The elements a filter selects. ``terms``: what its ``eq`` terms say a new one must hold."""

    filter: Filter
    terms: dict[str, Any]


@dataclass(slots=True)
class Listed:
    """The elements whose parts are these: one mapping of parts, or one plain value, for each."""

    values: list[Any]


# What becomes of them.


@dataclass(slots=True)
class Merge:
    """Set the members and drop the parts that are cleared; ``lasting`` holds what is there in any case."""

    members: dict[str, Any]
    cleared: tuple[str, ...] = ()
    lasting: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Become:
    """Make one of them hold these members and nothing else; the others go."""

    members: dict[str, Any]


@dataclass(slots=True)
class Unset:
    """Drop one part."""

    name: str


@dataclass(slots=True)
class Discard:
    """Take them out of the list."""


# Steps.


@dataclass(slots=True)
class Assign:
    """Set a simple value."""

    attribute: Attribute
    value: Any


@dataclass(slots=True)
class Clear:
    """Remove an attribute."""

    attribute: Attribute


@dataclass(slots=True)
class ClearExtension:
    """Remove all attributes of an extension."""

    urn: str


@dataclass(slots=True)
class Fill:
    """Make these the elements of a multi-valued attribute."""

    attribute: Attribute
    elements: list[Any]


@dataclass(slots=True)
class Add:
    """Append each element that is not there yet; one that is there takes over what is new in it."""

    attribute: Attribute
    elements: list[Any]


@dataclass(slots=True)
class Change:
    """Change the elements ``which`` names."""

    attribute: Attribute
    which: Which | Matching | Listed
    change: Merge | Become | Unset | Discard


Step: TypeAlias = Assign | Clear | ClearExtension | Fill | Add | Change


@dataclass(slots=True)
class Plan:
    """Steps in the order of the request, and the names in it that are passed over.

    Beside the schema a request is read under: how long a text is kept, the attributes (by path) whose values
    cannot be left out since a field of the host's takes them, and the Tenant URL.
    """

    steps: list[Step] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    limits: Limits = DEFAULT_LIMITS
    terms: int = 0
    taken: frozenset[str] = frozenset()
    base_url: str = ""

    def count(self, node: Filter | None) -> None:
        """Count the comparisons of a path's filter: each may be made with each element. Raises InvalidPath."""
        self.terms += count_terms(node)
        if self.terms > self.limits.path_terms:
            raise InvalidPath(
                f"The paths of the request hold more than {self.limits.path_terms} comparisons.",
                code="limits.terms",
            )
