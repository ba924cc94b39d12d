"""docs/reference.md and docs/kinds.md name what a host may override, all of it, with its arguments; and code that a
page shows is code that runs."""

from __future__ import annotations

import inspect
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

import scim_provisioning.adapters as scim
from example_project.lms.scim import LearnerAdapter as Example
from scim_provisioning.adapters.accounts import HostAccounts
from scim_provisioning.adapters.hiding import HidesRows
from scim_provisioning.adapters.hooks import HostHooks
from scim_provisioning.adapters.same_address import HostAddresses

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
#: What of django-scim2's adapter is called here and has no other home.
INHERITED = {"validate_dict"}

_ROW = re.compile(r"^\| (`[^|]+`) \|", re.M)
_NAME = re.compile(r"`([a-z_]+)(?:\(([^`]*)\))?`")
_QUOTED = re.compile(r"<!-- (is|in) (tests/\S+|example_project/\S+) -->\n```python\n(.*?)```", re.S)


def described(page: str) -> dict[str, str | None]:
    """The names in the first column of a page's tables; with their arguments, where they are given."""
    rows = _ROW.findall((DOCS / page).read_text("utf-8"))
    return {name: arguments for row in rows for name, arguments in _NAME.findall(row)}


def public(*classes: type) -> set[str]:
    return {name for cls in classes for name in vars(cls) if not name.startswith("_")}


def arguments_of(member: Any) -> str:
    """How a method is called, without self, types and defaults."""
    found = [p for p in inspect.signature(member).parameters.values() if p.name not in ("self", "cls")]
    keyword_only = [p.name for p in found if p.kind is p.KEYWORD_ONLY]
    plain = [p.name for p in found if p.kind is not p.KEYWORD_ONLY]
    return ", ".join([*plain, *(["*", *keyword_only] if keyword_only else [])])


def test_the_reference_names_every_public_name_of_the_adapter_and_no_other() -> None:
    known = public(scim.LearnerAdapter, HostAddresses, HostAccounts, HidesRows, HostHooks) - {
        "obj",
        "link",
        "connection",
    }
    assert set(described("reference.md")) == known | INHERITED


def test_the_page_on_kinds_names_every_public_name_of_a_kind_and_no_other() -> None:
    assert set(described("kinds.md")) == public(scim.MappedAttribute)


@pytest.mark.parametrize(
    ("page", "cls"), [("reference.md", scim.LearnerAdapter), ("kinds.md", scim.MappedAttribute)]
)
def test_every_method_is_described_with_its_arguments(page: str, cls: type) -> None:
    wrong = {}
    for name, arguments in described(page).items():
        member = getattr(cls, name)
        said = re.sub(r"=[^,]+", "", arguments or "")
        if callable(member) and said != arguments_of(member):
            wrong[name] = (said, arguments_of(member))
    assert wrong == {}


def quotations() -> list[Any]:
    return [
        pytest.param(*quoted, id=f"{page.name}: {quoted[1]}")
        for page in sorted(DOCS.glob("*.md"))
        for quoted in _QUOTED.findall(page.read_text("utf-8"))
    ]


@pytest.mark.parametrize(("how", "path", "shown"), quotations())
def test_code_on_a_page_is_code_of_a_host_that_runs(how: str, path: str, shown: str) -> None:
    source = (ROOT / path).read_text("utf-8")
    if how == "is":
        assert shown == source
        return
    # Types are left out on a page; "..." stands for lines that are.
    lines = iter(_bare(source))
    missing = [line for line in _bare(shown) if line != "..." and line not in lines]
    assert missing == []


def _bare(source: str) -> list[str]:
    """The lines of a source without what a page leaves out: types, and comments for the type checker."""
    text = re.sub(r"  # (?:type|noqa).*", "", textwrap.dedent(source))
    text = re.sub(
        r"\)? -> [^:]+:$", lambda found: "):" if found[0].startswith(")") else ":", text, flags=re.M
    )
    text = re.sub(r"(def \w+\()([^)]*)\)", lambda found: f"{found[1]}{_untyped(found[2])})", text)
    return [line.strip() for line in text.splitlines() if line.strip()]


def _untyped(parameters: str) -> str:
    return re.sub(r": [\w.]+(?:\[[^\]]*\])*", "", parameters)


def first_adapter(page: Path) -> type[scim.LearnerAdapter]:
    """The adapter that a page shows first, as a module of the example LMS."""
    blocks = re.findall(r"^( *)```python\n(.*?)^ *```", page.read_text("utf-8"), re.S | re.M)
    shown = next(textwrap.dedent(block) for _, block in blocks if "class LearnerAdapter" in block)
    module = {"__name__": "example_project.lms.shown", "__package__": "example_project.lms"}
    exec(compile(shown, str(page), "exec"), module)  # noqa: S102 - our own page
    adapter: type[scim.LearnerAdapter] = module["LearnerAdapter"]  # type: ignore[assignment]
    return adapter


@pytest.mark.parametrize("page", [ROOT / "README.md", DOCS / "adapter.md"], ids=lambda page: page.name)
def test_the_adapter_that_a_reader_meets_first_works_as_it_stands(page: Path) -> None:
    adapter = first_adapter(page)
    assert adapter.mapping
    assert adapter.mapping_problems() == []


def test_the_readme_shows_the_adapter_of_the_example() -> None:
    lines = [repr(line) for line in first_adapter(ROOT / "README.md").mapping]
    assert lines == [repr(line) for line in Example.mapping]
