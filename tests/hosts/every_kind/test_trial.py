"""A payload tried on a field of every kind: what is shown is what is stored."""

from __future__ import annotations

from typing import Any

import pytest

from scim_provisioning.models import SCIMConnection
from tests.client import ScimClient
from tests.hosts.every_kind.scim import OWN
from tests.people import CORE, ENTERPRISE
from tests.trials import comes_true, operations

pytestmark = pytest.mark.django_db

INES = "ines@x.example"

CHANGES: dict[str, tuple[str, Any, dict[str, tuple[Any, Any]]]] = {
    "a state": ("active", False, {"dossier.status": ("active", "suspended")}),
    "a number": (f"{ENTERPRISE}:employeeNumber", "0042", {"dossier.number": (None, 42)}),
    "a share": (f"{OWN}:share", 12.5, {"dossier.share": (None, "12.50")}),
    "a day": (f"{OWN}:hired", "2024-02-29", {"dossier.hired": (None, "2024-02-29")}),
    "a choice": ("userType", "SENIOR", {"dossier.level": ("J", "S")}),
    "a flag": (f"{OWN}:remote", True, {"dossier.remote": (False, True)}),
    "a reference": ("title", "Welding", {"dossier.main_topic": ("Safety", "Welding")}),
    "references": (f"{OWN}:topics", ["Fire", "Air"], {"dossier.topics": (None, "Air, Fire")}),
    "one of several": (f"{ENTERPRISE}:department", "Night", {"dossier.clubs": (None, "Night")}),
    "a key": (f"{ENTERPRISE}:costCenter", "C-9", {"dossier.data.cost.centre": (None, "C-9")}),
}


@pytest.mark.parametrize(("path", "value", "expected"), CHANGES.values(), ids=CHANGES)
def test_it_is_shown_as_it_will_be_stored(
    path: str, value: Any, expected: dict[str, Any], scim: ScimClient, connection: SCIMConnection
) -> None:
    made = scim.post(
        "/Users", {"schemas": [CORE], "userName": INES, "title": "Safety", "active": True}
    ).json()
    patch = operations(("replace", path, value))
    assert comes_true(scim, connection, patch, INES, made["id"]) == expected
