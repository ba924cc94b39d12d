"""Disconnecting a customer with more learners than one request handles: the door first, then people in batches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection as database
from django.db.models.signals import post_save, pre_save
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from example_project.lms.scim import LearnerAdapter
from scim_provisioning.admin import disconnect as pages
from scim_provisioning.administration import connections, disconnection
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.models import (
    Action,
    Disconnection,
    Outcome,
    ProvisionedUser,
    ProvisioningEvent,
    SCIMConnection,
)
from scim_provisioning.testing.factories import ProvisionedUserFactory, TokenFactory
from tests.admin.conftest import PASSWORD, Administrator
from tests.admin.pages import text, url
from tests.batches import batches_of
from tests.client import ScimClient

pytestmark = pytest.mark.django_db

JSON = {"HTTP_ACCEPT": "application/json"}


@pytest.fixture
def managed(connection: SCIMConnection) -> list[ProvisionedUser]:
    """Five learners, in two batches and a half."""
    return ProvisionedUserFactory.create_batch(5, connection=connection)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request handles two learners and has no time for more."""
    batches_of(2, monkeypatch)
    monkeypatch.setattr(pages, "SECONDS", 0)


def disconnect(client: Client, connection: SCIMConnection, learners: str = "suspend") -> Any:
    form = {"confirm": "1", "learners": learners, "name": connection.name, "password": PASSWORD}
    return client.post(url("disconnect", connection), form)


def active(links: list[ProvisionedUser]) -> int:
    return User.objects.filter(pk__in=[link.user_id for link in links], is_active=True).count()


# --- the door, and the page that goes on


@pytest.mark.usefixtures("slow")
def test_the_door_is_shut_at_once_and_a_page_goes_on_with_the_learners(
    admin_client: Client, connection: SCIMConnection, managed: list[ProvisionedUser]
) -> None:
    scim = ScimClient(TokenFactory(connection=connection).plaintext)
    response = disconnect(admin_client, connection)
    assert response.headers["Location"] == url("disconnection", connection)
    assert scim.get("/Users").status_code == 401
    assert active(managed) == 3

    page = text(admin_client.get(url("disconnection", connection)))
    assert "2 of 5 learners" in page
    assert "Suspend them" in page
    assert f"scim_connection disconnect --connection {connection.sso_key} --resume" in page
    assert active(managed) == 3  # looking changes nothing

    response = admin_client.post(url("disconnection", connection))
    assert response.headers["Location"] == url("disconnection", connection)
    assert active(managed) == 1
    page = text(admin_client.post(url("disconnection", connection), follow=True))
    assert "5 learners were suspended." in page
    assert active(managed) == 0
    assert admin_client.get(url("disconnection", connection)).headers["Location"] == url("change", connection)


@pytest.mark.usefixtures("slow")
def test_the_script_of_the_page_is_answered_with_how_far_it_is(
    admin_client: Client, connection: SCIMConnection, managed: list[ProvisionedUser]
) -> None:
    disconnect(admin_client, connection)
    page = admin_client.get(url("disconnection", connection)).content.decode()
    assert "data-scim-advance" in page
    assert '<progress id="scim-bar" class="scim-bar" max="5" value="2">' in page
    answers = [admin_client.post(url("disconnection", connection), **JSON).json() for _ in range(2)]
    assert answers == [
        {"handled": 4, "text": "4 of 5 learners", "finished": False},
        {"handled": 5, "text": "5 of 5 learners", "finished": True},
    ]
    # It loads the page again, and is told what came of it.
    assert "5 learners were suspended." in text(
        admin_client.get(url("disconnection", connection), follow=True)
    )


