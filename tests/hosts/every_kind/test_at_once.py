"""Lists of rows that several people need at the same moment, and whose model has no constraint."""

from __future__ import annotations

from pathlib import Path

import pytest

from scim_provisioning.models import SCIMConnection
from scim_provisioning.protocol.constants import PATCH_OP
from scim_provisioning.provisioning import late_wishes
from tests.client import ScimClient
from tests.databases import shared_by_threads
from tests.faults.crowds import Request, answered, crowd, undisturbed
from tests.hosts.every_kind.models import Dossier, Topic
from tests.hosts.every_kind.scim import OWN
from tests.people import CORE

pytestmark = pytest.mark.django_db(transaction=True)

SIZE, ROUNDS = 6, 3


def test_lists_in_opposite_orders_make_each_row_once_and_nobody_waits_for_each_other(
    transactional_db: None, token: str, tmp_path: Path
) -> None:
    with shared_by_threads(tmp_path), crowd(SIZE) as people:
        for n in range(ROUNDS):
            topics = [f"Ropes {n}", f"Sails {n}", f"Tides {n}"]
            bodies = [
                {
                    "schemas": [CORE, OWN],
                    "userName": f"p{n}{k}@x.example",
                    "title": "Safety",
                    OWN: {"topics": topics[:: 1 if k % 2 else -1]},
                }
                for k in range(SIZE)
            ]
            answers = people.at_once(*[Request(token, "POST", "/Users", body) for body in bodies])
            answered(answers, s201=SIZE)
            undisturbed(answers)
            # And the one that all have as their title.
            assert Topic.objects.count() == 1 + len(topics) * (n + 1)
        assert {dossier.topics.count() for dossier in Dossier.objects.all()} == {len(topics)}


def test_whoever_is_wanted_again_stays_on_although_an_earlier_wish_is_carried_out_at_that_moment(
    transactional_db: None, scim: ScimClient, token: str, tmp_path: Path
) -> None:
    def said(**operation: object) -> dict[str, object]:
        return {"schemas": [PATCH_OP], "Operations": [{"op": "replace", **operation}]}

    made = scim.post("/Users", {"schemas": [CORE], "userName": "ines@x.example", "title": "Safety"}).json()
    path = f"/Users/{made['id']}"
    with shared_by_threads(tmp_path), crowd(SIZE) as people:
        for n in range(ROUNDS):
            Dossier.objects.update(status="invited")
            scim.patch(path, said(path="active", value=False))
            Dossier.objects.update(status="active")
            titles = [said(path="displayName", value=f"Ines {n} {k}") for k in range(SIZE - 1)]
            bodies = [said(path="active", value=True), *titles]
            answers = people.at_once(*[Request(token, "PATCH", path, body) for body in bodies])
            answered(answers, s200=SIZE)
            undisturbed(answers)
            assert late_wishes.carry_out(SCIMConnection.objects.get()) == 0
            assert Dossier.objects.get().status == "active"
