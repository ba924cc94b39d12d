"""The databases of a comparison: files in a folder, or databases of its own on a server."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Protocol


class Databases(Protocol):
    """``make`` returns the URL of one: empty, or with the people that an earlier comparison kept."""

    def make(self, name: str) -> str: ...

    def url(self, name: str) -> str: ...

    def keep(self, name: str) -> None: ...

    def drop(self) -> None: ...


class Files:
    """SQLite in ``folder``. With ``kept``, people are made there once, and each comparison begins with a copy."""

    def __init__(self, folder: Path, kept: Path | None) -> None:
        self._folder, self._kept = folder, kept

    def make(self, name: str) -> str:
        if self._kept is not None and (known := self._kept / f"{name}.sqlite3").exists():
            shutil.copy(known, self._file(name))
        return self.url(name)

    def url(self, name: str) -> str:
        return f"sqlite:///{self._file(name)}"

    def keep(self, name: str) -> None:
        """Keep what was made for other comparisons, if there is where."""
        if self._kept is not None and not (known := self._kept / f"{name}.sqlite3").exists():
            self._kept.mkdir(parents=True, exist_ok=True)
            shutil.copy(self._file(name), known)

    def drop(self) -> None:
        """Nothing: whoever made the folder removes it."""

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.sqlite3"
