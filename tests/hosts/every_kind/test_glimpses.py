"""Whoever is only shown is read by the columns that the kinds name, and shown as their adapter shows them."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

import scim_provisioning.adapters as kinds
from example_project.lms.models import Organization
from scim_provisioning.adapters import glimpses
from scim_provisioning.models import SCIMConnection
from tests.client import ScimClient
from tests.hosts.every_kind.models import Dossier, Topic
from tests.hosts.every_kind.scim import OWN, WITHIN, LearnerAdapter
from tests.hosts.every_kind.test_kinds import SENT, body, post
from tests.people import ENTERPRISE

pytestmark = pytest.mark.django_db


class JoinedAdapter(LearnerAdapter):
    """Without what takes a statement of its own, and with a second name of one row."""

    mapping = [line for line in LearnerAdapter.mapping if not isinstance(line, kinds.References)]
    mapping += [kinds.Reference(f"{OWN}:colour", "dossier.main_topic", by="colour", within=WITHIN)]


@pytest.fixture(autouse=True)
def _joined(settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": f"{__name__}.JoinedAdapter"}


def person(number: int) -> dict[str, Any]:
    path, value, *_row = SENT[number]
    urn, _, name = path.rpartition(":")
    made = body(f"p{number}", core={ENTERPRISE: {name: value}} if urn == ENTERPRISE else {})
    if urn == OWN:
        made[OWN] = {name: value}
    elif not urn:
        made[name] = value
    return made


def as_models(connection: SCIMConnection) -> list[dict[str, Any]]:
    people = list(JoinedAdapter.links(connection).living().order_by("pk"))
    return [adapter.to_dict() for adapter in JoinedAdapter.for_links(people, connection)]


def test_a_page_shows_people_as_their_adapters_do_whoever_changed_them_last(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    ids = [post(scim, person(number))["id"] for number in range(len(SENT))]
    named_otherwise = {**body("otherwise", colour="GREY"), "title": None}
    ids.append(post(scim, named_otherwise)["id"])
    scim.patch(f"/Users/{ids[0]}", [{"op": "replace", "path": "active", "value": False}])
    scim.patch(f"/Users/{ids[1]}", [{"op": "remove", "path": "active"}])
    assert glimpses.plan(JoinedAdapter.compiled(connection)) is not None
    topic = Topic.objects.create(name="x", organization=Organization.objects.first())
    for changed in (
        {},
        {"number": 7, "share": "1.25", "score": 0.5, "hired": "2001-02-03", "seen": "2001-02-03T04:05:06Z"},
        {"level": "L", "shift": 1, "badge": "B-1", "remote": True, "place": "Oslo", "data": {"desk": 3}},
        {"number": None, "share": None, "score": None, "hired": None, "seen": None, "badge": "", "data": {}},
        {"status": "suspended", "main_topic": topic},
    ):
        if changed:
            Dossier.objects.update(**changed)
        expected = as_models(connection)
        assert len(expected) == len(ids)
        assert scim.get("/Users").json()["Resources"] == expected
        for scim_id, one in zip(ids, expected, strict=True):
            assert scim.get(f"/Users/{scim_id}").json() == one
    Dossier.objects.filter(user__username__startswith="p3").delete()
    assert scim.get("/Users").json()["Resources"] == as_models(connection)
