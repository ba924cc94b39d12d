"""The benchmarks of dear requests: what they send is let through, and the reader of the pages finds them all."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import patch_cost
from tests.client import ScimClient
from tests.people import person

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.django_db
@pytest.mark.parametrize("body", patch_cost.DEAR, ids=lambda body: body.__name__)
def test_the_dearest_bodies_are_within_the_limits_as_often_as_they_are_sent(
    scim: ScimClient, body: patch_cost.Body
) -> None:
    """One that is refused costs nothing, and measures nothing."""
    path = "/Users/" + scim.post("/Users", person(roles=patch_cost.FULL)).json()["id"]
    for turn in range(3):
        answer = scim.patch(path, body(turn))
        assert answer.status_code == 200, answer.content


def test_every_benchmark_that_can_be_run_is_named_where_it_is_looked_for() -> None:
    pages = "".join(
        (ROOT / name).read_text("utf-8") for name in ("docs/performance.md", "docs/reliability.md")
    )
    for file in (ROOT / "benchmarks").glob("[a-z]*.py"):
        if '__name__ == "__main__"' in file.read_text("utf-8"):
            assert f"python -m benchmarks.{file.stem}" in pages
