"""Where in the host's own code an exception came from, for the administrator who has to tell its developers."""

from __future__ import annotations

import sys
import sysconfig
import traceback
from pathlib import Path
from types import FrameType
from typing import Final

_PACKAGE: Final = __name__.partition(".")[0]
_INSTALLED: Final = tuple(sysconfig.get_path(name) for name in ("purelib", "platlib"))
# What takes an exception through this package and is never where a host's mistake is.
_FRAMEWORK: Final = frozenset({_PACKAGE, "django", "rest_framework", "django_scim", *sys.stdlib_module_names})


def place(exception: BaseException) -> str:
    """``lms/scim.py:41``, the last line of the host's that took part; "" when none did.

    A library that the host called is passed over, unless the host's code is installed like one.
    """
    frames = [
        (frame, line)
        for frame, line in traceback.walk_tb(exception.__traceback__)
        if _module(frame).partition(".")[0] not in _FRAMEWORK
    ]
    own = [found for found in frames if not found[0].f_code.co_filename.startswith(_INSTALLED)]
    for frame, line in reversed(own or frames):
        return f"{_file(frame)}:{line}"
    return ""


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _file(frame: FrameType) -> str:
    """The file as the module's name spells it: no folder of the server's is in it."""
    parts = Path(frame.f_code.co_filename).parts
    depth = _module(frame).count(".") + (2 if parts[-1] == "__init__.py" else 1)
    return "/".join(parts[-depth:])
