"""An account has one owner. A second connection uses it by an administrator's word, and writes nothing but its own.

These tests run in every host, where the user name is what people sign in by.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration import connections, ownership, shares
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection, SharedAccount
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.hosts.current import host, make_connection, spelled
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"
WORK = 'emails[type eq "work"].value'


def body(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = spelled({**person(), **changes})
    return made


@pytest.fixture(autouse=True)
def _user_names_are_what_people_sign_in_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_adapter_class(), "user_name_is_sso_subject", True)


@pytest.fixture
def second(request: pytest.FixtureRequest, organization: Any, connection: SCIMConnection) -> SCIMConnection:
    """Another customer's connection; where the test says so, another one of the same customer."""
    if request.node.get_closest_marker("one_customer") is None:
        return make_connection("Other")
    try:
        with transaction.atomic():
            return make_connection("Other", organization)
    except IntegrityError:
        pytest.skip("In this LMS a customer has one identity provider.")


@pytest.fixture
def other(second: SCIMConnection) -> ScimClient:
    return ScimClient(TokenFactory(connection=second).plaintext)


@pytest.fixture
def ines(scim: ScimClient) -> dict[str, Any]:
    made: dict[str, Any] = scim.post("/Users", body()).json()
    return made


def account_of(scim_id: str) -> Any:
    link = ProvisionedUser.objects.get(scim_id=scim_id)
    return get_user_model()._base_manager.get(pk=link.user_id)


@pytest.fixture
def shared(ines: dict[str, Any], second: SCIMConnection, other: ScimClient) -> dict[str, Any]:
    """The second connection's link, which an administrator has allowed."""
    assert ownership.allow_share(second, account_of(ines["id"]), actor=None, name=INES)
    answer = other.post("/Users", body(title="Guest"))
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.json()
    return made


def found(scim: ScimClient, text: str) -> list[str]:
    """The SCIM ids that a filter finds."""
    answer = scim.get(f"/Users?filter={quote(text)}")
    assert answer.status_code == 200, answer.content
    return [one["id"] for one in answer.json()["Resources"]]


def owners() -> list[str]:
    """The names of the connections that own an account."""
    links = ProvisionedUser.objects.living().filter(
        owns_profile=True, connection__archived_at__isnull=True, user__isnull=False
    )
    return sorted(links.values_list("connection__name", flat=True))


def columns(account: Any) -> dict[str, Any]:
    """An account as its table has it, but for what switching it moves."""
    row = get_user_model()._base_manager.filter(pk=account.pk).values().get()
    return {name: value for name, value in row.items() if name not in ("is_active", "password")}


# --- never automatic


def test_a_second_connection_is_refused_and_told_nothing_of_the_first(
    ines: dict[str, Any], other: ScimClient, second: SCIMConnection
) -> None:
    account = account_of(ines["id"])
    before = columns(account)
    for _ in range(2):
        answer = other.post("/Users", body(title="Guest", name={"givenName": "Eve", "familyName": "Evil"}))
        assert answer.status_code == 409
        assert answer.json()["scimType"] == "uniqueness"
        assert "Entra" not in answer.content.decode()
        assert ines["id"] not in answer.content.decode()
    event = ProvisioningEvent.objects.latest("pk")
    assert (event.connection, event.error_code) == (second, "user.owned_elsewhere")
    assert event.cause["owner"] == ines["id"]
    assert columns(account) == before
    assert get_user_model()._base_manager.count() == 1


def test_an_administrators_word_lets_the_next_attempt_link(
    ines: dict[str, Any], shared: dict[str, Any]
) -> None:
    assert account_of(shared["id"]) == account_of(ines["id"])
    assert shared["id"] != ines["id"]
    assert owners() == ["Entra"]
    assert ProvisioningEvent.objects.latest("pk").action == "adopted"


def test_a_word_for_an_account_that_has_become_an_administrators_is_no_word(
    ines: dict[str, Any], other: ScimClient, second: SCIMConnection
) -> None:
    account = account_of(ines["id"])
    ownership.allow_share(second, account, actor=None, name=INES)
    type(account)._base_manager.filter(pk=account.pk).update(is_staff=True)
    assert other.post("/Users", body()).status_code == 409
    assert ProvisionedUser.objects.count() == 1


# --- a shared link writes nothing of the account


CHANGES = [
    [{"op": "Replace", "path": "name.givenName", "value": "Eve"}],
    [{"op": "Replace", "path": WORK, "value": "eve@other.example"}],
    [{"op": "Remove", "path": "emails"}],
    [{"op": "Replace", "value": {"userName": "eve@other.example"}}],
    [{"op": "Add", "value": {"name": {"familyName": "Evil"}, "active": False}}],
]


