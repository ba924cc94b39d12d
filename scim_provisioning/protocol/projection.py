"""``attributes`` and ``excludedAttributes``: what of a resource an answer holds (RFC 7644 section 3.9)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .constants import CORE_USER
from .errors import InvalidPath, InvalidSyntax, InvalidValue
from .filters import Comparison, Filter
from .filters.matching import Folds, longest, matches_element
from .filters.path_syntax import parse as parse_path
from .filters.selection import count_terms
from .limits import DEFAULT_LIMITS, Limits
from .resources import Document
from .schema import COMMON, Attribute, UserSchema
from .text import json_type

_Asked = tuple[Filter, str | None]  # elements, and which part of them


@dataclass(slots=True)
class _Wanted:
    """What was named of one attribute: all of it, some parts, or the elements some filters select."""

    whole: bool = False
    subs: set[str] = field(default_factory=set)
    filters: list[_Asked] = field(default_factory=list)
    #: How many comparisons these take of one element.
    terms: int = 0
    #: Those of them that are one ``eq`` of text, by sub-attribute and operand: however many, each element is looked up.
    exact: dict[str, dict[str, list[_Asked]]] = field(default_factory=dict)
    #: By sub-attribute how long what equals one of these operands may be.
    longest: dict[str, int] = field(default_factory=dict)

    def name(self, node: Filter, sub: str | None) -> None:
        """Name the elements that ``node`` selects, or one part of them."""
        asked = (node, sub)
        if isinstance(node, Comparison) and node.op == "eq" and node.ref.sub and _is_folded_text(node):
            part, operand = node.ref.sub.name, node.operand
            same = self.exact.setdefault(part, {}).setdefault(operand, [])
            self.longest[part] = max(self.longest.get(part, 0), longest(operand))
        else:
            same = self.filters
        if asked not in same:
            same.append(asked)
            self.terms += count_terms(node) if same is self.filters else 0

    def named_of(self, element: dict[str, Any], folds: Folds) -> tuple[bool, set[str]]:
        """Whether one element of a list is named as a whole, and which of its parts are."""
        names = set(self.subs)
        found = [sub for node, sub in self.filters if matches_element(node, element, folds)]
        for part, by_operand in self.exact.items():
            value = element.get(part)
            if isinstance(value, str) and len(value) <= self.longest[part]:
                found += [sub for _node, sub in by_operand.get(folds[value], ())]
        return None in found, names.union(sub for sub in found if sub)


_Named = dict[str, dict[str, _Wanted]]  # by extension URN ("" for the top), then by attribute name


@dataclass(slots=True)
class _Looked:
    """What looking through the elements of one answer has taken, however many people are on it."""

    folds: Folds = field(default_factory=Folds)
    comparisons: int = 0


@dataclass(frozen=True, slots=True)
class Projection:
    """What to keep or leave out. ``id`` and ``schemas`` always stay; an unknown name names nothing."""

    schema: UserSchema
    included: _Named | None = None
    excluded: _Named | None = None
    _looked: _Looked = field(default_factory=_Looked, repr=False, compare=False)

    @property
    def comparisons(self) -> int:
        """How many comparisons what stands in brackets has taken so far."""
        return self._looked.comparisons

    @classmethod
    def parse(
        cls,
        attributes: str | Iterable[str] | None,
        excluded: str | Iterable[str] | None,
        schema: UserSchema,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Projection:
        """Read both parameters: comma-separated text (URL) or lists (search body); empty is "not given".

        Raises InvalidValue if both are given, which the RFC rules out, for more names than a body may have members, or
        if their brackets hold more comparisons than one filter may, and InvalidSyntax for a list of other things than
        text.
        """
        keep, leave = _names(attributes, "attributes"), _names(excluded, "excludedAttributes")
        if keep and leave:
            raise InvalidValue("attributes and excludedAttributes cannot be used together.")
        if len(keep or leave) > limits.keys:
            raise InvalidValue(f"No more than {limits.keys} attributes can be named.", code="limits.keys")
        named = _named(keep or leave, schema)
        _refuse_costly(named, limits)
        return cls(schema, named if keep else None, named if leave else None)

    def apply(self, resource: Document) -> Document:
        """Return what is left of a full resource, which itself stays as it is; itself where that is all of it."""
        if self.included is None and self.excluded is None and not self.schema.has_hidden:
            return resource
        result = {}
        extensions = {extension.urn for extension in self.schema.extensions}
        for key, value in resource.items():
            if key in extensions:
                inner = {
                    name: kept
                    for name, part in value.items()
                    if (kept := self._kept(self.schema.find(key, name), key, name, part)) is not None
                }
                if inner:
                    result[key] = inner
            elif (kept := self._kept(self.schema.find(None, key), "", key, value)) is not None:
                result[key] = kept
        return result

    def _kept(self, attribute: Attribute | None, urn: str, name: str, value: Any) -> Any:
        """Return what is kept of one attribute's value, None for nothing."""
        returned = attribute.returned if attribute is not None else "default"
        if returned == "always":
            return value
        if returned == "never":
            return None
        if self.included is not None:
            wanted = self.included.get(urn, {}).get(name)
            return None if wanted is None else _picked(value, wanted, self._looked)
        if returned == "request":
            return None
        unwanted = (self.excluded or {}).get(urn, {}).get(name)
        return value if unwanted is None else _without(value, unwanted, self._looked)


