"""People come in through django-allauth, djangosaml2 and a view for python3-saml, made as docs/sign-in.md shows it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount, SocialApp
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.test import Client

from example_project.lms.models import Organization
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.hosts.current import let_share, make_connection
from tests.leavers import OFF, ON
from tests.people import person

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
    """Whose session a browser has."""
    key = browser.session.get("_auth_user_id")
    return User.objects.get(pk=key).username if key else None


def djangosaml2(name: str) -> Any:
    """Who is let in by djangosaml2 once it has believed a response."""
    session = {"ava": {"uid": [name]}, "issuer": "https://idp.example", "name_id": None}
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


def test_by_djangosaml2_learners_come_in_until_they_leave_and_nobody_else(
    scim: ScimClient, ines: str
) -> None:
    assert djangosaml2(INES).username == INES
    scim.patch(f"/Users/{ines}", OFF)
    assert djangosaml2(INES) is None
    scim.patch(f"/Users/{ines}", ON)
    assert djangosaml2(INES).username == INES
    scim.delete(f"/Users/{ines}")
    User.objects.update(is_active=True)
    assert djangosaml2(INES) is None
    assert djangosaml2("nobody@harborline.example") is None
    assert User.objects.count() == 1


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
