"""Every page and mail in German for a browser that asks for it; what identity providers read stays English."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from pytest_django import Settings

from example_project.lms.models import SSOSettings
from scim_provisioning.administration import connections, keeping, selftest, times
from scim_provisioning.models import Disconnection, ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.testing.factories import TokenFactory
from scim_provisioning.testing.simulators import exchange
from tests.admin.pages import generate, token_form, url
from tests.admin.spoken import english_in, said
from tests.client import ScimClient
from tests.people import person

pytestmark = pytest.mark.django_db

LOG = reverse("admin:scim_provisioning_provisioningevent_changelist")


@pytest.fixture(autouse=True)
def _bilingual(settings: Settings) -> None:
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
    middleware = list(settings.MIDDLEWARE)
    after = middleware.index("django.contrib.sessions.middleware.SessionMiddleware") + 1
    settings.MIDDLEWARE = [
        *middleware[:after],
        "django.middleware.locale.LocaleMiddleware",
        *middleware[after:],
    ]


@pytest.fixture
def german(admin_client: Client) -> Client:
    """A superuser's browser that prefers German."""
    admin_client.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"
    return admin_client


@pytest.fixture
def busy(connection: SCIMConnection, scim: ScimClient) -> SCIMConnection:
    """The connection, after a learner came, changed and left, and several requests were refused."""
    created = scim.post("/Users", person())
    path = f"/Users/{json.loads(created.content)['id']}"
    scim.patch(path, [{"op": "replace", "path": "title", "value": "Lead"}])
    scim.patch(path, [{"op": "replace", "path": "active", "value": False}])
    scim.post("/Users", person())
    scim.post("/Users", person())
    scim.post("/Groups", {"displayName": "Staff"})
    connection.policies = {"contacts": ["contacts@harborline.example"], "networks": ["203.0.113.0/24"]}
    connection.save()
    return connection


def dialogue(name: str) -> Callable[[Client, SCIMConnection], HttpResponse]:
    return lambda client, connection: client.get(url(name, connection))


def shown_token_page(client: Client, connection: SCIMConnection) -> HttpResponse:
    return generate(client, connection, label="Neu")


def token_form_with_errors(client: Client, connection: SCIMConnection) -> HttpResponse:
    form = token_form(client, connection, label="", password="wrong", networks="nowhere")
    return client.post(url("generate", connection), form)


def wrong_password(client: Client, connection: SCIMConnection) -> HttpResponse:
    return client.post(url("generate", connection), token_form(client, connection, password="wrong"))


def already_shown_page(client: Client, connection: SCIMConnection) -> HttpResponse:
    form = token_form(client, connection)
    client.post(url("generate", connection), form)
    response = client.post(url("generate", connection), form)
    assert response.status_code == 409
    return response


def rotation_page(client: Client, connection: SCIMConnection) -> HttpResponse:
    new = TokenFactory(connection=connection, replaces=connection.tokens.first())
    return client.get(url("rotation", connection, new))


def of_the_token(name: str) -> Callable[[Client, SCIMConnection], HttpResponse]:
    return lambda client, connection: client.get(url(name, connection, connection.tokens.first()))


def policies_summary(client: Client, connection: SCIMConnection) -> HttpResponse:
    return client.post(url("policies", connection), {"contacts": "lms@harborline.example", "networks": ""})


def disconnect_summary(choice: str) -> Callable[[Client, SCIMConnection], HttpResponse]:
    return lambda client, connection: client.post(url("disconnect", connection), {"learners": choice})


def paused(name: str) -> Callable[[Client, SCIMConnection], HttpResponse]:
    def page(client: Client, connection: SCIMConnection) -> HttpResponse:
        client.post(url("pause", connection), {"reason": ""})
        return client.get(url(name, connection))

    return page


def disconnected(name: str) -> Callable[[Client, SCIMConnection], HttpResponse]:
    def page(client: Client, connection: SCIMConnection) -> HttpResponse:
        connection.archived_at = connection.disconnected_at = timezone.now()
        connection.save()
        return client.get(url(name, connection))

    return page


def unfinished(name: str, *, failed: int = 0) -> Callable[[Client, SCIMConnection], HttpResponse]:
    def page(client: Client, connection: SCIMConnection) -> HttpResponse:
        connections.disconnect(connection, actor=None, learners="suspend")
        finished_at = timezone.now() if failed else None
        Disconnection.objects.update(managed=2000, handled=1500, failed=failed, finished_at=finished_at)
        return client.get(url(name, connection))

    return page


def selftest_report(client: Client, connection: SCIMConnection) -> HttpResponse:
    with pytest.MonkeyPatch.context() as patched:
        # What an exception or a header says stands beside the line as it is, in the language of its maker.
        patched.setattr(
            selftest.prerequisites,
            "get",
            lambda url: exchange.Answer(401, {"content-type": "text/html"}, b""),
        )
        return client.post(url("selftest", connection))


