"""docs/security.md: every threat has a row, every row names tests that exist and notice; the pattern finds tokens."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from scim_provisioning.models.token import TOKEN_PATTERN
from tests.behaviours import MUTANTS

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\d+) \|(.*)\|$", PAGE, re.M)
NAMES = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
NAMED = NAMES.findall(PAGE)


@cache
def names_in(file: str) -> set[str]:
    path = ROOT / file
    if not path.exists():
        return set()
    found = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return {node.name for node in found if isinstance(node, ast.FunctionDef)}


def test_there_is_a_row_for_each_threat_and_no_number_is_left_out() -> None:
    assert [int(number) for number, _row in ROWS] == list(range(1, 35))


@pytest.mark.parametrize(("number", "row"), ROWS, ids=[number for number, _row in ROWS])
def test_each_row_names_what_proves_it_and_a_mutant_shows_that_it_does(number: str, row: str) -> None:
    """``tests/mutants.py`` takes something of the row's defence away, and a test that the row names must notice."""
    named = {f"{file}::{name}" for file, name in NAMES.findall(row)}
    assert named
    assert [mutant.name for mutant in MUTANTS if mutant.test in named]


def test_nothing_is_left_to_be_built() -> None:
    assert [number for number, row in ROWS if "not built yet" in row.casefold()] == []


@pytest.mark.parametrize(("file", "name"), NAMED, ids=[name for _file, name in NAMED])
def test_the_tests_that_it_names_exist(file: str, name: str) -> None:
    assert name in names_in(file), f"{file} has no {name}"


def test_what_else_it_names_of_this_project_exists() -> None:
    named = re.findall(r"`((?:tests|docs|scim_provisioning)/[\w./]*)`", PAGE)
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_pattern_for_scanners_is_the_one_that_the_app_goes_by() -> None:
    [pattern] = re.findall(r"```regex\n(.+)\n```", PAGE)
    assert pattern == TOKEN_PATTERN.pattern
