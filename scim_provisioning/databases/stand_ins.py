"""Stand-ins for the values of a statement, and where they are found again among its parameters: see ``prepared``."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import cycle
from typing import Any, Final, TypeAlias, cast
from uuid import UUID, uuid4

from django.db.models import Model

#: What may become of a text on its way to a parameter.
Way = Callable[[Any], Any]
Ways = tuple[Way, ...]
#: A parameter's place, the number of the single value that stands there, and what becomes of it first.
Place: TypeAlias = tuple[int, int, Way]

#: Values of one ``IN``; longer lists are too many shapes, and cost more than their compilation. Three letters of a name
#: may each be written in two ways.
_MOST_LISTED: Final = 8
#: Beyond it a column may not hold a number, and Django knows that nothing is found without asking.
_MOST: Final = 2**31 - 1
#: Letters of texts of each kind: all of ASCII but what another letter becomes, all of ASCII, or those that are most
#: easily changed.
_PLAIN: Final = "".join(letter for letter in map(chr, range(33, 127)) if letter not in "kK")
_LETTERS: Final = {"plain": _PLAIN, "ascii": f"{_PLAIN}Kk", "any": "\u00c4\u00df\u2126\u212aKk\u0130%_\\\"' "}
_OF_TEXT: Final = {alphabet: ("text", alphabet) for alphabet in _LETTERS}
#: As small as a column may be, and no two of one statement alike.
_numbers: Final = cycle(range(10_007, 30_011, 7))


def kind(value: Any) -> Hashable:
    """What of a value the shape of the statement may depend on; None where it is not known."""
    own = value.__class__
    if own is str and value:
        return _OF_TEXT[_alphabet(value)]
    if own is int:
        return cast(Hashable, int) if -_MOST <= value <= _MOST else None
    if _is_constant(value):
        return ("constant", value)
    if isinstance(value, Model):
        key = None if value.pk is None else kind(value.pk)
        return None if key is None else (type(value), key)
    if isinstance(value, tuple):
        inner = tuple(map(kind, value))
        return None if not 0 < len(inner) <= _MOST_LISTED or None in inner else inner
    return cast(Hashable, UUID) if own is UUID else None


def _alphabet(text: str) -> str:
    """Which letters a text is made of. Nothing but ASCII is written in one way only, with its accents in their letters
    or behind them; and where no other letter becomes one of these in small letters, as the Kelvin sign becomes ``k``,
    what asks for every spelling of a name asks for one."""
    if not (text.isascii() and text.isprintable()):
        return "any"
    return "ascii" if "k" in text or "K" in text else "plain"


def _is_constant(value: Any) -> bool:
    """Whether a value is part of the statement: a comparison with nothing is another one than with something."""
    return value is None or value == "" or isinstance(value, bool)


def flat(values: Sequence[Any]) -> Iterator[Any]:
    """The single values that may become parameters."""
    for value in values:
        if isinstance(value, tuple):
            yield from flat(value)
        elif isinstance(value, Model):
            yield value.pk
        elif not _is_constant(value):
            yield value


def stand_ins(values: Sequence[Any]) -> Iterator[Any]:
    """Others of the same kind, no two alike: what is found among the parameters stands there for its value."""
    for value in values:
        if isinstance(value, tuple):
            yield tuple(stand_ins(value))
        elif isinstance(value, Model):
            yield type(value)(pk=next(stand_ins([value.pk])))
        elif _is_constant(value):
            yield value
        elif type(value) is int:
            yield next(_numbers)
        elif type(value) is str:
            # Whatever folds, escapes, trims or quotes a text makes another one of this. Unlike from the first letters
            # on: where only the beginning of a text becomes a parameter, it must not pass for a constant.
            yield f" {uuid4()}{_LETTERS[_alphabet(value)]}{uuid4()} "
        else:
            yield uuid4()


def places(
    params: tuple[Sequence[Any], Sequence[Any]], played: Sequence[Sequence[Any]], ways: Ways
) -> list[Place] | None:
    """Which parameter is made of which value, and how; None where one differs and nobody knows why."""
    found_at, met = [], set()
    for place, (one, other) in enumerate(zip(*params, strict=True)):
        if type(one) is type(other) and one == other:
            continue
        found = _explained((one, other), played, ways)
        if found is None:
            return None
        found_at.append((place, *found))
        met.add(found[0])
    # A value that is nowhere to be found decides on something else.
    return found_at if len(met) == len(played[0]) else None


def _explained(
    params: tuple[Any, Any], played: Sequence[Sequence[Any]], ways: Ways
) -> tuple[int, Way] | None:
    for index, values in enumerate(zip(*played, strict=True)):
        known: tuple[Way, ...] = (_as_it_is, type(params[0]), _as_hex, *ways)
        for way in known:
            if all(_is_made(param, value, way) for param, value in zip(params, values, strict=True)):
                return index, way
    return None


def _is_made(param: Any, value: Any, way: Way) -> bool:
    if way is type(param):
        # psycopg is told the size of an integer by its type; of nothing else is there one that could be made so.
        is_number = type(value) is int and issubclass(way, int)
        return is_number and bool(way(value) == param == value)
    if way is not _as_it_is and not isinstance(value, UUID if way is _as_hex else str):
        return False
    made = way(value)
    return type(made) is type(param) and bool(made == param)


def _as_it_is(value: Any) -> Any:
    return value


def _as_hex(value: UUID) -> str:
    """A UUID where the database has no type for it."""
    return value.hex
