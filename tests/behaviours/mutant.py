"""What a mutant is, and the two plainest ways to switch a behaviour off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: Given what provides a behaviour (a function, or a constant), returns what stands in its place.
Make = Callable[[Any], Any]


@dataclass(frozen=True)
class Mutant:
    """``name``: the behaviour; ``targets``: "module:name" below ``scim_provisioning``; ``test``: who must notice."""

    name: str
    targets: tuple[str, ...]
    make: Make
    test: str


def mutants(*table: tuple[str, str, Make, str]) -> list[Mutant]:
    """A line each: name, where (several: with blanks between), what makes the stand-in, and who notices."""
    return [Mutant(name, tuple(where.split()), make, test) for name, where, make, test in table]


def answers(value: Any) -> Make:
    """The same answer to everybody."""
    return lambda original: lambda *arguments, **named: value


def is_instead(value: Any) -> Make:
    """Another constant."""
    return lambda original: value
