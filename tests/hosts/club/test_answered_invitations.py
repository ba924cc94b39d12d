"""Whom the identity provider switches off while they are only invited does not come in by answering the invitation."""

from __future__ import annotations

from importlib import import_module
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from scim_provisioning.administration import connections, leaver_brake
from scim_provisioning.administration.erasure import Person, forget
from scim_provisioning.models import (
    LeaverBrake,
    OnDisconnect,
    ProvisionedUser,
    ProvisioningEvent,
    SCIMConnection,
)
from scim_provisioning.sso import may_reset_password, may_sign_in
from scim_provisioning.testing.factories import TokenFactory
from tests.admin.pages import PASSWORD, text
from tests.client import ScimClient, SecureBrowser
from tests.hosts.club.models import Club, Membership, Role
from tests.hosts.current import host
from tests.people import person
from tests.vendors.asking import Body, create, patch, read

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"
Status = Membership.Status
ON: list[Body] = [{"op": "Replace", "path": "active", "value": "True"}]
OFF: list[Body] = [{"op": "Replace", "path": "active", "value": "False"}]
TITLE: list[Body] = [{"op": "Replace", "path": "title", "value": "Gone"}]
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@pytest.fixture
def browser(db: None) -> Client:
    """An administrator's of the club."""
    client = SecureBrowser()
    client.force_login(host().make_administrator("ada", PASSWORD))
    return client


def invited(club: Club) -> User:
    user = User.objects.create_user(INES, INES)
    role = Role.objects.create(club=club, name="Guest")
    Membership.objects.create(user=user, club=club, role=role, status=Status.INVITED)
    return user


def answers() -> None:
    """She accepts the invitation: the club switches her on, and no administrator does."""
    Membership.objects.filter(status=Status.INVITED).update(status=Status.ACTIVE)


def on_page(browser: Client, **values: str) -> None:
    """An administrator edits the membership on the club's own page."""
    row = Membership.objects.get()
    asked = {"user": row.user_id, "club": row.club_id, "role": row.role_id, "status": row.status}
    address = reverse("admin:club_membership_change", args=[row.pk])
    answer: Any = browser.post(address, {**asked, "job_role": row.job_role, **values})
    assert answer.status_code == 302, text(answer)


def notify() -> str:
    out = StringIO()
    call_command("scim_notify", stdout=out, stderr=out)
    return out.getvalue()


def status() -> str:
    return Membership.objects.get().status


def done() -> list[str]:
    return [event.action for event in ProvisioningEvent.objects.order_by("pk")]


def comes_in(connection: SCIMConnection) -> set[bool]:
    user = User.objects.get(username=INES)
    return {may_sign_in(user), may_sign_in(user, connection)}


def by_bulk(scim: ScimClient, scim_id: str) -> None:
    operation = {"method": "PATCH", "path": f"/Users/{scim_id}"}
    data = {"schemas": [PATCH_OP], "Operations": OFF}
    answer = scim.post("/Bulk", {"schemas": [BULK], "Operations": [{**operation, "data": data}]})
    assert answer.json()["Operations"][0]["status"] == "200"


WAYS = {
    "PATCH": lambda scim, key: patch(scim, key, OFF),
    "PATCH with a change": lambda scim, key: patch(scim, key, [*OFF, *TITLE]),
    "PUT": lambda scim, key: scim.put(f"/Users/{key}", person(active=False)),
    "PUT with a change": lambda scim, key: scim.put(f"/Users/{key}", person(active=False, title="Gone")),
    "bulk": by_bulk,
}


def switched_off_while_invited(scim: ScimClient, organization: Club) -> dict[str, Any]:
    """The person whom the identity provider made of somebody invited, and then switched off."""
    invited(organization)
    made: dict[str, Any] = create(scim, person())
    patch(scim, made["id"], OFF)
    return made


def deleted_while_invited(scim: ScimClient, organization: Club) -> dict[str, Any]:
    """The same, deleted."""
    invited(organization)
    made: dict[str, Any] = create(scim, person())
    scim.delete(f"/Users/{made['id']}")
    return made


