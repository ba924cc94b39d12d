"""The working form of one attribute's elements: each has a number for life, and is known by what it holds."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from typing import Any

from ..filters import Filter, Folds
from ..schema import Attribute
from ..schema.values import is_hollow, is_unassigned

_IDENTITY = ("type", "value")


class _Index:
    """The numbers of the elements that have the same key, in their order; key None: not listed."""

    def __init__(self, key: Callable[[Any], Hashable]) -> None:
        self.key = key
        self.numbers: dict[Hashable, list[int]] = {}

    def note(self, number: int, element: Any) -> None:
        key = self.key(element)
        if key is not None:
            insort(self.numbers.setdefault(key, []), number)

    def forget(self, number: int, element: Any) -> None:
        key = self.key(element)
        if key is not None:
            same = self.numbers[key]
            del same[bisect_left(same, number)]


class Elements:
    """The elements of a complex or multi-valued attribute, changed only through the methods here.

    Numbers grow in the order of the list and are never given twice. What is asked for again and again, such
    as "which are of type work", is kept in an index that is made when first asked for: finding costs as much
    as is found, not as much as there is. ``folds`` holds every text that was folded for it: of one with many marks that
    is dear, and each step would do it again. ``made`` holds the number of the element that a filter created;
    ``at_first`` says how many there were.
    """

    #: So many are looked through sooner than an index of them is made; people have two or three e-mails.
    few = 8

    def __init__(self, attribute: Attribute, elements: Iterable[Any] = ()) -> None:
        self.attribute = attribute
        self.by_number: dict[int, Any] = dict(enumerate(elements))
        self.folds = Folds()
        self.made: dict[Filter, int] = {}
        self.at_first = self._next = len(self.by_number)
        self._indexes: dict[Hashable, _Index] = {}
        self._demoted: dict[int, list[int]] = {}

    # Finding

    @property
    def are_few(self) -> bool:
        return len(self.by_number) <= self.few

    def values(self) -> Collection[Any]:
        """Return the elements in their order."""
        return self.by_number.values()

    def holding(self, parts: Mapping[str, Any]) -> Collection[int]:
        """Return the numbers of the elements that may hold these parts: all that hold the rarest of them."""
        if self.are_few:
            return self.by_number
        found = (self._by_part(name).get(self._comparable(name, value), ()) for name, value in parts.items())
        return min(found, key=len, default=self.by_number.keys())

    def alike(self, parts: Mapping[str, Any]) -> list[int]:
        """Return the numbers of the elements whose parts are these, as far as the attribute tells case."""
        wanted = [(name, self._comparable(name, value)) for name, value in parts.items()]
        return [
            number
            for number in self.holding(parts)
            if isinstance(element := self.by_number[number], dict)
            and all(self._comparable(name, element.get(name)) == value for name, value in wanted)
        ]

    def same_value(self, value: Any) -> Collection[int]:
        """Return the numbers of the elements that are this plain value, as far as the attribute tells case."""
        return self._index("plain", self._plain).get(self._plain(value), ())

    def twin(self, element: Any) -> int | None:
        """Return the first element that is the same already: equal, or equal in type and value.

        RFC 7643 section 2.4: a pair of type and value is not repeated. Adding it again updates the rest.
        """
        same = self._index("equal", hashable).get(hashable(element))
        identity = None if same else self._identity(element)
        if identity is not None:
            same = self._index("identity", self._identity).get(identity)
        return same[0] if same else None

    def preferred(self) -> int | None:
        """Return the primary element, else the first, else None."""
        objects = (number for number, element in self.by_number.items() if isinstance(element, dict))
        return next(iter(self.primaries()), next(objects, None))

    def primaries(self) -> list[int]:
        """Return the elements that say they are primary."""
        return [number for number in self.holding({"primary": True}) if self._is_primary(number)]

    # Changing

    def append(self, element: Any) -> int:
        """Add an element at the end and return its number."""
        number, self._next = self._next, self._next + 1
        self.by_number[number] = dict(element) if isinstance(element, Mapping) else element
        self._note(number)
        return number

    def merge(self, number: int, members: Mapping[str, Any], cleared: Iterable[str] = ()) -> None:
        """Set members of an element and drop the parts that are cleared."""
        element = self.by_number[number]
        self._forget(number)
        element.update(members)
        for name in cleared:
            element.pop(name, None)
        self._note(number)

    def complete(self, number: int, members: Mapping[str, Any]) -> None:
        """Set those of the members that an element does not have."""
        missing = {name: value for name, value in members.items() if name not in self.by_number[number]}
        if missing:
            self.merge(number, missing)

    def become(self, number: int, members: Mapping[str, Any]) -> None:
        """Make an element hold these members and nothing else."""
        self.merge(number, members, [name for name in self.by_number[number] if name not in members])

    def discard(self, numbers: Iterable[int]) -> None:
        """Take elements out."""
        for number in numbers:
            self._forget(number)
            del self.by_number[number]

    def fill(self, elements: Iterable[Any]) -> None:
        """Make these the elements; the ones that were there are gone."""
        self.by_number.clear()
        self._indexes.clear()
        for element in elements:
            self.append(element)

    def prefer(self, number: int) -> None:
        """If the element is primary no other one is (RFC 7644 section 3.5.2)."""
        if not self._is_primary(number):
            return
        for other in reversed(self.primaries()):
            if other != number:
                self.merge(other, {"primary": False})
                self._demoted.setdefault(number, []).append(other)

    def drop_hollow(self) -> None:
        """Take out the elements that came to nothing. One that was to be primary takes nothing from others."""
        is_empty = is_hollow if self.attribute.is_complex else is_unassigned
        hollow = [number for number, element in self.by_number.items() if is_empty(element)]
        self.discard(hollow)
        for number in hollow:
            demoted = self._demoted.get(number)
            if demoted and demoted[-1] in self.by_number and not self.primaries():
                self.merge(demoted[-1], {"primary": True})

    # Pieces

    def _is_primary(self, number: int) -> bool:
        element = self.by_number[number]
        return isinstance(element, dict) and element.get("primary") is True

    def _by_part(self, name: str) -> dict[Hashable, list[int]]:
        def key(element: Any) -> Hashable:
            return (
                self._comparable(name, element[name])
                if isinstance(element, dict) and name in element
                else None
            )

        return self._index(("part", name), key)

    def _index(self, name: Hashable, key: Callable[[Any], Hashable]) -> dict[Hashable, list[int]]:
        index = self._indexes.get(name)
        if index is None:
            index = self._indexes[name] = _Index(key)
            for number, element in self.by_number.items():
                index.note(number, element)
        return index.numbers

    def _note(self, number: int) -> None:
        for index in self._indexes.values():
            index.note(number, self.by_number[number])

    def _forget(self, number: int) -> None:
        for index in self._indexes.values():
            index.forget(number, self.by_number[number])

    def _comparable(self, name: str, value: Any) -> Hashable:
        sub = self.attribute.subs.get(name.lower())
        return hashable(value if sub is None else sub.comparable(value, self.folds.__getitem__))

    def _plain(self, element: Any) -> Hashable:
        return hashable(self.attribute.comparable(element, self.folds.__getitem__))

    def _identity(self, element: Any) -> Hashable:
        if not isinstance(element, dict) or element.get("value") is None:
            return None
        return tuple(self._comparable(name, element.get(name)) for name in _IDENTITY)


def hashable(value: Any) -> Hashable:
    """Return JSON data in a form that is equal when the data is, and can be looked up."""
    if isinstance(value, dict):
        return frozenset((name, hashable(item)) for name, item in value.items())
    if isinstance(value, list):
        return tuple(hashable(item) for item in value)
    return value  # type: ignore[no-any-return]
