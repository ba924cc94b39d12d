"""``POST /Bulk`` (RFC 7644 section 3.7)."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from example_project.lms.models import Learner
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.conf import tenant_url
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.hosts.current import make_connection
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

Json = dict[str, Any]


def send(scim: ScimClient, *operations: Json, **more: Any) -> Any:
    return scim.post("/Bulk", {"schemas": [REQUEST], "Operations": list(operations), **more})


def results(scim: ScimClient, *operations: Json, **more: Any) -> list[Json]:
    answer = send(scim, *operations, **more)
    assert answer.status_code == 200, answer.content
    assert answer.json()["schemas"] == [RESPONSE]
    found: list[Json] = answer.json()["Operations"]
    return found


def post(name: str, manager: str | None = None, **changes: Any) -> Json:
    extension = {"manager": {"value": f"bulkId:{manager}"}} if manager else {}
    data = person(f"{name}.x", **{ENTERPRISE: extension}, **changes)
    return {"method": "POST", "path": "/Users", "bulkId": name, "data": data}


def retitle(path: str, title: Any = "Captain", **more: Any) -> Json:
    operation = {"op": "replace", "path": "title", "value": title}
    data = {"schemas": [PATCH_OP], "Operations": [operation]}
    return {"method": "PATCH", "path": path, "data": data, **more}


def manager_of(name: str) -> str | None:
    manager = Learner.objects.get(user__username=f"{name}.x@harborline.example").manager
    return manager.user.username.partition(".")[0] if manager else None


def statuses(found: list[Json]) -> list[str]:
    return [result["status"] for result in found]


def test_every_method_is_performed_and_answered_in_order(scim: ScimClient) -> None:
    ana, ben, cleo = (scim.post("/Users", person(f"{name}.x")).json() for name in ("ana", "ben", "cleo"))
    found = results(
        scim,
        post("dan"),
        {"method": "PUT", "path": f"/Users/{ana['id']}", "data": person("ana.x", title="Put")},
        retitle(f"/Users/{ben['id']}"),
        {"method": "DELETE", "path": f"/Users/{cleo['id']}"},
    )
    assert [(r["method"], r["status"]) for r in found] == [
        ("POST", "201"),
        ("PUT", "200"),
        ("PATCH", "200"),
        ("DELETE", "204"),
    ]
    assert found[0]["bulkId"] == "dan"
    assert [r["location"] for r in found[1:]] == [r["meta"]["location"] for r in (ana, ben, cleo)]
    for result in found[:3]:
        read = scim.get(result["location"].removeprefix(tenant_url()))
        assert result["version"] == read.headers["ETag"]
    roles = Learner.objects.order_by("pk").values_list("job_role", flat=True)
    assert list(roles) == ["Put", "Captain", "Secure Coding Lead", "Secure Coding Lead"]
    assert scim.get(f"/Users/{cleo['id']}").status_code == 404


@pytest.mark.parametrize("order", [("boss", "report"), ("report", "boss")], ids=["backward", "forward"])
def test_a_bulk_id_names_somebody_created_before_or_after(scim: ScimClient, order: tuple[str, str]) -> None:
    operations = {"boss": post("boss"), "report": post("report", manager="boss")}
    found = results(scim, *[operations[name] for name in order])
    assert [result["bulkId"] for result in found] == list(order)
    assert statuses(found) == ["201", "201"]
    assert manager_of("report") == "boss"


def test_people_in_a_circle_are_introduced_to_each_other(scim: ScimClient) -> None:
    found = results(scim, post("a", manager="b"), post("b", manager="c"), post("c", manager="a"))
    assert statuses(found) == ["201", "201", "201"]
    # Nobody is their own manager through others: the reference that would close the circle is kept, and left out here.
    assert [manager_of(name) for name in "abc"] == [None, "c", "a"]
    for result in found:
        read = scim.get(result["location"].removeprefix(tenant_url()))
        assert read.headers["ETag"] == result["version"]
        assert read.json()[ENTERPRISE]["manager"]["value"] != f"bulkId:{result['bulkId']}"


def test_somebody_who_is_their_own_manager_reads_what_was_sent_and_has_none_in_the_lms(
    scim: ScimClient,
) -> None:
    (found,) = results(scim, post("solo", manager="solo"))
    assert found["status"] == "201"
    solo = scim.get(found["location"].removeprefix(tenant_url()))
    assert solo.json()[ENTERPRISE]["manager"]["value"] == solo.json()["id"]
    assert solo.headers["ETag"] == found["version"]
    assert manager_of("solo") is None


def test_a_circle_with_a_failure_in_it_leaves_no_reference_to_nobody(scim: ScimClient) -> None:
    scim.post("/Users", person("b.x"))
    found = results(scim, post("a", manager="b"), post("b", manager="a"))
    assert statuses(found) == ["201", "409"]
    read = scim.get(found[0]["location"].removeprefix(tenant_url()))
    assert "manager" not in read.json().get(ENTERPRISE, {})
    assert read.headers["ETag"] == found[0]["version"]


def test_paths_and_values_may_name_a_bulk_id(scim: ScimClient) -> None:
    manager = {"op": "add", "path": f"{ENTERPRISE}:manager", "value": {"value": "bulkId:boss"}}
    found = results(
        scim,
        {
            "method": "PATCH",
            "path": "/Users/bulkId:report",
            "data": {"schemas": [PATCH_OP], "Operations": [manager]},
        },
        post("report"),
        post("boss"),
        {"method": "DELETE", "path": "/Users/bulkId:boss"},
    )
    assert statuses(found) == ["200", "201", "201", "204"]
    assert found[0]["location"] == found[1]["location"]
    assert manager_of("report") == "boss"


def test_a_reference_to_nobody_or_to_a_failure_is_an_invalid_value(scim: ScimClient) -> None:
    scim.post("/Users", person("boss.x"))
    found = results(scim, post("boss"), post("report", manager="boss"), post("other", manager="nobody"))
    assert statuses(found) == ["409", "400", "400"]
    assert [r["response"]["scimType"] for r in found] == ["uniqueness", "invalidValue", "invalidValue"]
    assert "boss" in found[1]["response"]["detail"]
    assert get_user_model().objects.count() == 1


def test_one_failure_undoes_its_own_operation_only(scim: ScimClient) -> None:
    ana = scim.post("/Users", person("ana.x")).json()
    bad = retitle(f"/Users/{ana['id']}")
    bad["data"]["Operations"].append({"op": "replace", "path": "active", "value": "perhaps"})
    found = results(scim, post("ben"), bad, retitle("/Users/nobody"), post("cleo"))

    assert statuses(found) == ["201", "400", "404", "201"]
    assert found[1]["response"]["status"] == "400"
    assert found[1]["location"] == ana["meta"]["location"]
    assert Learner.objects.get(user__username__startswith="ana").job_role == "Secure Coding Lead"
    assert ProvisionedUser.objects.count() == 3


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (1, ["409"]),
        (2, ["409", "201", "409"]),
        (3, ["409", "201", "409", "201"]),
        (0, ["409", "201", "409", "201"]),
    ],
)
def test_fail_on_errors_stops_after_that_many_failures(
    scim: ScimClient, most: int, expected: list[str]
) -> None:
    scim.post("/Users", person("ana.x"))
    twin = post("ana") | {"bulkId": "twin"}
    found = results(scim, post("ana"), post("ben"), twin, post("cleo"), failOnErrors=most)
    assert statuses(found) == expected
    assert ProvisionedUser.objects.count() == 1 + expected.count("201")


def test_each_operation_is_one_savepoint_and_one_row_of_the_log(scim: ScimClient) -> None:
    scim.post("/Users", person("ana.x"))
    ProvisioningEvent.objects.all().delete()
    with CaptureQueriesContext(database) as captured:
        found = results(scim, post("ana"), post("ben"), post("cleo"))

    assert statuses(found) == ["409", "201", "201"]
    events = list(ProvisioningEvent.objects.order_by("pk"))
    assert [(e.operation, e.outcome, e.status) for e in events] == [
        ("create", "refused", 409),
        ("create", "applied", 201),
        ("create", "applied", 201),
    ]
    assert [event.path.partition("#")[2] for event in events] == ["0 /Users", "1 /Users", "2 /Users"]
    assert len({event.request_id for event in events}) == 1
    assert any(query["sql"].startswith("ROLLBACK TO SAVEPOINT") for query in captured)


def test_versions_are_heeded(scim: ScimClient) -> None:
    ana = scim.post("/Users", person("ana.x")).json()
    path = f"/Users/{ana['id']}"
    found = results(
        scim,
        retitle(path, version='W/"0"'),
        retitle(path, version=ana["meta"]["version"]),
        {"method": "DELETE", "path": path, "version": ana["meta"]["version"]},
    )
    assert statuses(found) == ["412", "200", "412"]
    assert Learner.objects.get().job_role == "Captain"


def test_groups_and_unknown_paths_are_refused_one_by_one(scim: ScimClient) -> None:
    group = {"method": "POST", "path": "/Groups", "bulkId": "g", "data": {"displayName": "Deck"}}
    strange = {"method": "DELETE", "path": "/Boats/1"}
    onto_item = {**post("x"), "path": "/Users/1"}
    found = results(scim, group, strange, onto_item, {"method": "DELETE", "path": "/Users"})
    assert statuses(found) == ["501", "404", "404", "404"]


def test_too_many_operations_are_413_and_none_is_performed(scim: ScimClient, settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "LIMITS": {"bulk_operations": 2}}
    assert scim.get("/ServiceProviderConfig").json()["bulk"]["maxOperations"] == 2
    assert statuses(results(scim, post("a"), post("b"))) == ["201", "201"]
    answer = send(scim, post("c"), post("d"), post("e"))
    assert (answer.status_code, answer.json()["status"]) == (413, "413")
    assert ProvisionedUser.objects.count() == 2


def test_a_larger_payload_than_advertised_is_413(scim: ScimClient, settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "LIMITS": {"bulk_bytes": 900}}
    assert scim.get("/ServiceProviderConfig").json()["bulk"]["maxPayloadSize"] == 900
    answer = send(scim, post("a"), post("b"))
    assert (answer.status_code, answer.json()["status"]) == (413, "413")
    assert not ProvisionedUser.objects.exists()


def test_as_much_as_is_advertised_is_taken(scim: ScimClient) -> None:
    limit = scim.get("/ServiceProviderConfig").json()["bulk"]["maxOperations"]
    found = results(scim, *[retitle("/Users/nobody") for _ in range(limit)])
    assert statuses(found) == ["404"] * limit


BROKEN: dict[str, Json] = {
    "neither schemas nor operations": {"schemas": None, "Operations": None},
    "operations are no list": {"Operations": {}},
    "an operation is no object": {"Operations": ["x"]},
    "unknown method": {"Operations": [{"method": "GET", "path": "/Users"}]},
    "no path": {"Operations": [{"method": "DELETE"}]},
    "POST without bulkId": {"Operations": [{"method": "POST", "path": "/Users", "data": {}}]},
    "PUT without data": {"Operations": [{"method": "PUT", "path": "/Users/1"}]},
    "one bulkId twice": {"Operations": [post("a"), post("a")]},
    "failOnErrors is text": {"failOnErrors": "1"},
    "failOnErrors is negative": {"failOnErrors": -1},
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_message_is_refused_as_a_whole(scim: ScimClient, case: str) -> None:
    body = {"schemas": [REQUEST], "Operations": [post("z")]} | BROKEN[case]
    answer = scim.post("/Bulk", {key: value for key, value in body.items() if value is not None})
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidSyntax")
    assert not ProvisionedUser.objects.exists()
    assert ProvisioningEvent.objects.get().operation == "bulk"


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_bulk_takes_post_only(scim: ScimClient, method: str) -> None:
    assert scim.request(method, "/Bulk", {}).status_code == 405


def test_a_bulk_id_that_an_earlier_request_left_behind_means_nobody(scim: ScimClient) -> None:
    """Else one small request writes everybody who ever named it, however many they are."""
    before = {f"{ENTERPRISE}:manager": {"value": "bulkId:boss"}}
    assert scim.post("/Users", person("old.x", **before)).status_code == 201
    assert statuses(results(scim, post("boss"), post("report", "boss"))) == ["201", "201"]
    assert (manager_of("report"), manager_of("old")) == ("boss", None)


def test_a_second_bulk_request_at_the_same_moment_is_429_and_fills_no_log(
    scim: ScimClient, connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = ScimClient(TokenFactory(connection=make_connection("Other")).plaintext)
    meanwhile: list[Any] = []

    def ask(adapter: Any, learner: Any, *, event: Any) -> None:
        if not meanwhile:
            meanwhile.append(None)
            meanwhile.append(send(scim, post("second")))
            meanwhile.append(scim.get("/Users"))
            meanwhile.append(send(other, post("third")))

    monkeypatch.setattr(LearnerAdapter, "on_provisioned", ask)
    assert [result["status"] for result in results(scim, post("first"))] == ["201"]
    _, refused, read, others = meanwhile
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert "bulk request running" in refused.json()["detail"]
    assert (read.status_code, others.status_code) == (200, 200)
    assert not ProvisioningEvent.objects.filter(error_code="bulk.at_once").exists()
    # The slot is free again.
    assert [result["status"] for result in results(scim, post("fourth"))] == ["201"]
