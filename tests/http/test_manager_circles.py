"""Nobody is their own manager, through however many others: the LMS never has to walk in a circle."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from example_project.lms.models import Learner
from scim_provisioning.adapters.people import People
from scim_provisioning.models import ProvisioningEvent, SCIMConnection
from tests.admin.pages import text, url
from tests.client import ScimClient
from tests.people import ENTERPRISE, enterprise, person

pytestmark = pytest.mark.django_db


def join(scim: ScimClient, name: str, manager: str | None = None) -> str:
    more = enterprise(manager={"value": manager}) if manager else {}
    return str(scim.post("/Users", person(name, **more)).json()["id"])


def line_of(scim: ScimClient, many: int) -> list[str]:
    """So many people, each managed by the one before."""
    chain = [join(scim, "p0")]
    for n in range(1, many):
        chain.append(join(scim, f"p{n}", chain[-1]))
    return chain


def manage(scim: ScimClient, scim_id: str, manager: str) -> Any:
    path = f"{ENTERPRISE}:manager"
    return scim.patch(f"/Users/{scim_id}", [{"op": "replace", "path": path, "value": manager}])


def managers() -> dict[str, str | None]:
    people = Learner.objects.select_related("user", "manager__user")
    return {each.user.first_name: each.manager and each.manager.user.first_name for each in people}


def test_two_people_who_manage_each_other_are_told_apart_and_the_log_says_who_was_left_without(
    scim: ScimClient, admin_client: Client
) -> None:
    ann = join(scim, "ann")
    bob = join(scim, "bob", ann)
    answer = manage(scim, ann, bob)

    # As sent, so that the identity provider finds no difference and does not say it again at every cycle.
    assert (answer.status_code, answer.json()[ENTERPRISE]["manager"]) == (200, {"value": bob})
    assert managers() == {"Ann": None, "Bob": "Ann"}
    event = ProvisioningEvent.objects.latest("pk")
    assert event.cause == {"manager_circle": True}
    page = text(admin_client.get(f"/admin/scim_provisioning/provisioningevent/{event.pk}/change/"))
    assert "The manager was left out: they are managed by this learner themselves" in page
    assert manage(scim, ann, bob).status_code == 200
    assert ProvisioningEvent.objects.latest("pk") == event


def test_a_circle_through_many_is_found_and_a_long_line_is_none(scim: ScimClient) -> None:
    chain = [join(scim, "p0")]
    for n in range(1, 8):
        chain.append(join(scim, f"p{n}", chain[-1]))
    assert manage(scim, chain[0], chain[-1]).status_code == 200
    assert managers()["P0"] is None
    top = join(scim, "top")
    assert manage(scim, chain[0], top).status_code == 200
    assert managers()["P0"] == "Top"
    assert "manager_circle" not in ProvisioningEvent.objects.latest("pk").cause


@pytest.mark.parametrize("many", [100, 101, 130])
def test_a_circle_of_however_many_is_never_written_and_who_is_left_without_is_told_why(
    scim: ScimClient, connection: SCIMConnection, admin_client: Client, many: int
) -> None:
    chain = line_of(scim, many)
    assert manage(scim, chain[0], chain[-1]).status_code == 200
    assert managers()["P0"] is None
    event = ProvisioningEvent.objects.latest("pk")
    log = text(admin_client.get(f"/admin/scim_provisioning/provisioningevent/{event.pk}/change/"))
    waiting = text(admin_client.get(url("managers", connection)))
    answer = text(admin_client.get("/admin/scim_provisioning/provisioningevent/people/?q=p0"))
    known = "managed by this learner themselves, directly or through others."
    unknown = "it is not known whether this learner is one of them."
    said, other = (unknown, known) if many > 101 else (known, unknown)
    assert said in log
    assert said in waiting
    assert other not in log + waiting
    assert ("too many people stand above them." if many > 101 else "they would be each other’s.") in answer
    # As long as so many stand above, nobody gives them the manager.
    call_command("scim_managers")
    assert managers()["P0"] is None
    scim.patch(f"/Users/{chain[50]}", [{"op": "remove", "path": f"{ENTERPRISE}:manager"}])
    call_command("scim_managers")
    assert managers()["P0"] == f"P{many - 1}"


def test_who_manages_nobody_is_given_a_manager_below_however_many_and_so_are_the_others_who_wait(
    scim: ScimClient,
) -> None:
    bottom = line_of(scim, 110)[-1]
    boss = join(scim, "boss", bottom)
    scim.delete(f"/Users/{boss}")
    waiting = [join(scim, f"w{n}", boss) for n in range(5)]
    # Who manages somebody may be one of the many.
    led = join(scim, "led", waiting[-1])
    assert join(scim, "boss", bottom) == boss
    assert [managers()[f"W{n}"] for n in range(5)] == ["Boss"] * 4 + [None]
    assert manage(scim, led, boss).status_code == 200
    call_command("scim_managers")
    assert managers()["W4"] == "Boss"


def test_a_circle_of_more_than_are_looked_for_is_broken(
    scim: ScimClient, connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = line_of(scim, 130)
    with monkeypatch.context() as patch:
        # As one was written before such long ones were left out.
        patch.setattr(People, "is_above", lambda *_arguments: False)
        assert manage(scim, chain[0], chain[-1]).status_code == 200
    assert managers()["P0"] == "P129"
    out = StringIO()
    call_command("scim_managers", stdout=out)
    assert out.getvalue().strip() == "Gave 0 people their manager. Broke 1 circles of managers."
    assert managers()["P0"] is None
    assert ProvisioningEvent.objects.latest("pk").cause == {"manager_circle": True}
    assert connection.links.get(scim_id=chain[0]).awaited_manager == chain[-1]


def test_a_manager_who_closed_a_circle_is_given_once_it_is_broken(scim: ScimClient) -> None:
    ann = join(scim, "ann")
    bob = join(scim, "bob", ann)
    manage(scim, ann, bob)
    call_command("scim_managers")
    assert managers() == {"Ann": None, "Bob": "Ann"}
    scim.patch(f"/Users/{bob}", [{"op": "remove", "path": f"{ENTERPRISE}:manager"}])
    call_command("scim_managers")
    assert managers() == {"Ann": "Bob", "Bob": None}


def test_a_circle_that_the_lms_has_made_itself_holds_nobody_up(scim: ScimClient) -> None:
    ann, bob = join(scim, "ann"), join(scim, "bob")
    first, second = Learner.objects.order_by("pk")
    Learner.objects.filter(pk=first.pk).update(manager=second)
    Learner.objects.filter(pk=second.pk).update(manager=first)
    carl = join(scim, "carl", ann)
    dora = join(scim, "dora", carl)
    assert manage(scim, carl, bob).status_code == 200
    assert managers()["Carl"] == "Bob"
    assert dora


def test_a_circle_that_two_requests_of_one_moment_have_closed_is_found_and_broken_and_the_log_says_so(
    scim: ScimClient, admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = join(scim, "top")
    ann = join(scim, "ann")
    bob = join(scim, "bob", ann)
    carl = join(scim, "carl", bob)
    join(scim, "dora", carl)
    join(scim, "finn", top)
    with monkeypatch.context() as patch:
        # Neither sees what the other is about to write.
        patch.setattr(People, "is_above", lambda *_arguments: False)
        assert manage(scim, ann, carl).status_code == 200
    assert managers() == {
        "Top": None,
        "Ann": "Carl",
        "Bob": "Ann",
        "Carl": "Bob",
        "Dora": "Carl",
        "Finn": "Top",
    }

    def settled(**options: Any) -> str:
        out = StringIO()
        call_command("scim_managers", stdout=out, **options)
        return out.getvalue().strip()

    assert (
        settled(dry_run=True) == "0 people wait for a manager who is here. There are 1 circles of managers."
    )
    assert settled() == "Gave 0 people their manager. Broke 1 circles of managers."
    assert managers() == {
        "Top": None,
        "Ann": None,
        "Bob": "Ann",
        "Carl": "Bob",
        "Dora": "Carl",
        "Finn": "Top",
    }
    event = ProvisioningEvent.objects.latest("pk")
    assert (event.link.scim_id, event.cause, event.operation) == (ann, {"manager_circle": True}, "admin")
    page = text(admin_client.get(f"/admin/scim_provisioning/provisioningevent/{event.pk}/change/"))
    assert "The manager was left out: they are managed by this learner themselves" in page
    assert settled() == "Gave 0 people their manager."
    # As sent, so that no cycle says it again; once the circle is broken there, the manager is given.
    assert scim.get(f"/Users/{ann}").json()[ENTERPRISE]["manager"] == {"value": carl}
    assert manage(scim, ann, carl).status_code == 200
    assert managers()["Ann"] is None
    scim.patch(f"/Users/{carl}", [{"op": "remove", "path": f"{ENTERPRISE}:manager"}])
    assert settled() == "Gave 1 people their manager."
    assert managers()["Ann"] == "Carl"


def test_a_circle_that_the_lms_has_made_against_what_was_sent_is_left_to_it(scim: ScimClient) -> None:
    join(scim, "ann")
    join(scim, "bob")
    first, second = Learner.objects.order_by("pk")
    Learner.objects.filter(pk=first.pk).update(manager=second)
    Learner.objects.filter(pk=second.pk).update(manager=first)
    out = StringIO()
    call_command("scim_managers", stdout=out)
    assert out.getvalue().strip() == "Gave 0 people their manager."
    assert managers() == {"Ann": "Bob", "Bob": "Ann"}