@pytest.mark.usefixtures("slow")
def test_what_is_done_and_what_came_of_it_stand_in_both_logs_under_the_name_of_who_chose_it(
    administrator: Administrator, connection: SCIMConnection, managed: list[ProvisionedUser]
) -> None:
    disconnect(administrator(name="ada"), connection)
    for _time in range(3):
        administrator(name=f"bea{_time}").post(url("disconnection", connection))
    ada = User.objects.get(username="ada")
    told = ProvisioningEvent.objects.filter(link=None).order_by("pk").values_list("action", "detail", "actor")
    assert list(told) == [
        (Action.DISCONNECTED, "Disconnected. 5 active learners are being suspended.", ada.pk),
        (Action.DISCONNECT_DONE, "5 learners were suspended.", ada.pk),
    ]
    entries = LogEntry.objects.order_by("pk").values_list("change_message", "user")
    assert list(entries) == [(detail, actor) for _action, detail, actor in told]
    for link in managed:
        event = ProvisioningEvent.objects.get(link=link)
        assert (event.action, event.actor_id, event.detail) == (
            Action.DEACTIVATED,
            ada.pk,
            "Suspended when the connection was disconnected.",
        )
        assert event.changes == {"active": [True, False]}
        assert (event.user_name, event.scim_id) == (link.user_name, link.scim_id)


@pytest.mark.usefixtures("slow")
def test_a_second_click_and_a_form_left_open_lead_to_what_is_under_way(
    admin_client: Client, connection: SCIMConnection, managed: list[ProvisionedUser]
) -> None:
    for _time in range(2):
        response = disconnect(admin_client, connection)
        assert response.headers["Location"] == url("disconnection", connection)
    assert active(managed) == 3
    assert ProvisioningEvent.objects.filter(action=Action.DISCONNECTED).count() == 1


@pytest.mark.usefixtures("slow")
def test_what_is_not_finished_stands_on_the_connection_and_on_the_index(
    admin_client: Client,
    administrator: Administrator,
    connection: SCIMConnection,
    managed: list[ProvisionedUser],
) -> None:
    disconnect(admin_client, connection)
    for client in (admin_client, administrator("change_scimconnection", name="bea")):
        page = client.get(url("change", connection)).content.decode()
        assert "2 of 5 learners" in page
        assert url("disconnection", connection) in page
        index = client.get(reverse("admin:index")).content.decode()
        assert (
            f'href="{url("disconnection", connection)}">{connection.name}</a> is disconnected, but' in index
        )
    viewer = administrator("view_scimconnection", name="vera")
    assert url("disconnection", connection) not in viewer.get(url("change", connection)).content.decode()
    assert 'role="alert"' not in viewer.get(reverse("admin:index")).content.decode()
    disconnection.go_on(connection)
    assert 'role="alert"' not in admin_client.get(reverse("admin:index")).content.decode()
    assert "not finished" not in text(admin_client.get(url("change", connection)))


