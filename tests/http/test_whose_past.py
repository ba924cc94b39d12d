"""What a deleted person's link may say of the account: a guest's says nothing, and a name alone little."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from example_project.lms.models import Learner
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import ownership, shares
from scim_provisioning.administration.adoption import queue
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.events import Caller
from scim_provisioning.models import (
    AdoptionAnswer,
    IdentityQuestion,
    ProvisionedUser,
    ProvisioningEvent,
    SCIMConnection,
)
from scim_provisioning.protocol.errors import SCIMError
from scim_provisioning.protocol.spelling import same_letters
from scim_provisioning.provisioning.adopting import link_certain, link_one
from scim_provisioning.provisioning.evidence import decide
from scim_provisioning.provisioning.merging import merge
from scim_provisioning.sso import may_sign_in
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.client import ScimClient
from tests.hosts.current import host
from tests.leavers import OFF
from tests.lms_factories import LearnerFactory
from tests.people import mark, person
from tests.sharing import Customer

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"


@pytest.fixture(params=[True, False], ids=["by what they sign in with", "by nothing strong"])
def is_subject(request: Any, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", request.param)
    return bool(request.param)


@pytest.fixture
def other() -> Customer:
    return Customer.make()


@pytest.fixture
def second(organization: Any) -> Customer:
    """Another connection of the first customer."""
    sso = host().make_sso(organization)
    connection = ConnectionFactory(name="Second", sso_key=str(sso.pk))
    return Customer(organization, sso, connection, TokenFactory(connection=connection).plaintext)


def account() -> Any:
    return get_user_model().objects.get(pk=ProvisionedUser.objects.earliest("pk").user_id)


def named(client: ScimClient, **changes: Any) -> dict[str, Any]:
    answer = client.post("/Users", person(**changes))
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.json()
    return made


def move(user: Any, customer: Any) -> None:
    rows = Learner.objects.filter(user=user)
    rows.update(organization=customer, company=None, team=None, business_unit=None)


def gone_guest(scim: ScimClient, guest: Customer, *, withdrawn: bool = False) -> dict[str, Any]:
    """A person of the first connection whom another one shared; both have deleted them. Returns the owner's."""
    made = named(scim, externalId="owner")
    ownership.allow_share(guest.connection, account(), actor=None, name=INES)
    theirs = named(guest.scim, externalId="guest")
    assert guest.scim.delete(f"/Users/{theirs['id']}").status_code == 204
    assert scim.delete(f"/Users/{made['id']}").status_code == 204
    if withdrawn:
        guest.connection.shared_accounts.all().delete()
    return made


@pytest.mark.parametrize("withdrawn", [False, True])
@pytest.mark.parametrize("of", ["other", "second"])
def test_the_tombstone_of_a_guest_makes_no_account_step_aside_and_asks_nobody(
    scim: ScimClient, request: Any, is_subject: bool, of: str, withdrawn: bool
) -> None:
    guest: Customer = request.getfixturevalue(of)
    made = gone_guest(scim, guest, withdrawn=withdrawn)
    answer = guest.scim.post("/Users", person(externalId="somebody else"))
    if is_subject or of == "second":
        assert answer.status_code == 409, answer.content
    else:
        assert get_user_model().objects.get(username__startswith=f"{INES}~") != account()
    assert account().username == INES
    assert not IdentityQuestion.objects.exists()
    back = named(scim, externalId="owner")
    assert (back["id"], account().username, account().is_active) == (made["id"], INES, True)


def test_a_rename_to_the_name_of_a_guests_tombstone_takes_it_from_nobody(
    scim: ScimClient, other: Customer, is_subject: bool
) -> None:
    gone_guest(scim, other)
    ana = named(other.scim, userName="ana@harborline.example", externalId="ana")
    rename = [{"op": "replace", "path": "userName", "value": INES}]
    answer = other.scim.patch(f"/Users/{ana['id']}", rename)
    assert answer.status_code == (409 if is_subject else 200), answer.content
    assert account().username == INES
    assert not IdentityQuestion.objects.exists()


@pytest.mark.parametrize("verb", ["POST", "PATCH"])
def test_an_account_whose_profile_the_lms_keeps_gives_its_name_to_nobody(
    scim: ScimClient, connection: SCIMConnection, organization: Any, is_subject: bool, verb: str
) -> None:
    kept = LearnerFactory(organization=organization, user__username=INES).user
    link_one(Caller(connection, None), {"userName": INES}, kept, keeps_profile=True)
    link = named(scim, externalId="first")
    assert scim.delete(f"/Users/{link['id']}").status_code == 204
    if verb == "POST":
        answer = scim.post("/Users", person(externalId="somebody else"))
    else:
        ana = named(scim, userName="ana@harborline.example", externalId="ana")
        rename = [{"op": "replace", "path": "userName", "value": INES}]
        answer = scim.patch(f"/Users/{ana['id']}", rename)
    assert answer.status_code == 409, answer.content
    assert ProvisioningEvent.objects.latest("pk").error_code == "user.exists_unmanaged"
    kept.refresh_from_db()
    assert kept.username == INES
    assert not IdentityQuestion.objects.exists()
    assert not ProvisionedUser.objects.living().filter(user=kept).exists()


