"""Teams of the old customer that stay with somebody whom the academy moves are nothing to the new one."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.hosts.academy.models import Team, User
from tests.hosts.academy.scim import ACADEMY, ENTERPRISE
from tests.hosts.current import make_connection, spelled
from tests.people import person

pytestmark = pytest.mark.django_db

TEAMS = f"{ACADEMY}:teams"


def body(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = spelled(person("ines.okafor", **changes))
    return made


def test_they_are_neither_shown_nor_found_and_the_same_name_is_the_new_customers_own(
    scim: ScimClient,
) -> None:
    assert scim.post("/Users", body(**{ACADEMY: {"teams": ["Secret", "Locks"]}})).status_code == 201
    other = make_connection("Other")
    User.everybody.update(customer_id=other.sso.customer_id)
    client = ScimClient(TokenFactory(connection=other).plaintext)
    answer = client.post("/Users", body(**{ENTERPRISE: None}))
    assert answer.status_code == 201, answer.content
    path = f"/Users/{answer.json()['id']}"
    shown = client.get(path).content.decode()
    assert "Secret" not in shown
    assert "Locks" not in shown
    for tree in (f'{TEAMS} eq "Secret"', f"{TEAMS} pr", f'{ENTERPRISE}:department eq "Locks"'):
        assert client.get(f"/Users?filter={quote(tree)}").json()["totalResults"] == 0, tree

    answer = client.patch(path, [{"op": "Replace", "path": TEAMS, "value": ["Locks"]}])
    assert (answer.status_code, answer.json()[ACADEMY]["teams"]) == (200, ["Locks"])
    own = Team.objects.get(customer_id=other.sso.customer_id)
    assert own in User.everybody.get().teams.all()
    assert client.get(f"/Users?filter={quote(f'{TEAMS} pr')}").json()["totalResults"] == 1