def test_the_door_stays_shut_whatever_becomes_of_the_request_afterwards(
    admin_client: Client,
    connection: SCIMConnection,
    managed: list[ProvisionedUser],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a host with ATOMIC_REQUESTS too."""

    def die(*_arguments: Any, **_named: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(database.settings_dict, "ATOMIC_REQUESTS", True)
    monkeypatch.setattr(disconnection, "go_on", die)
    with pytest.raises(KeyboardInterrupt):
        disconnect(admin_client, connection)
    assert SCIMConnection.objects.get().is_archived
    assert not connection.tokens.live().exists()
    assert (Disconnection.objects.get().handled, active(managed)) == (0, 5)


# --- the other choices


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize(
    ("choice", "announced", "done"),
    [
        ("keep", "Disconnected. 5 learners were handed back.", None),
        (
            "sso_only",
            "Disconnected. 3 learners are losing a local password.",
            "3 learners lost a local password.",
        ),
    ],
)
def test_every_choice_is_carried_out_in_batches(
    admin_client: Client,
    connection: SCIMConnection,
    managed: list[ProvisionedUser],
    choice: str,
    announced: str,
    done: str | None,
) -> None:
    for link in managed[1:4]:
        link.user.set_password("a local one")
        link.user.save()
    disconnect(admin_client, connection, choice)
    holders = [User.objects.get(pk=link.user_id).has_usable_password() for link in managed]
    assert holders == [False, choice == "keep", True, True, False]
    disconnection.go_on(connection)
    holders = [User.objects.get(pk=link.user_id).has_usable_password() for link in managed]
    assert holders == [False, *[choice == "keep"] * 3, False]
    assert active(managed) == 5
    told = list(ProvisioningEvent.objects.order_by("pk").values_list("detail", flat=True))
    assert told == [announced, *([done] if done else [])]


# --- what fails


@pytest.fixture
def picky(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names for whom the host's hook fails."""
    names: list[str] = []

    def on_deactivated(adapter: Any, learner: Any, *, event: Any) -> None:
        if event.user_name in names:
            raise LookupError("no such licence")

    monkeypatch.setattr(LearnerAdapter, "on_deactivated", on_deactivated)
    return names


def test_somebody_for_whom_the_hosts_code_fails_keeps_nobody_else_from_being_suspended(
    admin_client: Client, connection: SCIMConnection, managed: list[ProvisionedUser], picky: list[str]
) -> None:
    picky += [managed[1].user_name, managed[3].user_name]
    response = disconnect(admin_client, connection)
    assert response.headers["Location"] == url("disconnection", connection)
    told = "3 learners were suspended. For 2 learners the application’s own code failed: the log says where."
    page = admin_client.get(url("disconnection", connection))
    assert told in text(page)
    assert "data-scim-advance" not in page.content.decode()
    assert "Try again" in text(page)
    for link in managed:
        account = User.objects.get(pk=link.user_id)
        events = list(ProvisioningEvent.objects.filter(link=link))
        assert len(events) == 1
        if link.user_name in picky:
            assert account.is_active
            assert (events[0].outcome, events[0].error_code) == (Outcome.REFUSED, "host.hook")
            assert events[0].cause["exception"] == "LookupError"
        else:
            assert not account.is_active
            assert events[0].action == Action.DEACTIVATED

    del picky[0]
    admin_client.post(url("disconnection", connection))
    found = Disconnection.objects.get()
    assert (found.handled, found.changed, found.failed, active(managed)) == (5, 4, 1, 1)
    picky.clear()
    page = text(admin_client.post(url("disconnection", connection), follow=True))
    assert "5 learners were suspended." in page
    assert active(managed) == 0
    assert ProvisioningEvent.objects.filter(action=Action.DEACTIVATED).count() == 5


def test_where_the_hosts_code_fails_for_everybody_the_page_says_so_and_it_can_go_on_later(
    admin_client: Client,
    connection: SCIMConnection,
    managed: list[ProvisionedUser],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def for_links(cls: Any, links: Any, connection: Any) -> Any:
        raise LookupError("the customer's settings are gone")

    with monkeypatch.context() as patched:
        patched.setattr(LearnerAdapter, "for_links", classmethod(for_links))
        page = text(admin_client.post(url("disconnect", connection), _form(connection), follow=True))
        assert "The application’s own code failed (LookupError, " in page
        assert "0 of 5 learners" in page
    assert SCIMConnection.objects.get().is_archived
    assert active(managed) == 5
    assert disconnection.go_on(connection).is_done
    assert active(managed) == 0


def _form(connection: SCIMConnection) -> dict[str, str]:
    return {"confirm": "1", "learners": "suspend", "name": connection.name, "password": PASSWORD}


def test_a_protection_that_cannot_be_asked_for_somebody_leaves_that_one_alone(
    connection: SCIMConnection, managed: list[ProvisionedUser], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would have gone all together."""

    def is_protected(adapter: Any, user: Any) -> bool:
        if user.pk == managed[2].user_id:
            raise LookupError
        return bool(user.pk == managed[0].user_id)

    monkeypatch.setattr(LearnerAdapter, "is_protected", is_protected)
    found = connections.disconnect(connection, actor=None, learners="suspend")
    assert (found.changed, found.protected, found.failed) == (3, 1, 1)
    assert active(managed) == 2


# --- restoring


@pytest.mark.usefixtures("slow")
def test_restoring_stops_it_and_says_so_first(
    admin_client: Client, connection: SCIMConnection, managed: list[ProvisionedUser]
) -> None:
    disconnect(admin_client, connection)
    assert "Restoring stops it" in text(admin_client.get(url("restore", connection)))
    admin_client.post(url("restore", connection))
    assert active(managed) == 3
    with pytest.raises(ConnectionRefused, match="was restored"):
        disconnection.go_on(connection)
    response = admin_client.post(url("disconnection", connection))
    assert response.headers["Location"] == url("change", connection)
    assert active(managed) == 3
    # And a second end begins anew.
    disconnect(admin_client, connection, "keep")
    found = Disconnection.objects.get()
    assert (found.learners, found.handled) == ("keep", 2)


# --- how many statements


@contextmanager
def statements() -> Iterator[list[str]]:
    """Those that were sent, without what only frames a transaction."""
    sent: list[str] = []
    with CaptureQueriesContext(database) as captured:
        yield sent
    framing = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    sent += [query["sql"] for query in captured if not query["sql"].startswith(framing)]


@pytest.mark.parametrize("has_hooks", [False, True])
def test_where_the_host_saves_no_row_itself_the_statements_do_not_grow_with_the_people(
    connection: SCIMConnection,
    other_connection: SCIMConnection,
    monkeypatch: pytest.MonkeyPatch,
    has_hooks: bool,
) -> None:
    if has_hooks:
        for hook in ("revoke_access", "on_deactivated"):
            monkeypatch.setattr(LearnerAdapter, hook, lambda self, learner, *, event=None: None)
    ProvisionedUserFactory.create_batch(3, connection=connection)
    ProvisionedUserFactory.create_batch(25, connection=other_connection)
    with statements() as few:
        connections.disconnect(connection, actor=None, learners="suspend")
    with statements() as many:
        connections.disconnect(other_connection, actor=None, learners="suspend")
    assert len(many) == len(few)
    assert not User.objects.filter(is_active=True).exists()


@contextmanager
def listening(signal: Any, sender: Any, seen: list[Any]) -> Iterator[None]:
    def listen(sender: Any, instance: Any, **_signal: Any) -> None:
        seen.append(instance.pk)

    signal.connect(listen, sender=sender, weak=False)
    try:
        yield
    finally:
        signal.disconnect(listen, sender=sender)


@contextmanager
def overridden(owner: Any, name: str, seen: list[Any]) -> Iterator[None]:
    """The host's own method, which does what ours does and is seen to be called."""
    ours = getattr(owner, name)

    def own(self: Any, *arguments: Any, **named: Any) -> Any:
        seen.append(self)
        return ours(self, *arguments, **named)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(owner, name, own)
        yield


@pytest.mark.parametrize(
    "written",
    [
        lambda seen: listening(post_save, User, seen),
        lambda seen: listening(pre_save, User, seen),
        lambda seen: listening(post_save, ProvisionedUser, seen),
        lambda seen: listening(post_save, ProvisioningEvent, seen),
        lambda seen: overridden(User, "save", seen),
        lambda seen: overridden(LearnerAdapter, "set_active", seen),
        lambda seen: overridden(LearnerAdapter, "save", seen),
        lambda seen: overridden(LearnerAdapter, "revoke_access", seen),
        lambda seen: overridden(LearnerAdapter, "on_deactivated", seen),
    ],
)
def test_whatever_the_host_has_written_is_called_for_each_person(
    connection: SCIMConnection, managed: list[ProvisionedUser], written: Any
) -> None:
    seen: list[Any] = []
    with written(seen):
        connections.disconnect(connection, actor=None, learners="suspend")
    assert len(seen) >= 5
    assert active(managed) == 0
    assert ProvisioningEvent.objects.filter(action=Action.DEACTIVATED).count() == 5


def test_a_host_that_listens_is_told_of_each_password_that_is_removed(
    connection: SCIMConnection, managed: list[ProvisionedUser]
) -> None:
    for link in managed:
        link.user.set_password("a local one")
        link.user.save()
    seen: list[Any] = []
    with listening(post_save, User, seen):
        connections.disconnect(connection, actor=None, learners="sso_only")
    assert sorted(seen) == sorted(link.user_id for link in managed)


def test_sessions_of_those_who_are_suspended_together_end(
    connection: SCIMConnection, managed: list[ProvisionedUser]
) -> None:
    browsers = [Client() for _link in managed]
    for browser, link in zip(browsers, managed, strict=True):
        browser.force_login(link.user)
    stays = Client()
    stays.force_login(User.objects.create_user("somebody.else"))
    connections.disconnect(connection, actor=None, learners="suspend")
    assert not any(browser.session.exists(browser.session.session_key) for browser in browsers)
    assert stays.session.exists(stays.session.session_key)
