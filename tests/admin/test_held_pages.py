"""The page of those who are held, the banner that leads to it, and the page that takes departures back."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from example_project.lms.models import Learner
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import erasure, leaver_brake, reactivation
from scim_provisioning.models import (
    HeldLeaver,
    LeaverBrake,
    ProvisionedUser,
    ProvisioningEvent,
    SCIMConnection,
)
from tests.admin.conftest import PASSWORD, Administrator
from tests.admin.pages import text, url
from tests.client import ScimClient
from tests.leavers import OFF, ON, established, learners, leave
from tests.lms_factories import LearnerFactory
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def limited(connection: SCIMConnection) -> SCIMConnection:
    connection.policies = {"leavers_at_least": 2, "leavers_percent": 5, "contacts": ["it@harborline.example"]}
    connection.save()
    return connection


@pytest.fixture
def people(scim: ScimClient, limited: SCIMConnection) -> list[str]:
    """Five learners; two of them went, three are held."""
    ids = [scim.post("/Users", person(f"p{n}.held")).json()["id"] for n in range(5)]
    established()
    for scim_id in ids:
        scim.patch(f"/Users/{scim_id}", OFF)
    return ids


def opened(client: Client, connection: SCIMConnection) -> dict[str, Any]:
    """What a page that is open says of whom it has shown."""
    return dict(client.get(url("held", connection)).context["form"].initial)


def decide(client: Client, connection: SCIMConnection, verdict: str, *people: HeldLeaver, **more: Any) -> Any:
    data = {"verdict": verdict, "people": [row.pk for row in people], "password": PASSWORD, **more}
    if verdict == "held":
        data = {**opened(client, connection), **data}
    return client.post(url("held", connection), data, follow=True)


def status(scim: ScimClient, scim_id: str) -> int:
    return scim.patch(f"/Users/{scim_id}", OFF).status_code


def test_the_banner_and_the_page_say_how_many_are_held_and_lead_there(
    admin_client: Client, people: list[str], connection: SCIMConnection
) -> None:
    index = admin_client.get(reverse("admin:index"))
    assert "leavers are on hold. 3 people were to be switched off or deleted and are held." in text(index)
    assert url("held", connection) in index.content.decode()
    page = text(admin_client.get(url("change", connection)))
    assert "Provisioning of leavers is on hold. 3 people" in page
    listed = text(admin_client.get(url("held", connection)))
    assert "at most 2 people go within an hour" in listed
    assert "p4.held@harborline.example" in listed
    assert "p1.held@harborline.example" not in listed


def test_who_is_held_stands_there_with_their_name_and_work_for_those_who_may_see_values(
    administrator: Administrator, people: list[str], connection: SCIMConnection
) -> None:
    page = url("held", connection)
    assert "p4.held@harborline.example P4 Held Secure Coding Lead" in text(administrator().get(page))
    masked = administrator("view_scimconnection", "approve_held", name="vera").get(page)
    assert "p4.held@harborline.example" in text(masked)
    assert "Secure Coding Lead" not in text(masked)
    assert "P4 Held" not in text(masked)


def test_the_list_counts_who_waits_now_however_often_they_are_asked_for(
    admin_client: Client, scim: ScimClient, people: list[str], connection: SCIMConnection
) -> None:
    listing = reverse("admin:scim_provisioning_scimconnection_changelist")
    for _time in range(3):
        assert {status(scim, scim_id) for scim_id in people[2:]} == {503}
    page = text(admin_client.get(listing))
    assert "3 held" in page
    assert "3 people are held and wait for an administrator to decide." in text(
        admin_client.get(url("change", connection))
    )
    decide(admin_client, connection, "selected", HeldLeaver.objects.get(link__scim_id=people[2]))
    assert "2 held" in text(admin_client.get(listing))
    decide(admin_client, connection, "end")
    assert not re.search(r"\d held", text(admin_client.get(listing)))
    assert HeldLeaver.objects.count() == 0


def test_nothing_is_said_where_nobody_is_held(admin_client: Client, connection: SCIMConnection) -> None:
    assert "on hold" not in text(admin_client.get(reverse("admin:index")))
    answer = admin_client.get(url("held", connection), follow=True)
    assert "Nobody is held on this connection." in text(answer)


def test_the_contacts_are_told_at_once_and_once(
    scim: ScimClient, limited: SCIMConnection, mailoutbox: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        ids = [scim.post("/Users", person(f"p{n}.told")).json()["id"] for n in range(5)]
        established()
        for scim_id in ids:
            scim.patch(f"/Users/{scim_id}", OFF)
    assert [mail.to for mail in mailoutbox] == [["it@harborline.example"]]
    assert "leavers are on hold" in mailoutbox[0].subject
    assert url("held", limited) in mailoutbox[0].body
    assert "harborline" not in mailoutbox[0].body.replace("it@harborline", "")


def test_who_is_let_go_goes_at_the_next_attempt_and_the_others_stay(
    admin_client: Client, scim: ScimClient, people: list[str], connection: SCIMConnection
) -> None:
    chosen = HeldLeaver.objects.get(link__scim_id=people[2])
    assert "1 person may go when" in text(decide(admin_client, connection, "selected", chosen))
    assert [status(scim, scim_id) for scim_id in people[2:]] == [200, 503, 503]
    assert not HeldLeaver.objects.filter(link__scim_id=people[2]).exists()
    noted = ProvisioningEvent.objects.filter(action="leavers_allowed")
    assert [(event.link.scim_id, event.actor.get_username()) for event in noted] == [(people[2], "ada")]
    assert "Let 1 held person go." in LogEntry.objects.latest("pk").change_message


@pytest.mark.parametrize("key", ["9" * 19, "-" + "9" * 19, "9" * 40, "nobody"])
def test_a_key_that_can_be_nobodys_lets_nobody_go_and_is_no_failure(
    admin_client: Client, people: list[str], connection: SCIMConnection, key: str
) -> None:
    page = decide(admin_client, connection, "selected", people=[key, HeldLeaver.objects.first().pk])
    assert page.status_code == 200
    assert "Select whom you let go. Nothing was changed." in text(page)
    assert HeldLeaver.objects.count() == 3


def test_all_who_are_held_now_may_go_and_nobody_else(
    admin_client: Client, scim: ScimClient, people: list[str], connection: SCIMConnection
) -> None:
    assert "3 people may go when" in text(decide(admin_client, connection, "held"))
    assert [status(scim, scim_id) for scim_id in people[2:]] == [200, 200, 200]
    newcomer = scim.post("/Users", person("new.comer")).json()["id"]
    established()
    assert status(scim, newcomer) == 503


def test_nobody_may_go_who_is_held_since_the_page_was_shown(
    admin_client: Client, scim: ScimClient, people: list[str], connection: SCIMConnection
) -> None:
    page = opened(admin_client, connection)
    others = [scim.post("/Users", person(f"o{n}.ther")).json()["id"] for n in range(2)]
    established()
    assert [status(scim, scim_id) for scim_id in others] == [503, 503]
    assert "3 people may go when" in text(decide(admin_client, connection, "held", **page))
    assert [status(scim, scim_id) for scim_id in [*people[2:], *others]] == [200, 200, 200, 503, 503]


def test_nor_who_was_to_go_when_the_page_was_shown_and_is_held_again(
    admin_client: Client, scim: ScimClient, people: list[str], connection: SCIMConnection
) -> None:
    decide(admin_client, connection, "selected", HeldLeaver.objects.get(link__scim_id=people[2]))
    page = opened(admin_client, connection)
    decide(admin_client, connection, "keep")
    refused = decide(admin_client, connection, "held", **page)
    assert "Others are held than when this page was shown. Look again." in text(refused)
    assert not HeldLeaver.objects.allowed().exists()
    # The answer shows them, and is about whom it shows.
    again = {name: refused.context["form"][name].value() for name in ("last", "shown")}
    assert "3 people may go when" in text(decide(admin_client, connection, "held", **again))


def test_a_page_that_does_not_say_whom_it_has_shown_lets_nobody_go(
    admin_client: Client, people: list[str], connection: SCIMConnection
) -> None:
    for said in (
        {},
        {"last": "x", "shown": "3"},
        {"last": str(2**63), "shown": "3"},
        {"last": str(-(2**70)), "shown": "3"},
        {"last": "", "shown": "-1"},
    ):
        data = {"verdict": "held", "password": PASSWORD, **said}
        page = admin_client.post(url("held", connection), data)
        assert "Look again. Nothing was changed." in text(page)
    assert not HeldLeaver.objects.allowed().exists()


def test_many_are_let_go_for_some_seconds_and_the_next_press_goes_on(
    admin_client: Client, people: list[str], connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = iter(range(0, 1000, 7))
    monkeypatch.setattr(leaver_brake, "monotonic", lambda: next(ticks))
    monkeypatch.setattr(leaver_brake, "TOGETHER", 1)
    told = text(decide(admin_client, connection, "held"))
    assert "2 people may go when" in told
    assert "1 person is held still: decide once more to go on." in told
    assert "Let 2 held people go." in LogEntry.objects.latest("pk").change_message
    # Who asked first goes first.
    allowed = HeldLeaver.objects.allowed().order_by("pk")
    assert [row.link.scim_id for row in allowed] == people[2:4]
    told = text(decide(admin_client, connection, "held"))
    assert "1 person may go when" in told
    assert "held still" not in told
    assert list(leaver_brake.held(connection)) == []
    noted = ProvisioningEvent.objects.filter(action="leavers_allowed").order_by("pk")
    assert [event.link.scim_id for event in noted if event.link] == people[2:]
    assert {event.address for event in noted} == {"127.0.0.1"}


def test_letting_many_go_takes_no_statement_for_each(people: list[str], connection: SCIMConnection) -> None:
    keys = [row.pk for row in leaver_brake.held(connection)]

    def statements(*some: int) -> int:
        with CaptureQueriesContext(database) as queries:
            assert leaver_brake.allow(connection, some, actor=None) == len(some)
        return len(queries)

    assert statements(keys[0]) == statements(*keys[1:])


def test_whoever_may_go_may_still_go_after_somebody_else_went(
    admin_client: Client, scim: ScimClient, people: list[str], connection: SCIMConnection
) -> None:
    decide(admin_client, connection, "held")
    LeaverBrake.objects.update(recent=[])
    others = [scim.post("/Users", person(f"o{n}.ther")).json()["id"] for n in range(2)]
    established()
    assert [status(scim, scim_id) for scim_id in others] == [200, 200]
    assert [status(scim, scim_id) for scim_id in people[2:]] == [200, 200, 200]
    assert not HeldLeaver.objects.exists()


def test_whoever_has_gone_by_another_way_is_held_no_more(
    admin_client: Client, scim: ScimClient, people: list[str], connection: SCIMConnection
) -> None:
    connection.policies = {**connection.policies, "leavers_percent": 100}
    connection.save()
    assert [status(scim, scim_id) for scim_id in people[2:]] == [200, 200, 200]
    assert "on hold" not in text(admin_client.get(reverse("admin:index")))


def test_an_adopted_learner_who_was_switched_off_at_once_is_taken_back_as_well(
    admin_client: Client,
    scim: ScimClient,
    limited: SCIMConnection,
    organization: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    name = "known.already@harborline.example"
    LearnerFactory(organization=organization, user__username=name, user__email=name)
    made = scim.post("/Users", {**person("known.already"), "active": False}).json()
    assert "1 person is back as before." in text(undo(admin_client, limited))
    after = scim.get(f"/Users/{made['id']}").json()
    assert {**after, "meta": None} == {**made, "active": True, "meta": None}


def test_an_allowance_is_for_one_departure(
    admin_client: Client, scim: ScimClient, people: list[str], connection: SCIMConnection
) -> None:
    decide(admin_client, connection, "selected", HeldLeaver.objects.get(link__scim_id=people[2]))
    assert status(scim, people[2]) == 200
    on = [{"op": "Replace", "path": "active", "value": "True"}]
    scim.patch(f"/Users/{people[2]}", on)
    assert status(scim, people[2]) == 503


def test_everybody_may_go_for_a_day(
    admin_client: Client, scim: ScimClient, people: list[str], connection: SCIMConnection
) -> None:
    assert "Everybody may go for 24 hours." in text(decide(admin_client, connection, "everybody"))
    assert [status(scim, scim_id) for scim_id in people[2:]] == [200, 200, 200]
    newcomer = scim.post("/Users", person("new.comer")).json()["id"]
    established()
    assert status(scim, newcomer) == 200


def test_keeping_the_hold_takes_back_what_was_allowed(
    admin_client: Client, scim: ScimClient, people: list[str], connection: SCIMConnection
) -> None:
    decide(admin_client, connection, "everybody")
    assert "They stay on hold." in text(decide(admin_client, connection, "keep"))
    assert status(scim, people[2]) == 503
    assert "keeps holding them" in text(admin_client.get(url("held", connection)))


def test_the_end_of_the_hold_forgets_who_was_held_and_counts_anew(
    admin_client: Client, scim: ScimClient, people: list[str], connection: SCIMConnection
) -> None:
    assert "The hold is over." in text(decide(admin_client, connection, "end"))
    assert not HeldLeaver.objects.exists()
    assert "on hold" not in text(admin_client.get(reverse("admin:index")))
    # The two of this hour still count.
    assert status(scim, people[3]) == 503


def test_without_the_password_or_a_selection_nothing_is_changed(
    admin_client: Client, scim: ScimClient, people: list[str], connection: SCIMConnection
) -> None:
    wrong = decide(admin_client, connection, "everybody", password="wrong")
    assert "Nothing was changed." in text(wrong)
    assert "Select whom you let go." in text(decide(admin_client, connection, "selected"))
    assert LeaverBrake.objects.get().open_until is None
    assert status(scim, people[2]) == 503


def test_one_is_found_by_name(admin_client: Client, people: list[str], connection: SCIMConnection) -> None:
    page = text(admin_client.get(url("held", connection), {"q": "P3.held"}))
    assert "p3.held@harborline.example" in page
    assert "p4.held@harborline.example" not in page
    for nobody in ("zoe", "p3held-and-more", "a\0b"):
        assert "Nobody of this name is held." in text(
            admin_client.get(url("held", connection), {"q": nobody})
        )
    assert "p3.held" in text(admin_client.get(url("held", connection), {"q": "p3held"}))


def test_the_only_one_who_is_found_is_ticked_and_letting_all_go_says_that_it_is_all(
    admin_client: Client, people: list[str], connection: SCIMConnection
) -> None:
    page = url("held", connection)
    everybody, found = admin_client.get(page), admin_client.get(page, {"q": "p3.held"})
    assert everybody.content.decode().count(" checked") == 0
    assert "Let all 3 go who are held now Let" in text(everybody)
    assert re.findall(r'name="people" value="(\d+)"[^>]* checked', found.content.decode()) == [
        str(HeldLeaver.objects.get(link__user_name__startswith="p3").pk)
    ]
    assert "Let all 3 go who are held now, not only whom you have found" in text(found)
    several = admin_client.get(page, {"q": "p"})
    assert several.content.decode().count(" checked") == 0


def test_the_hold_is_explained_after_some_were_taken_back(
    admin_client: Client, people: list[str], connection: SCIMConnection
) -> None:
    undo(admin_client, connection)
    page = text(admin_client.get(url("held", connection)))
    assert "at most 2 people go within an hour on this connection, and as many had gone by then." in page
    assert "It stays on while somebody is held." in page


def test_what_was_done_says_to_whom_where_they_are_few(
    admin_client: Client, people: list[str], connection: SCIMConnection
) -> None:
    third = HeldLeaver.objects.get(link__scim_id=people[2])
    told = text(decide(admin_client, connection, "selected", third))
    assert "1 person may go when the identity provider asks again. (p2.held@harborline.example)" in told
    assert "(p0.held@harborline.example, p1.held@harborline.example)" in text(undo(admin_client, connection))


def test_an_external_id_cannot_be_spelled_out_letter_by_letter(
    admin_client: Client, people: list[str], connection: SCIMConnection
) -> None:
    assert "Nobody of this name" in text(admin_client.get(url("held", connection), {"q": "p3hel"}))


@pytest.mark.parametrize("last", ["x", "-1", "99999999999999999999", ""])
def test_a_form_that_was_tampered_with_brings_nobody_back(
    admin_client: Client, people: list[str], connection: SCIMConnection, last: str
) -> None:
    data = {"hours": "1", "last": last, "password": PASSWORD}
    assert admin_client.post(url("undo", connection), data).status_code == 200
    assert not ProvisioningEvent.objects.filter(action="reactivated").exists()


@pytest.mark.parametrize("page", ["held", "undo"])
def test_who_may_not_approve_sees_neither_page(
    administrator: Administrator, people: list[str], connection: SCIMConnection, page: str
) -> None:
    without = administrator("view_scimconnection", "change_scimconnection", name="vera")
    assert without.get(url(page, connection)).status_code == 403
    allowed = administrator("view_scimconnection", "approve_held", name="olga")
    assert allowed.get(url(page, connection)).status_code == 200


# --- taking departures back


def test_who_went_within_the_hour_comes_back_as_they_were(
    admin_client: Client, scim: ScimClient, limited: SCIMConnection
) -> None:
    kept = scim.post("/Users", person("moved.out")).json()
    gone = scim.post("/Users", person("hard.deleted")).json()
    established()
    learner = Learner.objects.get(user__username="moved.out@harborline.example")
    change = [*OFF, {"op": "Remove", "path": f"{ENTERPRISE}:department"}, {"op": "Remove", "path": "title"}]
    assert scim.patch(f"/Users/{kept['id']}", change).status_code == 200
    assert scim.delete(f"/Users/{gone['id']}").status_code == 204

    page = text(admin_client.get(url("undo", limited)))
    assert "2 people were switched off or deleted" in page
    assert re.search(r"moved\.out@harborline\.example [\w ]+ Deactivated", page)
    undone = undo(admin_client, limited)
    assert "2 people are back as before." in text(undone)

    for before in (kept, gone):
        after = scim.get(f"/Users/{before['id']}").json()
        assert {**after, "meta": None} == {**before, "meta": None}
    learner.refresh_from_db()
    assert learner.user.is_active
    assert learner.team is not None
    events = ProvisioningEvent.objects.filter(operation="admin", actor__username="ada")
    assert sorted(events.values_list("action", flat=True)) == ["reactivated", "revived"]
    assert LeaverBrake.objects.get().recent == []


def test_what_was_changed_since_the_departure_stays(
    admin_client: Client, scim: ScimClient, limited: SCIMConnection
) -> None:
    scim_id = scim.post("/Users", person("moved.out")).json()["id"]
    scim.patch(f"/Users/{scim_id}", [*OFF, {"op": "Replace", "path": "title", "value": "Leaver"}])
    scim.patch(f"/Users/{scim_id}", [{"op": "Replace", "path": "title", "value": "Alumna"}])
    undo(admin_client, limited)
    after = scim.get(f"/Users/{scim_id}").json()
    assert (after["active"], after["title"]) == (True, "Alumna")


def test_who_came_back_meanwhile_or_whose_name_is_somebody_elses_is_left_alone(
    admin_client: Client, scim: ScimClient, limited: SCIMConnection
) -> None:
    back = scim.post("/Users", person("back.already")).json()["id"]
    scim.patch(f"/Users/{back}", OFF)
    scim.patch(f"/Users/{back}", [{"op": "Replace", "path": "active", "value": "True"}])
    gone = scim.post("/Users", person("given.again")).json()["id"]
    scim.delete(f"/Users/{gone}")
    scim.post("/Users", person("given.again", externalId="somebody-else"))
    page = text(undo(admin_client, limited))
    assert "0 people are back as before." in page
    assert "“given.again@harborline.example” is not back: userName is already in use" in page
    assert get_user_model().objects.filter(username="back.already@harborline.example").get().is_active


def test_whom_nobody_had_switched_on_is_not_brought_back_by_the_undoing_of_a_deletion(
    admin_client: Client, scim: ScimClient, limited: SCIMConnection
) -> None:
    off_before = scim.post("/Users", person("never.on", active=False)).json()["id"]
    scim.delete(f"/Users/{off_before}")
    off_in_the_lms = scim.post("/Users", person("off.here")).json()["id"]
    get_user_model().objects.filter(username="off.here@harborline.example").update(is_active=False)
    scim.delete(f"/Users/{off_in_the_lms}")
    assert "Nobody whom the identity provider has switched off" in text(
        admin_client.get(url("undo", limited))
    )


def test_who_was_switched_off_and_then_deleted_comes_back(
    admin_client: Client, scim: ScimClient, limited: SCIMConnection
) -> None:
    scim_id = scim.post("/Users", person("off.and.gone")).json()["id"]
    scim.patch(f"/Users/{scim_id}", OFF)
    scim.delete(f"/Users/{scim_id}")
    assert "1 person is back as before." in text(undo(admin_client, limited))
    assert scim.get(f"/Users/{scim_id}").json()["active"] is True


def test_the_return_of_those_of_yesterday_makes_no_room_for_leavers_of_today(
    admin_client: Client, scim: ScimClient, limited: SCIMConnection
) -> None:
    ids = [scim.post("/Users", person(f"p{n}.day")).json()["id"] for n in range(4)]
    established()
    scim.patch(f"/Users/{ids[0]}", OFF)
    ProvisioningEvent.objects.update(created_at=timezone.now() - timedelta(hours=3))
    LeaverBrake.objects.update(recent=[])
    assert [status(scim, scim_id) for scim_id in ids[1:3]] == [200, 200]
    went = ProvisioningEvent.objects.filter(action="deactivated").order_by("pk")[:1]
    reactivation.undo(limited, went, actor=None)
    assert status(scim, ids[3]) == 503


def test_one_press_of_the_button_works_for_some_seconds_and_the_next_goes_on(
    admin_client: Client, scim: ScimClient, limited: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(2):
        scim.patch(f"/Users/{scim.post('/Users', person(f'p{n}.many')).json()['id']}", OFF)
    ticks = iter(range(0, 1000, 7))
    monkeypatch.setattr(reactivation, "monotonic", lambda: next(ticks))
    assert "1 person is back as before." in text(undo(admin_client, limited))
    assert "1 person is back as before." in text(undo(admin_client, limited))
    assert LeaverBrake.objects.get().recent == []


def test_the_log_leads_to_undoing_what_it_shows(
    admin_client: Client, people: list[str], connection: SCIMConnection
) -> None:
    log = reverse("admin:scim_provisioning_provisioningevent_changelist")
    page = admin_client.get(log, {"left": "1"})
    assert "p0.held@harborline.example" in text(page)
    assert "p4.held@harborline.example" not in text(page)
    assert "Reactivate these 2" in text(page)
    assert f"{url('undo', connection)}?hours=1" in page.content.decode()


def test_who_went_is_called_by_name_and_whoever_is_left_of_the_day_stays_on_the_page(
    admin_client: Client, administrator: Administrator, scim: ScimClient, connection: SCIMConnection
) -> None:
    ids = learners(scim, 2)
    for scim_id, name in zip(ids, ("Ines Okafor", "Mei Chen"), strict=True):
        scim.patch(f"/Users/{scim_id}", [{"op": "Replace", "path": "displayName", "value": name}])
    leave(scim, *ids)
    ProvisioningEvent.objects.update(created_at=timezone.now() - timedelta(hours=2))
    day = f"{url('undo', connection)}?hours=24"
    page = admin_client.get(day)
    assert "p0@harborline.example Ines Okafor Deactivated" in text(page)
    masked = administrator("view_scimconnection", "view_provisioningevent", "approve_held", name="vera")
    assert "p0@harborline.example Deactivated" in text(masked.get(day))
    ticked = {"ticked": [page.context["rows"][0][0].pk], "whom": "ticked"}
    data = {**page.context["form"].initial, **ticked, "password": PASSWORD}
    after = text(admin_client.post(url("undo", connection), data, follow=True))
    assert "1 person is back as before." in after
    assert "p1@harborline.example Mei Chen" in after


def undo(client: Client, connection: SCIMConnection) -> Any:
    form = client.get(url("undo", connection)).context["form"]
    return client.post(url("undo", connection), {**form.initial, "password": PASSWORD}, follow=True)


def test_one_person_alone_is_taken_back(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    ids = [scim.post("/Users", person(name)).json()["id"] for name in ("ada.roth", "ines.okafor")]
    for scim_id in ids:
        scim.patch(f"/Users/{scim_id}", OFF)
    link = connection.links.get(scim_id=ids[1])
    page = admin_client.get(url("undo", connection), {"hours": 24, "learner": link.pk})
    assert "1 person was switched off or deleted" in text(page)
    assert "ada.roth" not in text(page)
    data = {**page.context["form"].initial, "password": PASSWORD}
    assert "1 person is back as before." in text(
        admin_client.post(url("undo", connection), data, follow=True)
    )
    assert {link.scim_id: link.active for link in connection.links.all()} == {ids[0]: False, ids[1]: True}


# --- whom the button means


def undoable(client: Client, connection: SCIMConnection) -> list[str]:
    """Who is offered on the page, in its order."""
    page = client.get(url("undo", connection))
    found = [event.user_name.partition("@")[0] for event in page.context["page"]]
    log = reverse("admin:scim_provisioning_provisioningevent_changelist")
    listed = client.get(log, {"left": "1"}).context
    # The log, and the button in it, mean the same people.
    assert {event.user_name.partition("@")[0] for event in listed["cl"].result_list} == set(found)
    assert sum(row["count"] for row in listed["undoable"]) == len(found)
    return found


def gone(scim: ScimClient, *names: str) -> list[str]:
    ids = [str(scim.post("/Users", person(name)).json()["id"]) for name in names]
    for scim_id in ids:
        assert status(scim, scim_id) == 200
    return ids


def account(name: str) -> Any:
    return get_user_model().objects.get(username=person(name)["userName"])


def test_whom_the_lms_has_switched_on_again_is_neither_listed_nor_counted(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    gone(scim, "back.by.hand", "still.off")
    deleted = scim.post("/Users", person("deleted")).json()["id"]
    scim.delete(f"/Users/{deleted}")
    assert undoable(admin_client, connection) == ["back.by.hand", "still.off", "deleted"]
    get_user_model().objects.exclude(username=person("still.off")["userName"]).update(is_active=True)
    assert undoable(admin_client, connection) == ["still.off"]
    assert "1 person is back as before." in text(undo(admin_client, connection))


def test_only_whom_the_administrator_ticks_comes_back(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    gone(scim, "ann", "bob", "cara")
    page = admin_client.get(url("undo", connection))
    events = {event.user_name.partition("@")[0]: event.pk for event in page.context["page"]}
    data = {**page.context["form"].initial, "password": PASSWORD}

    def press(whom: str, *ticked: str) -> str:
        sent = {**data, "whom": whom, "ticked": [events[name] for name in ticked]}
        return text(admin_client.post(url("undo", connection), sent, follow=True))

    assert "Tick whom you bring back. Nothing was changed." in press("ticked")
    refusal = admin_client.post(url("undo", connection), {**data, "whom": "all", "ticked": [events["bob"]]})
    assert "You have ticked 1 person: choose “Reactivate the ticked people”" in text(refusal)
    assert refusal.content.decode().count("checked") == 1
    assert undoable(admin_client, connection) == ["ann", "bob", "cara"]
    assert "2 people are back as before." in press("ticked", "ann", "cara")
    assert undoable(admin_client, connection) == ["bob"]
    # Whoever is back by now is no mistake.
    assert "1 person is back as before." in press("ticked", "ann", "bob")


def test_each_of_them_leads_to_what_happened_to_them(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection, administrator: Administrator
) -> None:
    gone(scim, "ann")
    history = f"?learner={connection.links.get().pk}"
    assert history in admin_client.get(url("undo", connection)).content.decode()
    allowed = administrator("view_scimconnection", "approve_held", name="olga")
    assert history not in allowed.get(url("undo", connection)).content.decode()


def test_whom_the_lms_had_switched_off_before_is_not_brought_back(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    """They went and came back, and the LMS switched them off; what the identity provider says then changes nothing."""
    (scim_id,) = gone(scim, "off.by.hand")
    scim.patch(f"/Users/{scim_id}", [{"op": "replace", "path": "active", "value": True}])
    get_user_model().objects.filter(pk=account("off.by.hand").pk).update(is_active=False)
    assert status(scim, scim_id) == 200
    assert undoable(admin_client, connection) == []
    shown = text(admin_client.get(url("undo", connection)))
    assert "Nobody whom the identity provider has switched off" in shown


def test_whom_somebody_in_the_lms_has_switched_off_since_stays_off_and_it_is_said_by_whom(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    gone(scim, "off.again", "off.once")
    page = reverse("admin:auth_user_change", args=[account("off.again").pk])
    for is_on in (True, False):
        form = admin_client.get(page).context["adminform"].form
        data = {name: value for name, value in form.initial.items() if value is not None}
        sent = {key: value for key, value in data.items() if isinstance(value, str)}
        joined = form.initial["date_joined"]
        sent |= {"date_joined_0": f"{joined:%Y-%m-%d}", "date_joined_1": f"{joined:%H:%M:%S}"}
        sent |= {"is_active": "on"} if is_on else {}
        for inline in ("learner", "learner_set"):
            sent |= {f"{inline}-TOTAL_FORMS": "0", f"{inline}-INITIAL_FORMS": "0"}
        answer = admin_client.post(page, sent)
        assert answer.status_code == 302, text(answer)
        assert account("off.again").is_active is is_on
    told = text(undo(admin_client, connection))
    assert "1 person is back as before." in told
    assert "“off.again@harborline.example” is not back: " in told
    assert "by ada" in told
    assert (account("off.again").is_active, account("off.once").is_active) == (False, True)


def _anew(scim: ScimClient, scim_id: str) -> None:
    """The identity provider says it once more, after the list was made."""
    assert scim.patch(f"/Users/{scim_id}", ON).status_code == 200
    assert leave(scim, scim_id) == [200]


def _deleted(scim: ScimClient, scim_id: str) -> None:
    assert scim.delete(f"/Users/{scim_id}").status_code == 204


def _forgotten(scim: ScimClient, scim_id: str) -> None:
    link = ProvisionedUser.objects.select_related("connection").get(scim_id=scim_id)
    erasure.forget(erasure.Person(link.connection, link=link), actor=None)


@pytest.mark.parametrize(("since", "is_back"), [(_anew, False), (_deleted, True), (_forgotten, False)])
def test_what_the_identity_provider_says_after_the_list_was_made_counts(
    scim: ScimClient, connection: SCIMConnection, since: Callable[[ScimClient, str], None], is_back: bool
) -> None:
    """Each of the list comes back in a transaction of their own; the last one may be ten seconds later. Who is deleted
    after they were switched off has left once."""
    ids = learners(scim, 2)
    assert leave(scim, *ids) == [200, 200]
    went = list(reactivation.departures(connection, 1))
    since(scim, ids[1])
    done = reactivation.undo(connection, went, actor=None)
    assert done.back == 1 + is_back
    assert get_user_model().objects.filter(is_active=True).count() == 1 + is_back
    assert [event.link.scim_id for event, _why in done.failed if event.link] == [ids[1]] * (not is_back)
