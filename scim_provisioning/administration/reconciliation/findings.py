"""What is found where a connection and its directory are laid side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple


class Found(Enum):
    """What is found of one person."""

    #: Managed by the connection; the directory has not got them.
    NOT_THERE = "not_there"
    #: An account of the customer that no connection manages, and that can be signed in to.
    UNMANAGED = "unmanaged"
    #: In the directory, and managed by nobody here.
    NOT_HERE = "not_here"
    #: Both have them, and they differ.
    DIFFERS = "differs"
    #: They differ in nothing but values that an administrator keeps.
    LOCKED = "locked"
    #: Managed, and the application has deleted the account or moved it to another customer.
    GONE = "gone"
    #: Switched off here, and the directory has not got them: they have left, on both sides.
    LEFT = "left"
    #: Both say the same.
    AGREES = "agrees"


#: What somebody should look at; of the others there are figures only.
DOUBTFUL = (Found.NOT_THERE, Found.UNMANAGED, Found.NOT_HERE, Found.DIFFERS, Found.GONE)
#: Who is named.
NAMED = (*DOUBTFUL, Found.LOCKED)


class Difference(NamedTuple):
    """One attribute in which the two differ: as SCIM shows it here, and as the directory has it."""

    attribute: str
    here: Any
    there: Any
    is_locked: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One person to be looked at. ``name`` is their userName, or the account's name; ``why`` a sentence, or empty.
    ``link`` is the key of the learner's link, ``accounts`` are those that nobody manages and that the person may be."""

    found: Found
    name: str
    account: str = ""
    why: str = ""
    differences: Sequence[Difference] = ()
    link: int | None = None
    accounts: Sequence[Any] = ()


@dataclass(slots=True)
class Report:
    """Everybody who is to be looked at, or has a value that is kept, and how many there are of each kind.

    Of ``compared`` learners ``drifted`` are otherwise here than their identity provider last left them, whatever the
    directory says; ``unreadable`` are places in the file, each with a sentence.
    """

    with_directory: bool
    lines: list[Line] = field(default_factory=list)
    counts: dict[Found, int] = field(default_factory=lambda: dict.fromkeys(Found, 0))
    unreadable: Sequence[tuple[str, str]] = ()
    compared: int = 0
    drifted: int = 0

    @property
    def doubtful(self) -> int:
        """How many somebody should look at; lines that could not be read are among them."""
        return sum(self.counts[found] for found in DOUBTFUL) + len(self.unreadable)

    def add(self, line: Line) -> None:
        """Count somebody, and keep what is said of them if they are to be named."""
        self.counts[line.found] += 1
        if line.found in NAMED:
            self.lines.append(line)
