"""Entity tags and conditional requests (RFC 7644 section 3.14)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from example_project.lms.models import Company, Learner
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent
from tests.client import ScimClient
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

STALE = 'W/"0000"'
RETITLE = [{"op": "replace", "path": "title", "value": "Captain"}]


@pytest.fixture
def ines(scim: ScimClient) -> dict[str, Any]:
    resource: dict[str, Any] = scim.post("/Users", person()).json()
    return resource


def version(scim: ScimClient, scim_id: str) -> str:
    answer = scim.get(f"/Users/{scim_id}")
    tag: str = answer.headers["ETag"]
    assert answer.json()["meta"]["version"] == tag
    return tag


def write(scim: ScimClient, method: str, ines: dict[str, Any], **headers: str) -> Any:
    body = {"PUT": person(title="Captain"), "DELETE": None}.get(method)
    path = f"/Users/{ines['id']}"
    return (
        scim.patch(path, RETITLE, **headers)
        if method == "PATCH"
        else scim.request(method, path, body, **headers)
    )


def test_the_tag_is_weak_and_stands_in_header_meta_and_list(scim: ScimClient, ines: dict[str, Any]) -> None:
    tag = version(scim, ines["id"])
    assert tag.startswith('W/"')
    assert tag == ines["meta"]["version"]
    assert scim.get("/Users").json()["Resources"][0]["meta"]["version"] == tag


def test_a_change_through_scim_changes_the_tag_and_none_keeps_it(
    scim: ScimClient, ines: dict[str, Any]
) -> None:
    tag = ines["meta"]["version"]
    changed = scim.patch(f"/Users/{ines['id']}", RETITLE)
    assert changed.headers["ETag"] == changed.json()["meta"]["version"] != tag
    same = scim.patch(f"/Users/{ines['id']}", RETITLE)
    assert same.headers["ETag"] == changed.headers["ETag"]


@pytest.mark.parametrize("row", ["account", "profile", "reference"])
def test_an_edit_in_the_lms_changes_the_tag(scim: ScimClient, ines: dict[str, Any], row: str) -> None:
    learner = Learner.objects.get()
    if row == "account":
        learner.user.last_name = "Bell"
        learner.user.save()
    elif row == "profile":
        Learner.objects.update(job_role="Captain")
    else:
        Learner.objects.update(company=Company.objects.create(organization=learner.organization, name="Tug"))
    assert version(scim, ines["id"]) != ines["meta"]["version"]


def test_an_edit_of_what_scim_does_not_show_keeps_the_tag(scim: ScimClient, ines: dict[str, Any]) -> None:
    learner = Learner.objects.get()
    learner.user.last_login = learner.joined_at
    learner.user.save()
    assert version(scim, ines["id"]) == ines["meta"]["version"]


def test_a_manager_who_leaves_and_returns_changes_the_tag_as_they_change_the_resource(
    scim: ScimClient, ines: dict[str, Any]
) -> None:
    boss = scim.post("/Users", person("boss.one")).json()["id"]
    manager = [{"op": "replace", "path": f"{ENTERPRISE}:manager", "value": boss}]
    path = f"/Users/{ines['id']}"
    led = scim.patch(path, manager)
    assert version(scim, ines["id"]) == led.headers["ETag"]
    assert "$ref" in led.json()[ENTERPRISE]["manager"]
    scim.delete(f"/Users/{boss}")
    seen = scim.get(path, if_none_match=led.headers["ETag"])
    assert (seen.status_code, seen.json()[ENTERPRISE]["manager"]) == (200, {"value": boss})
    left = seen.headers["ETag"]
    # Lists, the answer to a change and what the log keeps of it say the same.
    for query in ("", f'?filter=id+eq+"{ines["id"]}"', "?cursor&count=5"):
        assert [one["meta"]["version"] for one in scim.get(f"/Users{query}").json()["Resources"]] == [left]
    assert scim.patch(path, manager, if_match=left).headers["ETag"] == left
    scim.patch(path, RETITLE, if_match=left)
    kept = json.loads(ProvisioningEvent.objects.latest("pk").payload.response)
    assert kept == scim.get(path).json()
    assert scim.get(path, if_none_match=kept["meta"]["version"]).status_code == 304
    assert scim.patch(path, RETITLE, if_match=led.headers["ETag"]).status_code == 412
    scim.post("/Users", person("boss.one"))
    back = scim.get(path, if_none_match=kept["meta"]["version"])
    assert (back.status_code, back.json()[ENTERPRISE]) == (200, led.json()[ENTERPRISE])


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_write_on_a_stale_version_is_412_and_changes_nothing(
    scim: ScimClient, ines: dict[str, Any], method: str
) -> None:
    answer = write(scim, method, ines, if_match=STALE)
    assert (answer.status_code, answer.json()["status"]) == (412, "412")
    assert answer.headers["Content-Type"].startswith("application/scim+json")
    assert version(scim, ines["id"]) == ines["meta"]["version"]
    assert ProvisioningEvent.objects.filter(outcome="refused", status=412).count() == 1


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_an_edit_in_the_lms_makes_the_clients_version_stale(
    scim: ScimClient, ines: dict[str, Any], method: str
) -> None:
    Learner.objects.update(job_role="Captain")
    assert write(scim, method, ines, if_match=ines["meta"]["version"]).status_code == 412


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("form", ["{}", "*", '"x", {}', "strong"])
def test_a_write_on_the_current_version_goes_through(
    scim: ScimClient, ines: dict[str, Any], method: str, form: str
) -> None:
    tag = ines["meta"]["version"]
    header = tag.removeprefix("W/") if form == "strong" else form.format(tag)
    assert write(scim, method, ines, if_match=header).status_code == (204 if method == "DELETE" else 200)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_if_none_match_on_a_write_excludes_the_versions_it_names(
    scim: ScimClient, ines: dict[str, Any], method: str
) -> None:
    assert write(scim, method, ines, if_none_match="*").status_code == 412
    assert write(scim, method, ines, if_none_match=ines["meta"]["version"]).status_code == 412
    assert write(scim, method, ines, if_none_match=STALE).status_code in (200, 204)


def test_reading_a_version_one_has_is_304_without_a_body(scim: ScimClient, ines: dict[str, Any]) -> None:
    tag = ines["meta"]["version"]
    for header in (tag, f"{STALE}, {tag}", "*"):
        answer = scim.get(f"/Users/{ines['id']}", if_none_match=header)
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", tag)
    assert scim.get(f"/Users/{ines['id']}", if_none_match=STALE).status_code == 200


def test_reading_with_if_match_is_412_when_stale_and_comes_before_if_none_match(
    scim: ScimClient, ines: dict[str, Any]
) -> None:
    tag, path = ines["meta"]["version"], f"/Users/{ines['id']}"
    assert scim.get(path, if_match=STALE).status_code == 412
    assert scim.get(path, if_match=tag).status_code == 200
    assert scim.get(path, if_match=STALE, if_none_match=tag).status_code == 412
    assert scim.get(path, if_match=tag, if_none_match=tag).status_code == 304


def test_the_tag_is_of_the_whole_resource_whatever_part_is_shown(
    scim: ScimClient, ines: dict[str, Any]
) -> None:
    part = scim.get(f"/Users/{ines['id']}?attributes=userName")
    assert part.headers["ETag"] == ines["meta"]["version"]
    assert "meta" not in part.json()


def test_a_precondition_on_somebody_unknown_is_404(scim: ScimClient) -> None:
    assert scim.patch("/Users/nobody", RETITLE, if_match="*").status_code == 404
    assert not ProvisionedUser.objects.exists()
