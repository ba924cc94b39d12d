"""The mutants themselves: all fit the code as it is, and a few are run, so that the script cannot rot."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests import mutants
from tests.behaviours import MUTANTS, ON_A_SERVER, Mutant


@pytest.mark.parametrize("mutant", [*MUTANTS, *ON_A_SERVER], ids=lambda mutant: mutant.name)
def test_what_a_mutant_replaces_is_there_and_is_replaced_by_something_else(mutant: Mutant) -> None:
    for target in mutant.targets:
        _, _, value = mutants.locate(target)
        assert mutants.replacement(value, mutant.make) is not value


def test_names_of_mutants_are_unique_and_many() -> None:
    names = {mutant.name for mutant in [*MUTANTS, *ON_A_SERVER]}
    assert len(names) == len(MUTANTS) + len(ON_A_SERVER) >= 25


def script(*names: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "tests/mutants.py", *names]
    return subprocess.run(command, cwd=mutants.ROOT, capture_output=True, text=True, check=False)


def test_mutants_are_noticed_by_the_tests_named_for_them() -> None:
    names = ["text booleans", "and before or", "the tenant stands in what is listed and read"]
    done = script(*names)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [done.stdout.count(f"  {name}\n") for name in names] == [1, 1, 1]


def test_a_mutant_that_nobody_knows_is_an_error() -> None:
    done = script("text booleans", "no such behaviour")
    assert (done.returncode, done.stdout) == (2, "There is no mutant called no such behaviour.\n")


@pytest.mark.parametrize("target", ["conf:gone", "conf:AppSettings.gone", "gone:conf"])
def test_a_mutant_of_what_is_gone_is_out_of_date(target: str) -> None:
    with pytest.raises(mutants.OutOfDate, match="gone"):
        mutants.locate(target)


def test_a_mutant_that_is_called_in_another_way_than_it_is_written_is_no_proof() -> None:
    watch = mutants.Watch()
    narrow = watch.over(lambda one: one)
    assert narrow(1) == 1
    with pytest.raises(TypeError):
        narrow(1, 2)
    assert len(watch.faults) == 1
