"""The list of connections, the page of one, and the verbs on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus

import pytest
from django.contrib.admin import AdminSite
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend as LocmemBackend
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks, Settings

from example_project.lms.models import SSOSettings
from scim_provisioning.admin import register
from scim_provisioning.administration import connections, setting_up, spreadsheets
from scim_provisioning.models import (
    Action,
    Operation,
    Outcome,
    ProvisionedUser,
    ProvisioningEvent,
    SCIMConnection,
    SCIMToken,
)
from scim_provisioning.testing.factories import ConnectionFactory, ProvisionedUserFactory, TokenFactory
from tests.admin.conftest import PASSWORD, Administrator
from tests.admin.pages import generate, shown_token, text, url
from tests.client import ScimClient
from tests.lms_factories import SSOSettingsFactory
from tests.people import person

LIST = "admin:scim_provisioning_scimconnection_changelist"


def refused_writes(connection: SCIMConnection, n: int) -> None:
    for _number in range(n):
        ProvisioningEvent.objects.create(
            connection=connection,
            operation=Operation.PATCH,
            action=Action.REFUSED,
            outcome=Outcome.REFUSED,
            error_code="attr.type",
        )


@pytest.fixture
def three(db: None) -> list[SCIMConnection]:
    """A healthy, an expiring and a failing connection."""
    now, made = timezone.now(), []
    for name, days in (("Healthy one", 365), ("Ending one", 12), ("Failing one", 365)):
        connection = ConnectionFactory(name=name, sso_key=str(SSOSettingsFactory().pk))
        TokenFactory(
            connection=connection, label="Entra ID", expires_in_days=days, first_used_at=now, last_used_at=now
        )
        made.append(connection)
    refused_writes(made[2], 10)
    return made


# --- the list


def test_the_list_says_in_words_how_each_is_doing(admin_client: Client, three: list[SCIMConnection]) -> None:
    page = text(admin_client.get(reverse(LIST)))
    for badge in ("Healthy", "Expiring", "Failing"):
        assert badge in page
    assert "in 12 days" in page


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("tokens=expiring", ["Ending one"]),
        ("tokens=unused", []),
        ("tokens=none", []),
        ("health=failing", ["Failing one"]),
        ("health=healthy", ["Healthy one"]),
        ("provider=okta", []),
        ("provider=nobody", ["Ending one", "Failing one", "Healthy one"]),
        ("state=archived", []),
        ("state=current", ["Ending one", "Failing one", "Healthy one"]),
    ],
)
def test_the_list_is_filtered(
    admin_client: Client, three: list[SCIMConnection], query: str, names: list[str]
) -> None:
    response = admin_client.get(f"{reverse(LIST)}?{query}")
    assert [row.name for row in response.context["cl"].result_list] == names


def test_the_index_and_the_list_warn_of_tokens_that_end_soon(
    admin_client: Client, three: list[SCIMConnection]
) -> None:
    for address in (reverse("admin:index"), reverse(LIST)):
        page = admin_client.get(address).content.decode()
        assert 'role="alert"' in page
        banner = page[page.index('role="alert"') :][:900]
        assert "Ending one" in banner
        assert "Healthy one" not in banner


def test_a_token_that_ended_stays_on_the_banner_until_it_is_replaced(
    admin_client: Client, three: list[SCIMConnection]
) -> None:
    SCIMToken.objects.filter(connection=three[1]).update(expires_at=timezone.now() - timedelta(days=1))
    assert "no other is live" in text(admin_client.get(reverse("admin:index")))
    TokenFactory(connection=three[1])
    assert "no other is live" not in text(admin_client.get(reverse("admin:index")))


def test_staff_who_may_not_see_connections_get_no_banner(
    administrator: Administrator, three: list[SCIMConnection]
) -> None:
    page = administrator("view_learner").get(reverse("admin:index")).content.decode()
    assert 'role="alert"' not in page


def test_an_empty_list_says_where_to_begin(admin_client: Client) -> None:
    page = text(admin_client.get(reverse(LIST)))
    assert "No SCIM connections yet. Open a company’s SSO settings and choose Set up SCIM." in page


def test_the_list_takes_the_same_queries_for_three_and_for_twenty(
    admin_client: Client,
    three: list[SCIMConnection],
    django_assert_num_queries: DjangoAssertNumQueries,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    admin_client.get(reverse(LIST))
    with django_assert_max_num_queries(23) as few:
        admin_client.get(reverse(LIST))
    for number in range(17):
        connection = ConnectionFactory(name=f"More {number}", sso_key=str(SSOSettingsFactory().pk))
        TokenFactory(connection=connection)
    with django_assert_num_queries(len(few.captured_queries)):
        admin_client.get(reverse(LIST))


def test_several_are_paused_and_resumed_from_the_list(
    admin_client: Client, three: list[SCIMConnection]
) -> None:
    keys = [three[0].pk, three[1].pk]
    for action, paused in (("pause_selected", 2), ("resume_selected", 0)):
        response = admin_client.post(reverse(LIST), {"action": action, "_selected_action": keys}, follow=True)
        assert "2 connections were" in text(response)
        assert SCIMConnection.objects.filter(paused_at__isnull=False).count() == paused


@pytest.mark.parametrize("formula", ["=1+1", "  =1+1", "-1", "＝1", "+1", "@SUM(A1)"])
@pytest.mark.parametrize("separator", [";", "\t", "\n"])
def test_no_formula_begins_where_another_countrys_spreadsheet_ends_a_cell(
    separator: str, formula: str
) -> None:
    """With a decimal comma Excel takes a semicolon for the end of a cell, in quotation marks or not."""
    said = f"Harborline{separator}{formula}"
    file = "".join(spreadsheets.lines(["name", "state"], [[said, "Healthy"]]))
    blanks = " " * (len(formula) - len(formula.lstrip(" ")))
    assert f"Harborline{separator}{blanks}'{formula.lstrip(' ')}" in file


def test_a_semicolon_in_a_sentence_stays_as_it_is() -> None:
    assert "a; b;c" in "".join(spreadsheets.lines(["name"], [["a; b;c"]]))


@pytest.mark.parametrize("formula", ["=HYPERLINK()", " =HYPERLINK()", "＝HYPERLINK()", "|HYPERLINK()"])
def test_the_list_is_exported_without_formulas(
    admin_client: Client, three: list[SCIMConnection], formula: str
) -> None:
    SCIMConnection.objects.filter(pk=three[0].pk).update(name=formula)
    chosen = {"action": "export_selected", "_selected_action": [row.pk for row in three]}
    response = admin_client.post(reverse(LIST), chosen)
    assert response.headers["Content-Type"].startswith("text/csv")
    lines = b"".join(response).decode("utf-8-sig").splitlines()
    assert len(lines) == 4
    assert f"'{formula},Healthy,1," in "\n".join(lines)


# --- the page of one


def test_the_page_shows_tokens_with_their_state_and_nothing_secret(
    admin_client: Client, connection: SCIMConnection
) -> None:
    now = timezone.now()
    TokenFactory(
        connection=connection,
        label="Entra ID",
        first_used_at=now,
        last_used_at=now,
        last_used_ip="203.0.113.9",
        last_used_agent="Microsoft client",
    )
    TokenFactory(connection=connection, label="Spare")
    page = text(admin_client.get(url("change", connection)))
    for expected in ("Entra ID", "Spare", "Live", "Never used", "203.0.113.9 · Microsoft client", "just now"):
        assert expected in page
    assert SCIMToken.objects.all()[0].digest not in page


def test_a_rotation_is_offered_where_it_would_not_be_refused(
    admin_client: Client, connection: SCIMConnection
) -> None:
    token = TokenFactory(connection=connection)
    rotate = url("rotate", connection, token)
    assert rotate in admin_client.get(url("change", connection)).content.decode()
    TokenFactory(connection=connection)
    assert rotate not in admin_client.get(url("change", connection)).content.decode()


def test_the_page_shows_what_happened_in_24_hours(admin_client: Client, connection: SCIMConnection) -> None:
    scim = ScimClient(shown_token(generate(admin_client, connection)))
    assert scim.post("/Users", person()).status_code == HTTPStatus.CREATED
    assert scim.post("/Users", person()).status_code == HTTPStatus.CONFLICT
    page = admin_client.get(url("change", connection))
    activity = page.context["scim"]["activity"]
    figures = {str(figure.label): figure.count for figure in activity.figures}
    assert (figures["Created"], figures["Refused"], figures["Updated"]) == (1, 1, 0)
    assert activity.bars[-1].total == 2
    assert "Entra checks every 20–40 minutes, so a quiet half hour is normal." in text(page)


def test_the_page_says_that_groups_are_being_sent(admin_client: Client, connection: SCIMConnection) -> None:
    scim = ScimClient(shown_token(generate(admin_client, connection)))
    assert "is also sending groups" not in text(admin_client.get(url("change", connection)))
    scim.post("/Groups", {"displayName": "Everybody"})
    assert "Entra is also sending groups; switch group provisioning off in its mappings." in text(
        admin_client.get(url("change", connection))
    )


def test_the_page_takes_the_same_queries_whatever_it_shows(
    admin_client: Client,
    connection: SCIMConnection,
    settings: Settings,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "TOKENS_LIVE_MAX": 50}
    TokenFactory(connection=connection, created_by=User.objects.get())
    refused_writes(connection, 10)
    admin_client.get(url("change", connection))
    # PostgreSQL is asked for its estimate of how many accounts there are besides.
    with django_assert_max_num_queries(22) as few:
        admin_client.get(url("change", connection))
    for _number in range(20):
        TokenFactory(connection=connection, created_by=User.objects.get())
    ProvisionedUserFactory.create_batch(20, connection=connection)
    refused_writes(connection, 30)
    with django_assert_num_queries(len(few.captured_queries)):
        admin_client.get(url("change", connection))


def test_who_may_only_look_sees_the_page_without_a_way_to_change_anything(
    administrator: Administrator, connection: SCIMConnection
) -> None:
    TokenFactory(connection=connection)
    page = administrator("view_scimconnection").get(url("change", connection)).content.decode()
    assert "Tenant URL" in page
    for name in ("generate", "pause", "policies", "disconnect"):
        assert url(name, connection) not in page
    assert "/revoke/" not in page
    assert "/rotate/" not in page


def test_a_new_name_is_written_down(admin_client: Client, connection: SCIMConnection) -> None:
    admin_client.post(url("change", connection), {"name": "Harborline"})
    connection.refresh_from_db()
    assert connection.name == "Harborline"
    event = ProvisioningEvent.objects.get()
    assert event.changes == {"name": ["Entra", "Harborline"]}
    assert LogEntry.objects.count() == 1


# --- pause and resume


def test_pausing_answers_503_until_it_is_resumed(admin_client: Client, connection: SCIMConnection) -> None:
    scim = ScimClient(shown_token(generate(admin_client, connection)))
    admin_client.get(url("pause", connection))
    assert scim.get("/Users").status_code == HTTPStatus.OK
    admin_client.post(url("pause", connection), {"reason": "Moving house"})
    refused = scim.get("/Users")
    assert refused.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "Retry-After" in refused.headers
    page = text(admin_client.get(url("change", connection)))
    assert "Paused" in page
    assert "Moving house" in page
    admin_client.get(url("resume", connection))
    assert scim.get("/Users").status_code == HTTPStatus.SERVICE_UNAVAILABLE
    admin_client.post(url("resume", connection))
    assert scim.get("/Users").status_code == HTTPStatus.OK
    actions = ProvisioningEvent.objects.filter(operation=Operation.ADMIN).values_list("action", flat=True)
    assert list(actions)[:2] == [Action.RESUMED, Action.PAUSED]


# --- policies: the lists of addresses; the choices are in test_policy_pages

#: The form of a connection nobody has given policies, sent as it was shown.
UNCHANGED = {
    "existing_learners": "link",
    "same_address": "ask",
    "leavers_at_least": "25",
    "leavers_percent": "5",
    "contacts": "",
    "networks": "",
}


def test_a_policy_change_is_summed_up_and_asks_for_the_password(
    admin_client: Client,
    connection: SCIMConnection,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    chosen = {
        **UNCHANGED,
        "contacts": "it@harborline.example\nIT@harborline.example",
        "networks": "203.0.113.0/24",
    }
    page = admin_client.post(url("policies", connection), chosen)
    assert "Contacts — → becomes it@harborline.example" in text(page)
    connection.refresh_from_db()
    assert connection.contacts == []
    confirmed = {
        **chosen,
        "confirm": "1",
        "contacts": "it@harborline.example",
    }
    page = admin_client.post(url("policies", connection), {**confirmed, "password": "wrong"})
    assert "Your password was not correct. Nothing was changed." in text(page)
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(url("policies", connection), {**confirmed, "password": PASSWORD})
    connection.refresh_from_db()
    assert connection.contacts == ["it@harborline.example"]
    assert connection.default_networks == ["203.0.113.0/24"]
    event = ProvisioningEvent.objects.get()
    assert (event.action, event.changes["contacts"]) == (
        Action.POLICY_CHANGED,
        [[], ["it@harborline.example"]],
    )
    assert LogEntry.objects.get().change_message == "Changed policies: contacts, networks."
    assert mailoutbox == []


def test_contacts_who_are_taken_off_the_list_are_told(
    admin_client: Client,
    connection: SCIMConnection,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    connection.policies = {"contacts": ["it@harborline.example"]}
    connection.save()
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(
            url("policies", connection),
            {**UNCHANGED, "confirm": "1", "password": PASSWORD},
        )
    assert [mail.to for mail in mailoutbox] == [["it@harborline.example"]]


def test_the_networks_of_the_policy_are_where_a_new_token_begins(
    admin_client: Client, connection: SCIMConnection
) -> None:
    connection.policies = {"networks": ["203.0.113.0/24"]}
    connection.save()
    assert "203.0.113.0/24" in admin_client.get(url("generate", connection)).content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [("contacts", "not an address"), ("contacts", "a@example.org\r\nBcc:x@y"), ("networks", "everywhere")],
)
def test_a_policy_that_makes_no_sense_is_refused(
    admin_client: Client, connection: SCIMConnection, field: str, value: str
) -> None:
    page = admin_client.post(url("policies", connection), {**UNCHANGED, field: value})
    assert "Please correct what is marked below." in text(page)


# --- disconnect and restore


@pytest.fixture
def managed(connection: SCIMConnection) -> list[ProvisionedUser]:
    """Two active learners, one of whom has a local password, and an inactive one."""
    links = [ProvisionedUserFactory(connection=connection) for _number in range(2)]
    links.append(ProvisionedUserFactory(connection=connection, active=False))
    links[2].user.is_active = False
    links[2].user.save()
    links[0].user.set_password("a local one")
    links[0].user.save()
    return links


def disconnect(client: Client, connection: SCIMConnection, learners: str, **fields: str) -> str:
    form = {
        "confirm": "1",
        "learners": learners,
        "name": connection.name,
        "password": PASSWORD,
        **fields,
    }
    return text(client.post(url("disconnect", connection), form, follow=True))


def test_disconnecting_is_asked_and_counted_first(
    admin_client: Client, connection: SCIMConnection, managed: list[ProvisionedUser]
) -> None:
    TokenFactory(connection=connection)
    page = text(admin_client.get(url("disconnect", connection)))
    assert "1 live token is revoked at once" in page
    assert "3 managed learners (2 active, 1 inactive)" in page
    nothing = text(admin_client.post(url("disconnect", connection), {}))
    assert "This field is required." in nothing
    for choice, consequence in (
        ("keep", "3 learners stay as they are"),
        ("sso_only", "1 learner has a local password"),
        ("suspend", "2 active learners are suspended at once"),
    ):
        page = text(admin_client.post(url("disconnect", connection), {"learners": choice}))
        assert consequence in page
    connection.refresh_from_db()
    assert not connection.is_archived


@pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"name": "another"}, {"learners": "delete"}])
def test_disconnecting_takes_name_password_and_a_choice(
    admin_client: Client, connection: SCIMConnection, wrong: dict[str, str]
) -> None:
    disconnect(admin_client, connection, **{"learners": "keep", **wrong})
    connection.refresh_from_db()
    assert not connection.is_archived


def test_handing_back_keeps_everybody_and_kills_the_tokens(
    admin_client: Client, connection: SCIMConnection, managed: list[ProvisionedUser]
) -> None:
    scim = ScimClient(shown_token(generate(admin_client, connection)))
    assert "Disconnected. 3 learners were handed back." in disconnect(admin_client, connection, "keep")
    assert scim.get("/Users").status_code == HTTPStatus.UNAUTHORIZED
    assert [User.objects.get(pk=link.user_id).is_active for link in managed] == [True, True, False]
    entry = LogEntry.objects.order_by("-pk").first()
    assert entry is not None
    assert entry.change_message == "Disconnected. 3 learners were handed back."


def test_suspending_ends_access_and_is_logged_for_each_learner(
    admin_client: Client, connection: SCIMConnection, managed: list[ProvisionedUser]
) -> None:
    staff = ProvisionedUserFactory(connection=connection)
    staff.user.is_staff = True
    staff.user.save()
    page = disconnect(admin_client, connection, "suspend")
    assert "2 learners were suspended. 1 protected account was left alone." in page
    assert not User.objects.filter(pk__in=[link.user_id for link in managed], is_active=True).exists()
    assert User.objects.get(pk=staff.user_id).is_active
    events = ProvisioningEvent.objects.filter(action=Action.DEACTIVATED)
    assert {event.link_id for event in events} == {managed[0].pk, managed[1].pk}


def test_somebody_whom_another_connection_keeps_active_stays_active(
    admin_client: Client,
    connection: SCIMConnection,
    other_connection: SCIMConnection,
    managed: list[ProvisionedUser],
) -> None:
    ProvisionedUserFactory(connection=other_connection, user=managed[0].user)
    disconnect(admin_client, connection, "suspend")
    assert User.objects.get(pk=managed[0].user_id).is_active
    assert not User.objects.get(pk=managed[1].user_id).is_active


def test_sso_only_takes_local_passwords_away(
    admin_client: Client, connection: SCIMConnection, managed: list[ProvisionedUser]
) -> None:
    page = disconnect(admin_client, connection, "sso_only")
    assert "1 learner lost a local password." in page
    assert not User.objects.get(pk=managed[0].user_id).has_usable_password()
    assert User.objects.get(pk=managed[0].user_id).is_active


def test_a_restored_connection_finds_the_same_learners(
    admin_client: Client, connection: SCIMConnection
) -> None:
    old = ScimClient(shown_token(generate(admin_client, connection)))
    scim_id = old.post("/Users", person()).json()["id"]
    disconnect(admin_client, connection, "keep")
    admin_client.get(url("restore", connection))
    connection.refresh_from_db()
    assert connection.is_archived
    admin_client.post(url("restore", connection))
    connection.refresh_from_db()
    assert not connection.is_archived
    assert old.get("/Users").status_code == HTTPStatus.UNAUTHORIZED
    new = ScimClient(shown_token(generate(admin_client, connection)))
    assert new.get(f"/Users/{scim_id}").status_code == HTTPStatus.OK


def test_after_30_days_there_is_nothing_to_restore(admin_client: Client, connection: SCIMConnection) -> None:
    disconnect(admin_client, connection, "keep")
    SCIMConnection.objects.update(disconnected_at=timezone.now() - timedelta(days=31))
    assert "cannot be restored" in text(admin_client.get(url("restore", connection)))
    admin_client.post(url("restore", connection))
    connection.refresh_from_db()
    assert connection.is_archived


def test_without_its_sso_settings_a_connection_is_not_restored(
    admin_client: Client, connection: SCIMConnection, sso: SSOSettings
) -> None:
    disconnect(admin_client, connection, "keep")
    sso.delete()
    page = text(admin_client.post(url("restore", connection), follow=True))
    assert "cannot be restored" in page
    # The same, where the row went without Django noticing.
    SCIMConnection.objects.update(disconnected_at=timezone.now())
    page = text(admin_client.post(url("restore", connection), follow=True))
    assert "The SSO settings of this connection are gone." in page


def test_a_connection_is_archived_at_once_when_its_sso_settings_are_deleted(
    connection: SCIMConnection, sso: SSOSettings
) -> None:
    scim = ScimClient(TokenFactory(connection=connection).plaintext)
    sso.delete()
    connection.refresh_from_db()
    assert connection.is_archived
    assert ProvisioningEvent.objects.get().action == Action.ARCHIVED
    assert scim.get("/Users").status_code == HTTPStatus.UNAUTHORIZED


def test_an_archived_connection_offers_nothing_but_its_log_and_restore(
    admin_client: Client, connection: SCIMConnection
) -> None:
    disconnect(admin_client, connection, "keep")
    page = admin_client.get(url("change", connection)).content.decode()
    assert url("restore", connection) in page
    for name in ("generate", "pause", "disconnect", "policies"):
        assert url(name, connection) not in page


def test_what_is_done_already_is_not_done_again(admin_client: Client, connection: SCIMConnection) -> None:
    admin_client.post(url("resume", connection))
    admin_client.post(url("restore", connection))
    for _time in range(2):
        admin_client.post(url("pause", connection), {"reason": ""})
    disconnect(admin_client, connection, "keep")
    disconnect(admin_client, connection, "suspend")
    for name in ("pause", "policies"):
        assert admin_client.post(url(name, connection)).status_code == HTTPStatus.FOUND
    actions = ProvisioningEvent.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == [Action.PAUSED, Action.DISCONNECTED]


def test_the_verbs_refuse_what_a_page_was_too_late_for(connection: SCIMConnection) -> None:
    stale = SCIMConnection.objects.get(pk=connection.pk)
    assert connections.pause(connection, actor=None)
    assert not connections.pause(stale, actor=None)
    assert connections.resume(connection, actor=None)
    assert not connections.resume(stale, actor=None)
    assert not connections.choose_policies(connection, actor=None, chosen={"contacts": [], "networks": []})
    connections.disconnect(connection, actor=None, learners="keep")
    with pytest.raises(setting_up.ConnectionRefused) as refusal:
        connections.disconnect(stale, actor=None, learners="keep")
    assert refusal.value.code == "connection.archived"
    with pytest.raises(ValueError, match="'delete' is not a valid"):
        connections.disconnect(connection, actor=None, learners="delete")
    assert not LogEntry.objects.exists()


def test_an_unchanged_policy_form_changes_nothing(admin_client: Client, connection: SCIMConnection) -> None:
    page = text(admin_client.post(url("policies", connection), UNCHANGED, follow=True))
    assert "Nothing was changed." in page
    tampered = {**UNCHANGED, "confirm": "1", "contacts": "nonsense", "password": PASSWORD}
    response = admin_client.post(url("policies", connection), tampered)
    assert response.headers["Location"] == url("policies", connection)
    too_many = "\n".join(f"person{number}@example.org" for number in range(21))
    page = text(admin_client.post(url("policies", connection), {**UNCHANGED, "contacts": too_many}))
    assert "At most 20 contacts." in page


def test_a_mail_server_in_trouble_stops_nothing(
    admin_client: Client,
    connection: SCIMConnection,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    settings.EMAIL_BACKEND = "nowhere.Backend"
    connection.policies = {"contacts": ["it@harborline.example"]}
    connection.save()
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(url("pause", connection), {"reason": ""})
    connection.refresh_from_db()
    assert connection.is_paused


class Choosy(LocmemBackend):
    """A mail server that does not take every address."""

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        for address in [address for mail in messages for address in mail.to]:
            if address.startswith("nobody"):
                raise ConnectionError(f"no such mailbox: {address}")
        return super().send_messages(messages)


def test_a_contact_who_cannot_be_told_is_logged_without_address_and_the_others_are_told(
    admin_client: Client,
    connection: SCIMConnection,
    settings: Settings,
    mailoutbox: list[EmailMessage],
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.{Choosy.__name__}"
    connection.policies = {"contacts": ["nobody@harborline.example", "it@harborline.example"]}
    connection.save()
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(url("pause", connection), {"reason": ""})
    assert [mail.to for mail in mailoutbox] == [["it@harborline.example"]]
    assert f"A contact could not be told: connection {connection.pk}" in caplog.text
    assert "nobody@" not in caplog.text


@pytest.mark.parametrize("sitting", ["", "http://lms.example"])
def test_without_a_tenant_url_the_pages_say_what_to_do(
    admin_client: Client, connection: SCIMConnection, settings: Settings, sitting: str
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "SITE_URL": sitting}
    for name in ("change", "steps"):
        page = admin_client.get(url(name, connection))
        assert page.status_code == HTTPStatus.OK
        assert (f"{sitting}/scim/v2" in text(page)) == bool(sitting)
    assert ("manage.py check" in text(admin_client.get(url("change", connection)))) != bool(sitting)


def test_a_host_with_an_admin_site_of_its_own_registers_the_pages_there(settings: Settings) -> None:
    site = AdminSite(name="backstage")
    register(site)
    register(site)
    assert site.is_registered(SCIMConnection)
    assert site.index_template == "scim_provisioning/admin/index.html"
    with_template = AdminSite()
    with_template.index_template = "lms/index.html"
    register(with_template)
    assert with_template.index_template == "lms/index.html"


# --- a host without SSO settings


def test_a_host_without_sso_settings_adds_connections_in_the_list(
    admin_client: Client, settings: Settings
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "SSO_MODEL": None}
    add = reverse("admin:scim_provisioning_scimconnection_add")
    assert admin_client.get(add).status_code == HTTPStatus.OK
    admin_client.post(add, {"name": "Everybody"})
    connection = SCIMConnection.objects.get()
    assert (connection.name, connection.sso_key) == ("Everybody", None)
    assert ProvisioningEvent.objects.get().action == Action.CONNECTED
    assert LogEntry.objects.count() == 1
    secret = shown_token(generate(admin_client, connection))
    assert ScimClient(secret).get("/Users").status_code == HTTPStatus.OK


def test_a_page_that_is_sent_as_a_new_row_sets_nothing_up_past_the_sso_settings(
    administrator: Administrator, connection: SCIMConnection
) -> None:
    """Django takes `_saveasnew` of any form, offered or not, and then asks for the permission to add alone."""
    adds = administrator("view_scimconnection", "add_scimconnection")
    page, before = url("change", connection), SCIMConnection.objects.count()
    answer = adds.post(page, {"name": "Of no settings", "_saveasnew": "1"})
    assert (answer.status_code, SCIMConnection.objects.count()) == (HTTPStatus.OK, before)
    assert text(answer) == text(adds.get(reverse("admin:scim_provisioning_scimconnection_add")))
    viewer = administrator("view_scimconnection", "change_scimconnection", name="vera")
    answer = viewer.post(page, {"name": "Of no settings", "_saveasnew": "1"})
    assert (answer.status_code, SCIMConnection.objects.count()) == (HTTPStatus.FORBIDDEN, before)