@pytest.mark.parametrize("way", WAYS)
def test_whoever_was_switched_off_while_invited_stays_out_whatever_they_answer(
    scim: ScimClient, organization: Club, connection: SCIMConnection, way: str
) -> None:
    user = invited(organization)
    made = create(scim, person())
    WAYS[way](scim, made["id"])
    assert read(scim, made["id"])["active"] is False
    kept = ProvisioningEvent.objects.latest("pk")
    assert kept.cause["wished_off"] is True
    answers()
    assert comes_in(connection) == {False}
    assert may_reset_password(user) is False
    # What is shown is what the club has.
    assert read(scim, made["id"])["active"] is True


def test_whoever_is_linked_while_invited_and_sent_as_off_stays_out_too(
    scim: ScimClient, organization: Club, connection: SCIMConnection
) -> None:
    invited(organization)
    assert create(scim, person(active=False))["active"] is False
    answers()
    assert comes_in(connection) == {False}
    assert ProvisioningEvent.objects.get().cause["wished_off"] is True


def test_that_the_wish_is_kept_is_written_down_once(
    browser: Client, scim: ScimClient, organization: Club
) -> None:
    made = switched_off_while_invited(scim, organization)
    patch(scim, made["id"], OFF)
    scim.put(f"/Users/{made['id']}", person(active=False))
    assert done() == ["adopted", "skipped"]
    event = ProvisioningEvent.objects.latest("pk")
    page = reverse("admin:scim_provisioning_provisioningevent_change", args=[event.pk])
    assert "The wish is kept" in text(browser.get(page))


def test_the_hourly_command_carries_it_out(
    scim: ScimClient, organization: Club, connection: SCIMConnection
) -> None:
    user = invited(organization)
    made = create(scim, person())
    patch(scim, made["id"], OFF)
    notify()
    assert status() == Status.INVITED
    answers()
    browser = Client()
    browser.force_login(user)
    session = import_module(settings.SESSION_ENGINE).SessionStore
    key = browser.session.session_key
    assert session().exists(key)
    assert "1 switched off" in notify()
    assert status() == Status.SUSPENDED
    assert not session().exists(key)
    assert read(scim, made["id"])["active"] is False
    assert done() == ["adopted", "skipped", "deactivated"]
    # From now on it is as of everybody who was switched off: the club's own word counts.
    Membership.objects.update(status=Status.ACTIVE)
    notify()
    assert status() == Status.ACTIVE
    assert comes_in(connection) == {True}


def test_while_the_connection_is_paused_nothing_is_carried_out(
    scim: ScimClient, organization: Club, connection: SCIMConnection
) -> None:
    invited(organization)
    patch(scim, create(scim, person())["id"], OFF)
    answers()
    connections.pause(connection, actor=None)
    notify()
    assert status() == Status.ACTIVE
    assert comes_in(connection) == {False}
    connections.resume(SCIMConnection.objects.get(), actor=None)
    notify()
    assert status() == Status.SUSPENDED


def test_a_dry_run_carries_nothing_out(scim: ScimClient, organization: Club) -> None:
    invited(organization)
    patch(scim, create(scim, person())["id"], OFF)
    answers()
    call_command("scim_notify", "--dry-run", stdout=StringIO())
    assert status() == Status.ACTIVE


@pytest.mark.parametrize("how", ["PATCH", "PUT"])
def test_the_next_request_about_them_carries_it_out(
    scim: ScimClient, organization: Club, connection: SCIMConnection, how: str
) -> None:
    made = switched_off_while_invited(scim, organization)
    answers()
    sent = person(title="Gone")
    sent.pop("active", None)
    answer = (
        patch(scim, made["id"], TITLE) if how == "PATCH" else scim.put(f"/Users/{made['id']}", sent).json()
    )
    assert (answer["active"], answer["title"]) == (False, "Gone")
    assert status() == Status.SUSPENDED
    assert done()[-1] == "deactivated"


