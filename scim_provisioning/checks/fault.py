"""What a system check can find: an id, a message, and the fix as its hint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.checks import CheckMessage, Error, Warning

_SHOWN = 5


def several(names: Sequence[str]) -> str:
    """Names in a sentence: the first five, and how many more there are."""
    more = len(names) - _SHOWN
    return f"{', '.join(names[:_SHOWN])}{f' and {more} more' if more > 0 else ''}"


@dataclass(frozen=True, slots=True)
class Fault:
    """``number`` such as "E001"; ``message`` and ``hint`` may name facts in braces."""

    number: str
    message: str
    hint: str

    @property
    def id(self) -> str:
        """The id to silence it by, such as "scim_provisioning.E001"."""
        return f"scim_provisioning.{self.number}"

    def at(self, obj: Any = None, **facts: object) -> CheckMessage:
        """The message of the system check, with its facts filled in."""
        level = Error if self.number.startswith("E") else Warning
        return level(self.message.format(**facts), hint=self.hint.format(**facts), obj=obj, id=self.id)
