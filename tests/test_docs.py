"""README.md and docs/: links lead somewhere, pictures are shown and light, every setting is described."""

from __future__ import annotations

import ast
import re
import shlex
from dataclasses import asdict, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.core.management import load_command_class
from pytest_django import Settings

from scim_provisioning.conf import KNOWN_KEYS, app_settings
from scim_provisioning.protocol.limits import DEFAULT_LIMITS

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    *(ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
PICTURES = sorted((ROOT / "docs" / "screenshots").iterdir())


def links(page: Path) -> set[Path]:
    """The files of this project that a page links to or shows."""
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    local = (target.partition("#")[0] for target in targets if not re.match(r"https?:", target))
    return {(page.parent / target).resolve() for target in local if target}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert [target for target in links(page) if not target.exists()] == []


def test_every_page_is_linked_from_the_readme() -> None:
    assert [page.name for page in PAGES[1:] if page.resolve() not in links(PAGES[0])] == []


def test_every_picture_is_shown_and_all_of_them_are_light() -> None:
    shown = set().union(*(links(page) for page in PAGES))
    assert [picture.name for picture in PICTURES if picture.resolve() not in shown] == []
    assert sum(picture.stat().st_size for picture in PICTURES) < 1_500_000


def test_every_setting_is_described() -> None:
    described = set(re.findall(r"`([A-Z_]+)`", (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")))
    assert set(KNOWN_KEYS) - described == set()


def rows_of(heading: str) -> list[list[str]]:
    """The cells of the first table of docs/settings.md below a heading."""
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8").partition(heading)[2]
    table = re.split(r"\n\n", text.partition("|---")[2].partition("\n")[2], maxsplit=1)[0]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()]


def test_settings_have_the_defaults_that_the_page_says(settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {}
    compared: dict[str, tuple[Any, Any]] = {}
    for keys, default, *_meaning in rows_of("# Settings"):
        names, said = re.findall(r"`([A-Z_]+)`", keys), re.findall(r"`([^`]+)`", default)
        if len(names) == len(said) and names != ["SITE_URL"]:
            compared |= {
                name: (ast.literal_eval(value), _default(name))
                for name, value in zip(names, said, strict=True)
            }
    assert len(compared) > 12
    assert {name: both for name, both in compared.items() if both[0] != both[1]} == {}


def _default(name: str) -> Any:
    value = getattr(app_settings, name.lower())
    if isinstance(value, tuple):
        return list(value)
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def test_limits_are_all_described_with_their_defaults() -> None:
    described: dict[str, int] = {}
    for keys, defaults, _more in rows_of("## Limits"):
        names, numbers = (re.findall(r"`(\w+)`", cell) for cell in (keys, defaults))
        described |= zip(names, map(int, numbers), strict=True)
    assert described == asdict(DEFAULT_LIMITS)


COMMANDS = [
    pytest.param(*command, id=" ".join(command))
    for page in PAGES
    for command in re.findall(
        r"manage\.py (scim_\w+)( (?:--|[a-z]+ )[^\n`#]*)", page.read_text(encoding="utf-8")
    )
]


@pytest.mark.parametrize(("name", "arguments"), COMMANDS)
def test_every_command_that_a_page_gives_is_understood(name: str, arguments: str) -> None:
    load_command_class("scim_provisioning", name).create_parser("manage.py", name).parse_args(
        shlex.split(arguments)
    )


def test_every_name_of_the_package_that_a_page_names_is_there() -> None:
    logs = {f"scim_provisioning.{name}" for name in ("audit", "request", "security")}
    named = {
        name
        for page in PAGES
        for name in re.findall(r"\bscim_provisioning(?:\.[a-zA-Z]\w+)+", page.read_text(encoding="utf-8"))
        if not re.search(r"\.[EW]\d", name)
    }
    assert len(named) > 15
    assert [name for name in sorted(named - logs) if not _exists(name)] == []


def _exists(name: str) -> bool:
    """Whether it is a module, or what a module or a class of one has."""
    module, *rest = name.split(".")
    found: Any = import_module(module)
    for part in rest:
        module = f"{module}.{part}"
        if not hasattr(found, part):
            try:
                import_module(module)
            except ImportError:
                return False
        found = getattr(found, part)
    return True


def test_every_module_that_the_architecture_names_is_there() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    named = set(re.findall(r"`([a-z_]+(?:/[a-z_]+)*(?:/|\.py|/[a-z_]+\.py))`", text))
    assert len(named) > 50
    # A file of the package that was named before in its row, or one beside it: "`lexer.py`".
    known = {path.name for path in (ROOT / "scim_provisioning").rglob("*.py")}
    missing = [
        name
        for name in named
        if not any((folder / name).exists() for folder in (ROOT, ROOT / "scim_provisioning"))
        and name not in known
    ]
    assert missing == []
