"""The pages on which an administrator says who owns an account and who shares it: for whoever sees all sides."""

from __future__ import annotations

import pytest
from django.urls import reverse

from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import ownership
from scim_provisioning.models import ProvisionedUser, SCIMConnection, SharedAccount
from scim_provisioning.testing.factories import ConnectionFactory, ProvisionedUserFactory
from tests.admin.conftest import Administrator
from tests.admin.pages import PASSWORD
from tests.people import person
from tests.sharing import Customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> ProvisionedUser:
    """The link that owns the account of somebody whom a second connection shares."""
    return ProvisionedUserFactory(connection=ConnectionFactory(name="Owner"))


@pytest.fixture
def shared(owner: ProvisionedUser) -> ProvisionedUser:
    return ProvisionedUserFactory(
        connection=ConnectionFactory(name="Sharer"), user=owner.user, user_name="shared", owns_profile=False
    )


@pytest.mark.parametrize(("sees_owner", "status"), [(True, 302), (False, 404)])
def test_who_does_not_see_the_owner_lets_nobody_else_share_the_account(
    administrator: Administrator,
    owner: ProvisionedUser,
    shared: ProvisionedUser,
    monkeypatch: pytest.MonkeyPatch,
    sees_owner: bool,
    status: int,
) -> None:
    third = ConnectionFactory(name="Third")
    theirs = [shared.connection.pk, third.pk, *([owner.connection.pk] if sees_owner else [])]
    visible = SCIMConnection.objects.filter(pk__in=theirs)
    monkeypatch.setattr(LearnerAdapter, "connections_for", classmethod(lambda cls, user: visible.all()))
    browser = administrator("view_scimconnection", "manage_policy")
    for name, sent in (("share", {"connection": str(third.pk)}), ("own", {})):
        page = reverse(
            f"admin:scim_provisioning_scimconnection_{name}",
            kwargs={"object_id": shared.connection.pk, "link_id": shared.pk},
        )
        assert browser.get(page).status_code == (200 if sees_owner else 404)
        assert browser.post(page, {**sent, "password": PASSWORD}).status_code == status
    assert SharedAccount.objects.filter(connection=third).exists() is sees_owner
    shared.refresh_from_db()
    assert shared.owns_profile is sees_owner


@pytest.mark.parametrize("sees_all", [True, False])
def test_once_the_owner_has_let_go_another_customers_guest_is_given_the_account_by_who_sees_both(
    administrator: Administrator, monkeypatch: pytest.MonkeyPatch, sees_all: bool
) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    first, second = Customer.make(), Customer.make()
    hers = first.scim.post("/Users", person()).json()["id"]
    link = ProvisionedUser.objects.get(scim_id=hers)
    assert ownership.allow_share(second.connection, link.user, actor=None, name=link.user_name)
    guest = ProvisionedUser.objects.get(scim_id=second.scim.post("/Users", person()).json()["id"])
    assert first.scim.delete(f"/Users/{hers}").status_code == 204
    seen = [second.connection.pk, *([first.connection.pk] if sees_all else [])]
    monkeypatch.setattr(
        LearnerAdapter,
        "connections_for",
        classmethod(lambda cls, user: SCIMConnection.objects.filter(pk__in=seen)),
    )
    browser = administrator("view_scimconnection", "manage_policy")
    page = reverse(
        "admin:scim_provisioning_scimconnection_own",
        kwargs={"object_id": second.connection.pk, "link_id": guest.pk},
    )
    assert browser.get(page).status_code == (200 if sees_all else 404)
    assert browser.post(page, {"password": PASSWORD}).status_code == (302 if sees_all else 404)
    guest.refresh_from_db()
    assert guest.owns_profile is sees_all
