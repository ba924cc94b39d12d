"""The LMS moves a learner to another customer by itself: for the first one's connection they are gone, and are left
alone.

These tests run in every host. Where one account is many customers', or nothing says whose it is, nobody is judged.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth import get_user_model

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration import connections, reactivation
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.sso import may_sign_in
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.hosts.current import host, make_connection, spelled
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"
TITLE = [{"op": "Replace", "path": "title", "value": "Taken"}]
OFF = [{"op": "Replace", "path": "active", "value": False}]
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


@pytest.fixture(autouse=True)
def _user_names_are_what_people_sign_in_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_adapter_class(), "user_name_is_sso_subject", True)


@pytest.fixture
def elsewhere(db: None) -> Any:
    """Another customer."""
    return host().make_customer()


@pytest.fixture
def second(elsewhere: Any) -> SCIMConnection:
    return make_connection("Other", elsewhere)


@pytest.fixture
def other(second: SCIMConnection) -> ScimClient:
    return ScimClient(TokenFactory(connection=second).plaintext)


@pytest.fixture
def ines(scim: ScimClient) -> str:
    scim_id: str = scim.post("/Users", body()).json()["id"]
    return scim_id


@pytest.fixture
def judged(scim: ScimClient, ines: str, organization: Any, elsewhere: Any) -> bool:
    """Ines is moved; whether this LMS says so."""
    return host().move(INES, organization, elsewhere)


def body(name: str = "ines.okafor", **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = spelled(person(name, **changes))
    return made


def account() -> Any:
    return get_user_model()._base_manager.get(**{get_user_model().USERNAME_FIELD: INES})


def total(scim: ScimClient, query: str = "") -> int:
    found: int = scim.get(f"/Users?{query}").json()["totalResults"]
    return found


def state() -> dict[str, Any]:
    """All that stands in the rows of her account."""
    return {key: value for key, value in vars(account()).items() if key != "_state"}


def test_who_is_moved_can_neither_be_read_nor_found_nor_changed(
    scim: ScimClient, ines: str, judged: bool, django_assert_num_queries: Any
) -> None:
    scim.post("/Users", body("rui.costa"))
    before, path = state(), f"/Users/{ines}"
    answers = [
        scim.get(path),
        scim.patch(path, TITLE),
        scim.patch(path, OFF),
        scim.put(path, body(title="Taken")),
        scim.delete(path),
    ]
    if not judged:
        assert answers[0].status_code == 200
        return
    assert [answer.status_code for answer in answers] == [404] * 5
    unknown = scim.get("/Users/3f8f3b2e-1111-4222-8333-444455556666")
    assert answers[0].json() == unknown.json()
    assert INES not in scim.get("/Users").content.decode()
    for filter_text in (
        f'userName eq "{INES}"',
        'externalId eq "inesokafor"',
        f'emails.value eq "{INES}"',
        f'emails[type eq "work"].value eq "{INES}"',
        'title eq "Secure Coding Lead" and userName sw "ines"',
    ):
        assert total(scim, f"filter={quote(filter_text)}") == 0, filter_text
    operations = [
        {"method": "DELETE", "path": path},
        {"method": "PATCH", "path": path, "data": {"Operations": OFF}},
    ]
    done = scim.post("/Bulk", {"schemas": [BULK], "Operations": operations}).json()
    assert [operation["status"] for operation in done["Operations"]] == ["404", "404"]
    assert state() == before


@pytest.mark.parametrize("query", ["", "count=1", "startIndex=2&count=1", "sortBy=userName", "count=0"])
def test_nobody_counts_who_is_moved(scim: ScimClient, ines: str, judged: bool, query: str) -> None:
    # Pages that do not show everybody count her until the log says what became of her.
    assert scim.get(f"/Users/{ines}").status_code == (404 if judged else 200)
    for name in ("rui.costa", "mia.vos", "jo.lund"):
        assert scim.post("/Users", body(name)).status_code == 201
    page = scim.get(f"/Users?{query}").json()
    assert page["totalResults"] == (3 if judged else 4)
    assert len(page.get("Resources", [])) == {
        "": 3 if judged else 4,
        "sortBy=userName": 3 if judged else 4,
    }.get(query, 0 if "count=0" in query else 1)


def test_the_first_customers_single_sign_on_lets_them_in_no_more(
    judged: bool, connection: SCIMConnection, second: SCIMConnection
) -> None:
    assert may_sign_in(account(), connection) is not judged
    # The account itself is as it was.
    assert may_sign_in(account())


def test_a_deletion_by_the_first_customer_says_nothing_of_whom_the_lms_has_moved_since(
    scim: ScimClient, ines: str, organization: Any, elsewhere: Any
) -> None:
    scim.delete(f"/Users/{ines}")
    judged = host().move(INES, organization, elsewhere)
    get_user_model()._base_manager.update(is_active=True)
    assert may_sign_in(account()) is judged


def test_the_log_says_so_once_for_each_time(
    scim: ScimClient, ines: str, judged: bool, organization: Any, elsewhere: Any
) -> None:
    said = ProvisioningEvent.objects.filter(action="moved", link__scim_id=ines)
    for _again in range(2):
        scim.get(f"/Users/{ines}")
        scim.patch(f"/Users/{ines}", OFF)
    assert said.count() == (1 if judged else 0)
    if judged:
        assert "another customer" in said.get().detail
        host().move(INES, elsewhere, organization)
        assert scim.patch(f"/Users/{ines}", TITLE).status_code == 200
        host().move(INES, organization, elsewhere)
        scim.get(f"/Users/{ines}")
        assert said.count() == 2


def test_who_is_moved_back_is_as_before(
    scim: ScimClient, ines: str, judged: bool, organization: Any, elsewhere: Any, connection: SCIMConnection
) -> None:
    scim.patch(f"/Users/{ines}", OFF)
    host().move(INES, elsewhere, organization)
    back = scim.get(f"/Users/{ines}")
    assert (back.status_code, back.json()["active"]) == (200, judged)
    assert may_sign_in(account(), connection) is judged
    assert scim.patch(f"/Users/{ines}", TITLE).json()["title"] == "Taken"
    assert total(scim) == 1


def test_nobody_reports_to_whom_the_lms_has_moved(
    scim: ScimClient, ines: str, organization: Any, elsewhere: Any
) -> None:
    report = scim.post("/Users", body("rui.costa", **{ENTERPRISE: {"manager": {"value": ines}}})).json()
    assert report[ENTERPRISE]["manager"]["$ref"].endswith(ines)
    by_manager = f"filter={quote(f'{ENTERPRISE}:manager.value eq {chr(34)}{ines}{chr(34)}')}"
    assert total(scim, by_manager) == 1
    if not host().move(INES, organization, elsewhere):
        return
    assert "manager" not in scim.get(f"/Users/{report['id']}").json().get(ENTERPRISE, {})
    assert total(scim, by_manager) == 0
    # Named again, they are awaited, as somebody who is not here.
    again = scim.post("/Users", body("mia.vos", **{ENTERPRISE: {"manager": {"value": ines}}})).json()
    assert again[ENTERPRISE]["manager"] == {"value": ines}
    assert ProvisionedUser.objects.get(scim_id=again["id"]).awaited_manager == ines


def test_the_other_customer_takes_them_over_and_is_not_held_back_by_the_first(
    scim: ScimClient, other: ScimClient, ines: str, judged: bool, second: SCIMConnection
) -> None:
    answer = other.post("/Users", body(title="Theirs"))
    if not judged:
        assert answer.status_code == 409
        return
    assert answer.status_code == 201, answer.content
    theirs = answer.json()["id"]
    assert ProvisionedUser.objects.get(scim_id=theirs).user_id == account().pk
    assert ProvisioningEvent.objects.filter(action="moved", link__scim_id=ines).count() == 1
    assert may_sign_in(account(), second)
    # The first one's wish keeps nothing on.
    assert other.patch(f"/Users/{theirs}", OFF).json()["active"] is False
    assert not account().is_active
    assert other.patch(f"/Users/{theirs}", [{**OFF[0], "value": True}]).status_code == 200
    assert other.delete(f"/Users/{theirs}").status_code == 204
    assert not account().is_active


@pytest.mark.parametrize("deletes", [False, True])
def test_the_first_customer_does_not_get_them_back_by_creating_them_again(
    scim: ScimClient, ines: str, organization: Any, elsewhere: Any, deletes: bool
) -> None:
    if deletes:
        scim.delete(f"/Users/{ines}")
    if not host().move(INES, organization, elsewhere):
        return
    before = state()
    answer = scim.post("/Users", body(title="Taken"))
    assert answer.status_code == 409, answer.content
    assert state() == before
    get_adapter_class().user_name_is_sso_subject = False
    answer = scim.post("/Users", body(title="Taken"))
    assert answer.status_code in (201, 409), answer.content
    if answer.status_code == 201:
        assert answer.json()["id"] != ines
        assert ProvisionedUser.objects.get(scim_id=answer.json()["id"]).user_id != before["id"]
    assert state() == before


def test_a_disconnection_and_an_undone_departure_leave_them_alone(
    scim: ScimClient, ines: str, organization: Any, elsewhere: Any, connection: SCIMConnection
) -> None:
    scim.patch(f"/Users/{ines}", OFF)
    departures = list(reactivation.departures(connection, 1))
    if not host().move(INES, organization, elsewhere):
        return
    before = state()
    assert reactivation.undo(connection, departures, actor=None).back == 0
    get_user_model()._base_manager.update(is_active=True)
    connections.disconnect(connection, actor=None, learners="suspend")
    assert state() == {**before, "is_active": True}


def test_a_rename_to_their_name_is_no_collision_of_the_connections(
    scim: ScimClient, ines: str, organization: Any, elsewhere: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_adapter_class(), "user_name_is_sso_subject", False)
    rui = scim.post("/Users", body("rui.costa")).json()["id"]
    if not host().move(INES, organization, elsewhere):
        return
    before = state()
    change = [{"op": "Replace", "path": "userName", "value": INES}]
    answer = scim.patch(f"/Users/{rui}", change)
    assert answer.status_code in (200, 409), answer.content
    if answer.status_code == 200:
        assert total(scim, f"filter={quote(f'userName eq {chr(34)}{INES}{chr(34)}')}") == 1
    assert state() == before
