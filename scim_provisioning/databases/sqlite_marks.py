"""SQLite's driver has another mark for a value than Django, which looks for its own in the whole of a statement each
time: of one that joins six tables that takes longer than SQLite does. A statement that is kept is told its marks once.

A statement that a wrapper of the host's has changed is looked through as ever.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from django.db.backends.sqlite3.base import SQLiteCursorWrapper
from django.db.backends.utils import CursorWrapper


class Marked:
    """One statement, and what SQLite is sent for it."""

    def __init__(self, statement: str) -> None:
        self._statement = statement
        self._sent = _sent(statement)

    def tell(self, cursor: CursorWrapper) -> None:
        """Have the cursor know, where it is one of SQLite's."""
        inner: Any = cursor.cursor
        if type(inner) is SQLiteCursorWrapper:
            vars(inner)["convert_query"] = self

    def __call__(self, query: str, *, param_names: Iterable[str] | None = None) -> str:
        """In the place of the cursor's ``convert_query``."""
        if query is self._statement and param_names is None:
            return self._sent
        return _sent(query, param_names=param_names)


def _sent(query: str, *, param_names: Iterable[str] | None = None) -> str:
    # It asks nothing of the cursor.
    return str(SQLiteCursorWrapper.convert_query(cast(Any, None), query, param_names=param_names))
