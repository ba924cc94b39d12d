"""An account whose owner was detached or forgotten is not for those who shared it to take, read or switch on: their
word ends with the owner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from example_project.lms.models import Learner, SSOSettings
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import connections, erasure, keeping, ownership
from scim_provisioning.administration.adoption import queue, undoing
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.models import ProvisionedUser, SharedAccount
from scim_provisioning.provisioning.verdicts import Finding
from scim_provisioning.sso import may_sign_in
from scim_provisioning.testing.factories import TokenFactory
from tests.admin.conftest import Administrator
from tests.admin.pages import PASSWORD
from tests.admin.test_given_on_by_whom import again, page, sees
from tests.leavers import OFF, ON
from tests.lms_factories import LearnerFactory
from tests.people import person
from tests.sharing import Customer

pytestmark = pytest.mark.django_db

POLICY = ("view_scimconnection", "view_provisioningevent", "manage_policy", "view_payload")
Ends = Callable[[ProvisionedUser], object]


@pytest.fixture
def first(monkeypatch: pytest.MonkeyPatch) -> Customer:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    found = Customer.make()
    assert found.scim.post("/Users", person()).status_code == 201
    return found


@pytest.fixture
def second(first: Customer) -> Customer:
    """Another customer, with an administrator's word that they may use the account."""
    found = Customer.make()
    assert ownership.allow_share(found.connection, account(), actor=None, name="ines")
    return found


def account() -> User:
    user: User = User.objects.get(username=person()["userName"])
    return user


def detached(link: ProvisionedUser) -> object:
    return keeping.detach(link, actor=None)


def forgotten(link: ProvisionedUser) -> object:
    return erasure.forget(erasure.Person(link.connection, link=link), actor=None, even_if_active=True)


ENDS = pytest.mark.parametrize("end", [detached, forgotten])


@ENDS
def test_a_guests_administrator_does_not_make_their_connection_the_owner(
    administrator: Administrator,
    monkeypatch: pytest.MonkeyPatch,
    first: Customer,
    second: Customer,
    end: Ends,
) -> None:
    third = again(second)
    assert ownership.allow_share(third.connection, account(), actor=None, name="ines")
    theirs = second.scim.post("/Users", person(externalId="theirs")).json()["id"]
    third.scim.post("/Users", person(externalId="theirs"))
    end(ProvisionedUser.objects.get(connection=first.connection))
    sees(monkeypatch, second, third)
    guest = ProvisionedUser.objects.get(scim_id=theirs)
    own = page(second.connection, "own", link_id=guest.pk)
    browser = administrator(*POLICY)
    browser.get(own)
    browser.post(own, {"password": PASSWORD})
    before = User.objects.values().get(pk=account().pk)
    evil = {**person(externalId="theirs"), "emails": [{"type": "work", "value": "evil@x.example"}]}
    second.scim.put(f"/Users/{theirs}", evil)
    assert User.objects.values().get(pk=account().pk) == before


@ENDS
def test_a_guest_lets_nobody_in_again_whom_the_owner_has_let_go(
    first: Customer, second: Customer, end: Ends
) -> None:
    mine = ProvisionedUser.objects.get(connection=first.connection)
    assert first.scim.patch(f"/Users/{mine.scim_id}", OFF).status_code == 200
    end(mine)
    assert second.scim.post("/Users", person(externalId="theirs")).status_code == 409
    assert not account().is_active


@ENDS
def test_nothing_of_the_account_is_read_by_a_file_with_its_name(
    administrator: Administrator,
    monkeypatch: pytest.MonkeyPatch,
    first: Customer,
    second: Customer,
    end: Ends,
) -> None:
    User.objects.filter(pk=account().pk).update(email="secret@first.example")
    end(ProvisionedUser.objects.get(connection=first.connection))
    sees(monkeypatch, second)
    browser = administrator(*POLICY)
    for name in ("adopt", "reconcile"):
        export = f"userPrincipalName,givenName\n{person()['userName']},Ines\n".encode()
        body = {"verb": "file", "user_name": "userPrincipalName", "file": SimpleUploadedFile("x.csv", export)}
        answer: Any = browser.post(page(second.connection, name), body)
        said = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert b"secret@" not in said