@pytest.mark.parametrize("operations", CHANGES)
def test_a_patch_of_a_shared_link_changes_nothing_of_the_account(
    scim: ScimClient, other: ScimClient, ines: dict[str, Any], shared: dict[str, Any], operations: list[Any]
) -> None:
    account = account_of(ines["id"])
    before, seen = columns(account), scim.get(f"/Users/{ines['id']}").json()
    answer = other.patch(f"/Users/{shared['id']}", operations)
    assert answer.status_code == 200, answer.content
    assert columns(account) == before
    assert scim.get(f"/Users/{ines['id']}").json() == seen
    assert other.get(f"/Users/{shared['id']}").json() == answer.json()


def test_a_put_of_a_shared_link_changes_nothing_of_the_account_and_is_returned_as_sent(
    scim: ScimClient, other: ScimClient, ines: dict[str, Any], shared: dict[str, Any]
) -> None:
    account = account_of(ines["id"])
    before, seen = columns(account), scim.get(f"/Users/{ines['id']}").json()
    sent = body(
        userName="eve@other.example",
        name={"givenName": "Eve", "familyName": "Evil"},
        emails=[{"type": "work", "value": "eve@other.example", "primary": True}],
    )
    answer = other.put(f"/Users/{shared['id']}", sent)
    assert answer.status_code == 200, answer.content
    for name in ("userName", "name", "emails"):
        assert answer.json()[name] == sent[name]
    assert columns(account) == before
    assert scim.get(f"/Users/{ines['id']}").json() == seen


def test_filters_and_sorting_find_what_the_shared_link_is_shown(
    scim: ScimClient, other: ScimClient, ines: dict[str, Any], shared: dict[str, Any]
) -> None:
    other.put(
        f"/Users/{shared['id']}",
        body(
            name={"givenName": "Zoe", "familyName": "Zest"},
            emails=[{"type": "work", "value": "zoe@other.example"}],
        ),
    )
    for client, scim_id, yes, no in (
        (other, shared["id"], ("Zoe", "zoe@other.example"), ("Ines", INES)),
        (scim, ines["id"], ("Ines", INES), ("Zoe", "zoe@other.example")),
    ):
        for (name, address), expected in ((yes, [scim_id]), (no, [])):
            for text in (
                f'name.givenName eq "{name}"',
                f'name.givenName sw "{name[:2]}"',
                f'emails[type eq "work" and value eq "{address}"]',
                f'emails.value eq "{address}"',
            ):
                assert found(client, text) == expected, text
    mia = other.post("/Users", spelled(person("mia.lund"))).json()["id"]
    for attribute in ("name.givenName", "emails.value"):
        listed = other.get(f"/Users?sortBy={attribute}").json()["Resources"]
        assert [one["id"] for one in listed] == [mia, shared["id"]]


of_two_or_one = pytest.mark.parametrize(
    "customers", [2, pytest.param(1, marks=pytest.mark.one_customer)], ids=["two customers", "one customer"]
)


@of_two_or_one
def test_a_shared_link_has_its_own_title_and_department_and_the_owners_stay(
    customers: int,
    scim: ScimClient,
    other: ScimClient,
    ines: dict[str, Any],
    shared: dict[str, Any],
    organization: Any,
) -> None:
    """Another customer's membership is written to; the account's own profile, and the membership that two connections
    of one customer have together, are kept, and what was sent is returned."""
    before = host().facts(INES, organization)
    other.patch(
        f"/Users/{shared['id']}",
        [
            {"op": "Replace", "path": "title", "value": "Intruder"},
            {"op": "Replace", "path": f"{ENTERPRISE}:department", "value": "Spies"},
        ],
    )
    assert host().facts(INES, organization) == before
    seen = other.get(f"/Users/{shared['id']}").json()
    assert (seen["title"], seen[ENTERPRISE]["department"]) == ("Intruder", "Spies")
    for text in ('title eq "intruder"', f'{ENTERPRISE}:department eq "spies"'):
        assert found(other, text) == [shared["id"]], text
        assert found(scim, text) == [], text
    mia = other.post("/Users", spelled(person("mia.lund", title="Juror"))).json()["id"]
    listed = other.get("/Users?sortBy=title").json()["Resources"]
    assert [one["id"] for one in listed] == [shared["id"], mia]


@of_two_or_one
def test_what_is_shared_agrees_with_what_was_sent_twice(
    customers: int, other: ScimClient, shared: dict[str, Any]
) -> None:
    events = ProvisioningEvent.objects.count()
    assert other.put(f"/Users/{shared['id']}", body(title="Guest")).json() == shared
    assert ProvisioningEvent.objects.count() == events


# --- the owner lets go


