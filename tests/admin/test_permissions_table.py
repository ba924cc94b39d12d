"""Who may do what where: a truth table of user, connection, address and method, with a row for every address."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from scim_provisioning.administration import permissions
from scim_provisioning.models import SCIMConnection
from tests.addresses import VIEW
from tests.admin.addresses import PAGES, TO_SEND, needed, page_body, page_url
from tests.admin.pages import text
from tests.askers import everybody
from tests.estate import Estate, browser, undone
from tests.tables import everything

pytestmark = pytest.mark.django_db

OK, MOVED, FORBIDDEN, MISSING = 200, 302, 403, 404
METHODS = ("GET", "POST")

#: Each permission that opens a page beside that to view connections.
NEEDED = sorted({str(needed(name, method)) for name in PAGES for method in METHODS} - {"None"})


@pytest.fixture(scope="module")
def people(estate: Estate, django_db_blocker: Any) -> dict[str, Client]:
    """Everybody who is going to ask, signed in."""
    with django_db_blocker.unblock():
        others = {f"viewer and {one}": browser(f"harborline.+{one}", VIEW, one) for one in NEEDED}
        return everybody(NEEDED) | others


def ask(client: Client, method: str, name: str, estate: Estate) -> Any:
    url = page_url(name, estate)
    return client.get(url) if method == "GET" else client.post(url, page_body(name, estate))


def test_every_address_under_a_connection_has_a_row() -> None:
    pages = admin.site._registry[SCIMConnection]
    prefix = "scim_provisioning_scimconnection_"
    names = {str(route.name).removeprefix(prefix) for route in pages.connection_urls()}  # type: ignore[attr-defined]
    assert names - {"all_numbers"} == set(PAGES)
    assert set(TO_SEND) <= set(PAGES)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", PAGES)
def test_each_page_opens_for_those_and_only_those_who_may(
    people: dict[str, Client], estate: Estate, name: str, method: str
) -> None:
    permission = needed(name, method)
    owner = f"viewer and {permission}" if permission else "viewer"
    refused = {"nobody": MOVED, "learner": MOVED, "stranger": MISSING, "no viewer": FORBIDDEN}
    if permission:
        refused |= {"viewer": FORBIDDEN, f"all but {permission}": FORBIDDEN}
    before = everything()
    for person, status in refused.items():
        answer = ask(people[person], method, name, estate)
        assert answer.status_code == status, person
        if status == FORBIDDEN:
            lacking = permissions.named(VIEW if person == "no viewer" else str(permission))
            assert f"It needs the permission “{lacking}”." in text(answer), person
        if status == MOVED:
            assert answer.headers["Location"].startswith(reverse("admin:login")), person
    assert everything() == before

    with undone():
        for person in (owner,) if method == "POST" else (owner, "superuser"):
            assert ask(people[person], method, name, estate).status_code in (OK, MOVED), person
        assert (everything() != before) == (PAGES[name].changes and method == "POST")


def test_every_changing_page_refuses_a_post_without_a_csrf_token(
    people: dict[str, Client], estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = people["superuser"]
    monkeypatch.setattr(client.handler, "enforce_csrf_checks", True)
    before = everything()
    for name in PAGES:
        assert ask(client, "POST", name, estate).status_code == FORBIDDEN, name
    assert everything() == before
