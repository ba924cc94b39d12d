"""What axe says of a page."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

PARTS = (".scim", ".scim-list .results")


def faults_of(page: Page, complaints: list[str], *parts: str) -> list[str]:
    """What axe finds, of any weight, in what the app adds to the page, or in `parts` of it (CSS selectors)."""
    # A click on a link returns when the answer begins: axe would look at a page that is half there.
    page.wait_for_load_state("load")
    before = len(complaints)
    context = {"include": [[part] for part in parts or PARTS]}
    found = Axe().run(page, context=context).response["violations"]
    # axe itself tries inline styles while it measures; the policy stops them, and the console says so.
    page.wait_for_timeout(50)
    del complaints[before:]
    return [
        f"{fault['id']}: {fault['help']} {[node['html'][:160] for node in fault['nodes'][:3]]}"
        for fault in found
    ]


def assert_accessible(page: Page, complaints: list[str], *parts: str) -> None:
    """No violation."""
    assert not (faults := faults_of(page, complaints, *parts)), "\n".join(faults)