def test_what_was_allowed_a_connection_of_an_owner_that_is_left_stays(first: Customer) -> None:
    """Of two connections of one customer the second owns the account once the first lets go."""
    second = again(first)
    third = Customer.make()
    for each in (second.connection, third.connection):
        assert ownership.allow_share(each, account(), actor=None, name="ines")
    assert second.scim.post("/Users", person(externalId="second")).status_code == 201
    detached(ProvisionedUser.objects.get(connection=first.connection))
    assert ProvisionedUser.objects.get(connection=second.connection).owns_profile
    assert SharedAccount.objects.filter(connection=third.connection).exists()


def test_of_whom_the_lms_has_moved_no_value_is_shown_to_be_locked(
    administrator: Administrator, monkeypatch: pytest.MonkeyPatch, first: Customer
) -> None:
    link = ProvisionedUser.objects.get()
    other = Customer.make()
    Learner.objects.update(organization=other.organization, company=None, team=None, business_unit=None)
    User.objects.filter(pk=account().pk).update(first_name="Secret", email="secret@b.example")
    sees(monkeypatch, first)
    browser = administrator(*POLICY)
    for name in ("values", "lock", "unlock", "detach"):
        answer = browser.get(page(first.connection, name, link_id=link.pk), {"attribute": "name.givenName"})
        assert answer.status_code == 404


def test_of_somebody_detached_it_is_said_by_whom_and_how_they_come_back(
    admin_client: Client, first: Customer
) -> None:
    keeping.detach(ProvisionedUser.objects.get(), actor=User.objects.get(is_superuser=True))
    answer = admin_client.get(
        reverse("admin:scim_provisioning_provisioningevent_people"), {"q": "ines.okafor"}
    )
    said = [card.answer.sentence for card in answer.context["cards"]]
    assert said[0].startswith("Detached on ")
    assert "link them under “Who is it?”" in answer.content.decode()


@ENDS
def test_who_only_shares_an_account_is_withdrawn_and_neither_detached_nor_forgotten(
    first: Customer, second: Customer, end: Ends
) -> None:
    """What the owner has switched off would stay on by what the guest wanted."""
    theirs = second.scim.post("/Users", person(externalId="theirs")).json()["id"]
    guest = ProvisionedUser.objects.get(scim_id=theirs)
    with pytest.raises(ConnectionRefused, match="withdraw the shared link instead"):
        end(guest)
    guest.refresh_from_db()
    assert not guest.is_deleted
    assert SharedAccount.objects.filter(connection=second.connection).exists()


def let_go(first: Customer, how: str) -> None:
    """The owner's identity provider lets the person go; a guest's wish keeps the account on."""
    hers = f"/Users/{ProvisionedUser.objects.get(connection=first.connection).scim_id}"
    if how == "deactivated":
        assert first.scim.patch(hers, OFF).status_code == 200
    else:
        assert first.scim.delete(hers).status_code == 204
    assert account().is_active


def taken_back(link: ProvisionedUser) -> object:
    return undoing.undo(link, actor=None)


LET_GO = pytest.mark.parametrize("how", ["deactivated", "deleted"])


@LET_GO
@pytest.mark.parametrize("end", [detached, forgotten, taken_back])
def test_a_guest_gives_nothing_back_that_the_owner_has_let_go(
    first: Customer, second: Customer, how: str, end: Ends
) -> None:
    theirs = second.scim.post("/Users", person(externalId="theirs")).json()["id"]
    let_go(first, how)
    guest = ProvisionedUser.objects.select_related("connection", "user").get(scim_id=theirs)
    with pytest.raises(ConnectionRefused, match="withdraw the shared link instead"):
        end(guest)
    # Its identity provider may let them go too, and nobody brings them back then.
    assert second.scim.patch(f"/Users/{theirs}", OFF).status_code == 200
    guest.refresh_from_db()
    with pytest.raises(ConnectionRefused, match="withdraw the shared link instead"):
        end(guest)
    assert not account().is_active