@pytest.mark.parametrize("first", ["answer", "wish"])
def test_whoever_is_wanted_again_comes_in(
    scim: ScimClient, organization: Club, connection: SCIMConnection, first: str
) -> None:
    made = switched_off_while_invited(scim, organization)
    if first == "answer":
        answers()
    patch(scim, made["id"], ON)
    if first == "wish":
        answers()
    assert comes_in(connection) == {True}
    notify()
    assert status() == Status.ACTIVE
    # No wish of before comes up again.
    Membership.objects.update(status=Status.SUSPENDED)
    patch(scim, made["id"], OFF)
    Membership.objects.update(status=Status.ACTIVE)
    notify()
    assert comes_in(connection) == {True}


def test_whom_an_administrator_of_the_club_lets_in_afterwards_comes_in(
    browser: Client, scim: ScimClient, organization: Club, connection: SCIMConnection
) -> None:
    made = switched_off_while_invited(scim, organization)
    on_page(browser, status=Status.SUSPENDED)
    on_page(browser, status=Status.ACTIVE)
    assert comes_in(connection) == {True}
    notify()
    assert status() == Status.ACTIVE
    patch(scim, made["id"], TITLE)
    assert status() == Status.ACTIVE


def test_an_invitation_by_hand_before_lets_nobody_in(
    browser: Client, scim: ScimClient, organization: Club, connection: SCIMConnection
) -> None:
    made = create(scim, person())
    on_page(browser, status=Status.INVITED)
    patch(scim, made["id"], OFF)
    answers()
    assert comes_in(connection) == {False}
    notify()
    assert status() == Status.SUSPENDED


def test_whoever_was_deleted_while_invited_is_switched_off_once_they_have_answered(
    scim: ScimClient, organization: Club, connection: SCIMConnection
) -> None:
    made = deleted_while_invited(scim, organization)
    answers()
    assert comes_in(connection) == {False}
    notify()
    assert status() == Status.SUSPENDED
    assert create(scim, person())["id"] == made["id"]
    assert comes_in(connection) == {True}


def test_whoever_comes_back_while_still_invited_is_let_in_by_answering(
    scim: ScimClient, organization: Club, connection: SCIMConnection
) -> None:
    made = deleted_while_invited(scim, organization)
    assert create(scim, person())["id"] == made["id"]
    answers()
    notify()
    assert status() == Status.ACTIVE
    assert comes_in(connection) == {True}


def test_whoever_comes_back_as_off_is_not_let_in_by_answering(
    scim: ScimClient, organization: Club, connection: SCIMConnection
) -> None:
    made = deleted_while_invited(scim, organization)
    assert create(scim, person(active=False))["id"] == made["id"]
    answers()
    assert comes_in(connection) == {False}


def test_whom_a_disconnection_switched_off_while_invited_stays_out_when_it_is_restored(
    scim: ScimClient, organization: Club, connection: SCIMConnection
) -> None:
    invited(organization)
    create(scim, person())
    connections.disconnect(connection, actor=None, learners=OnDisconnect.SUSPEND)
    connections.restore(SCIMConnection.objects.get(), actor=None)
    answers()
    assert comes_in(SCIMConnection.objects.get()) == {False}
    assert "1 switched off" in notify()
    assert status() == Status.SUSPENDED
    # It was the administrator's word, and no identity provider's.
    event = ProvisioningEvent.objects.latest("pk")
    assert (event.action, event.operation) == ("deactivated", "admin")
    assert event.detail == "Suspended when the connection was disconnected."


def test_a_lost_link_says_nothing_any_more(scim: ScimClient, organization: Club) -> None:
    invited(organization)
    patch(scim, create(scim, person())["id"], OFF)
    answers()
    ProvisionedUser.objects.update(user=None)
    notify()
    assert status() == Status.ACTIVE


# --- the connection ends


