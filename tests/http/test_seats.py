"""A licence pool: as many people as the host says are active at once, and nobody is told otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from example_project.lms.models import Learner, SSOSettings
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import selftest
from scim_provisioning.administration.adoption import joining, queue
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory, UserFactory
from tests.admin.pages import text, url
from tests.client import ScimClient
from tests.faults.forks import at_once
from tests.leavers import OFF, ON, learners, let_go_at_most
from tests.lms_factories import LearnerFactory, SSOSettingsFactory
from tests.people import person
from tests.tables import contents

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
#: How many seats each connection has.
SEATS: dict[str, int] = {}


class WithSeats(LearnerAdapter):
    @classmethod
    def seats(cls, connection: SCIMConnection) -> int | None:
        return SEATS.get(connection.name)


@pytest.fixture(autouse=True)
def _host(settings: Any, connection: SCIMConnection) -> None:
    adapter = f"{__name__}.WithSeats"
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": adapter}
    SEATS.clear()
    SEATS[connection.name] = 2


def join(scim: ScimClient, name: str, **changes: Any) -> Any:
    return scim.post("/Users", person(name, **changes))


def active() -> list[str]:
    return sorted(
        user.username.partition("@")[0] for user in User.objects.filter(is_active=True, learner__isnull=False)
    )


@pytest.mark.django_db
def test_whoever_finds_the_pool_full_is_refused_keeps_nothing_and_comes_in_once_somebody_has_left(
    scim: ScimClient,
) -> None:
    ann = join(scim, "ann").json()["id"]
    join(scim, "bob")
    before = {name: rows for name, rows in contents().items() if name.startswith(("lms_", "auth_user"))}

    answer = join(scim, "cara")

    assert answer.status_code == 403
    assert "scimType" not in answer.json()
    assert answer.json()["detail"] == (
        "No seat is left in this directory (2 of 2 taken). Free one, or have more added in the application; the person "
        "comes in with the next try."
    )
    assert {name: contents()[name] for name in before} == before
    # Entra looks for a newcomer before it creates them, and must not find somebody who is not there.
    assert scim.get(f'/Users?filter=userName eq "{person("cara")["userName"]}"').json()["totalResults"] == 0
    refused = ProvisioningEvent.objects.latest("pk")
    assert (refused.error_code, refused.cause["used"], refused.cause["total"]) == ("user.seats", 2, 2)
    assert scim.patch(f"/Users/{ann}", OFF).status_code == 200
    assert join(scim, "cara").status_code == 201
    assert active() == ["bob", "cara"]


@pytest.mark.django_db
def test_a_seat_is_needed_to_return_by_any_verb_and_to_be_linked_but_not_to_be_changed(
    scim: ScimClient, sso: SSOSettings
) -> None:
    ann, bob = (join(scim, name).json()["id"] for name in ("ann", "bob"))
    scim.patch(f"/Users/{ann}", OFF)
    scim.delete(f"/Users/{bob}")
    cara, dora = (join(scim, name).json()["id"] for name in ("cara", "dora"))

    for answer in (
        scim.patch(f"/Users/{ann}", ON),
        scim.put(f"/Users/{ann}", person("ann")),
        join(scim, "bob"),
        join(scim, "earl"),
    ):
        assert (answer.status_code, "No seat is left" in answer.json()["detail"]) == (403, True)
    assert scim.get(f"/Users/{ann}").json()["active"] is False
    assert scim.patch(f"/Users/{cara}", ON).status_code == 200
    assert scim.put(f"/Users/{cara}", person("cara", title="Dean")).status_code == 200
    assert scim.patch(f"/Users/{ann}", [{"op": "replace", "path": "title", "value": "x"}]).status_code == 200
    assert join(scim, "fay", active=False).status_code == 201
    scim.delete(f"/Users/{dora}")
    assert join(scim, "bob").status_code == 201
    assert active() == ["bob", "cara"]


@pytest.mark.django_db
def test_somebody_who_is_here_already_needs_a_seat_to_be_linked(
    scim: ScimClient, sso: SSOSettings, settings: Any
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": f"{__name__}.Linking"}
    for name in ("ann", "bob"):
        join(scim, name)
    here = UserFactory(user_name=person("cara")["userName"])
    Learner.objects.create(user=here, organization=sso.organization)
    assert join(scim, "cara").status_code == 403
    assert not ProvisionedUser.objects.filter(user=here).exists()


def _here(sso: SSOSettings, *names: str) -> list[User]:
    """Accounts of the LMS's that their identity provider would certainly mean."""
    accounts = [UserFactory(user_name=person(name)["userName"]) for name in names]
    for account in accounts:
        Learner.objects.create(user=account, organization=sso.organization)
    return accounts