def _names(given: str | Iterable[str] | None, parameter: str) -> list[str]:
    if given is None:
        return []
    if isinstance(given, str):
        parts = _split(given)
    else:
        parts = list(given)
        for part in parts:
            if not isinstance(part, str):
                raise InvalidSyntax(
                    f"{parameter} must be a list of attribute names, not of {json_type(part)}."
                )
    return [part.strip() for part in parts if part.strip()]


def _split(text: str) -> list[str]:
    """Split at commas, but not inside quotes: Microsoft's collection asks for emails[type eq "work"]."""
    parts, start, quoted = [], 0, False
    for index, char in enumerate(text):
        if char == '"' and text[index - 1 : index] != "\\":
            quoted = not quoted
        elif char == "," and not quoted:
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]]


def _named(names: Iterable[str], schema: UserSchema) -> _Named:
    named: _Named = {}
    for name in names:
        try:
            path = parse_path(name, schema)
        except InvalidPath:
            continue
        if path.attribute is None:
            _name_schema(named, path.urn, schema)
            continue
        wanted = named.setdefault(path.attribute.extension, {}).setdefault(path.attribute.name, _Wanted())
        if path.filter is not None:
            wanted.name(path.filter, path.sub.name if path.sub else None)
        elif path.sub is not None:
            wanted.subs.add(path.sub.name)
        else:
            wanted.whole = True
    return named


def _refuse_costly(named: _Named, limits: Limits) -> None:
    """Each comparison in brackets is made with each element of everybody on the page, but for a lone ``eq``."""
    wanted = [one for attributes in named.values() for one in attributes.values()]
    terms = sum(one.terms for one in wanted)
    terms += sum(len(same) for one in wanted for parts in one.exact.values() for same in parts.values())
    if terms > limits.filter_terms:
        raise InvalidValue(
            f"The attributes that are asked for hold {terms} comparisons, at most {limits.filter_terms} are made.",
            code="limits.terms",
        )


def _is_folded_text(node: Comparison) -> bool:
    return isinstance(node.operand, str) and not node.ref.leaf.case_exact


def _name_schema(named: _Named, urn: str | None, schema: UserSchema) -> None:
    """Name every attribute of a schema: what its bare URN stands for."""
    attributes = schema.by_urn[(urn or CORE_USER).lower()].attributes
    if urn == CORE_USER:
        attributes += COMMON.attributes
    for attribute in attributes:
        named.setdefault(attribute.extension, {}).setdefault(attribute.name, _Wanted()).whole = True


def _picked(value: Any, wanted: _Wanted, looked: _Looked) -> Any:
    """Return the named parts of a value, None if there are none."""
    if wanted.whole:
        return value
    if isinstance(value, dict):
        return {name: part for name, part in value.items() if name in wanted.subs} or None
    if not isinstance(value, list):
        return None
    picked = []
    looked.comparisons += wanted.terms * len(value)
    for element in value:
        whole, names = wanted.named_of(element, looked.folds)
        part = element if whole else {name: item for name, item in element.items() if name in names}
        if part:
            picked.append(part)
    return picked or None


def _without(value: Any, unwanted: _Wanted, looked: _Looked) -> Any:
    """Return a value without the named parts, None if nothing is left."""
    if unwanted.whole:
        return None
    if isinstance(value, dict):
        return {name: part for name, part in value.items() if name not in unwanted.subs} or None
    if not isinstance(value, list):
        return value
    left = []
    looked.comparisons += unwanted.terms * len(value)
    for element in value:
        gone, names = unwanted.named_of(element, looked.folds)
        part = None if gone else {name: item for name, item in element.items() if name not in names}
        if part:
            left.append(part)
    return left or None
