"""docs/conformance.md: a row for each point, and no test named that does not exist."""

from __future__ import annotations

import re

import pytest

from tests.processes import ROOT, run_pytest

PAGE = ROOT / "docs" / "conformance.md"
POINTS = 41
_ROW = re.compile(r"^\| (\d+) \| (.+) \| (.+) \|$", re.M)
_TEST = re.compile(r"`(tests/[\w/]+\.py::\w+)`")


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text("utf-8")


def test_there_is_a_row_for_every_point_in_their_order(page: str) -> None:
    assert [int(number) for number, _, _ in _ROW.findall(page)] == list(range(1, POINTS + 1))


def test_every_row_names_a_test_or_says_why_it_does_not_apply(page: str) -> None:
    for number, _, proof in _ROW.findall(page):
        assert _TEST.search(proof) or proof.startswith("Does not apply: "), number


def test_every_test_that_the_page_names_is_collected(page: str) -> None:
    named = set(_TEST.findall(page))
    assert len(named) > POINTS
    files = sorted({name.partition("::")[0] for name in named})
    done = run_pytest("conformance", "--collect-only", *files)
    assert done.returncode == 0, done.stdout[-2000:]
    collected = {line.partition("[")[0] for line in done.stdout.splitlines() if "::" in line}
    assert named - collected == set()
