"""``scim_provisioning.sso.may_reset_password``: who is sent a link to a new password, and what the example LMS does
about it. Whoever signs in by their customer's single sign-on has no password to forget."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from example_project.lms.models import Organization, SSOSettings
from example_project.lms.scim import LearnerAdapter
from scim_provisioning import adapters
from scim_provisioning.administration import connections
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.sso import may_reset_password
from tests.client import ScimClient
from tests.leavers import OFF
from tests.lms_factories import LearnerFactory, OrganizationFactory
from tests.people import person

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"
OWN = "a password of her own"


@pytest.fixture
def ines(organization: Organization, monkeypatch: pytest.MonkeyPatch) -> User:
    """She was here before, and has a password."""
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    user: User = LearnerFactory(organization=organization, user__username=INES, user__email=INES).user
    user.set_password(OWN)
    user.save()
    return user


@pytest.fixture
def link(scim: ScimClient, ines: User) -> ProvisionedUser:
    """Her identity provider has sent her."""
    assert scim.post("/Users", person()).status_code == 201
    return ProvisionedUser.objects.select_related("connection").get(user=ines)


def ask(address: str = INES) -> list[str]:
    """Who is mailed when somebody has forgotten the password of this address; the page never tells."""
    mail.outbox.clear()
    answer = Client().post(reverse("admin_password_reset"), {"email": address}, follow=True)
    assert (answer.status_code, b"emailed you instructions" in answer.content) == (200, True)
    return [to for message in mail.outbox for to in message.to]


def links_in_mail() -> list[str]:
    return re.findall(r"https?://[^/]+(/\S+)", "".join(str(message.body) for message in mail.outbox))


def test_the_three_steps_by_which_an_account_was_taken_over_end_without_a_password(
    scim: ScimClient, link: ProvisionedUser, ines: User
) -> None:
    """Create with the victim's name, write another address, have a new password sent there (CVE-2022-1680)."""
    evil = "mallory@attacker.example"
    moved = [{"op": "replace", "path": 'emails[type eq "work"].value', "value": evil}]
    assert scim.patch(f"/Users/{link.scim_id}", moved).status_code == 200
    ines.refresh_from_db()
    assert (ines.email, ines.has_usable_password()) == (evil, True)
    assert [ask(evil), ask(INES)] == [[], []]


def test_nobody_who_signs_in_by_single_sign_on_is_sent_a_link_and_everybody_else_is(
    link: ProvisionedUser, organization: Organization, caplog: pytest.LogCaptureFixture
) -> None:
    assert ask() == []
    assert "password_reset_refused" in caplog.text
    colleague = LearnerFactory(organization=organization, user__email="rui@harborline.example").user
    colleague.set_password(OWN)
    colleague.save()
    assert ask("rui@harborline.example") == ["rui@harborline.example"]
    SSOSettings.objects.update(enabled=False)
    assert ask() == [INES]


def test_a_link_from_before_she_was_provisioned_opens_nothing_any_more(scim: ScimClient, ines: User) -> None:
    assert ask() == [INES]
    (old,) = links_in_mail()
    browser = Client()
    form = browser.get(old, follow=True)
    assert form.context["validlink"]
    assert scim.post("/Users", person()).status_code == 201
    assert not Client().get(old, follow=True).context["validlink"]
    new = {"new_password1": "mallory-was-here-9", "new_password2": "mallory-was-here-9"}
    assert not browser.post(form.redirect_chain[-1][0], new).context["validlink"]
    ines.refresh_from_db()
    assert ines.check_password(OWN)


@pytest.mark.parametrize("verb", ["deactivated", "deleted"])
def test_whom_the_identity_provider_has_let_go_gets_none_even_where_the_lms_has_them_on(
    scim: ScimClient, link: ProvisionedUser, ines: User, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    by_password = classmethod(lambda cls, connection: False)
    monkeypatch.setattr(LearnerAdapter, "tenant_signs_in_by_sso", by_password)
    assert may_reset_password(ines)
    mine = f"/Users/{link.scim_id}"
    assert (scim.patch(mine, OFF) if verb == "deactivated" else scim.delete(mine)).status_code in (200, 204)
    ines.refresh_from_db()
    assert not may_reset_password(ines)
    assert ask() == []
    if verb == "deleted":
        User.objects.filter(pk=ines.pk).update(is_active=True)
        assert ask() == []


def test_whom_provisioning_does_not_know_is_the_hosts_business(ines: User) -> None:
    assert may_reset_password(ines)
    assert may_reset_password(User(username="about to be made"))


def test_an_ended_connection_and_one_from_which_the_lms_has_moved_her_say_nothing(
    link: ProvisionedUser, ines: User, connection: SCIMConnection
) -> None:
    learner: Any = ines.learner  # type: ignore[attr-defined]
    ours = learner.organization
    learner.organization = OrganizationFactory()
    learner.save()
    assert may_reset_password(ines)
    learner.organization = ours
    learner.save()
    assert not may_reset_password(ines)
    connections.disconnect(connection, actor=None, learners="keep")
    assert may_reset_password(ines)


class ByPassword(adapters.LearnerAdapter):
    """A host without settings of single sign-on, whose people have passwords."""

    mapping = LearnerAdapter.mapping
    rows = LearnerAdapter.rows

    @classmethod
    def tenant_signs_in_by_sso(cls, connection: SCIMConnection) -> bool:
        return False


def test_a_host_without_settings_says_itself_how_its_people_sign_in(
    link: ProvisionedUser, ines: User, settings: Settings
) -> None:
    rest = {key: value for key, value in settings.SCIM_PROVISIONING.items() if not key.startswith("SSO_")}
    settings.SCIM_PROVISIONING = rest
    assert not may_reset_password(ines)
    settings.SCIM_PROVISIONING = {**rest, "ADAPTER": f"{__name__}.ByPassword"}
    assert may_reset_password(ines)
