"""What is written about an error code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    Text = str | StrPromise


@dataclass(frozen=True, slots=True)
class Entry:
    """``cause`` holds templates, the most telling one first; ``todo`` is for the administrator, and ``exact`` holds
    templates of what to do where the facts are known."""

    title: Text
    cause: tuple[Text, ...]
    todo: Text
    exact: tuple[Text, ...] = ()
