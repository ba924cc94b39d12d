"""One line of a report: the self-test's, about a connection, or the doctor's, about the server."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Result(enum.StrEnum):
    """``WARNING`` works today, and may not tomorrow; ``UNKNOWN`` cannot be told from here."""

    PASSED = "passed"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Line:
    """What was checked, what was found, and how to mend it ("" when there is nothing to mend). ``key`` names what was
    checked for programs; only the doctor's lines have one."""

    what: str
    result: Result
    found: str = ""
    mend: str = ""
    key: str = ""


def passed(what: str, found: str = "") -> Line:
    """A tick."""
    return Line(what, Result.PASSED, found)


def failed(what: str, found: str, mend: str) -> Line:
    """A cross, with how to mend it."""
    return Line(what, Result.FAILED, found, mend)


def warned(what: str, found: str, mend: str) -> Line:
    """Something to look at."""
    return Line(what, Result.WARNING, found, mend)
