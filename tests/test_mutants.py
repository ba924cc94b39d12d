"""The mutants themselves: all fit the code as it is, and a few are run, so that the script cannot rot."""

from __future__ import annotations

import pytest

from tests import mutants
from tests.behaviours import MUTANTS, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_what_a_mutant_replaces_is_there_and_is_replaced_by_something_else(mutant: Mutant) -> None:
    for target in mutant.targets:
        _, _, value = mutants.locate(target)
        assert mutants.replacement(value, mutant.make) is not value


def test_names_of_mutants_are_unique_and_many() -> None:
    names = {mutant.name for mutant in MUTANTS}
    assert len(names) == len(MUTANTS) >= 25


@pytest.mark.parametrize(
    "name", ["text booleans", "and before or", "the tenant stands in what is listed and read"]
)
def test_mutant_is_noticed_by_the_test_named_for_it(name: str) -> None:
    noticed, said = mutants.is_noticed(mutants.mutant_named(name))
    assert noticed, said


@pytest.mark.parametrize("target", ["conf:gone", "conf:AppSettings.gone", "gone:conf"])
def test_a_mutant_of_what_is_gone_is_out_of_date(target: str) -> None:
    with pytest.raises(mutants.OutOfDate, match="gone"):
        mutants.locate(target)
