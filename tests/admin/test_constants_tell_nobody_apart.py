"""A mapping whose rows are within constants says who is a learner, and not whose: all customers' people have them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.urls import reverse

from example_project.lms.models import Learner, Organization
from example_project.lms.scim import LearnerAdapter
from scim_provisioning import adapters
from scim_provisioning.administration import connections
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.sso import may_sign_in
from tests.admin.conftest import PASSWORD, Administrator
from tests.admin.pages import text, url
from tests.hosts.current import host
from tests.people import person
from tests.sharing import Customer

pytestmark = pytest.mark.django_db

User = get_user_model()


@pytest.fixture(autouse=True)
def everybody(db: None, monkeypatch: pytest.MonkeyPatch) -> Organization:
    """All learners have a profile in one organization."""
    made = Organization.objects.create(name="All")
    rows = {"learner": adapters.RelatedRow(Learner, user_field="user", within={"organization_id": made.pk})}
    mapping = [
        adapters.Text("userName", "username"),
        adapters.Text("name.givenName", "first_name"),
        adapters.Text("name.familyName", "last_name"),
        adapters.Email("emails", "email", fallback="userName"),
        adapters.Text("title", "learner.job_role"),
    ]
    monkeypatch.setattr(LearnerAdapter, "rows", rows)
    monkeypatch.setattr(LearnerAdapter, "mapping", mapping)
    return made


@pytest.fixture
def ours() -> Customer:
    return Customer.make()


@pytest.fixture
def theirs() -> Customer:
    return Customer.make()


def learner(name: str, everybody: Organization, **others: Any) -> Any:
    """Somebody whom the application has made."""
    account = User.objects.create_user(f"{name}@lms.example", f"{name}@lms.example", None, **others)
    Learner.objects.create(user=account, organization=everybody)
    return account


def made(customer: Customer, name: str) -> ProvisionedUser:
    answer = customer.scim.post("/Users", person(name))
    assert answer.status_code == 201, answer.content
    return ProvisionedUser.objects.select_related("user").get(scim_id=answer.json()["id"])


def leaver(customer: Customer) -> Any:
    """Deleted by the identity provider, and switched on again by the application."""
    link = made(customer, "gone.bravo")
    assert customer.scim.delete(f"/Users/{link.scim_id}").status_code == 204
    User.objects.filter(pk=link.user_id).update(is_active=True)
    return User.objects.get(pk=link.user_id)


def test_no_identity_provider_signs_in_as_the_staff_of_all_or_as_another_customers_leaver(
    ours: Customer, theirs: Customer, everybody: Organization
) -> None:
    root = learner("root", everybody, is_staff=True, is_superuser=True)
    stranger = User.objects.create_user("stranger")
    old = learner("old", everybody)
    assert not may_sign_in(root, ours.connection)
    assert not may_sign_in(leaver(theirs), ours.connection)
    assert not may_sign_in(stranger, ours.connection)
    # Whom nobody has ever managed may be anybody's.
    assert may_sign_in(old, ours.connection)


def test_no_page_of_accounts_that_may_be_one_persons_shows_whom_nobody_of_the_customer_manages(
    ours: Customer,
    theirs: Customer,
    everybody: Organization,
    administrator: Administrator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ann = made(ours, "ann.alpha").user
    known = [
        learner("root", everybody, is_staff=True, last_name="Secret"),
        learner("old", everybody, last_name="Secret"),
        leaver(theirs),
    ]
    mine = classmethod(lambda cls, user: SCIMConnection.objects.filter(pk=ours.connection.pk))
    monkeypatch.setattr(LearnerAdapter, "connections_for", mine)
    browser = administrator("view_scimconnection", "manage_policy", "view_payload")
    for account in known:
        asked = {"account": ann.pk, "q": account.username}
        found = browser.get(url("doubles", ours.connection), asked)
        assert (found.status_code, found.context["found"]) == (200, [])
        both = {"account": ann.pk, "other": account.pk}
        assert browser.get(url("join", ours.connection), both).status_code == 404


def test_new_settings_go_on_with_no_other_customers_connection(
    ours: Customer, theirs: Customer, administrator: Administrator
) -> None:
    link = made(theirs, "bob.bravo")
    theirs.sso.delete()
    settings = host().make_sso(host().make_customer())
    page = reverse("admin:lms_ssosettings_scim_take_over", args=[settings.pk])
    browser = administrator()
    assert "Entra (1" not in text(browser.get(page, follow=True))
    browser.post(page, {"connection": link.connection_id, "password": PASSWORD})
    theirs.connection.refresh_from_db()
    assert theirs.connection.is_archived
    assert theirs.connection.sso_key != str(settings.pk)


def test_staff_link_nobody_of_another_customers(
    ours: Customer, theirs: Customer, administrator: Administrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = leaver(theirs)
    mine = classmethod(lambda cls, user: SCIMConnection.objects.filter(pk=ours.connection.pk))
    monkeypatch.setattr(LearnerAdapter, "connections_for", mine)
    browser = administrator("view_scimconnection", "manage_policy", "view_payload")
    page = f"{url('person', ours.connection)}?name=evil@a.example&q={account.username}"
    assert list(browser.get(page).context["candidates"]) == []
    browser.post(page, {"answer": "link", "account": account.pk, "password": PASSWORD})
    assert not ProvisionedUser.objects.living().filter(user=account).exists()


@pytest.mark.parametrize("how", ["disconnected", "settings deleted"])
def test_a_host_that_counts_by_itself_gives_what_a_connection_had_that_ended_to_no_other_customer(
    ours: Customer, theirs: Customer, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    def counted(cls: Any, connection: SCIMConnection) -> Any:
        return cls.all_accounts().filter(groups__name=f"org-{connection.sso.organization_id}")

    def found(self: Any, document: Any) -> list[adapters.Candidate]:
        return [adapters.Candidate(one, strong=True) for one in self.accounts_named(document["userName"])]

    monkeypatch.setattr(LearnerAdapter, "tenant_users", classmethod(counted))
    monkeypatch.setattr(LearnerAdapter, "find_learner", found)
    account = made(theirs, "bob.bravo").user
    account.groups.add(Group.objects.create(name=f"org-{theirs.sso.organization_id}"))
    if how == "disconnected":
        connections.disconnect(theirs.connection, actor=None, learners="keep")
    else:
        theirs.connection.load_sso().delete()
    answer = ours.scim.post("/Users", person("bob.bravo"))
    assert answer.status_code == 409
    assert ProvisioningEvent.objects.latest("pk").error_code == "user.owner_left"
    assert not ProvisionedUser.objects.filter(connection=ours.connection, user=account).exists()
    assert not may_sign_in(account, ours.connection)