@pytest.mark.parametrize("said", ["suspend", "PATCH", "DELETE"])
def test_whoever_was_to_be_off_when_the_connection_ended_stays_out(
    scim: ScimClient, organization: Club, connection: SCIMConnection, said: str
) -> None:
    user = invited(organization)
    made = create(scim, person())
    if said == "PATCH":
        patch(scim, made["id"], OFF)
    elif said == "DELETE":
        scim.delete(f"/Users/{made['id']}")
    ada = host().make_administrator("ada", PASSWORD)
    learners = OnDisconnect.SUSPEND if said == "suspend" else OnDisconnect.KEEP
    connections.disconnect(connection, actor=ada, learners=learners)
    answers()
    assert comes_in(SCIMConnection.objects.get()) == {False}
    assert may_reset_password(user) is False
    assert "1 switched off" in notify()
    assert status() == Status.SUSPENDED
    event = ProvisioningEvent.objects.latest("pk")
    assert (event.action, event.operation) == ("deactivated", "admin")
    assert event.actor == (ada if said == "suspend" else None)
    assert "switched off" not in notify()


def test_an_administrator_of_the_club_lets_them_in_after_the_end(
    browser: Client, scim: ScimClient, organization: Club, connection: SCIMConnection
) -> None:
    invited(organization)
    create(scim, person())
    connections.disconnect(connection, actor=None, learners=OnDisconnect.SUSPEND)
    on_page(browser, status=Status.ACTIVE)
    assert comes_in(SCIMConnection.objects.get()) == {True}
    notify()
    assert status() == Status.ACTIVE


def test_so_does_the_identity_provider_once_the_connection_is_restored(
    scim: ScimClient, organization: Club, connection: SCIMConnection
) -> None:
    invited(organization)
    made = create(scim, person())
    connections.disconnect(connection, actor=None, learners=OnDisconnect.SUSPEND)
    connections.restore(SCIMConnection.objects.get(), actor=None)
    back = ScimClient(TokenFactory(connection=SCIMConnection.objects.get()).plaintext)
    patch(back, made["id"], ON)
    answers()
    assert comes_in(SCIMConnection.objects.get()) == {True}
    notify()
    assert status() == Status.ACTIVE


def test_without_its_settings_a_connection_that_has_ended_says_nothing(
    scim: ScimClient, organization: Club, connection: SCIMConnection
) -> None:
    user = invited(organization)
    create(scim, person())
    connections.disconnect(connection, actor=None, learners=OnDisconnect.SUSPEND)
    SCIMConnection.objects.update(sso_key="gone")
    answers()
    assert may_sign_in(user) is True
    notify()
    assert status() == Status.ACTIVE


def test_whoever_is_forgotten_after_they_have_answered_is_switched_off(
    scim: ScimClient, organization: Club, connection: SCIMConnection
) -> None:
    deleted_while_invited(scim, organization)
    answers()
    forget(Person(connection, ProvisionedUser.objects.get()), actor=None)
    assert status() == Status.SUSPENDED
    assert INES not in "".join(ProvisioningEvent.objects.values_list("user_name", flat=True))


# --- the leaver brake


def many(scim: ScimClient, club: Club, number: int) -> list[str]:
    role = Role.objects.create(club=club, name="Guest")
    made = []
    for one in range(number):
        user = User.objects.create_user(f"p{one}@harborline.example")
        Membership.objects.create(user=user, club=club, role=role, status=Status.INVITED)
        made.append(create(scim, person(f"p{one}"))["id"])
    SCIMConnection.objects.update(policies={"leavers_at_least": 3, "leavers_percent": 5})
    return made


def off() -> int:
    return Membership.objects.filter(status=Status.SUSPENDED).count()


def test_the_leaver_brake_holds_whoever_is_to_go_late(
    scim: ScimClient, organization: Club, connection: SCIMConnection
) -> None:
    for key in many(scim, organization, 8):
        patch(scim, key, OFF)
    answers()
    connection = SCIMConnection.objects.get()
    assert "3 switched off" in notify()
    assert (off(), leaver_brake.held(connection).count()) == (3, 5)
    # They are noted once, and wait.
    refused = ProvisioningEvent.objects.filter(error_code="conn.held")
    assert refused.count() == 5
    assert all(event.link_id for event in refused)
    assert "switched off" not in notify()
    assert (off(), refused.count()) == (3, 5)
    leaver_brake.allow(connection, [leaver_brake.held(connection)[0].pk], actor=None)
    assert "1 switched off" in notify()
    leaver_brake.allow_all(connection, actor=None)
    connection.refresh_from_db()
    leaver_brake.allow(connection, [one.pk for one in leaver_brake.held(connection)], actor=None)
    assert "4 switched off" in notify()
    assert off() == 8


