"""Who may not see values reads nothing of an account by its key: they are shown those that the connection leads to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection as database
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from example_project.lms.models import Organization
from scim_provisioning.administration import erasure
from scim_provisioning.administration.adoption import joining
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection
from tests.admin.conftest import Administrator
from tests.admin.pages import PASSWORD, text
from tests.api.staff import url as api_url
from tests.client import ScimClient
from tests.lms_factories import CourseFactory, LearnerFactory, ProgressFactory
from tests.people import person

pytestmark = pytest.mark.django_db

READER = ("view_scimconnection", "view_provisioningevent", "manage_policy")
SEEN = datetime(2025, 3, 9, 8, 0, tzinfo=UTC)


@pytest.fixture
def reader(administrator: Administrator) -> Client:
    """Somebody who chooses policies, and may not see values."""
    return administrator(*READER, name="rea")


@pytest.fixture
def link(scim: ScimClient) -> ProvisionedUser:
    """A learner whom nothing likens to anybody else."""
    assert scim.post("/Users", person("anna.meyer")).status_code == 201
    return ProvisionedUser.objects.select_related("user", "connection").get()


def made(organization: Organization, name: str, **values: Any) -> User:
    """An account of the customer that nobody manages, with a history."""
    said = {"user__username": name, "user__last_login": SEEN}
    learner = LearnerFactory(
        organization=organization, **said, **{f"user__{k}": v for k, v in values.items()}
    )
    ProgressFactory(learner=learner, course=CourseFactory(), percent=83)
    user: User = learner.user
    return user


@pytest.fixture
def stranger(organization: Organization) -> User:
    """One that has nothing in common with anybody."""
    return made(organization, "zq-17", email="zq@elsewhere.example", first_name="Zoe", last_name="Quist")


def page(connection: SCIMConnection, which: str, **keys: Any) -> str:
    url = reverse(f"admin:scim_provisioning_scimconnection_{which}", args=[connection.pk])
    return f"{url}?" + "&".join(f"{key}={value}" for key, value in keys.items())


def test_walking_through_keys_shows_nobody_whom_nothing_leads_to(
    reader: Client, admin_client: Client, link: ProvisionedUser, stranger: User
) -> None:
    connection, mine = link.connection, link.user_id
    walked = [
        page(connection, "doubles", account=stranger.pk),
        page(connection, "join", account=mine, other=stranger.pk),
        page(connection, "join", account=stranger.pk, other=mine),
        page(connection, "join", account=mine, other=stranger.pk, q="zq"),
    ]
    for address in walked:
        answer = reader.get(address)
        assert (answer.status_code, b"zq-17" in answer.content) == (404, False), address
        assert reader.post(address, {"into": stranger.pk, "password": PASSWORD}).status_code == 404
        assert admin_client.get(address).status_code == 200
    person_page = page(connection, "person", name="nobody@x.example", account=stranger.pk)
    assert "zq-17" not in reader.get(person_page).content.decode()
    assert "zq-17" in admin_client.get(person_page).content.decode()
    assert not ProvisioningEvent.objects.filter(action="merged").exists()


def test_walking_through_keys_of_the_api_shows_nobody_either(
    reader: Client, link: ProvisionedUser, stranger: User, settings: Settings
) -> None:
    settings.ROOT_URLCONF = "tests.api.urls"
    doubles, join = (api_url(name, link.connection_id) for name in ("doubles", "join"))
    assert reader.get(doubles, {"account": stranger.pk}).status_code == 404
    body = {"into": str(link.user_id), "other": str(stranger.pk), "password": PASSWORD}
    answer = reader.post(join, body, content_type="application/json")
    assert (answer.status_code, b"zq-17" in answer.content) == (404, False)
    stranger.refresh_from_db()
    assert stranger.is_active
    # Whoever can say what it is called, has not walked.
    said = reader.post(join, {**body, "search": "ZQ-17"}, content_type="application/json")
    assert said.status_code == 200
    stranger.refresh_from_db()
    assert not stranger.is_active


def test_whoever_knows_the_whole_name_compares_and_joins(
    reader: Client, link: ProvisionedUser, stranger: User
) -> None:
    whom = page(link.connection, "doubles", account=link.user_id)
    for term in ("zq-17", "zq@elsewhere.example"):
        found = reader.get(whom, {"account": link.user_id, "q": term})
        ((_double, address),) = found.context["found"]
        assert reader.get(address).status_code == 200
    assert (
        reader.post(address, {"into": link.user_id, "met": link.pk, "password": PASSWORD}).status_code == 302
    )
    stranger.refresh_from_db()
    assert not stranger.is_active


def test_of_whom_the_connection_leads_to_the_name_is_shown_and_not_what_they_do_here(
    reader: Client, admin_client: Client, link: ProvisionedUser, organization: Organization
) -> None:
    double = made(organization, "ameyer", first_name="Anna", last_name="Meyer", email="secret@home.example")
    for address in (
        page(link.connection, "join", account=link.user_id, other=double.pk),
        page(link.connection, "join", account=double.pk, other=link.user_id),
        page(link.connection, "doubles", account=double.pk),
    ):
        shown = text(reader.get(address))
        assert "ameyer" in shown
        for secret in ("2025", "83", "secret@"):
            assert secret not in shown, (address, secret)
    asked = page(link.connection, "join", account=link.user_id, other=double.pk)
    shown = text(admin_client.get(asked))
    assert "2025" in shown
    assert "83" in shown


def test_of_two_whom_nobody_manages_each_leads_to_the_other_unless_one_is_out_of_use(
    reader: Client, link: ProvisionedUser, organization: Organization
) -> None:
    one = made(organization, "zq-18", email="zoe@elsewhere.example")
    other = made(organization, "zq-19", email="zoe@elsewhere.example")
    address = page(link.connection, "join", account=one.pk, other=other.pk)
    assert reader.get(address).status_code == 200
    User.objects.filter(pk=other.pk).update(is_staff=True)
    assert reader.get(address).status_code == 404
    assert reader.get(page(link.connection, "doubles", account=one.pk)).status_code == 404


@pytest.mark.skipif(database.vendor == "mysql", reason="names that differ in case only are one there")
def test_whoever_finds_two_by_their_whole_address_is_led_to_both(
    reader: Client, link: ProvisionedUser, organization: Organization
) -> None:
    people = reverse("admin:scim_provisioning_provisioningevent_people")
    for name in ("zq-20@elsewhere.example", "ZQ-20@elsewhere.example"):
        made(organization, name, email="", is_active=name.islower())
    cards = reader.get(people, {"q": "zq-20@elsewhere.example"}).context["cards"]
    offered = [address for card in cards for _name, address in card.same]
    assert [reader.get(address).status_code for address in offered] == [200, 200]


def test_whom_the_connection_has_let_go_is_found_as_before(
    reader: Client, scim: ScimClient, link: ProvisionedUser
) -> None:
    assert scim.delete(f"/Users/{link.scim_id}").status_code == 204
    assert reader.get(page(link.connection, "doubles", account=link.user_id)).status_code == 200


def test_what_a_refused_persons_candidates_do_here_is_masked_on_the_page_and_in_the_api(
    reader: Client, admin_client: Client, scim: ScimClient, organization: Organization, settings: Settings
) -> None:
    settings.ROOT_URLCONF = "tests.api.urls"
    made(organization, person()["userName"])
    assert scim.post("/Users", person()).status_code == 409
    event = ProvisioningEvent.objects.latest("pk")
    assert event.connection is not None
    keys = {"object_id": event.connection.pk, "event_id": event.pk}
    address = reverse("admin:scim_provisioning_scimconnection_answer", kwargs=keys)
    (candidate,) = reader.get(api_url("answer", event.connection.pk, event.pk)).json()["candidates"]
    masked = "••••••"
    assert (candidate["last_login"], candidate["progress"]) == (masked, masked)
    shown = text(reader.get(address))
    assert ("2025" in shown, "83" in shown, masked in shown) == (False, False, True)
    seen = text(admin_client.get(address))
    assert ("2025" in seen, "83" in seen) == (True, True)


# --- what is left of a join, once its person is forgotten


def left() -> str:
    """Whatever stands in the log and in the connection's history, in one text."""
    events = ProvisioningEvent.objects.values_list("detail", "cause", "changes", "user_name")
    return str([*events, *LogEntry.objects.values_list("change_message")])