def let_go(how: str, scim: ScimClient, scim_id: str, connection: SCIMConnection) -> None:
    match how:
        case "delete":
            assert scim.delete(f"/Users/{scim_id}").status_code == 204
        case "disconnect":
            connections.disconnect(connection, actor=None, learners="keep")
        case "sso row":
            connection.sso.delete()
        case "sso row, found by a request":
            # As a host does whose rows go without a signal.
            rows = type(connection.sso)._base_manager.filter(pk=connection.sso.pk)
            rows._raw_delete(rows.db)
            assert scim.get("/Users").status_code == 401


LETTING_GO = ["delete", "disconnect", "sso row", "sso row, found by a request"]


@pytest.mark.one_customer
@pytest.mark.parametrize("how", LETTING_GO)
def test_ownership_is_handed_on_when_the_owner_lets_go(
    scim: ScimClient,
    other: ScimClient,
    ines: dict[str, Any],
    shared: dict[str, Any],
    connection: SCIMConnection,
    organization: Any,
    how: str,
) -> None:
    sent = [{"op": "Replace", "path": path, "value": "As sent"} for path in ("name.givenName", "title")]
    other.patch(f"/Users/{shared['id']}", sent)
    let_go(how, scim, ines["id"], connection)
    assert owners() == ["Other"]
    # What the account says is shown to its new owner, and found; what it had sent itself is neither.
    assert found(other, 'name.givenName eq "Ines"') == [shared["id"]]
    assert found(other, 'name.givenName eq "As sent"') == []
    assert found(other, 'title eq "As sent"') == []
    seen = other.get(f"/Users/{shared['id']}").json()
    assert (seen["name"]["givenName"], seen["title"]) == ("Ines", ines["title"])
    renamed = [{"op": "Replace", "path": path, "value": "Inez"} for path in ("name.givenName", "title")]
    assert other.patch(f"/Users/{shared['id']}", renamed).json()["name"]["givenName"] == "Inez"
    assert found(other, 'name.givenName eq "Inez" and title eq "Inez"') == [shared["id"]]
    assert host().facts(INES, organization)["job_role"] == "Inez"


@pytest.mark.one_customer
def test_a_connection_that_is_restored_shares_what_another_one_owns_by_now(
    scim: ScimClient,
    other: ScimClient,
    ines: dict[str, Any],
    shared: dict[str, Any],
    connection: SCIMConnection,
) -> None:
    connections.disconnect(connection, actor=None, learners="keep")
    assert owners() == ["Other"]
    connections.restore(connection, actor=None)
    assert owners() == ["Other"]
    again = ScimClient(TokenFactory(connection=connection).plaintext)
    account = account_of(ines["id"])
    before = columns(account)
    again.patch(f"/Users/{ines['id']}", [{"op": "Replace", "path": "name.givenName", "value": "Eve"}])
    assert columns(account) == before
    assert found(again, 'name.givenName eq "Eve"') == [ines["id"]]


def test_a_connection_that_is_restored_owns_again_what_nobody_took(
    scim: ScimClient, ines: dict[str, Any], connection: SCIMConnection
) -> None:
    connections.disconnect(connection, actor=None, learners="keep")
    connections.restore(connection, actor=None)
    assert owners() == ["Entra"]


@pytest.mark.one_customer
def test_the_former_owner_who_creates_the_person_again_is_refused_until_an_administrator_allows_it(
    scim: ScimClient, ines: dict[str, Any], shared: dict[str, Any], connection: SCIMConnection
) -> None:
    scim.delete(f"/Users/{ines['id']}")
    assert scim.post("/Users", body()).status_code == 409
    assert ProvisioningEvent.objects.latest("pk").error_code == "user.owned_elsewhere"
    assert ownership.allow_share(connection, account_of(ines["id"]), actor=None, name=INES)
    assert scim.post("/Users", body()).json()["id"] == ines["id"]
    assert owners() == ["Other"]


@of_two_or_one
def test_an_administrator_moves_the_ownership(
    customers: int, scim: ScimClient, other: ScimClient, ines: dict[str, Any], shared: dict[str, Any]
) -> None:
    link = ProvisionedUser.objects.get(scim_id=shared["id"])
    assert ownership.move_ownership(link, actor=None)
    assert not ownership.move_ownership(link, actor=None)
    assert owners() == ["Other"]
    change = [{"op": "Replace", "path": "name.givenName", "value": "Inez"}]
    other.patch(f"/Users/{shared['id']}", change)
    scim.patch(f"/Users/{ines['id']}", [{"op": "Replace", "path": "name.givenName", "value": "Eve"}])
    row = columns(account_of(ines["id"]))
    assert "Inez" in row.values()
    assert "Eve" not in row.values()
    seen = scim.get(f"/Users/{ines['id']}").json()
    assert (seen["name"]["givenName"], found(scim, 'title eq "Guest"')) == ("Eve", [])
    # And the former owner, who shares now, may leave and come back.
    scim.delete(f"/Users/{ines['id']}")
    assert scim.post("/Users", body()).json()["id"] == ines["id"]
    assert owners() == ["Other"]


