"""Who has no row any more on which access stands is off, in what is read and in what is found. Runs in every host."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth import get_user_model
from django.db.models.signals import post_save

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.sso import may_sign_in
from tests.client import ScimClient
from tests.hosts.current import host, spelled
from tests.leavers import OFF, ON
from tests.people import ENTERPRISE, enterprise, person

pytestmark = pytest.mark.django_db


def take_away(link: ProvisionedUser, customer: object) -> None:
    """The LMS deletes the row with the switch; where that is the account's own, it switches the account off."""
    entry = get_adapter_class().compiled(link.connection).active
    if entry is None or entry.source.is_account:
        host().switch(link.user_name, customer, False)
        return
    rows = entry.source.queryset(link.connection)
    assert rows.filter(**{entry.source.user_field: link.user_id}).delete()[0]


@pytest.mark.parametrize(
    ("text", "finds"),
    [
        ("active eq false", "gone"),
        ("active ne true", "gone"),
        ("not (active eq true)", "gone"),
        ("active eq true", "here"),
        ("active ne false", "here"),
        ("not (active eq false)", "here"),
    ],
)
def test_who_lost_the_row_with_the_switch_is_read_and_found_as_off(
    scim: ScimClient, connection: SCIMConnection, organization: object, text: str, finds: str
) -> None:
    ids = {
        name: scim.post("/Users", spelled(person(f"{name}.person"))).json()["id"] for name in ("gone", "here")
    }
    take_away(ProvisionedUser.objects.get(scim_id=ids["gone"]), organization)
    assert scim.get(f"/Users/{ids['gone']}").json()["active"] is False
    found = scim.get(f"/Users?filter={quote(text)}").json()["Resources"]
    assert [one["id"] for one in found] == [ids[finds]]


TITLE = [{"op": "Replace", "path": "title", "value": "Fellow"}]


@pytest.mark.parametrize("was_off", [False, True], ids=["was on", "was off"])
@pytest.mark.parametrize("how", ["title", "replaced", "replaced, off", "off", "manager"])
def test_who_lost_the_row_with_the_switch_comes_in_by_no_change_of_something_else(
    scim: ScimClient, connection: SCIMConnection, organization: object, how: str, was_off: bool
) -> None:
    """Whatever the default of a row is that is made anew for it."""
    manager = person("remy.bell")
    body = person(**enterprise(manager={"value": manager["externalId"]}) if how == "manager" else {})
    scim_id = scim.post("/Users", spelled(body)).json()["id"]
    if was_off:
        assert scim.patch(f"/Users/{scim_id}", OFF).status_code == 200
    take_away(ProvisionedUser.objects.get(scim_id=scim_id), organization)
    if how == "manager":
        boss = scim.post("/Users", spelled(manager)).json()["id"]
        change = [{"op": "Add", "path": f"{ENTERPRISE}:manager", "value": boss}]
        answer = scim.patch(f"/Users/{scim_id}", change)
    elif how.startswith("replaced"):
        active = False if how == "replaced, off" else None
        answer = scim.put(f"/Users/{scim_id}", spelled(person(title="Fellow", active=active)))
    else:
        answer = scim.patch(f"/Users/{scim_id}", TITLE if how == "title" else [*OFF, *TITLE])
    assert (answer.status_code, answer.json()["active"]) == (200, False)
    link = ProvisionedUser.objects.select_related("user", "connection").get(scim_id=scim_id)
    assert scim.get(f"/Users/{scim_id}").json()["active"] is False
    assert get_adapter_class()(link.user, link=link).has_access is False
    assert scim.patch(f"/Users/{scim_id}", ON).json()["active"] is True
    link = ProvisionedUser.objects.select_related("user", "connection").get(scim_id=scim_id)
    assert get_adapter_class()(link.user, link=link).has_access is True


@contextmanager
def made_again_by_the_host(connection: SCIMConnection) -> Iterator[None]:
    """Saving an account makes the row with the switch where there is none, and switches it on."""
    entry = get_adapter_class().compiled(connection).active
    if entry is None or entry.source.is_account:
        pytest.skip("In this LMS the switch is the account's own.")
    source = entry.source

    def make(instance: Any, **_signal: object) -> None:
        whose = {source.user_field: instance}
        if not source.queryset(connection).filter(**whose).exists():
            row = source.model(**whose)
            source.fill(row, connection)
            entry.declaration.turn(row, entry.field, True)
            row.save()

    post_save.connect(make, sender=get_user_model())
    try:
        yield
    finally:
        post_save.disconnect(make, sender=get_user_model())


NAME = [{"op": "Replace", "path": "name.familyName", "value": "Bell"}]


@pytest.mark.parametrize("was_off", [False, True], ids=["was on", "was off"])
@pytest.mark.parametrize("change", [NAME, NAME + TITLE, NAME + OFF, OFF + TITLE + NAME, NAME + ON])
def test_nobody_comes_in_by_a_row_that_the_host_makes_when_their_account_is_saved(
    scim: ScimClient,
    connection: SCIMConnection,
    organization: object,
    change: list[dict[str, Any]],
    was_off: bool,
) -> None:
    scim_id = scim.post("/Users", spelled(person())).json()["id"]
    if was_off:
        assert scim.patch(f"/Users/{scim_id}", OFF).status_code == 200
    take_away(ProvisionedUser.objects.get(scim_id=scim_id), organization)
    with made_again_by_the_host(connection):
        answer = scim.patch(f"/Users/{scim_id}", change)
    wanted = change[-1] is ON[0]
    assert (answer.status_code, answer.json().get("active")) == (200, wanted), answer.content
    link = ProvisionedUser.objects.select_related("user", "connection").get(scim_id=scim_id)
    assert get_adapter_class()(link.user, link=link).has_access is wanted
    assert may_sign_in(link.user, connection) is wanted
    assert scim.get(f"/Users/{scim_id}").json()["name"]["familyName"] == "Bell"