@pytest.mark.parametrize("stays", ["ameyer", "meyer-2"])
def test_of_accounts_joined_before_anybody_managed_them_no_name_is_left_once_their_person_is_forgotten(
    admin_client: Client,
    scim: ScimClient,
    connection: SCIMConnection,
    organization: Organization,
    stays: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    anna = {name: made(organization, name, email="am@home.example") for name in ("ameyer", "meyer-2")}
    otto = [made(organization, name, email="otto@home.example") for name in ("otto-1", "otto-2")]
    into = anna.pop(stays)
    (other,) = anna.values()
    boss = User.objects.get(is_superuser=True)
    for one, two in ((into, other), otto):
        sides = [joining.found(connection, str(account.pk)) for account in (one, two)]
        joining.join(connection, *sides, actor=boss)  # type: ignore[arg-type]
    said = left()
    assert all(name in said for name in ("ameyer", "meyer-2", "otto-1", "otto-2"))
    monkeypatch.setattr("example_project.lms.scim.LearnerAdapter.user_name_is_sso_subject", True)
    assert scim.post("/Users", person("x", userName=stays)).status_code == 201
    mine = ProvisionedUser.objects.select_related("connection").get()
    assert mine.user_id == into.pk
    erasure.forget(erasure.Person(connection, link=mine), actor=None, even_if_active=True)
    said = left()
    assert "meyer" not in said
    # Who has nothing to do with it keeps theirs, and that two were joined is known still.
    assert all(name in said for name in ("otto-1", "otto-2"))
    assert ProvisioningEvent.objects.filter(action="merged").count() == 2


@pytest.mark.parametrize("is_managed", [True, False])
def test_nor_where_they_became_one_by_several_joins(
    admin_client: Client,
    scim: ScimClient,
    connection: SCIMConnection,
    organization: Organization,
    is_managed: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    boss = User.objects.get(is_superuser=True)
    first, second = (made(organization, name, email="am@home.example") for name in ("ameyer", "meyer-2"))
    if is_managed:
        assert scim.post("/Users", person("anna.m")).status_code == 201
        last = User.objects.get(pk=ProvisionedUser.objects.get().user_id)
    else:
        last = made(organization, "meyer-3", email="am@home.example")
    for into, goes in ((second, first), (last, second)):
        sides = [joining.found(connection, str(account.pk)) for account in (into, goes)]
        joining.join(connection, *sides, actor=boss)  # type: ignore[arg-type]
    if not is_managed:
        monkeypatch.setattr("example_project.lms.scim.LearnerAdapter.user_name_is_sso_subject", True)
        assert scim.post("/Users", person("x", userName="meyer-3")).status_code == 201
    mine = ProvisionedUser.objects.select_related("connection").get()
    assert mine.user_id == last.pk
    erasure.forget(erasure.Person(connection, link=mine), actor=None, even_if_active=True)
    assert "meyer" not in left()
