"""People who go, and a brake that holds soon."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.utils import timezone

from scim_provisioning.models import ProvisionedUser, SCIMConnection
from tests.client import ScimClient
from tests.people import person

OFF: Final[list[dict[str, Any]]] = [{"op": "Replace", "path": "active", "value": "False"}]
ON: Final[list[dict[str, Any]]] = [{"op": "Replace", "path": "active", "value": "True"}]


def let_go_at_most(connection: SCIMConnection, number: int) -> SCIMConnection:
    """A connection that lets so many go within an hour."""
    connection.policies = {"leavers_at_least": number, "leavers_percent": 5}
    connection.save()
    return connection


def learners(scim: ScimClient, count: int) -> list[str]:
    """The SCIM ids of so many learners of yesterday: ``p0``, ``p1`` ..."""
    ids = [scim.post("/Users", person(f"p{n}")).json()["id"] for n in range(count)]
    established()
    return ids


def established() -> None:
    """Everybody who is provisioned has been for a day: whoever was made within the hour is no leaver to the brake, and
    whoever was changed in it may have left before."""
    yesterday = timezone.now() - timedelta(days=1)
    ProvisionedUser.objects.update(created_at=yesterday, modified_at=yesterday)


def leave(scim: ScimClient, *ids: str) -> list[int]:
    """The statuses of what switches them off, one after the other."""
    return [scim.patch(f"/Users/{scim_id}", OFF).status_code for scim_id in ids]


def held_one(scim: ScimClient, connection: SCIMConnection) -> list[str]:
    """The SCIM ids of Ada Roth, who went, and of Ines Okafor, who is held."""
    let_go_at_most(connection, 1)
    ids = [scim.post("/Users", person(name)).json()["id"] for name in ("ada.roth", "ines.okafor")]
    established()
    leave(scim, *ids)
    return ids
