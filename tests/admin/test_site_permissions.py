"""Who may do what at the addresses beside those of a connection: lists, the log, the host's SSO settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from tests.addresses import (
    ADD,
    CHANGE,
    CHANGE_SSO,
    EVERY_PERMISSION,
    EXPORT,
    LOG,
    VIEW,
    Taken,
    nothing,
    without,
)
from tests.admin.addresses import PAGES
from tests.admin.pages import text
from tests.estate import PASSWORD, Estate, browser, undone
from tests.tables import everything

pytestmark = pytest.mark.django_db

_CONNECTION: Final = "scim_provisioning_scimconnection_"
_EVENT: Final = "scim_provisioning_provisioningevent_"
_SSO: Final = "lms_ssosettings_"
#: What Django's admin has of every model: of the host's own it is the host's matter.
_DJANGOS: Final = ("changelist", "add", "history", "delete", "change", "password_change")


@dataclass(frozen=True)
class Site:
    """The permissions that an address needs, all of them; None where nobody may."""

    needs: tuple[str, ...] | None
    keys: Taken = nothing
    method: str = "GET"
    body: Taken = nothing
    #: Whether a refusal is a page of ours; Django's own pages answer 403 in a word.
    in_words: bool = True
    changes: bool = False


def one(estate: Estate) -> dict[str, Any]:
    return {"object_id": estate.connection.pk}


def operation(estate: Estate) -> dict[str, Any]:
    return {"object_id": estate.refusal.pk}


def settings_without_scim(estate: Estate) -> dict[str, Any]:
    return {"object_id": estate.new_sso.pk}


SITES: Final = {
    f"{_CONNECTION}changelist": Site((VIEW,)),
    f"{_CONNECTION}all_numbers": Site((VIEW,)),
    f"{_CONNECTION}add": Site((VIEW, ADD)),
    f"{_CONNECTION}change": Site((VIEW,), one),
    f"{_CONNECTION}history": Site((VIEW,), one, in_words=False),
    f"{_CONNECTION}delete": Site(None, one),
    f"{_EVENT}changelist": Site((VIEW, LOG)),
    f"{_EVENT}export": Site((VIEW, LOG, EXPORT)),
    f"{_EVENT}people": Site((VIEW, LOG)),
    f"{_EVENT}change": Site((VIEW, LOG), operation),
    f"{_EVENT}add": Site(None),
    f"{_EVENT}delete": Site(None, operation),
    f"{_EVENT}history": Site(None, operation),
    f"{_SSO}scim_set_up": Site((CHANGE_SSO, ADD), settings_without_scim, "POST", changes=True),
    f"{_SSO}scim_take_over": Site(
        (CHANGE_SSO, ADD, CHANGE),
        settings_without_scim,
        "POST",
        lambda estate: {"connection": estate.orphan.pk, "password": PASSWORD},
        changes=True,
    ),
}
OPEN: Final = {name: site for name, site in SITES.items() if site.needs is not None}


def ask(client: Client, name: str, estate: Estate) -> Any:
    site = SITES[name]
    url = reverse(f"admin:{name}", kwargs=site.keys(estate))
    return client.get(url) if site.method == "GET" else client.post(url, site.body(estate))


def ours(model_admin: Any) -> bool:
    return any(part.__module__.startswith("scim_provisioning.") for part in type(model_admin).__mro__)


def test_every_address_that_the_app_adds_to_the_admin_has_a_row() -> None:
    found = set()
    for model, model_admin in admin.site._registry.items():
        prefix = f"{model._meta.app_label}_{model._meta.model_name}_"
        hosts = {f"{prefix}{name}" for name in _DJANGOS if model._meta.app_label != "scim_provisioning"}
        names = {route.name for route in model_admin.get_urls()} if ours(model_admin) else set()
        # Django's redirect from the address of a row has no name.
        found |= names - hosts - {None}
    assert found == set(SITES) | {f"{_CONNECTION}{name}" for name in PAGES}


@pytest.mark.parametrize("name", OPEN)
def test_each_address_opens_with_all_that_it_needs_and_with_nothing_less(estate: Estate, name: str) -> None:
    site = SITES[name]
    lacking = {one: browser(f"harborline.-{one}", *without(one)) for one in site.needs or ()}
    owner, nobody = browser("harborline.owner", *site.needs or ()), Client()
    learner = browser("harborline.learner", *EVERY_PERMISSION, is_staff=False)
    before = everything()
    for permission, client in lacking.items():
        answer = ask(client, name, estate)
        assert answer.status_code == 403
        assert ("You may not do this" in text(answer)) == site.in_words
        # What is missing is named, and nothing else.
        named = Permission.objects.get(codename=permission).name
        assert (f"It needs the permission “{named}”." in text(answer)) == site.in_words, permission
    for client in (nobody, learner):
        assert ask(client, name, estate).headers["Location"].startswith(reverse("admin:login"))
    assert everything() == before

    with undone():
        answer = ask(owner, name, estate)
        assert answer.status_code in ((200,) if site.method == "GET" else (302,))
        assert (everything() != before) == site.changes


@pytest.mark.parametrize("name", sorted(set(SITES) - set(OPEN)))
def test_nobody_opens_what_is_for_nobody(estate: Estate, name: str) -> None:
    client = browser("root", is_superuser=True)
    before = everything()
    url = reverse(f"admin:{name}", kwargs=SITES[name].keys(estate))
    for answer in (client.get(url), client.post(url, {"post": "yes"})):
        assert answer.status_code == (404 if name.endswith("history") else 403)
    assert everything() == before


def test_what_changes_something_refuses_a_post_without_a_csrf_token(estate: Estate) -> None:
    client = browser("root", is_superuser=True)
    client.handler.enforce_csrf_checks = True
    before = everything()
    for name, site in SITES.items():
        url = reverse(f"admin:{name}", kwargs=site.keys(estate))
        assert client.post(url, site.body(estate)).status_code == 403, name
    assert everything() == before


# --- as one customer's staff


@pytest.fixture
def theirs(estate: Estate) -> Client:
    """Staff of Brightwater, who may do everything with what is theirs."""
    return browser("brightwater.staff", *EVERY_PERMISSION)


def totals(answer: Any) -> dict[str, int]:
    return {picture.kind: picture.total for picture in answer.context["by_month"]}


def test_the_numbers_of_all_connections_are_those_of_ones_own(estate: Estate, theirs: Client) -> None:
    url = reverse(f"admin:{_CONNECTION}all_numbers")
    own, all_of_them = totals(theirs.get(url)), totals(browser("root", is_superuser=True).get(url))
    # Both customers have the same.
    assert all_of_them == {kind: 2 * total for kind, total in own.items()}
    assert sum(own.values()) > 0
    assert "harborline" not in theirs.get(url).content.decode().lower()


@pytest.mark.parametrize(
    ("name", "query"),
    [
        (f"{_CONNECTION}changelist", {}),
        (f"{_CONNECTION}changelist", {"q": "har"}),
        (f"{_EVENT}changelist", {}),
        (f"{_EVENT}changelist", {"q": "ann"}),
        (f"{_EVENT}export", {}),
        (f"{_EVENT}people", {"q": "ann"}),
        (f"{_EVENT}people", {"q": "emil"}),
    ],
)
def test_lists_the_export_and_the_search_hold_ones_own_only(
    estate: Estate, theirs: Client, name: str, query: dict[str, str]
) -> None:
    def shown(client: Client) -> str:
        answer = client.get(reverse(f"admin:{name}"), query)
        assert answer.status_code == 200
        return str(answer.getvalue().decode().lower())

    assert "harborline" not in shown(theirs)
    assert "harborline" in shown(browser("root", is_superuser=True))
    assert "brightwater" in shown(theirs)


def test_filters_by_another_customers_rows_find_nothing(estate: Estate, theirs: Client) -> None:
    log, people = reverse(f"admin:{_EVENT}changelist"), reverse(f"admin:{_EVENT}people")
    asked = [
        {"connection": estate.connection.pk},
        {"connection__id__exact": estate.connection.pk},
        {"learner": estate.learner.pk},
        {"token": estate.token.pk},
    ]
    for query in asked:
        assert "harborline" not in theirs.get(log, query, follow=True).content.decode().lower(), query
    assert theirs.get(people, {"q": "ann", "connection": estate.connection.pk}).status_code == 404


@pytest.mark.parametrize(("name", "status"), [("change", 302), ("history", 302), ("delete", 403)])
def test_another_customers_connection_is_not_there(
    estate: Estate, theirs: Client, name: str, status: int
) -> None:
    url = reverse(f"admin:{_CONNECTION}{name}", kwargs=one(estate))
    before = everything()
    for answer in (theirs.get(url), theirs.post(url, {"name": "Mine", "post": "yes"})):
        assert answer.status_code in (status, 403)
        assert "harborline" not in answer.content.decode().lower()
    assert everything() == before


def test_another_customers_operation_is_not_there(estate: Estate, theirs: Client) -> None:
    for event in (estate.refusal, estate.departure, estate.owned):
        assert theirs.get(reverse(f"admin:{_EVENT}change", args=[event.pk])).status_code == 404


def test_ones_own_settings_do_not_take_over_another_customers_connection(
    estate: Estate, theirs: Client
) -> None:
    before = everything()
    for sso in (estate.new_sso, estate.sso):
        url = reverse(f"admin:{_SSO}scim_take_over", args=[sso.pk])
        assert "Harborline orphan" not in theirs.get(url).content.decode()
        theirs.post(url, {"connection": estate.orphan.pk, "password": PASSWORD})
        assert everything() == before
    theirs.post(reverse(f"admin:{_SSO}scim_set_up", args=[estate.sso.pk]))
    assert everything() == before
