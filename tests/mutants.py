"""Takes away one behaviour at a time and shows that the test named for it then fails.

    python tests/mutants.py             every mutant; exits with 1 if one survives
    python tests/mutants.py NAME ...    only these

What is taken away, where, and who must notice stands in ``behaviours/``, a file a subject. A mutant puts another
function in the place of the one that provides the behaviour; how that function is written does not matter to it. No
file is changed: each mutant lives in a process of its own, a fork of this one, so that Django is started once.
"""

from __future__ import annotations

import functools
import io
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from inspect import getattr_static
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.behaviours import Mutant

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "scim_provisioning"
#: Whose names are looked through for what is replaced: it may have been imported from where it stands.
OURS = (PACKAGE, "example_project", "tests")
#: Where what a mutant puts somewhere is written.
HERE = (Path(__file__).parent, Path(__file__).parent / "behaviours")
#: The URLs of the host, the admin's among them.
ROUTES = "example_project.urls"
#: Two, on the two cores of CI.
PROCESSES = 2


class OutOfDate(LookupError):
    """A mutant names something that is not there (any longer), or replaces what is called in another way."""


# --- the mechanism


def locate(target: str) -> tuple[Any, str, Any]:
    """What owns the attribute that ``target`` ("module:name" or "module:Class.name") is about, its name and value.

    The value is as the owner holds it: a property, not what reading it gives. Raises ``OutOfDate``.
    """
    module, _, qualified = target.partition(":")
    *owners, name = qualified.split(".")
    try:
        owner: Any = import_module(f"{PACKAGE}.{module}")
        for part in owners:
            owner = getattr(owner, part)
        return owner, name, getattr_static(owner, name)
    except (ImportError, AttributeError) as error:
        raise OutOfDate(f"There is no {PACKAGE}.{target}: {error}.") from error


def replacement(value: Any, make: Callable[[Any], Any], watch: Callable[[Any], Any] = lambda new: new) -> Any:
    """What stands in place of ``value``: ``make`` is given the function, also that of a property or a class method."""
    match value:
        case property(fget=getter):
            return property(watch(make(getter)))
        case classmethod(__func__=function) | staticmethod(__func__=function):
            return type(value)(watch(make(function)))
    made = make(value)
    return watch(made) if isinstance(value, FunctionType) else made


def apply(mutant: Mutant, watch: Callable[[Any], Any] = lambda new: new) -> None:
    """Put the mutant's function everywhere in this process where the one that it replaces is known by a name."""
    for target in mutant.targets:
        owner, name, value = locate(target)
        new = replacement(value, mutant.make, watch)
        setattr(owner, name, new)
        # A module is known by its name to everybody; what is meant is how this one owner uses it.
        for module in [] if isinstance(value, ModuleType) else list(sys.modules.values()):
            if getattr(module, "__name__", "").partition(".")[0] in OURS:
                for alias in [alias for alias, held in vars(module).items() if held is value]:
                    setattr(module, alias, new)
    # Its routes hold the views that they were made with: whoever asks for them next makes them anew.
    sys.modules.pop(ROUTES, None)


class Watch:
    """Sees to it that what a mutant puts somewhere is called as it is written: else a failing test is no proof."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def over(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            try:
                return function(*arguments, **named)
            except (TypeError, AttributeError, NameError) as error:
                trace = error.__traceback__
                while trace is not None and trace.tb_next is not None:
                    trace = trace.tb_next
                if trace is not None and Path(trace.tb_frame.f_code.co_filename).parent in HERE:
                    self.faults.append(f"{type(error).__name__}: {error}")
                raise

        return call


# --- the script


@dataclass(frozen=True)
class Verdict:
    """Whether the test named for a mutant failed, what there is to say if not, and how long it took."""

    noticed: bool
    said: str
    seconds: float


def run(tests: Sequence[str]) -> tuple[int, str]:
    """Run these tests in this process; return pytest's exit status and what it printed."""
    # Other plugins take half of the time that it takes to start. Their options in pyproject.toml are then unknown.
    os.environ |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    options = [
        "-p",
        "pytest_django.plugin",
        "-o",
        "addopts=--import-mode=importlib",
        "-p",
        "no:cacheprovider",
    ]
    options += ["-q", "-x", "--no-header", "--tb=line", "--nomigrations"]
    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        status = pytest.main([*options, *tests])
    return int(status), printed.getvalue().strip()


def judged(name: str) -> Verdict:
    """The verdict on a mutant. Leaves the process fit for nothing else."""
    started = time.monotonic()
    mutant = next(mutant for mutant in all_mutants() if mutant.name == name)
    watch = Watch()
    try:
        apply(mutant, watch.over)
    except OutOfDate as error:
        watch.faults.append(str(error))
    status, printed = run([mutant.test]) if not watch.faults else (pytest.ExitCode.USAGE_ERROR, "")
    said = f"It no longer fits: {watch.faults[0]}" if watch.faults else printed.rpartition("\n")[2]
    noticed = status == pytest.ExitCode.TESTS_FAILED and not watch.faults
    return Verdict(noticed, said, time.monotonic() - started)


def all_mutants() -> list[Mutant]:
    """All of them. Django must be set up."""
    mutants: list[Mutant] = import_module("tests.behaviours").MUTANTS
    return mutants


def main(names: Sequence[str]) -> int:
    chosen = [mutant for mutant in all_mutants() if not names or mutant.name in names]
    if unknown := set(names) - {mutant.name for mutant in chosen}:
        print(f"There is no mutant called {', '.join(sorted(unknown))}.")
        return 2
    survivors = 0
    # One task a process: a mutant cannot be taken back.
    with multiprocessing.get_context("fork").Pool(PROCESSES, maxtasksperchild=1) as pool:
        unchanged = pool.apply_async(run, [sorted({mutant.test for mutant in chosen})])
        for mutant, verdict in zip(chosen, pool.imap(judged, [m.name for m in chosen]), strict=True):
            survivors += not verdict.noticed
            word = "noticed " if verdict.noticed else "SURVIVES"
            print(f"{word} {verdict.seconds:4.1f} s  {mutant.name}", flush=True)
            if not verdict.noticed:
                print(f"         {mutant.test}: {verdict.said}", flush=True)
        status, printed = unchanged.get()
    print(f"{len(chosen)} mutants, {survivors} not noticed")
    if status != pytest.ExitCode.OK:
        print(printed, "The tests do not pass without mutants either.", sep="\n")
        return 2
    return 1 if survivors else 0


def prepare() -> None:
    """Start Django, in memory, and import what every test does."""
    os.chdir(ROOT)
    # Started as a script, Python looks beside it: for `http`, for one, there are tests of that name.
    sys.path[0] = str(ROOT)
    os.environ["DJANGO_SETTINGS_MODULE"] = "example_project.settings"
    for elsewhere in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(elsewhere, None)
    import_module("django").setup()
    for module in (ROUTES, "hypothesis", "tests.behaviours", "tests.sharing"):
        import_module(module)


if __name__ == "__main__":
    prepare()
    sys.exit(main(sys.argv[1:]))
