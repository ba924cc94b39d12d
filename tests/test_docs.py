"""README.md and docs/: links lead somewhere, pictures are shown and light, every setting is described."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scim_provisioning.conf import KNOWN_KEYS

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    *(ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
PICTURES = sorted((ROOT / "docs" / "screenshots").iterdir())
# Keys that nothing asks a host to set yet.
UNDESCRIBED = {"METRICS"}


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
    assert set(KNOWN_KEYS) - described == UNDESCRIBED


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