def _export(*names: str) -> SimpleUploadedFile:
    lines = ["userPrincipalName", *(person(name)["userName"] for name in names)]
    return SimpleUploadedFile("users.csv", "\n".join(lines).encode(), "text/csv")


@pytest.mark.django_db
def test_as_many_accounts_are_linked_before_they_are_sent_as_there_are_seats(
    scim: ScimClient, sso: SSOSettings, connection: SCIMConnection, admin_client: Client, settings: Any
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": f"{__name__}.Linking"}
    join(scim, "ann")
    names = ("bob", "cara", "dora")
    _here(sso, *names)

    def link() -> str:
        sent: dict[str, Any] = {"verb": "link", "user_name": "userPrincipalName", "password": "password"}
        sent["file"] = _export(*names)
        return text(admin_client.post(url("adopt", connection), sent, follow=True))

    assert "No seat is left: 1 account was linked, and nobody else." in link()
    assert "No seat is left: 0 accounts were linked, and nobody else." in link()
    living = ProvisionedUser.objects.living().filter(connection=connection)
    assert living.count() == 2
    # Whoever is linked has a seat already.
    (linked,) = living.exclude(user_name__startswith="ann")
    assert join(scim, linked.user_name.partition("@")[0]).status_code == 201
    refused = [name for name in names if not linked.user_name.startswith(name)]
    assert [join(scim, name).status_code for name in refused] == [403, 403]
    SEATS[connection.name] = 4
    assert "2 accounts were linked." in link()


@pytest.mark.django_db
def test_whom_an_administrator_links_by_name_takes_a_seat_too(
    sso: SSOSettings, connection: SCIMConnection
) -> None:
    bob, cara = _here(sso, "bob", "cara")
    SEATS[connection.name] = 1
    queue.link(connection, person("bob"), bob, keeps_profile=True, actor=None)
    with pytest.raises(ConnectionRefused, match="No licences are left"):
        queue.link(connection, person("cara"), cara, keeps_profile=False, actor=None)
    assert not ProvisionedUser.objects.filter(user=cara).exists()


@pytest.mark.django_db
def test_whoever_was_linked_is_not_answered_as_created_once_there_are_fewer_seats(
    scim: ScimClient, sso: SSOSettings, connection: SCIMConnection
) -> None:
    bob, cara = _here(sso, "bob", "cara")
    for name, account in (("bob", bob), ("cara", cara)):
        queue.link(connection, person(name), account, keeps_profile=False, actor=None)
    SEATS[connection.name] = 1
    assert join(scim, "bob").status_code == 403
    cara.is_active = False
    cara.save()
    assert join(scim, "bob").status_code == 201


class Linking(WithSeats):
    user_name_is_sso_subject = True


@pytest.mark.django_db
def test_somebody_whom_the_lms_switches_off_frees_a_seat_and_takes_one_when_it_switches_them_on(
    scim: ScimClient,
) -> None:
    join(scim, "ann")
    join(scim, "bob")
    User.objects.filter(username__startswith="ann").update(is_active=False)
    assert join(scim, "cara").status_code == 201
    User.objects.filter(username__startswith="ann").update(is_active=True)
    assert join(scim, "dora").json()["detail"].startswith("No seat is left in this directory (3 of 2 taken).")


@pytest.mark.django_db
def test_each_operation_of_a_bulk_request_takes_a_seat_of_its_own(scim: ScimClient) -> None:
    ann = join(scim, "ann").json()["id"]
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": name, "data": person(name)} for name in ("bob", "cara")
    ]
    operations += [{"method": "DELETE", "path": f"/Users/{ann}"}]
    operations += [{"method": "POST", "path": "/Users", "bulkId": "dora", "data": person("dora")}]
    found = scim.post("/Bulk", {"schemas": [BULK], "Operations": operations}).json()["Operations"]
    assert [result["status"] for result in found] == ["201", "403", "204", "201"]
    assert active() == ["bob", "dora"]


@pytest.mark.django_db
def test_the_pool_of_one_customer_is_none_of_anothers(scim: ScimClient) -> None:
    other = ConnectionFactory(name="Okta", sso_key=str(SSOSettingsFactory().pk))
    theirs = ScimClient(TokenFactory(connection=other).plaintext)
    for name in ("ann", "bob"):
        join(scim, name)
    SEATS["Okta"] = 1
    assert join(theirs, "gus").status_code == 201
    assert (
        join(theirs, "hal").json()["detail"].startswith("No seat is left in this directory (1 of 1 taken).")
    )
    del SEATS["Okta"]
    assert join(theirs, "hal").status_code == 201