@pytest.mark.parametrize("owner_stays", [True, False])
def test_a_word_on_a_shared_account_is_about_the_person_who_was_there(
    scim: ScimClient, second: Customer, is_subject: bool, owner_stays: bool
) -> None:
    made = named(scim, externalId="owner")
    assert ownership.allow_share(second.connection, account(), actor=None, name=INES)
    theirs = named(second.scim, externalId="guest")
    assert second.scim.delete(f"/Users/{theirs['id']}").status_code == 204
    if not owner_stays:
        scim.delete(f"/Users/{made['id']}")
    answer = second.scim.post("/Users", person(externalId="somebody else"))
    assert answer.status_code == 409, answer.content
    assert not may_sign_in(account(), second.connection)
    if not owner_stays:
        return
    assert ProvisioningEvent.objects.latest("pk").error_code == "user.owned_elsewhere"
    # Whom the word was about returns by it, and it can be given again.
    assert named(second.scim, externalId="guest")["id"] == theirs["id"]
    second.scim.delete(f"/Users/{theirs['id']}")
    assert ownership.allow_share(second.connection, account(), actor=None, name=INES)
    new = named(second.scim, externalId="somebody else")
    assert new["id"] != theirs["id"]
    assert ProvisionedUser.objects.get(scim_id=new["id"]).user == account()


def test_what_a_guest_knows_of_a_deleted_person_is_shown_to_nobody_and_joins_nothing(
    scim: ScimClient, other: Customer
) -> None:
    gone_guest(scim, other)
    new = ProvisionedUser.objects.get(scim_id=named(other.scim, externalId="somebody else")["id"])
    tombstone = ProvisionedUser.objects.tombstones().get(connection=other.connection)
    # As it was written down before.
    IdentityQuestion.objects.create(connection=other.connection, newcomer=new, earlier=tombstone)
    assert not queue.open_questions(other.connection).exists()
    with pytest.raises(SCIMError, match="not what it was"):
        merge(Caller(other.connection, None), new, tombstone, detail="")
    found = decide(other.connection, [{"userName": INES, "externalId": "a third", "active": True}])
    assert account() not in found[0].accounts


# --- the LMS moves somebody


