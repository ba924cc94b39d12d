"""``active`` as a flag that means the opposite: ``Switch("blocked", on=False, off=True)``."""

from __future__ import annotations

from typing import Any

import pytest

import scim_provisioning.adapters as scim_adapters
from tests.client import ScimClient
from tests.hosts.every_kind.models import Dossier
from tests.hosts.every_kind.scim import LearnerAdapter as EveryKind
from tests.people import CORE

pytestmark = pytest.mark.django_db


class LearnerAdapter(EveryKind):
    """``remote`` stands for a flag that locks somebody out."""

    mapping = [
        *(line for line in EveryKind.mapping if line.target not in ("dossier.status", "dossier.remote")),
        scim_adapters.Switch("dossier.remote", on=False, off=True),
    ]


def test_it_is_set_when_somebody_leaves_and_read_filtered_and_taken_back(
    scim: ScimClient, settings: Any
) -> None:
    path = f"{__name__}.LearnerAdapter"
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": path}
    made = scim.post("/Users", {"schemas": [CORE], "userName": "ines", "title": "Safety"}).json()
    assert (made["active"], Dossier.objects.get().remote) == (True, False)

    for active in (False, True):
        operation = {"op": "replace", "path": "active", "value": active}
        assert scim.patch(f"/Users/{made['id']}", [operation]).json()["active"] is active
        assert Dossier.objects.get().remote is not active
        for asked in (True, False):
            found = scim.get(f"/Users?filter=active+eq+{str(asked).lower()}").json()["totalResults"]
            assert found == (active is asked)