@pytest.mark.parametrize("by_hand", [Status.ACTIVE, Status.SUSPENDED])
def test_nobody_is_held_any_more_whose_switch_an_administrator_has_moved(
    browser: Client, scim: ScimClient, organization: Club, connection: SCIMConnection, by_hand: str
) -> None:
    for key in many(scim, organization, 4):
        patch(scim, key, OFF)
    answers()
    notify()
    held = leaver_brake.held(SCIMConnection.objects.get())
    row = Membership.objects.get(user=held.get().link.user)
    asked = {"user": row.user_id, "club": row.club_id, "role": row.role_id, "job_role": row.job_role}
    page = reverse("admin:club_membership_change", args=[row.pk])
    for state in (Status.SUSPENDED, by_hand):
        browser.post(page, {**asked, "status": state})
    notify()
    assert not held.exists()
    row.refresh_from_db()
    assert row.status == by_hand


def test_it_holds_those_too_who_were_deleted_and_whose_stay_nobody_has_to_allow(
    scim: ScimClient, organization: Club, connection: SCIMConnection
) -> None:
    for key in many(scim, organization, 5):
        scim.delete(f"/Users/{key}")
    answers()
    assert "3 switched off" in notify()
    assert "switched off" not in notify()
    assert {may_sign_in(user) for user in User.objects.filter(username__startswith="p")} == {False}
    LeaverBrake.objects.update(recent=[])
    assert "2 switched off" in notify()


@pytest.mark.parametrize("how", ["PATCH", "DELETE"])
def test_who_has_gone_late_can_be_brought_back_as_whoever_has_gone(
    browser: Client, scim: ScimClient, organization: Club, connection: SCIMConnection, how: str
) -> None:
    invited(organization)
    made = create(scim, person())
    if how == "PATCH":
        patch(scim, made["id"], OFF)
    else:
        scim.delete(f"/Users/{made['id']}")
    answers()
    notify()
    event = ProvisioningEvent.objects.latest("pk")
    assert (event.action, event.operation) == ("deactivated", how.lower())
    assert "1 person is back as before." in undo(browser, connection)
    assert status() == Status.ACTIVE
    assert comes_in(connection) == {True}
    assert "switched off" not in notify()


# --- a departure is taken back


def undo(browser: Client, connection: SCIMConnection) -> str:
    address = reverse("admin:scim_provisioning_scimconnection_undo", args=[connection.pk])
    last = browser.get(f"{address}?hours=24").context["form"].initial["last"]
    asked = {"hours": 24, "last": last, "whom": "all", "password": PASSWORD}
    return text(browser.post(address, asked, follow=True))


@pytest.mark.parametrize("how", ["PATCH", "DELETE"])
def test_nobody_is_said_to_be_back_who_is_only_invited_now(
    browser: Client, scim: ScimClient, organization: Club, connection: SCIMConnection, how: str
) -> None:
    invited(organization)
    made = create(scim, person())
    Membership.objects.update(status=Status.ACTIVE)
    if how == "DELETE":
        scim.delete(f"/Users/{made['id']}")
    else:
        patch(scim, made["id"], OFF)
    Membership.objects.update(status=Status.INVITED)
    told = undo(browser, connection)
    assert "0 people are back as before." in told
    assert f"“{INES}” is not back: The application does not let provisioning switch" in told
    assert status() == Status.INVITED
    # The administrator has said that they are wanted: they come in as soon as they have answered.
    patch(scim, made["id"], OFF)
    patch(scim, made["id"], ON)
    answers()
    assert comes_in(connection) == {True}
