"""People come in through django-allauth, djangosaml2 and a view for python3-saml, made as docs/sign-in.md shows it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount, SocialApp
from django.conf import settings
from django.contrib.auth import authenticate, get_user
from django.contrib.auth.models import User
from django.core import mail
from django.http import HttpRequest
from django.test import Client

from example_project.lms.models import Organization
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import connections
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.hosts.current import host, let_share, make_connection
from tests.leavers import OFF, ON
from tests.lms_factories import LearnerFactory
from tests.people import person
from tests.sign_in.examples import SHOWN_SETTINGS, unknown_here

pytestmark = pytest.mark.django_db

INES = person()["userName"]
SUBJECT = "a7f1c0de"


class Entrance:
    """One customer's identity provider, and a browser that it sends."""

    def __init__(self, connection: SCIMConnection) -> None:
        self.key = connection.sso_key
        SocialApp.objects.create(
            provider="openid_connect",
            provider_id=self.key,
            name=self.key,
            client_id="lms",
            settings={"server_url": ""},
        )
        self.organization = connection.sso.organization

    def openid(self, name: str, subject: str = SUBJECT) -> Client:
        """After it was let in by OpenID Connect."""
        browser = Client()
        claims = {"userinfo": {"sub": subject, "preferred_username": name, "email": name}}
        browser.post(f"/openid/{self.key}/", {"claims": json.dumps(claims)})
        return browser

    def saml(self, name: str) -> Client:
        """After it was let in by SAML, in the page's own view."""
        browser = Client()
        browser.post(f"/saml/{self.organization.pk}/", {"name": name})
        return browser


def who(browser: Client) -> str | None:
    """Who is signed in at the browser's next click."""
    request = HttpRequest()
    request.session = browser.session
    return get_user(request).get_username() or None


def djangosaml2(entrance: Entrance, name: str) -> Any:
    """Who is let in by djangosaml2 once it has believed a response of this identity provider."""
    session = {"ava": {"uid": [name]}, "issuer": entrance.key, "name_id": None}
    return authenticate(
        None, session_info=session, attribute_mapping={"uid": ["username"]}, create_unknown_user=False
    )


@pytest.fixture
def entrance(connection: SCIMConnection) -> Entrance:
    return Entrance(connection)


@pytest.fixture
def ines(scim: ScimClient) -> str:
    """The SCIM id of a learner whom provisioning has made."""
    scim_id: str = scim.post("/Users", person()).json()["id"]
    return scim_id


def test_by_openid_connect_a_learner_comes_into_the_account_that_provisioning_made(
    entrance: Entrance, ines: str
) -> None:
    assert who(entrance.openid(INES.upper())) == INES
    assert SocialAccount.objects.get().user.username == INES
    # The next time they are known by their subject, whatever they are called by then.
    assert who(entrance.openid("married@harborline.example")) == INES
    assert User.objects.count() == 1


def test_by_openid_connect_nobody_makes_themselves_an_account(entrance: Entrance, ines: str) -> None:
    assert who(entrance.openid("nobody@harborline.example", "b9")) is None
    assert User.objects.count() == 1


@pytest.mark.parametrize("was_here", [False, True], ids=["their first time", "known"])
def test_by_openid_connect_whoever_left_stays_out_and_comes_in_again_when_they_are_back(
    entrance: Entrance, scim: ScimClient, ines: str, was_here: bool
) -> None:
    if was_here:
        assert who(entrance.openid(INES)) == INES
    scim.patch(f"/Users/{ines}", OFF)
    assert who(entrance.openid(INES)) is None
    # Even where somebody has switched the account on by hand.
    User.objects.update(is_active=True)
    scim.delete(f"/Users/{ines}")
    User.objects.update(is_active=True)
    assert who(entrance.openid(INES)) is None
    assert scim.post("/Users", person()).status_code == 201
    assert who(entrance.openid(INES)) == INES


def test_by_openid_connect_another_customers_identity_provider_lets_nobody_in(ines: str) -> None:
    stranger = Entrance(make_connection("Other"))
    assert who(stranger.openid(INES, "c1")) is None
    assert not SocialAccount.objects.exists()


def test_by_openid_connect_whom_the_lms_has_moved_is_not_let_in_by_the_customer_that_was_disconnected(
    entrance: Entrance, connection: SCIMConnection, organization: Organization, ines: str
) -> None:
    assert who(entrance.openid(INES)) == INES
    connections.disconnect(connection, actor=None, learners="keep")
    assert who(entrance.openid(INES)) == INES
    host().move(INES, organization, make_connection("Other").sso.organization)
    assert who(entrance.openid(INES)) is None


@pytest.mark.parametrize("has_password", [False, True])
def test_by_the_pages_that_allauth_has_itself_nobody_gets_in_beside_single_sign_on(
    entrance: Entrance, ines: str, has_password: bool
) -> None:
    if has_password:
        account = User.objects.get()
        account.set_password("of before")
        account.save()
    browser = Client()
    browser.post("/accounts/password/reset/", {"email": INES})
    assert not mail.outbox
    secret = "correct horse battery"
    made = {"username": "me", "email": "me@home.example", "password1": secret, "password2": secret}
    browser.post("/accounts/signup/", made)
    assert User.objects.count() == 1
    # The customer is shut out, so nobody of it comes in by a password either.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LearnerAdapter, "tenant_may_sign_in", classmethod(lambda cls, connection: False))
        browser.post("/accounts/login/", {"login": INES, "password": "of before"})
        assert who(browser) is None


