"""Choices of which a page sends all, and an administrator has changed some: what somebody else has chosen meanwhile
stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ChangedMeanwhile(Exception):
    """Somebody else has chosen these, by their names, since they were shown. Nothing was changed."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


def refuse_overtaken(changes: Mapping[str, tuple[Any, Any]], shown: Mapping[str, Any]) -> None:
    """Raise ``ChangedMeanwhile`` where what is to be changed, from what stands to what is wanted, did not stand so when
    it was ``shown``. What was shown to nobody is changed whatever it was."""
    overtaken = [name for name, (stands, _wanted) in changes.items() if shown.get(name, stands) != stands]
    if overtaken:
        raise ChangedMeanwhile(overtaken)