def test_whoever_is_linked_before_they_are_sent_is_left_by_those_who_lost_them(
    scim: ScimClient, other: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    named(scim, externalId="owner")
    move(account(), other.organization)
    found = decide(other.connection, [{"userName": INES, "externalId": "theirs", "active": True}])
    assert link_certain(Caller(other.connection, None), found) == 1
    lost = ProvisionedUser.objects.exclude(connection=other.connection).get()
    assert lost.is_deleted
    assert ProvisioningEvent.objects.filter(link=lost, action="moved").exists()


@pytest.mark.parametrize("back", [True, False])
def test_whoever_returns_is_left_by_those_who_lost_them(
    scim: ScimClient, organization: Any, other: Customer, monkeypatch: pytest.MonkeyPatch, back: bool
) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    theirs = named(other.scim, externalId="theirs")
    other.scim.delete(f"/Users/{theirs['id']}")
    user = account()
    move(user, organization)
    get_user_model().objects.update(is_active=True)
    ours = named(scim, externalId="ours")
    scim.patch(f"/Users/{ours['id']}", OFF)
    if back:
        move(user, other.organization)
    answer = other.scim.post("/Users", person(externalId="theirs"))
    lost = ProvisionedUser.objects.get(scim_id=ours["id"])
    assert (answer.status_code, lost.is_deleted) == ((201, True) if back else (409, False)), answer.content


# --- a name alone


def test_who_is_linked_beforehand_is_not_whose_name_only_folding_makes_the_same(
    scim: ScimClient, connection: SCIMConnection, organization: Any
) -> None:
    name, odd = "strauss@x.example", "strauß@x.example"
    user = LearnerFactory(organization=organization, user__username=name).user
    link_one(Caller(connection, None), {"userName": name}, user)
    before = get_user_model().objects.filter(pk=user.pk).values().get()
    answer = scim.post("/Users", person(userName=odd, externalId="other"))
    assert answer.status_code == 409, answer.content
    assert get_user_model().objects.filter(pk=user.pk).values().get() == before
    taken = named(scim, userName=name.upper(), externalId="hers")
    assert ProvisionedUser.objects.get(scim_id=taken["id"]).user == user


@pytest.mark.parametrize(
    ("is_one", "names"), [(True, ("stra\u00dfe", "STRASSE")), (False, ("strasse", "stra\u00dfe"))]
)
def test_capitals_are_the_same_name_and_other_letters_are_not(is_one: bool, names: tuple[str, str]) -> None:
    assert same_letters(*names) is same_letters(*reversed(names)) is is_one


def test_without_an_external_id_nobody_returns_whose_name_is_spelled_otherwise(scim: ScimClient) -> None:
    strasse = named(scim, userName="strasse@x.example", externalId=None)
    user = account()
    scim.delete(f"/Users/{strasse['id']}")
    answer = named(scim, userName="straße@x.example", externalId=None)
    assert answer["id"] != strasse["id"]
    assert ProvisionedUser.objects.get(scim_id=answer["id"]).user != user


@pytest.mark.parametrize(("written", "again"), [("andr\u00e9", "andre\u0301"), ("andre\u0301", "ANDR\u00c9")])
def test_however_accents_are_composed_it_is_the_same_name(scim: ScimClient, written: str, again: str) -> None:
    first = named(scim, userName=f"{written}@x.example", externalId=None)
    scim.delete(f"/Users/{first['id']}")
    assert named(scim, userName=f"{again}@x.example", externalId=None)["id"] == first["id"]


# --- a name that was given up


def test_who_returns_has_their_name_back_where_nobody_uses_it(scim: ScimClient, is_subject: bool) -> None:
    first = named(scim, externalId="1")
    scim.delete(f"/Users/{first['id']}")
    between = named(scim, externalId="2")
    assert account().username == f"{INES}~{mark(first['id'])}"
    scim.delete(f"/Users/{between['id']}")
    assert named(scim, externalId="1")["id"] == first["id"]
    assert account().username == INES
    aside = ProvisionedUser.objects.get(scim_id=between["id"]).user
    assert aside is not None
    assert aside.get_username() == f"{INES}~{mark(between['id'])}"


def test_nobody_who_knows_the_id_takes_the_name_beforehand_that_an_account_is_to_step_aside_to(
    scim: ScimClient, is_subject: bool, settings: Any
) -> None:
    first = named(scim, externalId="1")
    squatted = person("rui.sousa", userName=f"{INES}~{first['id'][:8]}", externalId="9")
    assert scim.post("/Users", squatted).status_code == 201
    scim.delete(f"/Users/{first['id']}")
    assert named(scim, externalId="2")["id"] != first["id"]
    # A key that is exchanged since does not keep the name from who returns.
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    scim.delete(f"/Users/{ProvisionedUser.objects.get(external_id='2').scim_id}")
    assert named(scim, externalId="1")["id"] == first["id"]
    assert ProvisionedUser.objects.get(scim_id=first["id"]).user.get_username() == INES  # type: ignore[union-attr]


def test_who_returns_is_refused_where_people_sign_in_by_the_name_and_somebody_else_does(
    scim: ScimClient, organization: Any, is_subject: bool
) -> None:
    first = named(scim, externalId="1")
    scim.delete(f"/Users/{first['id']}")
    get_user_model().objects.update(username="called.otherwise")
    stranger = Customer.make()
    LearnerFactory(organization=stranger.organization, user__username=INES)
    answer = scim.post("/Users", person(externalId="1"))
    assert answer.status_code == (409 if is_subject else 201), answer.content
    assert account().username == "called.otherwise"
    assert account().is_active is not is_subject


def test_a_name_that_the_lms_has_given_a_deleted_person_is_theirs_when_they_return(
    scim: ScimClient, is_subject: bool
) -> None:
    first = named(scim, externalId="1")
    scim.delete(f"/Users/{first['id']}")
    get_user_model().objects.update(username="called.otherwise")
    named(scim, externalId="1")
    assert account().username == "called.otherwise"


def test_an_account_that_the_lms_has_switched_on_again_keeps_its_name(
    scim: ScimClient, is_subject: bool
) -> None:
    first = named(scim, externalId="1")
    scim.delete(f"/Users/{first['id']}")
    get_user_model().objects.update(is_active=True)
    answer = scim.post("/Users", person(externalId="2"))
    assert answer.status_code == 409, answer.content
    assert ProvisioningEvent.objects.latest("pk").error_code == "user.exists_unmanaged"
    assert (account().username, account().is_active) == (INES, True)
    assert named(scim, externalId="1")["id"] == first["id"]


def test_who_is_somebody_new_is_said_of_that_very_name(
    scim: ScimClient, connection: SCIMConnection, organization: Any
) -> None:
    for name in ("strauss@x.example", "strauß@x.example"):
        LearnerFactory(organization=organization, user__username=name)
    said = {"userName": "strauss@x.example"}
    queue.answer(connection, said, AdoptionAnswer.Verdict.SEPARATE, actor=None)
    answer = scim.post("/Users", person(userName="strauß@x.example", externalId="1"))
    assert answer.status_code == 409, answer.content
    assert named(scim, userName="strauss@x.example", externalId="2")


def test_a_share_is_withdrawn_by_that_very_name(scim: ScimClient, second: Customer) -> None:
    """Some columns take it for the shared person's."""
    named(scim, userName="kassie@x.example")
    ownership.allow_share(second.connection, account(), actor=None, name="kassie")
    with pytest.raises(ConnectionRefused):
        shares.named(second.connection, "kássie@x.example")
    assert shares.named(second.connection, "Kassie@x.example").user == account()
