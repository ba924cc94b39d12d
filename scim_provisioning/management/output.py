"""What a command says: to a terminal, or to nobody who reads it to its end, as behind ``| head``."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import OutputWrapper

from scim_provisioning.protocol.text import inert


class Inert(OutputWrapper):
    """What a command says, with nothing in it by which a name that somebody else has chosen gives orders to a terminal.
    Colours are the command's own, and come after."""

    def write(  # type: ignore[override]
        self, msg: str = "", style_func: Any = None, ending: str | None = None
    ) -> None:
        """As Django's."""
        super().write(inert(str(msg)), style_func, ending)


class Unread:
    """A stream that takes what is written once its reader has gone, and loses it: what a command changes is not left
    half-way because of its words. ``ends``: there is nothing to be done but to write, so the command ends there.

    Whatever else is asked of it, the stream answers.
    """

    def __init__(self, stream: Any, *, ends: bool) -> None:
        self._stream = stream
        self._ends = ends

    def write(self, text: str) -> None:
        """Write it, if anybody reads. Raises ``SystemExit`` where the command ends with its reader."""
        try:
            self._stream.write(text)
        except BrokenPipeError:
            self._lose()

    def flush(self) -> None:
        """The same with what was written before."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._lose()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _lose(self) -> None:
        # Not closed: what the stream still holds is written when Python ends, and has to go somewhere.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)
        if self._ends:
            raise SystemExit(0)
