"""Switches off one behaviour at a time and shows that the test named for it then fails.

    python tests/mutants.py             every mutant; exits with 1 if one survives
    python tests/mutants.py NAME ...    only these

What is switched off, where, and who must notice stands in ``behaviours.py``. A mutant puts another function in the
place of the one that provides the behaviour, in a process of its own in which this module is a pytest plugin; how
that function is written does not matter to it. No file is changed.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from inspect import getattr_static
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.behaviours import Mutant

ROOT = Path(__file__).resolve().parent.parent
VARIABLE = "SCIM_PROVISIONING_MUTANT"
PACKAGE = "scim_provisioning"
#: Whose names are looked through for what is replaced: it may have been imported from where it stands.
OURS = (PACKAGE, "example_project", "tests")
#: Two, on the two cores of CI.
PROCESSES = 2
#: pytest's exit status when tests ran and some failed; anything else is not a test that noticed.
TESTS_FAILED = 1
#: Ours when a mutant itself was wrong: what a test says then is no proof.
MUTANT_BROKEN = 70
NO_FIT = "The mutant no longer fits"


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


# --- the plugin


class Plugin:
    """Applies one mutant before tests are collected, and watches that it is called as it is written."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.faults: list[str] = []

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        # Only now is Django set up, without which neither the behaviours nor their owners can be imported.
        apply(mutant_named(self.name), self.watched)

    def watched(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            try:
                return function(*arguments, **named)
            except (TypeError, AttributeError, NameError) as error:
                trace = error.__traceback__
                while trace is not None and trace.tb_next is not None:
                    trace = trace.tb_next
                if (
                    trace is not None
                    and Path(trace.tb_frame.f_code.co_filename).parent == Path(__file__).parent
                ):
                    self.faults.append(f"{type(error).__name__}: {error}")
                raise

        return call

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.faults:
            session.exitstatus = MUTANT_BROKEN

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for fault in dict.fromkeys(self.faults):
            terminalreporter.write_line(f"{NO_FIT}: {fault}")


def pytest_configure(config: pytest.Config) -> None:
    if chosen := os.environ.get(VARIABLE):
        config.pluginmanager.register(Plugin(chosen))


# --- the script


def mutants() -> list[Mutant]:
    """All of them. Django must be set up."""
    return list(import_module("tests.behaviours").MUTANTS)


def mutant_named(name: str) -> Mutant:
    return next(mutant for mutant in mutants() if mutant.name == name)


def run(tests: Sequence[str], mutant: Mutant | None = None) -> subprocess.CompletedProcess[str]:
    """Run these tests in a process of their own, under a mutant if one is given."""
    environment = {**os.environ, VARIABLE: mutant.name if mutant else "", "PYTEST_ADDOPTS": ""}
    # Other plugins take half of the time that it takes to start.
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    command = [sys.executable, "-m", "pytest", "-p", "tests.mutants", "-p", "pytest_django.plugin"]
    # Without other plugins their options in pyproject.toml are unknown.
    command += ["-o", "addopts=--import-mode=importlib", "-q", "-x", "--no-header", "--tb=line"]
    command += ["--nomigrations", "-p", "no:cacheprovider", *tests]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def is_noticed(mutant: Mutant) -> tuple[bool, str]:
    """Whether the test named for a mutant fails under it, and what pytest said last. Raises ``OutOfDate``."""
    for target in mutant.targets:
        locate(target)
    done = run([mutant.test], mutant)
    lines = (done.stdout + done.stderr).strip().splitlines() or [""]
    return done.returncode == TESTS_FAILED, next(
        (line for line in lines if line.startswith(NO_FIT)), lines[-1]
    )


def main(names: Sequence[str]) -> int:
    chosen = [mutant for mutant in mutants() if not names or mutant.name in names]
    if unknown := set(names) - {mutant.name for mutant in chosen}:
        print(f"There is no mutant called {', '.join(sorted(unknown))}.")
        return 2

    def judged(mutant: Mutant) -> tuple[Mutant, bool, str, float]:
        started = time.monotonic()
        try:
            noticed, said = is_noticed(mutant)
        except OutOfDate as error:
            noticed, said = False, str(error)
        return mutant, noticed, said, time.monotonic() - started

    survivors = 0
    with ThreadPoolExecutor(PROCESSES) as pool:
        unchanged = pool.submit(run, sorted({mutant.test for mutant in chosen}))
        for mutant, noticed, said, seconds in pool.map(judged, chosen):
            survivors += not noticed
            print(f"{'noticed ' if noticed else 'SURVIVES'} {seconds:4.1f} s  {mutant.name}", flush=True)
            if not noticed:
                print(f"         {mutant.test}: {said}", flush=True)
    print(f"{len(chosen)} mutants, {survivors} not noticed")
    if unchanged.result().returncode != 0:
        print(unchanged.result().stdout, unchanged.result().stderr, sep="\n")
        print("The tests do not pass without mutants either.")
        return 2
    return 1 if survivors else 0


if __name__ == "__main__":
    import django

    # Started as a script, Python looks beside it: for `http`, for one, there are tests of that name.
    sys.path[0] = str(ROOT)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_project.settings")
    django.setup()
    sys.exit(main(sys.argv[1:]))
