"""Who has no row any more on which access stands is off, in what is read and in what is found. Runs in every host."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from tests.client import ScimClient
from tests.hosts.current import host, spelled
from tests.people import person

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
