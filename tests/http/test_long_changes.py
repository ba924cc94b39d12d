"""What a line of the log holds of a change, however much changes: lines are kept for a year."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scim_provisioning.administration import reactivation
from scim_provisioning.models import ProvisioningEvent, SCIMConnection
from tests.client import ScimClient
from tests.people import person

pytestmark = pytest.mark.django_db

NAMES = ("displayName", "nickName", "profileUrl", "userType", "locale", "timezone", "preferredLanguage")
#: What a line may hold of values, in characters.
MOST = 16 * 1024


def put(path: str, value: object) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


@pytest.mark.parametrize(
    "operations",
    [
        [put(name, letter * 8000) for name, letter in zip(NAMES, "abcdefg", strict=True)],
        [put("phoneNumbers", [{"type": f"t{n}", "value": f"{n}" * 250} for n in range(90)])],
    ],
    ids=["long texts", "a long list"],
)
def test_a_change_that_is_too_long_for_the_log_is_cut_there_and_the_learner_keeps_it(
    scim: ScimClient, operations: list[dict[str, Any]]
) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    assert scim.patch(f"/Users/{scim_id}", operations).status_code == 200
    event = ProvisioningEvent.objects.latest("pk")
    assert len(json.dumps(event.changes, ensure_ascii=False)) <= MOST + 1000
    assert event.cause["cut"]
    shown = scim.get(f"/Users/{scim_id}").json()
    assert all(shown[operation["path"]] == operation["value"] for operation in operations)


def test_what_the_log_has_cut_is_not_written_back_with_a_departure(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    long = dict.fromkeys(("nickName", "userType", "profileUrl"), "n" * 8000)
    scim_id = scim.post("/Users", {**person(), **long}).json()["id"]
    off = [put("active", False), put("title", "Gone"), *(put(name, "n") for name in long)]
    assert scim.patch(f"/Users/{scim_id}", off).status_code == 200
    went = list(reactivation.departures(connection, 1))
    assert sorted(went[0].cause["cut"]) == ["nickName", "profileUrl", "userType"]
    assert reactivation.undo(connection, went, actor=None).back == 1
    shown = scim.get(f"/Users/{scim_id}").json()
    # Their title is theirs again; of the long values nobody knows more than the beginning.
    assert (shown["active"], shown["title"]) == (True, person()["title"])
    assert {shown[name] for name in long} == {"n"}


def test_an_ordinary_change_is_kept_as_it_was(scim: ScimClient) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    assert scim.patch(f"/Users/{scim_id}", [put("nickName", "n" * 8000)]).status_code == 200
    event = ProvisioningEvent.objects.latest("pk")
    assert event.changes == {"nickName": [None, "n" * 8000]}
    assert "cut" not in event.cause


def test_what_is_passed_over_and_why_is_bounded_too(scim: ScimClient) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    unknown = [put(f"urn:x:z{n}{'y' * 5000}", "v") for n in range(49)]
    assert scim.patch(f"/Users/{scim_id}", [put("displayName", "Ines"), *unknown]).status_code == 200
    event = ProvisioningEvent.objects.latest("pk")
    assert len(event.ignored) == 49
    assert len(json.dumps(event.ignored)) <= MOST


def test_a_secret_in_a_path_that_nothing_takes_is_not_kept_with_its_name(scim: ScimClient) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    hidden = put('urn:x:y:password[value eq "hunter2"].z', "v")
    assert scim.patch(f"/Users/{scim_id}", [put("displayName", "Ines"), hidden]).status_code == 200
    event = ProvisioningEvent.objects.select_related("payload").latest("pk")
    assert event.ignored == ["urn:x:y:password[].z"]
    assert "hunter2" not in event.payload.request
