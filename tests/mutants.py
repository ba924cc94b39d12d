"""Takes away one behaviour at a time and shows that the test named for it then fails.

    python tests/mutants.py             every mutant; exits with 1 if one survives
    python tests/mutants.py NAME ...    only these
    python tests/mutants.py --server    those of locks, on the server of DATABASE_URL: SQLite needs none

What is taken away, where, and who must notice stands in ``behaviours/``, a file a subject. A mutant puts another
function in the place of the one that provides the behaviour; how that function is written does not matter to it. No
file is changed: each mutant lives in a process of its own, a fork of this one, so that Django is started, the tests are
collected and their database is made once. On a server, where all have the same tables, one comes after the other.
"""

from __future__ import annotations

import functools
import io
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from inspect import getattr_static
from itertools import islice
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, TextIO

import pytest
from django.db import connections
from django.urls import clear_url_caches

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
ON_A_SERVER = "--server"


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
    clear_url_caches()


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


class Tests:
    """A plugin of pytest's: once all tests are collected it hands over, instead of running them.

    A fork that then applies a mutant finds Django, the test modules and an empty database as they are here.
    """

    def __init__(self, hand_over: Callable[[Tests], int]) -> None:
        self._hand_over, self._reports = hand_over, list[pytest.TestReport]()
        self.status = int(pytest.ExitCode.USAGE_ERROR)

    def pytest_configure(self, config: pytest.Config) -> None:
        # After pytest-django's own, so that it takes the place of that.
        config.pluginmanager.register(DatabaseIsMade())

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            raise session.Failed("There are tests that cannot be collected.")
        self._items = {item.nodeid: item for item in session.items}
        self.status = self._hand_over(self)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._reports.append(report)

    def run(self, names: Sequence[str]) -> tuple[bool, str]:
        """Run these, up to the first that fails: whether one did, and what there is to say. Once a process."""
        items = [item for name in names for nodeid, item in self._items.items() if belongs(nodeid, name)]
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
            if failed := [report for report in self._reports if report.failed]:
                return True, f"{item.nodeid}: {failed[0].longreprtext}"
        counted = Counter(report.outcome for report in self._reports if report.when == "call")
        return False, ", ".join(f"{number} {outcome}" for outcome, number in counted.items()) or "nothing ran"


def belongs(nodeid: str, name: str) -> bool:
    """Whether a test is meant by a name: of itself, of a function with parameters, of a class or of a file."""
    return nodeid == name or nodeid.startswith((f"{name}[", f"{name}::"))


class DatabaseIsMade:
    """A plugin of pytest's: ``prepare`` has made the database, so that each fork has it."""

    @pytest.fixture(scope="session")
    @staticmethod
    def django_db_setup() -> None:
        return


def collect(names: Sequence[str], hand_over: Callable[[Tests], int]) -> int:
    """Have pytest collect these tests, and call ``hand_over``; return what that returned."""
    # Other plugins take half of the time that it takes to start. Their options in pyproject.toml are then unknown.
    os.environ |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    options = [
        "-p",
        "pytest_django.plugin",
        "-p",
        "no:cacheprovider",
        "-o",
        "addopts=--import-mode=importlib",
    ]
    tests, printed = Tests(hand_over), io.StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        status = pytest.main([*options, "-q", "--no-header", "--tb=line", *names], plugins=[tests])
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        print(printed.getvalue().strip())
    return tests.status


def judged(mutant: Mutant, tests: Tests) -> Verdict:
    """The verdict on a mutant. Leaves the process fit for nothing else."""
    started = time.monotonic()
    watch = Watch()
    try:
        apply(mutant, watch.over)
    except OutOfDate as error:
        watch.faults.append(str(error))
    failed, said = tests.run([mutant.test]) if not watch.faults else (False, "")
    if watch.faults:
        failed, said = False, f"It no longer fits: {watch.faults[0]}"
    return Verdict(failed, f"{mutant.test}: {said}", time.monotonic() - started)


def all_mutants(*, on_a_server: bool = False) -> list[Mutant]:
    """All of them, or those for which it takes a server. Django must be set up."""
    behaviours = import_module("tests.behaviours")
    mutants: list[Mutant] = behaviours.ON_A_SERVER if on_a_server else behaviours.MUTANTS
    return mutants


