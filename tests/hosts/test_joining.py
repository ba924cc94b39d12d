"""Two accounts of one person become one, whatever the host's shape.

These tests run in every host. The first account is one that was handed back, under the name that the person had before.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration.adoption import doubles, joining, undoing
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.rules.customers import offered
from scim_provisioning.sso import may_sign_in
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.hosts.current import make_connection, spelled
from tests.people import person

pytestmark = pytest.mark.django_db

OLD = "ines.bell@harborline.example"
INES = "ines.okafor@harborline.example"


def body(name: str = "ines.okafor", **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = spelled(person(name, **changes))
    return made


@pytest.fixture
def joined(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any]]:
    """What the host was asked to join."""
    found: list[tuple[Any, Any]] = []

    def merge(self: Any, into: Any, other: Any) -> None:
        found.append((into, other))

    def step_aside(self: Any, account: Any) -> None:
        name = type(account).USERNAME_FIELD
        setattr(account, name, f"gone-{account.pk}@harborline.example")
        account.save()

    monkeypatch.setattr(get_adapter_class(), "merge", merge)
    monkeypatch.setattr(get_adapter_class(), "step_aside", step_aside)
    return found


@pytest.fixture
def old(scim: ScimClient) -> Any:
    """The account that was here, which nobody manages, under another name."""
    answer = scim.post("/Users", body("ines.bell"))
    assert answer.status_code == 201, answer.content
    link = ProvisionedUser.objects.get()
    link.delete()
    return link.user


@pytest.fixture
def link(scim: ScimClient, old: Any) -> ProvisionedUser:
    answer = scim.post("/Users", body())
    assert answer.status_code == 201, answer.content
    return ProvisionedUser.objects.select_related("user", "connection").get()


def side(connection: SCIMConnection, account: Any) -> joining.Side:
    found = joining.found(connection, str(account.pk))
    assert found is not None
    return found


def test_the_link_moves_to_the_account_that_was_here_with_all_that_is_returned(
    scim: ScimClient,
    connection: SCIMConnection,
    link: ProvisionedUser,
    old: Any,
    joined: list[tuple[Any, Any]],
) -> None:
    before, made = scim.get(f"/Users/{link.scim_id}").json(), link.user
    joining.join(connection, side(connection, old), side(connection, made), actor=None)
    assert len(joined) == 1
    link.refresh_from_db()
    assert link.user == old
    after = scim.get(f"/Users/{link.scim_id}").json()
    before.pop("meta")
    after.pop("meta")
    assert after == before
    assert scim.get(f"/Users?filter=userName%20eq%20%22{INES}%22").json()["totalResults"] == 1
    replaced = scim.put(f"/Users/{link.scim_id}", {**body(), "title": "Lead"})
    assert (replaced.status_code, replaced.json()["title"]) == (200, "Lead")
    # Nobody is left to sign in by the other one.
    adapter = get_adapter_class()(made, link=ProvisionedUser(connection=connection), connection=connection)
    made.refresh_from_db()  # type: ignore[union-attr]
    assert not adapter.has_access
    assert get_user_model()._base_manager.filter(pk=old.pk).exists()


def test_the_account_of_the_identity_provider_goes_on_as_it_is(
    scim: ScimClient,
    connection: SCIMConnection,
    link: ProvisionedUser,
    old: Any,
    joined: list[tuple[Any, Any]],
) -> None:
    before = scim.get(f"/Users/{link.scim_id}").json()
    joining.join(connection, side(connection, link.user), side(connection, old), actor=None)
    assert len(joined) == 1
    assert scim.get(f"/Users/{link.scim_id}").json() == before
    assert ProvisionedUser.objects.get().user == link.user


def test_the_moved_link_is_taken_back(
    scim: ScimClient, connection: SCIMConnection, link: ProvisionedUser, old: Any, joined: list[Any]
) -> None:
    name = old.get_username()
    joining.join(connection, side(connection, old), side(connection, link.user), actor=None)
    link.refresh_from_db()
    undoing.undo(link, actor=None)
    old.refresh_from_db()
    assert old.get_username() == name
    assert not ProvisionedUser.objects.living().exists()


def test_the_two_are_found_by_what_they_have_in_common(
    connection: SCIMConnection, link: ProvisionedUser, old: Any
) -> None:
    assert doubles.of(connection, side(connection, link.user)) == []
    account: Any = get_user_model()
    column = getattr(account, "EMAIL_FIELD", "")
    name, reason = INES.upper(), "The same e-mail address"
    if not column:
        column, name = account.USERNAME_FIELD, "ines.okafor@old.example"
        reason = "The same user name, but for what follows the @"
    account._base_manager.filter(pk=old.pk).update(**{column: name})
    (double,) = doubles.of(connection, side(connection, link.user))
    assert (double.other.account, double.reasons[0]) == (old, reason)
    assert [one.keys for one in doubles.among(connection)] == [double.keys]


@pytest.mark.usefixtures("joined")
def test_nobody_is_joined_across_customers(
    other: ScimClient,
    connection: SCIMConnection,
    link: ProvisionedUser,
) -> None:
    assert other.post("/Users", body("rui.sousa")).status_code == 201
    theirs = ProvisionedUser.objects.select_related("user").get(connection__name="Other")
    for managed in (True, False):
        if not managed:
            theirs.delete()
        found = joining.found(connection, str(theirs.user_id))
        if found is None:
            continue
        with pytest.raises(ConnectionRefused):
            joining.join(connection, side(connection, link.user), found, actor=None)


@pytest.mark.usefixtures("joined")
@pytest.mark.parametrize("moves", [True, False], ids=["the link moves", "who was deleted"])
def test_an_account_that_went_is_taken_by_no_name_from_the_customer_whose_it_was(
    scim: ScimClient, connection: SCIMConnection, old: Any, moves: bool
) -> None:
    sent = scim.post("/Users", body()).json()["id"]
    went, stays = ProvisionedUser.objects.select_related("user").get(scim_id=sent).user, old
    if not moves:
        assert scim.delete(f"/Users/{sent}").status_code == 204
        second = scim.post("/Users", body("ines.second")).json()["id"]
        stays = ProvisionedUser.objects.select_related("user").get(scim_id=second).user
    joining.join(connection, side(connection, stays), side(connection, went), actor=None)
    account = get_user_model()._base_manager.get(pk=went.pk)  # type: ignore[union-attr]
    if hasattr(account, "is_active"):
        # The application has switched it on again.
        account.is_active = True
        account.save()
    theirs = make_connection("Other")
    answer = ScimClient(TokenFactory(connection=theirs).plaintext).post(
        "/Users", {**body(), "userName": account.get_username()}
    )
    assert answer.status_code in (201, 409)
    assert not ProvisionedUser.objects.filter(connection=theirs, user=account).exists()
    assert not may_sign_in(get_user_model()._base_manager.get(pk=account.pk), theirs)
    assert not offered(get_adapter_class(), theirs).filter(pk=account.pk).exists()
