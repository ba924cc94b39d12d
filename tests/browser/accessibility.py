"""What axe says of a page."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def faults_of(page: Page, complaints: list[str]) -> list[str]:
    """What axe finds, of any weight, in what the app adds to the page."""
    before = len(complaints)
    found = Axe().run(page, context={"include": [[".scim"], [".scim-list .results"]]}).response["violations"]
    # axe itself tries inline styles while it measures; the policy stops them, and the console says so.
    page.wait_for_timeout(50)
    del complaints[before:]
    return [
        f"{fault['id']}: {fault['help']} {[node['html'][:160] for node in fault['nodes'][:3]]}"
        for fault in found
    ]


def assert_accessible(page: Page, complaints: list[str]) -> None:
    """No violation."""
    assert not (faults := faults_of(page, complaints)), "\n".join(faults)
