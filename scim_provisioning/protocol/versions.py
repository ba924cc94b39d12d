"""Entity tags and what clients demand of them (RFC 7644 section 3.14)."""

from __future__ import annotations

from collections.abc import Callable

from .errors import PreconditionFailed

#: Given the version of a resource as it stands, raises ``PreconditionFailed`` unless the client may go on.
Precondition = Callable[[str], None]


def precondition(if_match: str | None, if_none_match: str | None = None) -> Precondition:
    """Return the check that ``If-Match`` and ``If-None-Match`` ask for; without either it lets all pass."""

    def check(current: str) -> None:
        if if_match is not None and not is_among(if_match, current):
            raise PreconditionFailed("The resource has changed since it was read; read it again.")
        if is_among(if_none_match, current):
            raise PreconditionFailed("The resource is still at a version that If-None-Match excludes.")

    return check


def is_among(tags: str | None, current: str) -> bool:
    """Return whether a list of entity tags names ``current``; weak and strong spellings compare alike."""
    if tags is None:
        return False
    named = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
    return "*" in named or current.removeprefix("W/") in named
