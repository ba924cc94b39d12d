"""Where in the host's own code an exception came from, for the administrator who has to tell its developers."""

from __future__ import annotations

import sys
import sysconfig
import traceback
from collections.abc import Iterable
from itertools import takewhile
from pathlib import Path
from types import FrameType
from typing import Final

from django.apps import apps

_PACKAGE: Final = __name__.partition(".")[0]
_INSTALLED: Final = frozenset(sysconfig.get_path(name) for name in ("purelib", "platlib"))
# What takes an exception through this package and is never where a host's mistake is.
_FRAMEWORK: Final = frozenset({_PACKAGE, "django", "rest_framework", "django_scim", *sys.stdlib_module_names})


def place(exception: BaseException) -> str:
    """``lms/scim.py:41``, the last line of the host's that took part; "" when none did.

    Libraries that the host called are passed over. Its own apps may be installed like one.
    """
    return _last([*traceback.walk_tb(exception.__traceback__)])


def running(within: str) -> str:
    """As ``place``, of the code that is running now: what was called since the module ``within`` was left."""
    called = takewhile(lambda found: _module(found[0]) != within, traceback.walk_stack(sys._getframe(1)))
    return _last([*called][::-1])


def _last(everything: Iterable[tuple[FrameType, int]]) -> str:
    frames = [(frame, line) for frame, line in everything if _package(frame) not in _FRAMEWORK]
    own = [found for found in frames if _is_own(Path(found[0].f_code.co_filename))]
    apps_of_the_host = {config.name.partition(".")[0] for config in apps.get_app_configs()}
    for frame, line in reversed(own or [found for found in frames if _package(found[0]) in apps_of_the_host]):
        return f"{_file(frame)}:{line}"
    return ""


def _package(frame: FrameType) -> str:
    return _module(frame).partition(".")[0]


def _is_own(file: Path) -> bool:
    """Not of a library: compiled ones (a database's driver) have no file that can be named."""
    return file.is_absolute() and not any(file.is_relative_to(folder) for folder in _INSTALLED)


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _file(frame: FrameType) -> str:
    """The file as the module's name spells it: no folder of the server's is in it."""
    parts = Path(frame.f_code.co_filename).parts
    depth = _module(frame).count(".") + (2 if parts[-1] == "__init__.py" else 1)
    return "/".join(parts[-depth:])
