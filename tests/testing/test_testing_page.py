"""docs/testing.md: its example works, and its table speaks of every test of the contract."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from scim_provisioning.testing import AdapterContract

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")


def patterns() -> list[str]:
    """The names of tests in the first column of the table of groups, as regular expressions."""
    cells = re.findall(r"^\| [\w ]+: (`.*?) \|", PAGE, re.M)
    names = [name for cell in cells for name in re.findall(r"`([\w.]+)`", cell)]
    return [re.escape(name).replace(re.escape("..."), ".*") for name in names]


@pytest.mark.django_db
def test_the_example_makes_two_customers() -> None:
    example = next(
        block for block in re.findall(r"```python\n(.*?)```", PAGE, re.S) if "AdapterContract" in block
    )
    written: dict[str, Any] = {"__name__": "host_tests"}
    exec(example.replace("from lms.models", "from example_project.lms.models"), written)  # noqa: S102 - our own page
    host = written["TestOurAdapter"]()
    assert host.make_connection().sso_is_on
    assert host.make_other_connection().sso_is_on


def test_the_table_speaks_of_every_test() -> None:
    alone = {
        "test_the_mapping_has_no_problems",
        "test_the_customer_has_the_mapping_that_is_tested",
        "test_user_name_and_active_are_covered",
    }
    tests = {name for name in dir(AdapterContract) if name.startswith("test_")} - alone
    known = patterns()
    assert len(known) > 20
    assert {
        name for name in tests if not any(re.match(f"test_{pattern}", name) for pattern in known)
    } == set()
    assert {p for p in known if not any(re.match(f"test_{p}", name) for name in tests)} == set()
