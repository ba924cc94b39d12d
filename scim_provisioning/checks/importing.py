"""What an exception in the host's own module means: the line, and how the declaration is written that it is about."""

from __future__ import annotations

import inspect
import linecache
import re
import traceback
from typing import Any

from scim_provisioning import adapters
from scim_provisioning.provisioning import host_code

_CALL = re.compile(rb"(?:\w+\.)*(\w+)\(")


def what_failed(error: BaseException) -> str:
    """The exception, and the host's line where it arose: ``TypeError: … (lms/scim.py:31)``."""
    place = host_code.place(error)
    return f"{type(error).__name__}: {error}{f' ({place})' if place else ''}"


def usage_of(error: BaseException) -> str:
    """How the declaration is written that was given the wrong arguments; "" when that is not what happened."""
    declaration = _called(error) if isinstance(error, TypeError) else None
    if declaration is None:
        return ""
    parameters = _parameters(declaration)
    order = ": what stands before the * in that order, the rest by name" if "*" in parameters else ""
    return f"Write scim.{declaration.__name__}({', '.join(parameters)}){order}."


def _called(error: BaseException) -> type[Any] | None:
    """The declaration whose call the innermost line is that calls one."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        line = linecache.getline(frame.filename, frame.lineno or 0).encode()
        match = _CALL.match(line, frame.colno or 0)
        found = getattr(adapters, match[1].decode(), None) if match else None
        if isinstance(found, type):
            return found
    return None


def _parameters(declaration: type[Any]) -> list[str]:
    """Its parameters as they are written, those included that it hands on to the class it extends."""
    first: list[str] = []
    named: dict[str, None] = {}
    for base in declaration.__mro__:
        own = (
            [*inspect.signature(vars(base)["__init__"]).parameters.values()]
            if "__init__" in vars(base)
            else []
        )
        first = first or [one.name for one in own[1:] if one.kind is one.POSITIONAL_OR_KEYWORD]
        named |= {one.name: None for one in own if one.kind is one.KEYWORD_ONLY}
        if own and not any(one.kind is one.VAR_KEYWORD for one in own):
            break
    return [*first, *(["*"] if named else []), *(f"{name}=…" for name in named)]