def test_a_guests_page_offers_nothing_of_the_owners_and_shows_nothing_of_it(
    administrator: Administrator, monkeypatch: pytest.MonkeyPatch, first: Customer, second: Customer
) -> None:
    theirs = second.scim.post("/Users", person(externalId="theirs")).json()["id"]
    guest = ProvisionedUser.objects.get(scim_id=theirs)
    hers = ProvisionedUser.objects.get(connection=first.connection).scim_id
    renamed = [{"op": "replace", "path": "userName", "value": "secret.married@first.example"}]
    assert first.scim.patch(f"/Users/{hers}", renamed).status_code == 200
    sees(monkeypatch, second)
    browser = administrator(*POLICY)
    for name in ("take_back", "detach"):
        answer = browser.get(page(second.connection, name, link_id=guest.pk), follow=True)
        assert "withdraw the shared link instead" in answer.content.decode()
        assert "secret.married" not in answer.content.decode()


def _disconnected(choice: str) -> Callable[[Customer], object]:
    return lambda guest: connections.disconnect(guest.connection, actor=None, learners=choice)


def _settings_deleted(guest: Customer) -> object:
    return SSOSettings.objects.get(pk=guest.connection.sso_key).delete()


def _found_gone(guest: Customer) -> object:
    """They went by SQL; the guest's identity provider is the first to notice."""
    SSOSettings.objects.filter(pk=guest.connection.sso_key)._raw_delete(using="default")
    return guest.scim.get("/Users")


ENDINGS = [_disconnected("keep"), _disconnected("sso_only"), _settings_deleted, _found_gone]


@LET_GO
@pytest.mark.parametrize("end", ENDINGS)
def test_whom_only_a_guest_kept_on_goes_off_when_the_guests_connection_ends(
    first: Customer, second: Customer, how: str, end: Callable[[Customer], object]
) -> None:
    second.scim.post("/Users", person(externalId="theirs"))
    let_go(first, how)
    browser = Client()
    browser.force_login(account())
    end(second)
    assert not account().is_active
    assert not may_sign_in(account(), first.connection)
    assert second.connection.events.filter(action="deactivated").count() == 1
    assert "_auth_user_id" not in browser.session


@pytest.mark.parametrize("end", ENDINGS)
def test_whom_the_owner_wants_on_stays_so_when_a_guests_connection_ends(
    first: Customer, second: Customer, end: Callable[[Customer], object]
) -> None:
    second.scim.post("/Users", person(externalId="theirs"))
    end(second)
    assert account().is_active
    assert not second.connection.events.filter(action="deactivated").exists()


@pytest.mark.parametrize(
    ("how", "end"), [("deactivated", detached), ("deactivated", forgotten), ("deleted", forgotten)]
)
def test_whom_only_a_guest_kept_on_goes_off_with_the_word_that_let_them(
    first: Customer, second: Customer, how: str, end: Ends
) -> None:
    second.scim.post("/Users", person(externalId="theirs"))
    let_go(first, how)
    mine = ProvisionedUser.objects.select_related("connection", "user").get(connection=first.connection)
    end(mine)
    assert not account().is_active
    assert not ProvisionedUser.objects.living().filter(connection=second.connection).exists()


def test_a_guest_switches_nobody_off_whom_the_owner_has_given_back_to_the_application(
    first: Customer, second: Customer
) -> None:
    """A guest's link is there by a word, and the word ends with the owner's link."""
    theirs = second.scim.post("/Users", person(externalId="theirs")).json()["id"]
    browser = Client()
    browser.force_login(account())
    detached(ProvisionedUser.objects.get(connection=first.connection))
    assert second.scim.patch(f"/Users/{theirs}", OFF).status_code == 404
    assert second.scim.delete(f"/Users/{theirs}").status_code == 404
    assert account().is_active
    assert second.connection.events.filter(action="share_withdrawn", link__scim_id=theirs).count() == 1
    assert browser.get(reverse("admin:index")).status_code == 302
    assert "_auth_user_id" not in browser.session