def forked(work: Callable[[], Any]) -> Connection:
    """A process that does this; where its result comes out."""
    fork = multiprocessing.get_context("fork")
    ours, theirs = fork.Pipe(duplex=False)
    # No process may go on with a socket of another's.
    connections.close_all()
    # Not a daemon, which may have no processes of its own: tests that race do.
    fork.Process(target=lambda: theirs.send(work())).start()
    theirs.close()
    return ours


def side_by_side(works: Mapping[str, Callable[[], Any]], processes: int) -> Iterator[tuple[str, Any]]:
    """The results of works that are each done in a process of its own, so many at a time, as they come.

    None, where a process ended without one.
    """
    waiting, running = iter(works.items()), dict[Connection, str]()
    while True:
        running |= {forked(work): name for name, work in islice(waiting, processes - len(running))}
        if not running:
            return
        for pipe in wait(running):
            try:
                result = pipe.recv()
            except EOFError:
                result = None
            yield running.pop(pipe), result


def main(names: Sequence[str], *, on_a_server: bool = False) -> int:
    known = all_mutants(on_a_server=on_a_server)
    chosen = [mutant for mutant in known if not names or mutant.name in names]
    if unknown := set(names) - {mutant.name for mutant in chosen}:
        print(f"There is no mutant called {', '.join(sorted(unknown))}.")
        return 2
    # pytest keeps for itself what is printed while it runs.
    with os.fdopen(os.dup(1), "w") as output:
        judging = functools.partial(judge, chosen, output=output, processes=1 if on_a_server else PROCESSES)
        return collect(sorted({mutant.test for mutant in chosen}), judging)


def judge(chosen: Sequence[Mutant], tests: Tests, *, output: TextIO, processes: int) -> int:
    """Print the verdicts on these mutants; return 1 if one survives, 2 if the tests fail without one."""
    # Named by nothing: no mutant at all. It takes longest, and starts first.
    works: dict[str, Callable[[], Any]] = {"": lambda: tests.run(sorted({mutant.test for mutant in chosen}))}
    works |= {mutant.name: functools.partial(judged, mutant, tests) for mutant in chosen}
    survivors, (broken, why) = 0, (True, "")
    for name, result in side_by_side(works, processes):
        if not name:
            broken, why = result or (True, "Their process died.")
            continue
        verdict = result or Verdict(False, "Its process died.", 0)
        survivors += not verdict.noticed
        word = "noticed " if verdict.noticed else "SURVIVES"
        print(f"{word} {verdict.seconds:4.1f} s  {name}", file=output, flush=True)
        if not verdict.noticed:
            print(f"         {verdict.said}", file=output, flush=True)
    print(f"{len(chosen)} mutants, {survivors} not noticed", file=output)
    if broken:
        print(why, "The tests do not pass without mutants either.", sep="\n", file=output)
        return 2
    return 1 if survivors else 0


def prepare(*, on_a_server: bool = False) -> Callable[[], None]:
    """Start Django with an empty database, in memory or on the server of DATABASE_URL, and import what every test does.
    Returns what takes the database away."""
    os.chdir(ROOT)
    # Started as a script, Python looks beside it: for `http`, for one, there are tests of that name.
    sys.path[0] = str(ROOT)
    os.environ["DJANGO_SETTINGS_MODULE"] = "example_project.settings"
    for elsewhere in ("REDIS_URL",) if on_a_server else ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(elsewhere, None)
    import_module("django").setup()
    for module in (ROUTES, "hypothesis", "tests.behaviours", "tests.sharing"):
        import_module(module)
    from django.apps import apps
    from django.conf import settings
    from django.test.utils import setup_databases, teardown_databases

    # The tables as the models say: that migrations lead there is tested elsewhere.
    settings.MIGRATION_MODULES = {app.label: None for app in apps.get_app_configs()}
    made = setup_databases(verbosity=0, interactive=False)
    return functools.partial(teardown_databases, made, verbosity=0)


if __name__ == "__main__":
    asked = [name for name in sys.argv[1:] if name != ON_A_SERVER]
    needs_a_server = len(asked) < len(sys.argv) - 1
    take_away = prepare(on_a_server=needs_a_server)
    status = main(asked, on_a_server=needs_a_server)
    take_away()
    sys.exit(status)
