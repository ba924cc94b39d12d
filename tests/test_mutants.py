"""The mutants themselves: all fit the source as it is, and a few are run, so that the script cannot rot."""

from __future__ import annotations

import pytest

from tests.mutants import MUTANTS, Mutant, is_noticed


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_fits_the_source(mutant: Mutant) -> None:
    source = mutant.path.read_text("utf-8")
    changed = mutant.applied_to(source)
    assert changed != source
    compile(changed, str(mutant.path), "exec", dont_inherit=True)


def test_names_of_mutants_are_unique_and_many() -> None:
    names = {mutant.name for mutant in MUTANTS}
    assert len(names) == len(MUTANTS) >= 25


@pytest.mark.parametrize(
    "name", ["text booleans", "and before or", "the tenant stands in what is listed and read"]
)
def test_mutant_is_noticed_by_the_test_named_for_it(name: str) -> None:
    noticed, said = is_noticed(next(mutant for mutant in MUTANTS if mutant.name == name))
    assert noticed, said