@pytest.mark.django_db
def test_what_a_host_cannot_say_refuses_and_breaks_no_page(
    scim: ScimClient, connection: SCIMConnection, admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(cls: type, connection: SCIMConnection) -> int:
        raise ConnectionError("the shop does not answer")

    monkeypatch.setattr(WithSeats, "seats", classmethod(unreachable))
    assert join(scim, "ann").status_code == 500
    assert not User.objects.filter(username__startswith="ann").exists()
    assert "Seats" not in text(admin_client.get(url("change", connection)))
    lines = selftest.run(connection, reach=False)
    (line,) = [one for one in lines if one.what == "There are seats for newcomers"]
    assert line.result == selftest.Result.FAILED
    assert "the shop does not answer" in line.found


@pytest.mark.django_db
def test_the_page_of_the_connection_and_the_self_test_say_how_many_seats_are_taken(
    scim: ScimClient, connection: SCIMConnection, admin_client: Client
) -> None:
    SEATS[connection.name] = 3
    ann = join(scim, "ann").json()["id"]
    join(scim, "bob")

    def said() -> tuple[str, list[str]]:
        lines = selftest.run(connection, reach=False)
        found = [line.found for line in lines if line.what == "There are seats for newcomers"]
        return text(admin_client.get(url("change", connection))), found

    page, line = said()
    assert "Seats 2 of 3 seats" in page
    assert "None is left" not in page
    assert line == ["2 of 3 seats"]
    join(scim, "cara")
    page, line = said()
    assert "Seats 3 of 3 seats None is left: newcomers, and people who return, are refused" in page
    assert "No seat is left (3 of 3): newcomers, and people who return, are refused until one is free" in page
    SEATS[connection.name] = 3_333_333
    assert "scarce" not in said()[0]
    assert scim.patch(f"/Users/{ann}", OFF).status_code == 200
    SEATS.clear()
    page, line = said()
    assert "Seats" not in page
    assert line == []


@pytest.mark.django_db
def test_the_log_explains_who_found_no_seat_and_what_to_do(
    scim: ScimClient, connection: SCIMConnection, admin_client: Client
) -> None:
    SEATS[connection.name] = 0
    join(scim, "ann")
    event = ProvisioningEvent.objects.latest("pk")
    page = text(admin_client.get(f"/admin/scim_provisioning/provisioningevent/{event.pk}/change/"))
    assert "No licences are left." in page
    assert "0 of 0 licences are in use." in page


@pytest.mark.usefixtures("shared_database")
@pytest.mark.django_db(transaction=True)
def test_of_many_who_come_and_return_and_leave_at_the_same_moment_exactly_as_many_are_in_as_there_are_seats(
    token: str, connection: SCIMConnection
) -> None:
    client = ScimClient(token)
    SEATS[connection.name] = 5
    # The brake counts those who leave: its lock and the pool's stand in nobody's way.
    people = learners(client, 5)
    let_go_at_most(connection, 100)
    away, staying = people[:2], people[2:]
    for scim_id in away:
        client.patch(f"/Users/{scim_id}", OFF)
    assert len(active()) == 3
    calls = [lambda n=n: join(client, f"new{n}") for n in range(4)]  # type: ignore[misc]
    calls += [lambda i=i: client.patch(f"/Users/{i}", ON) for i in away]  # type: ignore[misc]
    answers = at_once(*calls)
    assert sorted(answer.status_code for answer in answers if answer.status_code >= 300) == [403] * 4
    assert len(active()) == 5

    mixed = [lambda i=i: client.patch(f"/Users/{i}", OFF) for i in staying]  # type: ignore[misc]
    mixed += [lambda n=n: join(client, f"late{n}") for n in range(5)]  # type: ignore[misc]
    answers = at_once(*mixed)
    assert {answer.status_code for answer in answers} <= {200, 201, 403}
    came = sum(answer.status_code == 201 for answer in answers)
    assert len(active()) == 5 - len(staying) + came <= 5


@pytest.mark.django_db
def test_whom_the_lms_had_switched_off_takes_a_seat_where_the_account_they_are_joined_to_is_on(
    scim: ScimClient, connection: SCIMConnection, sso: SSOSettings
) -> None:
    for name in ("ann", "bob"):
        assert join(scim, name).status_code == 201
    ann = User.objects.get(username__startswith="ann")
    User.objects.filter(pk=ann.pk).update(is_active=False)
    assert join(scim, "cara").status_code == 201
    old: User = LearnerFactory(organization=sso.organization).user

    def joined() -> None:
        into, other = (joining.found(connection, str(account.pk)) for account in (old, ann))
        assert into is not None
        assert other is not None
        joining.join(connection, into, other, actor=None)

    with pytest.raises(ConnectionRefused, match="licences"):
        joined()
    assert ProvisionedUser.objects.get(user_name__startswith="ann").user == ann
    SEATS[connection.name] = 3
    joined()
    assert ProvisionedUser.objects.get(user_name__startswith="ann").user == old
