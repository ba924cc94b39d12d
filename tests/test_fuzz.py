"""The inputs that fuzzing starts from, or found once, are no fault; and its own generator notices one."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tests.fuzz import run
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_of_the_corpus_is_a_fault(name: str) -> None:
    assert run.seeds(name)
    for data in run.seeds(name):
        TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_that_the_generator_makes_of_the_corpus_is_a_fault(name: str) -> None:
    chance, seeds = random.Random(7), run.seeds(name)  # noqa: S311 - the same inputs each time
    for _number in range(300):
        TARGETS[name](run.mutated(chance.choice(seeds), seeds, chance))


def test_the_generator_says_at_which_input_a_target_fails(capsys: pytest.CaptureFixture[str]) -> None:
    def fails(data: bytes) -> None:
        if b"eq" in data:
            raise KeyError("eq")

    target: Callable[[bytes], None] = fails
    with pytest.raises(KeyError):
        run.generate("filter", target, 5)
    assert "filter fails at b'" in capsys.readouterr().err