def trial(payload: dict[str, Any]) -> Callable[[Client, SCIMConnection], HttpResponse]:
    return lambda client, connection: client.post(
        url("mapping", connection), {"payload": json.dumps(payload), "learner": ""}
    )


PAGES: dict[str, Callable[[Client, SCIMConnection], HttpResponse]] = {
    "connections": lambda client, _connection: client.get(
        reverse("admin:scim_provisioning_scimconnection_changelist")
    ),
    "connection": dialogue("change"),
    "connection paused": paused("change"),
    "connection disconnected": disconnected("change"),
    "steps": dialogue("steps"),
    "token form": dialogue("generate"),
    "token form with errors": token_form_with_errors,
    "wrong password": wrong_password,
    "token shown": shown_token_page,
    "token already shown": already_shown_page,
    "rotate": of_the_token("rotate"),
    "rotation": rotation_page,
    "revoke": of_the_token("revoke"),
    "pause": dialogue("pause"),
    "resume": paused("resume"),
    "policies": dialogue("policies"),
    "policies summary": policies_summary,
    "disconnect": dialogue("disconnect"),
    "suspend": disconnect_summary("suspend"),
    "keep": disconnect_summary("keep"),
    "disconnection": unfinished("disconnection"),
    "disconnection with failures": unfinished("disconnection", failed=2),
    "connection disconnected, learners under way": unfinished("change"),
    "restore while learners are under way": unfinished("restore"),
    "restore": disconnected("restore"),
    "log": lambda client, _connection: client.get(LOG),
    "log with look-ups": lambda client, _connection: client.get(LOG, {"lookups": "show"}),
    "history": lambda client, _connection: client.get(LOG, {"learner": ProvisionedUser.objects.get().pk}),
    "mapping": dialogue("mapping"),
    "mapping trial": trial(person("new.comer")),
    "mapping refusal": trial({"userName": ""}),
    "mapping trial of somebody managed": trial(person()),
    "self-test": dialogue("selftest"),
    "self-test report": selftest_report,
}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_german_throughout(page: str, german: Client, busy: SCIMConnection) -> None:
    response = PAGES[page](german, busy)

    assert response.status_code in (200, 409)
    assert response.headers["Content-Language"] == "de"
    assert english_in(said(response, "content")) == []
    assert len(said(response, "content")) > 100


