"""The tree a filter is parsed into: frozen, typed against the schema, and able to print itself."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from ..schema import Attribute
from ..text import fold


@dataclass(frozen=True, slots=True)
class AttributeRef:
    """The attribute a comparison reads, and its sub-attribute if one is named."""

    attribute: Attribute
    sub: Attribute | None = None

    @property
    def leaf(self) -> Attribute:
        """The definition whose type and case rule apply."""
        return self.sub or self.attribute

    @property
    def name(self) -> str:
        """The canonical spelling: ``emails.value``, ``urn:...:User:department``."""
        return self.leaf.path


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison. ``value`` is None for ``pr``, an aware UTC datetime for a dateTime attribute.

    ``ne`` means exactly ``not (... eq ...)``: true where the attribute is absent, and for a multi-valued
    attribute where no value is equal. The RFC is silent on both; this is the reading of scim2-models.
    """

    ref: AttributeRef
    op: str
    value: str | bool | int | float | datetime | None = None
    #: ``value`` as it is compared: folded once, and not with every value that it is compared with.
    operand: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        folds = isinstance(self.value, str) and not self.ref.leaf.case_exact
        object.__setattr__(self, "operand", fold(self.value) if folds else self.value)  # type: ignore[arg-type]

    def __str__(self) -> str:
        return self.text(self.ref.name)

    def text(self, name: str) -> str:
        if self.op == "pr":
            return f"{name} pr"
        value = self.value.isoformat() if isinstance(self.value, datetime) else self.value
        return f"{name} {self.op} {json.dumps(value, ensure_ascii=False)}"


@dataclass(frozen=True, slots=True)
class And:
    terms: tuple[Filter, ...]

    def __str__(self) -> str:
        return _joined(self, " and ", None)


@dataclass(frozen=True, slots=True)
class Or:
    terms: tuple[Filter, ...]

    def __str__(self) -> str:
        return _joined(self, " or ", None)


@dataclass(frozen=True, slots=True)
class Not:
    term: Filter

    def __str__(self) -> str:
        return f"not ({self.term})"


@dataclass(frozen=True, slots=True)
class ValuePath:
    """``attribute[filter]``: one and the same element satisfies the whole filter.

    Inside, a comparison's ref has this attribute and the sub-attribute compared.
    """

    attribute: Attribute
    filter: Filter

    def __str__(self) -> str:
        return f"{self.attribute.path}[{render(self.filter, self.attribute)}]"


Filter: TypeAlias = Comparison | And | Or | Not | ValuePath


def render(node: Filter, parent: Attribute | None = None) -> str:
    """Return a filter as text; inside the brackets of ``parent`` names are written without it."""
    if isinstance(node, Comparison):
        return node.text(node.ref.leaf.name) if parent and node.ref.sub else str(node)
    if isinstance(node, Not):
        return f"not ({render(node.term, parent)})"
    if isinstance(node, ValuePath):
        return str(node)
    return _joined(node, " and " if isinstance(node, And) else " or ", parent)


def _joined(node: And | Or, word: str, parent: Attribute | None) -> str:
    parts = []
    for term in node.terms:
        text = render(term, parent)
        parts.append(f"({text})" if isinstance(term, (And, Or)) else text)
    return word.join(parts)
