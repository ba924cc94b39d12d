"""Who may do what by the API: a truth table of user, connection, URL and method, with a row for every call."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from scim_provisioning.administration import permissions
from scim_provisioning.api.urls import urlpatterns
from tests.addresses import VIEW, without
from tests.api.addresses import AS_WELL, CALLS, SITE, Call, address, sent
from tests.askers import everybody
from tests.estate import Estate, browser, undone
from tests.tables import everything

pytestmark = pytest.mark.django_db

FORBIDDEN, MISSING = 403, 404
#: What opens some call beside the permission to view connections.
NEEDED = sorted({str(row.needs) for row in CALLS.values() if row.needs})


@pytest.fixture(scope="module")
def people(estate: Estate, django_db_blocker: Any) -> dict[str, Client]:
    """Everybody who is going to call, signed in."""
    with django_db_blocker.unblock():
        return everybody(NEEDED)


def make(client: Client, call: Call, estate: Estate) -> Any:
    if call[0] == "get":
        return client.get(address(call, estate))
    send = getattr(client, call[0])
    return send(address(call, estate), sent(call, estate), content_type="application/json")


def test_every_call_has_a_row() -> None:
    # REST framework adds "head" once a view was called.
    calls = {(method, route.name) for route in urlpatterns for method in route.callback.actions} - {
        ("head", route.name) for route in urlpatterns
    }
    assert calls == set(CALLS) | set(SITE)


@pytest.mark.parametrize("call", CALLS, ids="-".join)
def test_each_call_is_answered_to_those_and_only_those_who_may(
    people: dict[str, Client], estate: Estate, call: Call
) -> None:
    permission = CALLS[call].needs
    refused = {"nobody": FORBIDDEN, "learner": FORBIDDEN, "stranger": MISSING, "no viewer": FORBIDDEN}
    if permission:
        refused |= {"viewer": FORBIDDEN, f"all but {permission}": FORBIDDEN}
    owner = browser("harborline.owner", VIEW, *filter(None, [permission]), *AS_WELL.get(call, ()))
    before = everything()
    for person, status in refused.items():
        answer = make(people[person], call, estate)
        assert answer.status_code == status, person
        assert estate.word not in answer.content.decode().lower(), person
        if status == FORBIDDEN and person not in ("nobody", "learner"):
            lacking = permissions.named(VIEW if person == "no viewer" else str(permission))
            assert answer.json()["detail"] == f"It needs the permission “{lacking}”.", person
    assert everything() == before

    with undone():
        for client in (owner, people["superuser"]) if call[0] == "get" else (owner,):
            assert make(client, call, estate).status_code in (200, 201)
        assert (everything() != before) == CALLS[call].changes


@pytest.mark.parametrize("call", SITE, ids="-".join)
def test_each_call_of_no_connection_needs_all_that_it_needs(
    people: dict[str, Client], estate: Estate, call: Call
) -> None:
    needs, row = SITE[call]
    lacking = [browser(f"harborline.lacks {one}", *without(one)) for one in needs]
    owner = browser("harborline.owner", *needs)
    others = [people["nobody"], people["learner"]]
    before = everything()
    for client in lacking + others:
        assert make(client, call, estate).status_code == FORBIDDEN
    assert everything() == before
    with undone():
        assert make(owner, call, estate).status_code in (200, 201)
        assert (everything() != before) == row.changes


def test_a_take_over_needs_what_setting_up_needs_too(estate: Estate) -> None:
    call = "post", "take_over"
    clients = [browser(f"harborline.lacks {one}", *without(one)) for one in AS_WELL[call]]
    before = everything()
    assert [make(client, call, estate).status_code for client in clients] == [FORBIDDEN, FORBIDDEN]
    assert everything() == before


def test_every_call_that_sends_something_is_refused_without_a_csrf_token(
    people: dict[str, Client], estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = people["superuser"]
    monkeypatch.setattr(client.handler, "enforce_csrf_checks", True)
    before = everything()
    for call in [*CALLS, *SITE]:
        if call[0] != "get":
            answer = make(client, call, estate)
            assert answer.status_code == FORBIDDEN, call
            assert answer.json()["detail"].startswith("CSRF Failed"), call
    assert everything() == before