def test_whose_a_field_is_stands_there_in_german(
    german: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    scim.post("/Users", person())
    link = ProvisionedUser.objects.select_related("user", "connection").get()
    keeping.lock(link, "title", reason="Ferienvertretung", actor=None)
    for name in ("values", "lock", "unlock", "detach"):
        page = reverse(f"admin:scim_provisioning_scimconnection_{name}", args=[connection.pk, link.pk])
        shown = said(german.get(page, {"attribute": "title"}), "content")
        assert english_in(shown.replace("Secure Coding Lead", "")) == [], name
    learner = link.user.learner  # type: ignore[union-attr]
    shown = said(german.get(reverse("admin:lms_learner_change", args=[learner.pk])))
    assert "Aus „Entra“: department. „department“ festschreiben Diesen Wert festschreiben" in shown
    assert "gegenüber „Entra“ festgeschrieben: Ferienvertretung" in shown


def test_operation_pages_are_german(german: Client, busy: SCIMConnection) -> None:
    german.post(url("pause", busy), {"reason": ""})
    rows = list(ProvisioningEvent.objects.filter(connection=busy))
    assert {row.outcome for row in rows} == {"applied", "refused"}

    for row in rows:
        response = german.get(reverse("admin:scim_provisioning_provisioningevent_change", args=(row.pk,)))
        assert english_in(said(response, "content")) == []


@pytest.mark.parametrize("is_set_up", [True, False])
def test_the_panel_on_the_sso_page_is_german(
    is_set_up: bool, german: Client, sso: SSOSettings, busy: SCIMConnection
) -> None:
    if not is_set_up:
        busy.delete()

    response = german.get(reverse("admin:lms_ssosettings_change", args=(sso.pk,)))

    text = said(response, "scim-panel")
    assert english_in(text) == []
    assert ("SCIM-Token generieren" if is_set_up else "SCIM einrichten") in text


def test_the_banner_is_german(german: Client, connection: SCIMConnection) -> None:
    TokenFactory(connection=connection, expires_at=timezone.now() + timedelta(days=5, minutes=5))

    text = said(german.get(reverse("admin:index")))

    assert "Die SCIM-Bereitstellung braucht Sie" in text


def test_the_banner_of_an_unfinished_disconnection_is_german(
    german: Client, connection: SCIMConnection
) -> None:
    unfinished("change")(german, connection)

    assert f"{connection} ist getrennt, aber was für ihre Lernenden" in said(
        german.get(reverse("admin:index"))
    )


def test_the_exported_log_has_a_german_header(german: Client, busy: SCIMConnection) -> None:
    response = german.get(reverse("admin:scim_provisioning_provisioningevent_export"))

    header = b"".join(response).decode().lstrip("\ufeff").splitlines()[0]  # type: ignore[attr-defined]
    assert header.startswith("Zeit (UTC),Verbindung,userName,")


@pytest.mark.django_db(transaction=True)
def test_mails_about_tokens_and_pauses_are_german(german: Client, busy: SCIMConnection) -> None:
    generate(german, busy)
    german.post(url("pause", busy), {"reason": ""})

    assert [message.subject for message in mail.outbox] == [
        f"SCIM-Token generiert: {busy}",
        f"SCIM-Bereitstellung: {busy}",
    ]
    assert [english_in(message.body) for message in mail.outbox] == [[], []]


def test_notices_are_in_the_language_of_the_site(settings: Settings, busy: SCIMConnection) -> None:
    settings.LANGUAGE_CODE = "de"
    now = timezone.now()
    busy.tokens.update(revoked_at=now)
    TokenFactory(connection=busy, label="Alt", expires_at=now + timedelta(days=5, minutes=5))
    TokenFactory(connection=busy, label="Still", created_at=now - timedelta(days=40), first_used_at=None)

    call_command("scim_notify")

    assert mail.outbox[0].subject == f"SCIM-Bereitstellung von {busy}: 3 Hinweise"
    assert "läuft am" in mail.outbox[0].body
    assert english_in(mail.outbox[0].body.partition("http")[0]) == []


def test_times_are_written_as_germans_write_them() -> None:
    moment = datetime(2027, 2, 14, 9, 30, tzinfo=UTC)
    now = timezone.now()

    with translation.override("de"):
        assert times.written(moment) == "14. Feb. 2027, 09:30"
        assert times.written(moment, "day") == "14. Feb. 2027"
        assert times.ago(now - timedelta(days=3)) == "vor 3 Tagen"
        assert times.ago(now - timedelta(days=800)).replace("\xa0", " ") == "vor 2 Jahren"
        assert times.ago(now + timedelta(hours=5)).replace("\xa0", " ") == "in 5 Stunden"


REQUESTS: dict[str, tuple[str, str, Any]] = {
    "a filter that is none": ("GET", "/Users?filter=userName%20eq", None),
    "an unknown person": ("GET", "/Users/nobody", None),
    "an unknown path": ("GET", "/Nothing", None),
    "a group": ("POST", "/Groups", {"displayName": "Staff"}),
    "no userName": ("POST", "/Users", person(userName=None)),
    "a value of the wrong type": ("POST", "/Users", person(active="perhaps")),
    "a value that is too long": ("POST", "/Users", person(title="x" * 5000)),
    "no JSON": ("POST", "/Users", b"{"),
    "a method that is none": ("PATCH", "/Users", {}),
    "a userName twice": ("POST", "/Users", person()),
}


@pytest.mark.parametrize("case", REQUESTS)
def test_identity_providers_are_told_in_english_whatever_they_ask_for(
    case: str, scim: ScimClient, busy: SCIMConnection
) -> None:
    method, path, body = REQUESTS[case]

    plain = scim.request(method, path, body)
    asked = scim.request(method, path, body, accept_language="de")

    assert plain.status_code == asked.status_code >= 400
    assert json.loads(asked.content)["detail"] == json.loads(plain.content)["detail"]


@pytest.mark.parametrize("token", [None, "lmsscim_unknown"])
def test_strangers_are_told_in_english_too(token: str | None, connection: SCIMConnection) -> None:
    response = ScimClient(token).get("/Users", accept_language="de")

    assert json.loads(response.content)["detail"] == "Authentication failed."


def test_a_switched_off_connection_says_so_in_english(scim: ScimClient, connection: SCIMConnection) -> None:
    connection.paused_at = timezone.now()
    connection.save()

    response = scim.get("/Users", accept_language="de")

    assert json.loads(response.content)["detail"] == "Provisioning is paused by the application."


def test_discovery_stays_english(scim: ScimClient) -> None:
    for path in ("/ServiceProviderConfig", "/ResourceTypes", "/Schemas"):
        assert scim.get(path, accept_language="de").content == scim.get(path).content


def test_without_a_language_the_pages_are_english(admin_client: Client, busy: SCIMConnection) -> None:
    page = admin_client.get(url("change", busy)).content.decode()

    assert "Generate SCIM Token" in page
    assert "SCIM-Token" not in page