def test_the_settings_of_the_page_are_those_that_are_tested() -> None:
    backends = SHOWN_SETTINGS.pop("AUTHENTICATION_BACKENDS")
    # Of the packages whose examples stand there djangosaml2 brings one of its own.
    assert [name for name in settings.AUTHENTICATION_BACKENDS if "Saml" not in name] == backends
    assert {name: getattr(settings, name) for name in SHOWN_SETTINGS} == SHOWN_SETTINGS


@pytest.mark.parametrize("way", ["openid", "saml"])
def test_whoever_has_come_in_is_asked_again_at_each_click(
    entrance: Entrance, ines: str, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    browser: Client = getattr(entrance, way)(INES)
    assert who(browser) == INES
    monkeypatch.setattr(LearnerAdapter, "tenant_may_sign_in", classmethod(lambda cls, connection: False))
    assert who(browser) is None


def test_by_djangosaml2_learners_come_in_until_they_leave_and_nobody_else(
    entrance: Entrance, scim: ScimClient, ines: str
) -> None:
    assert djangosaml2(entrance, INES.upper()).username == INES
    scim.patch(f"/Users/{ines}", OFF)
    assert djangosaml2(entrance, INES) is None
    scim.patch(f"/Users/{ines}", ON)
    assert djangosaml2(entrance, INES).username == INES
    scim.delete(f"/Users/{ines}")
    User.objects.update(is_active=True)
    assert djangosaml2(entrance, INES) is None
    assert djangosaml2(entrance, "nobody@harborline.example") is None
    assert User.objects.count() == 1


def test_by_saml_another_learner_of_the_same_name_comes_into_their_own_account(
    entrance: Entrance, ines: str
) -> None:
    second = make_connection("Other")
    answer = ScimClient(TokenFactory(connection=second).plaintext).post("/Users", person())
    own = ProvisionedUser.objects.get(scim_id=answer.json()["id"]).user.username
    assert own != INES
    stranger = Entrance(second)
    assert (djangosaml2(stranger, INES).username, who(stranger.saml(INES))) == (own, own)
    assert (djangosaml2(entrance, INES).username, who(entrance.saml(INES))) == (INES, INES)


def test_by_saml_nobody_comes_into_an_account_whose_name_a_database_takes_for_the_same(
    entrance: Entrance, scim: ScimClient
) -> None:
    """MariaDB and MySQL do."""
    made = [scim.post("/Users", person(userName=f"{n}@harborline.example")) for n in ("josé", "jose")]
    own = [ProvisionedUser.objects.get(scim_id=one.json()["id"]).user.username for one in made]
    for name, account in zip(("josé", "jose"), own, strict=True):
        asserted = f"{name}@harborline.example"
        assert djangosaml2(entrance, asserted).username == account
        assert who(entrance.saml(asserted)) == account
    assert own[0] != own[1]


def test_by_saml_no_customers_identity_provider_lets_anybody_in_as_one_of_the_staff(
    entrance: Entrance, organization: Organization
) -> None:
    root = User.objects.create_superuser("root", password="only for this test")
    LearnerFactory(user=root, organization=organization)
    assert djangosaml2(entrance, "root") is None
    assert who(entrance.saml("root")) is None
    assert unknown_here(organization.pk, "root") is None


def test_whom_provisioning_does_not_know_is_found_among_the_customers_own_by_their_very_name(
    organization: Organization,
) -> None:
    jose = LearnerFactory(user__username="José@harborline.example", organization=organization).user
    LearnerFactory(user__username="other@harborline.example")
    assert unknown_here(organization.pk, "josé@harborline.example") == jose
    assert unknown_here(organization.pk, "jose@harborline.example") is None
    assert unknown_here(organization.pk, "other@harborline.example") is None


def test_by_a_view_for_saml_learners_come_in_until_they_leave(
    entrance: Entrance, scim: ScimClient, ines: str
) -> None:
    assert who(entrance.saml(INES)) == INES
    assert who(entrance.saml("nobody@harborline.example")) is None
    scim.patch(f"/Users/{ines}", OFF)
    assert who(entrance.saml(INES)) is None


def test_by_a_view_for_saml_another_customers_identity_provider_lets_nobody_in(
    entrance: Entrance, ines: str, organization: Organization
) -> None:
    stranger = Entrance(make_connection("Other"))
    assert who(stranger.saml(INES)) is None
    assert who(entrance.saml(INES)) == INES


def test_whom_two_customers_have_comes_in_through_the_one_that_wants_them(
    entrance: Entrance, scim: ScimClient, ines: str
) -> None:
    second = make_connection("Other")
    let_share(INES)
    answer = ScimClient(TokenFactory(connection=second).plaintext).post("/Users", person())
    assert answer.status_code == 201
    scim.patch(f"/Users/{ines}", OFF)
    assert ProvisionedUser.objects.living().count() == 2
    assert who(entrance.openid(INES)) is None
    assert who(Entrance(second).openid(INES, "c1")) == INES
