"""Following the hint of a check: what it says to write is written, and the checks run again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.core.checks import CheckMessage

import scim_provisioning.adapters as scim
from tests.checks.project import found, use

if TYPE_CHECKING:
    from pytest_django import Settings


class Host:
    """A project whose adapter has these members."""

    def __init__(self, settings: Settings, monkeypatch: pytest.MonkeyPatch, **members: Any) -> None:
        self._settings, self._monkeypatch, self._members = settings, monkeypatch, members

    def messages(self, **members: Any) -> list[CheckMessage]:
        """What the checks say of an adapter with these members too."""
        adapter = type("Adapter", (scim.LearnerAdapter,), {**self._members, **members})
        use(adapter, self._settings, self._monkeypatch)
        return found()

    def mended(self, line: scim.MappedAttribute, *, before: tuple[scim.MappedAttribute, ...] = ()) -> Any:
        """The line that the hint about ``line`` makes of it; it has to be the one message, and the end of it."""
        (message,) = self.messages(mapping=[*before, line])
        better = followed(line, str(message.hint))
        assert self.messages(mapping=[*before, better]) == [], message.hint
        return better


def followed(line: scim.MappedAttribute, hint: str) -> scim.MappedAttribute:
    """``line`` as the hint says to write it: a whole line, or another target."""
    if target := re.fullmatch(r"Write '([\w.]+)' as the target\.", hint):
        return type(line)(line.path, target[1])
    written = re.match(r"Write (scim\.\w+\(.*?\))(?=\.| with)", hint)
    assert written, hint
    made: scim.MappedAttribute = eval(written[1], {"scim": scim})  # noqa: S307
    return made
