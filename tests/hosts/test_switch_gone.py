"""Who has no row any more on which access stands is off, in what is read and in what is found. Runs in every host."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.models import ProvisionedUser, SCIMConnection
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
