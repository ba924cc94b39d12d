"""Whether a host's people are suspended all together or one after the other, what is left is the same."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration import connections
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.provisioning import leaving
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.hosts.current import host, let_share, make_connection, spelled
from tests.hosts.test_access import taken_back
from tests.people import person

pytestmark = pytest.mark.django_db

PEOPLE = ("active", "inactive", "deleted", "on.by.hand", "off.by.hand", "shared", "shared.off")


def post(scim: ScimClient, name: str, **others: Any) -> str:
    answer = scim.post("/Users", spelled(person(name, **others)))
    assert answer.status_code == 201, answer.content
    scim_id: str = answer.json()["id"]
    return scim_id


def crowd(customer: Any, connection: SCIMConnection, scim: ScimClient) -> None:
    """Everybody in another state."""
    ids = {name: post(scim, name, active=not name.startswith(("inactive", "on"))) for name in PEOPLE}
    scim.delete(f"/Users/{ids['deleted']}")
    names = {name: ProvisionedUser.objects.get(scim_id=ids[name]).user_name for name in PEOPLE}
    host().switch(names["on.by.hand"], customer, True)
    host().switch(names["off.by.hand"], customer, False)
    other = ScimClient(TokenFactory(connection=make_connection("Other")).plaintext)
    for name in ("shared", "shared.off"):
        let_share(names[name])
        post(other, name, active=name == "shared")


def left(connection: SCIMConnection) -> list[Any]:
    """What somebody could tell the two ways apart by."""
    adapter_class = get_adapter_class()
    found = []
    for link in ProvisionedUser.objects.select_related("user", "connection").order_by("user_name", "pk"):
        adapter = adapter_class(link.user, link=link, connection=link.connection)
        events = ProvisioningEvent.objects.filter(link=link, operation="admin")
        found.append(
            (
                link.user_name,
                link.connection == connection,
                (link.active, link.version, link.is_deleted, link.owns_profile, link.document),
                adapter.has_access,
                sorted(get_user_model().objects.filter(pk=link.user_id).values_list("is_active", flat=True)),
                list(events.values_list("action", "detail", "user_name", "scim_id", "changes")),
            )
        )
    return found


def without_ids(rows: list[Any]) -> list[Any]:
    return [(*row[:-1], [(*event[:3], event[4]) for event in row[-1]]) for row in rows]


@pytest.mark.parametrize("choice", ["suspend", "sso_only"])
def test_people_who_go_together_end_up_as_those_do_who_go_alone(
    organization: Any,
    connection: SCIMConnection,
    scim: ScimClient,
    monkeypatch: pytest.MonkeyPatch,
    choice: str,
) -> None:
    ways = []
    for together in (True, False):
        monkeypatch.setattr(leaving, "may_be_saved_together", lambda model, way=together: way)
        with taken_back():
            crowd(organization, connection, scim)
            found = connections.disconnect(
                SCIMConnection.objects.get(pk=connection.pk), actor=None, learners=choice
            )
            ways.append((found.changed, found.protected, found.failed, without_ids(left(connection))))
    assert ways[0] == ways[1]
    if choice == "suspend":
        # Whom the LMS had switched off is as off as can be.
        wished = {row[0] for row in ways[0][3] if row[1] and row[2][0]}
        assert not {name for name in wished if not name.startswith("off.by.hand")}