@pytest.mark.parametrize("verb", ["PATCH", "PUT"])
def test_no_patch_of_a_guests_lets_somebody_in_whom_the_owner_has_deleted(
    first: Customer, second: Customer, verb: str
) -> None:
    theirs = second.scim.post("/Users", person(externalId="theirs")).json()["id"]
    hers = ProvisionedUser.objects.get(connection=first.connection).scim_id
    assert first.scim.delete(f"/Users/{hers}").status_code == 204
    assert account().is_active
    assert second.scim.patch(f"/Users/{theirs}", OFF).status_code == 200
    assert not account().is_active

    def back() -> int:
        if verb == "PATCH":
            return second.scim.patch(f"/Users/{theirs}", ON).status_code
        return second.scim.put(f"/Users/{theirs}", person(externalId="theirs", active=True)).status_code

    assert back() == 409
    assert second.connection.events.latest("pk").error_code == "user.owner_left"
    assert not account().is_active
    # What is no matter of access goes on.
    title = [{"op": "replace", "path": "title", "value": "Guest"}]
    assert second.scim.patch(f"/Users/{theirs}", title).status_code == 200
    # An administrator says it anew.
    assert ownership.allow_share(second.connection, account(), actor=None, name="ines")
    assert back() == 200
    assert account().is_active


@pytest.mark.parametrize("of", ["another customer", "the same customer"])
@ENDS
def test_a_guest_who_left_before_the_owner_is_no_way_back_either(
    first: Customer, second: Customer, end: Ends, of: str
) -> None:
    guest = second if of == "another customer" else again(first)
    ownership.allow_share(guest.connection, account(), actor=None, name="ines")
    theirs = guest.scim.post("/Users", person(externalId="theirs")).json()["id"]
    assert guest.scim.delete(f"/Users/{theirs}").status_code == 204
    mine = ProvisionedUser.objects.get(connection=first.connection)
    assert first.scim.patch(f"/Users/{mine.scim_id}", OFF).status_code == 200
    end(mine)
    assert guest.scim.post("/Users", person(externalId="theirs")).status_code == 409
    assert not account().is_active


def test_whose_profile_the_lms_keeps_is_switched_off_and_on_after_another_owner_was_there(
    first: Customer,
) -> None:
    hers = ProvisionedUser.objects.get(connection=first.connection).scim_id
    assert first.scim.delete(f"/Users/{hers}").status_code == 204
    User.objects.update(is_active=True)
    third = again(first)
    document = {"userName": person()["userName"], "externalId": "e1"}
    queue.link(third.connection, document, account(), keeps_profile=True, actor=None)
    theirs = ProvisionedUser.objects.get(connection=third.connection).scim_id
    assert third.scim.patch(f"/Users/{theirs}", OFF).status_code == 200
    assert third.scim.patch(f"/Users/{theirs}", ON).status_code == 200
    assert account().is_active


def test_whom_an_administrator_has_detached_no_other_connection_of_the_customer_takes_by_itself(
    first: Customer,
) -> None:
    detached(ProvisionedUser.objects.get())
    third = again(first)
    assert third.scim.post("/Users", person(externalId="theirs")).status_code == 409
    assert third.connection.events.latest("pk").error_code == "user.exists_unmanaged"
    waits = queue.waiting(third.connection)
    assert [(one.verdict.finding, one.verdict.reason) for one in waits] == [(Finding.LOOK, "undone")]
    queue.link(third.connection, waits[0].verdict.document, account(), keeps_profile=False, actor=None)
    assert third.scim.post("/Users", person(externalId="theirs")).status_code == 201


def test_whom_the_lms_has_given_another_customer_since_they_were_detached_is_linked_there(
    first: Customer,
) -> None:
    detached(ProvisionedUser.objects.get())
    other = Customer.make()
    Learner.objects.update(organization=other.organization, company=None, team=None, business_unit=None)
    assert other.scim.post("/Users", person(externalId="theirs")).status_code == 201


@pytest.mark.parametrize("is_deleted", [False, True])
def test_nothing_of_the_owners_account_is_laid_beside_another_for_who_shares_it(
    administrator: Administrator,
    monkeypatch: pytest.MonkeyPatch,
    first: Customer,
    second: Customer,
    is_deleted: bool,
) -> None:
    theirs = second.scim.post("/Users", person(externalId="theirs")).json()["id"]
    if is_deleted:
        assert second.scim.delete(f"/Users/{theirs}").status_code == 204
    hers = ProvisionedUser.objects.get(connection=first.connection).scim_id
    married = {**person(), "userName": "secret.married@first.example", "title": "Secret"}
    assert first.scim.put(f"/Users/{hers}", married).status_code == 200
    mia = LearnerFactory(organization=second.organization, user__username="mia").user
    married_account = User.objects.get(username="secret.married@first.example")
    sees(monkeypatch, second)
    browser = administrator(*POLICY)
    for name, keys in (("doubles", {}), ("join", {"other": mia.pk})):
        for one, other in (
            (married_account.pk, keys),
            (mia.pk, {"other": married_account.pk} if keys else {}),
        ):
            answer = browser.get(page(second.connection, name), {"account": one, **other})
            assert "secret" not in answer.content.decode().casefold()
            assert answer.status_code == 404 or (name == "doubles" and one == mia.pk)