def test_when_the_host_deletes_the_account_it_is_nobodys(
    scim: ScimClient, other: ScimClient, ines: dict[str, Any], shared: dict[str, Any]
) -> None:
    account_of(ines["id"]).delete()
    assert not SharedAccount.objects.exists()
    assert scim.get(f"/Users/{ines['id']}").status_code == 404
    answer = other.post("/Users", body())
    assert answer.status_code == 201, answer.content
    assert owners() == ["Other"]


# --- what an administrator's word is refused for


def test_nobody_shares_what_nobody_else_owns_what_is_theirs_or_what_is_protected(
    ines: dict[str, Any], connection: SCIMConnection, second: SCIMConnection, scim: ScimClient
) -> None:
    account = account_of(ines["id"])
    with pytest.raises(connections.ConnectionRefused) as refused:
        ownership.allow_share(connection, account, actor=None, name=INES)
    assert refused.value.code == "share.not_owned"
    type(account)._base_manager.filter(pk=account.pk).update(is_staff=True)
    account.is_staff = True
    with pytest.raises(connections.ConnectionRefused) as refused:
        ownership.allow_share(second, account, actor=None, name=INES)
    assert refused.value.code == "share.protected"
    assert not SharedAccount.objects.exists()


# --- the word is taken back


def withdraw(second: SCIMConnection) -> bool:
    return shares.withdraw(shares.named(second, INES), actor=None)


def test_a_share_that_is_withdrawn_is_over_and_the_account_stays_its_owners(
    scim: ScimClient,
    other: ScimClient,
    ines: dict[str, Any],
    shared: dict[str, Any],
    second: SCIMConnection,
) -> None:
    account, seen = account_of(ines["id"]), scim.get(f"/Users/{ines['id']}").json()
    before = columns(account)
    assert withdraw(second)
    assert other.get(f"/Users/{shared['id']}").status_code == 404
    change = [{"op": "Replace", "path": "active", "value": True}]
    assert other.patch(f"/Users/{shared['id']}", change).status_code == 404
    for _ in range(2):
        assert other.post("/Users", body(title="Guest")).status_code == 409
    assert ProvisioningEvent.objects.latest("pk").error_code == "user.owned_elsewhere"
    assert scim.get(f"/Users/{ines['id']}").json() == seen
    assert columns(account) == before
    assert ownership.allow_share(second, account, actor=None, name=INES)
    assert other.post("/Users", body(title="Guest")).json()["id"] == shared["id"]


def test_whom_the_owner_wants_off_is_off_once_the_share_is_withdrawn(
    scim: ScimClient, other: ScimClient, ines: dict[str, Any], shared: dict[str, Any], second: SCIMConnection
) -> None:
    off = [{"op": "Replace", "path": "active", "value": False}]
    assert scim.patch(f"/Users/{ines['id']}", off).status_code == 200
    assert withdraw(second)
    links = ProvisionedUser.objects.select_related("connection").filter(user=account_of(ines["id"]))
    for link in links:
        adapter = get_adapter_class()(account_of(ines["id"]), link=link, connection=link.connection)
        assert not adapter.has_access, link.connection


def test_a_guest_of_nobodys_account_is_let_in_again_neither_withdrawn_nor_after_the_owner_has_left(
    scim: ScimClient, other: ScimClient, ines: dict[str, Any], shared: dict[str, Any], second: SCIMConnection
) -> None:
    account = account_of(ines["id"])
    switched = get_adapter_class().compiled(second).active
    assert other.delete(f"/Users/{shared['id']}").status_code == 204
    assert scim.delete(f"/Users/{ines['id']}").status_code == 204
    if switched is None or not switched.source.belongs_to_account:
        # A membership is switched by its own connection alone.
        assert other.post("/Users", body()).status_code == 201
        return
    assert other.post("/Users", body()).status_code == 409
    assert ProvisioningEvent.objects.latest("pk").error_code == "user.owner_left"
    # An administrator's word, said anew, holds; taken back, it does not.
    assert ownership.allow_share(second, account, actor=None, name=INES)
    assert not ownership.allow_share(second, account, actor=None, name=INES)
    assert withdraw(second)
    assert other.post("/Users", body()).status_code == 409
    assert ownership.allow_share(second, account, actor=None, name=INES)
    assert other.post("/Users", body()).json()["id"] == shared["id"]
