"""docs/checks.md: every fault that the checks know, in the words in which they say it."""

from __future__ import annotations

import re
from pathlib import Path

from scim_provisioning.checks import faults

PAGE = Path(__file__).resolve().parents[2] / "docs" / "checks.md"
_FACT = re.compile(r"(?<!{){(\w+)}(?!})")


def plain(text: str) -> str:
    """A message or hint as the page prints it: what differs from case to case by its name."""
    if text == "{advice}":
        return "The hint says what to write."
    return _FACT.sub(r"`\1`", text).replace("{{", "{").replace("}}", "}").replace("|", r"\|")


def row(fault: faults.Fault) -> str:
    return f"| {fault.number} | {plain(fault.message)} | {plain(fault.hint)} |"


def test_the_page_lists_every_fault_in_order_and_no_other() -> None:
    known = [value for value in vars(faults).values() if isinstance(value, faults.Fault)]
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if re.match(r"\| [EW]\d", line)]
    expected = [row(fault) for fault in sorted(known, key=lambda fault: fault.number)]
    missing = [line for line in expected if line not in rows]
    assert rows == expected, "\n".join(["These rows are missing, or others too many:", *missing])