def test_whom_the_lms_has_moved_is_nobody_that_a_namesake_may_be(
    administrator: Administrator, monkeypatch: pytest.MonkeyPatch, first: Customer
) -> None:
    other = Customer.make()
    Learner.objects.update(organization=other.organization, company=None, team=None, business_unit=None)
    User.objects.filter(pk=account().pk).update(username="secret.at.the.other@x.example")
    assert first.scim.post("/Users", person(externalId="anew")).status_code == 201
    sees(monkeypatch, first)
    browser = administrator(*POLICY)
    people = reverse("admin:scim_provisioning_provisioningevent_people")
    answer = browser.get(people, {"q": "ines"})
    assert len(answer.context["cards"]) > 1
    assert "secret" not in answer.content.decode()


def test_a_look_at_forgetting_the_owners_person_tells_the_application_nothing(
    first: Customer, second: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    second.scim.post("/Users", person(externalId="theirs"))
    let_go(first, "deactivated")
    told: list[object] = []
    monkeypatch.setattr(LearnerAdapter, "revoke_access", lambda self, learner: told.append(learner))
    monkeypatch.setattr(LearnerAdapter, "on_deactivated", lambda self, **facts: told.append(facts))
    mine = ProvisionedUser.objects.select_related("connection", "user").get(connection=first.connection)
    erasure.preview(erasure.Person(mine.connection, link=mine))
    assert told == []
    assert account().is_active
    forgotten(mine)
    assert told


@pytest.mark.parametrize("end", [_settings_deleted, _found_gone])
def test_a_host_that_cannot_be_asked_without_the_settings_keeps_no_connection_from_ending(
    first: Customer, second: Customer, end: Callable[[Customer], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    second.scim.post("/Users", person(externalId="theirs"))

    def fail(*_args: Any) -> Any:
        raise AttributeError("'NoneType' object has no attribute 'organization'")

    monkeypatch.setattr(LearnerAdapter, "for_links", fail)
    end(second)
    second.connection.refresh_from_db()
    assert second.connection.is_archived
    assert second.scim.get("/Users").status_code == 401


def heir_of(first: Customer) -> ProvisionedUser:
    """The link of another connection of the same customer, by which the person stays on, and which owns the account
    once the first has deleted them."""
    second = again(first)
    assert ownership.allow_share(second.connection, account(), actor=None, name="ines")
    theirs = second.scim.post("/Users", person(externalId="theirs")).json()["id"]
    let_go(first, "deleted")
    heir = ProvisionedUser.objects.select_related("connection", "user").get(scim_id=theirs)
    assert (heir.owns_profile, account().is_active) == (True, True)
    return heir


@pytest.mark.parametrize("is_off", [False, True])
def test_to_take_the_heirs_link_back_lets_nobody_in_whom_the_owner_had_let_go(
    first: Customer, is_off: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    heir, told = heir_of(first), list[object]()
    second = Customer(None, None, heir.connection, TokenFactory(connection=heir.connection).plaintext)
    if is_off:
        assert second.scim.patch(f"/Users/{heir.scim_id}", OFF).status_code == 200
    assert account().is_active is not is_off
    browser = Client()
    browser.force_login(account())
    monkeypatch.setattr(LearnerAdapter, "revoke_access", lambda self, learner: told.append(learner))
    changes = undoing.preview(heir)
    assert changes.get("active") == (None if is_off else (True, False)), "the page says it beforehand"
    assert told == []
    taken_back(heir)
    assert not account().is_active
    assert len(told) == (0 if is_off else 1), "what outlives the switch ends with it"
    assert not browser.session.get("_auth_user_id")


def test_whom_an_administrator_let_the_heir_use_again_stays_as_they_are(first: Customer) -> None:
    heir = heir_of(first)
    assert ownership.allow_share(heir.connection, account(), actor=None, name="ines")
    taken_back(heir)
    assert account().is_active
