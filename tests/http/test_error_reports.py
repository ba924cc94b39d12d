"""A hook of the host's raises: the mail, the log and the answer say where, and nothing of what was sent."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import django
import pytest
from django.contrib.auth import get_user_model
from django.db.models.signals import post_save
from django.test import Client
from django.utils.log import AdminEmailHandler
from pytest_django import Settings

from example_project.lms.models import Learner
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import connections
from scim_provisioning.http.media import SCIMRenderer
from scim_provisioning.models import SCIMConnection
from tests.admin.pages import PASSWORD, url
from tests.client import SCIM_JSON, ScimClient
from tests.people import person

pytestmark = pytest.mark.django_db

#: Everything here is somebody's own, and stands in the body, in the row or in the header of a request.
MARKS = ("Zephyrine", "Quillfeather", "zq.learner", "Wharf-Lane-77", "Tr0ub4dor&3-clear", "+44 999 777 555")
BEFORE = ("Ottoline", "Marchbanks", "om.learner")
WHERE = "in_the_hosts_own_module"


def newcomer(**changes: Any) -> dict[str, Any]:
    given, family, name, street, password, phone = MARKS
    body = person(
        displayName=f"{given} {family}",
        emails=[{"type": "work", "value": f"{name}@harborline.example", "primary": True}],
        addresses=[{"type": "work", "streetAddress": street, "country": "GB"}],
        phoneNumbers=[{"type": "work", "value": phone}],
        userName=f"{name}@harborline.example",
        externalId=f"x-{name}",
        password=password,
    )
    return {**body, "name": {"givenName": given, "familyName": family}, **changes}


def look_up(address: str) -> None:
    raise LookupError(f"no mailbox {address!r} for {MARKS[0]} {MARKS[1]}")


def in_the_hosts_own_module(*args: Any, **kwargs: Any) -> Any:
    """Raises as a host's code does: with the person in variables, in a cause and in the words."""
    everything = (args, kwargs, [vars(arg) for arg in args if hasattr(arg, "__dict__")])
    password, address = MARKS[4], f"{MARKS[2].upper()}@harborline.example"
    try:
        look_up(address)
    except LookupError as error:
        error.add_note(f"password was {password}")
        raise RuntimeError(f"directory refused {address}; {len(everything)} things seen") from error


@pytest.fixture
def reports(settings: Settings, mailoutbox: list[Any], caplog: Any) -> Iterator[Callable[[], str]]:
    """All that the process leaves behind: mails with HTML as AdminEmailHandler writes them, and the log."""
    settings.ADMINS = ["ops@example.org"] if django.VERSION >= (6,) else [("Ops", "ops@example.org")]
    handler = AdminEmailHandler(include_html=True)
    handler.setLevel(logging.ERROR)
    loggers = [logging.getLogger(name) for name in ("scim_provisioning", "django.request")]
    for logger in loggers:
        logger.addHandler(handler)

    def everything() -> str:
        mails = [mail.body + "".join(str(part[0]) for part in mail.alternatives) for mail in mailoutbox]
        formatter = logging.Formatter()
        lines = [formatter.format(record) for record in caplog.records]
        extras = [repr({**vars(record), "request": None}) for record in caplog.records]
        return "\n".join([*mails, *lines, *extras, caplog.text])

    yield everything
    for logger in loggers:
        logger.removeHandler(handler)


@pytest.fixture
def known(scim: ScimClient) -> str:
    """Somebody who is there already."""
    given, family, name = BEFORE
    body = person(
        userName=f"{name}@harborline.example",
        displayName=f"{given} {family}",
        emails=[{"type": "work", "value": f"{name}@harborline.example"}],
    )
    body["name"] = {"givenName": given, "familyName": family}
    scim_id: str = scim.post("/Users", body).json()["id"]
    return scim_id


def post(scim: ScimClient, known: str) -> Any:
    return scim.post("/Users", newcomer())


def put(scim: ScimClient, known: str) -> Any:
    return scim.put(f"/Users/{known}", newcomer())


def patch(scim: ScimClient, known: str) -> Any:
    body = newcomer()
    operations = [
        {"op": "replace", "path": name, "value": body[name]} for name in ("name", "emails", "password")
    ]
    return scim.patch(
        f"/Users/{known}", [*operations, {"op": "add", "value": {"displayName": body["displayName"]}}]
    )


def bulk(method: str, path: str) -> Callable[[ScimClient, str], Any]:
    def send(scim: ScimClient, known: str) -> Any:
        data = newcomer()
        if method == "PATCH":
            operations = [
                {"op": "replace", "value": {name: data[name] for name in ("name", "emails", "password")}}
            ]
            data = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations}
        operation = {"method": method, "path": path.format(known), "data": data, "bulkId": "b1"}
        return scim.post(
            "/Bulk",
            {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [operation]},
        )

    send.__name__ = f"bulk_{method.lower()}"
    return send


WRITES = [post, put, patch, bulk("POST", "/Users"), bulk("PUT", "/Users/{}"), bulk("PATCH", "/Users/{}")]
CASES = [("write", send) for send in WRITES] + [("save", send) for send in WRITES]
CASES += [("on_provisioned", post), ("on_provisioned", WRITES[3]), ("read", patch)]
CASES += [("on_updated", send) for send in WRITES if send not in (post, WRITES[3])]
CASES += [("signal", send) for send in WRITES]


@pytest.mark.parametrize("debug", [False, True], ids=["production", "debug"])
@pytest.mark.parametrize(("hook", "send"), CASES, ids=[f"{hook}-{send.__name__}" for hook, send in CASES])
def test_a_failure_is_reported_without_the_person_the_password_and_the_token(
    scim: ScimClient,
    token: str,
    known: str,
    reports: Callable[[], str],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    receive: Callable[..., None],
    hook: str,
    send: Callable[[ScimClient, str], Any],
    debug: bool,
) -> None:
    settings.DEBUG = debug
    if hook == "signal":
        for model in (get_user_model(), Learner):
            receive(post_save, model, in_the_hosts_own_module)
    else:
        monkeypatch.setattr(LearnerAdapter, hook, in_the_hosts_own_module)
    response = send(scim, known)
    assert response.headers["Content-Type"].startswith(SCIM_JSON)
    answered = response.content.decode()
    assert '"500"' in answered
    left = reports()
    # It is of use all the same: the place in the host's code, its kind, and in which order it came to it.
    assert WHERE in left
    assert "RuntimeError" in left
    assert "LookupError" in left
    assert "directory refused" in left
    for mark in (*MARKS, *BEFORE, token, token[16:]):
        assert mark.casefold() not in left.casefold()
        assert mark.casefold() not in answered.casefold()


def test_a_failed_search_is_reported_without_its_filter(
    scim: ScimClient, known: str, reports: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError(f"directory refused {BEFORE[2]}@harborline.example")

    monkeypatch.setattr(LearnerAdapter, "read", fail)
    response = scim.get(f"/Users?filter=userName%20eq%20%22{BEFORE[2]}@harborline.example%22")
    assert response.status_code == 500
    left = reports()
    assert "directory refused …" in left
    assert BEFORE[2] not in left


@pytest.mark.parametrize("debug", [False, True], ids=["production", "debug"])
def test_what_fails_before_or_after_the_view_is_scim_too(
    scim: ScimClient,
    reports: Callable[[], str],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    debug: bool,
) -> None:
    settings.DEBUG = debug
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "TRUSTED_PROXIES": ["no network"]}
    before = scim.post("/Users", newcomer())
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "TRUSTED_PROXIES": []}

    def fail(*args: Any, **kwargs: Any) -> None:
        raise TypeError("keys must be text")

    monkeypatch.setattr(SCIMRenderer, "render", fail)
    after = scim.post("/Users", newcomer())
    for response in (before, after):
        assert response.status_code == 500
        assert response.headers["Content-Type"].startswith(SCIM_JSON)
        assert response.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
        assert response.headers["X-Request-ID"] in response.json()["detail"]
    everything = reports() + before.content.decode() + after.content.decode()
    for mark in MARKS:
        assert mark not in everything


@pytest.mark.parametrize("wanted", [503, 501])
def test_what_is_meant_is_mailed_to_nobody_however_often_it_is_asked(
    scim: ScimClient, connection: SCIMConnection, settings: Settings, mailoutbox: list[Any], wanted: int
) -> None:
    """Each mail would hold the request up, and a client that is told to wait may not."""
    settings.DEBUG, settings.ADMINS = False, [("Root", "root@lms.example")]
    logger, handler = logging.getLogger("django.request"), AdminEmailHandler()
    handler.setLevel(logging.ERROR)
    logger.addHandler(handler)
    try:
        if wanted == 503:
            connections.pause(connection, actor=None)
        for path in ("/Me", "/Users", "/Me"):
            status = scim.get(path if wanted == 501 else "/Users").status_code
            assert status == (200 if wanted == 501 and path == "/Users" else wanted)
    finally:
        logger.removeHandler(handler)
    assert not mailoutbox


def test_an_exception_that_says_nothing_of_the_request_is_logged_as_it_is(
    scim: ScimClient, known: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class OutOfLicences(Exception):
        pass

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise OutOfLicences("none left")

    monkeypatch.setattr(LearnerAdapter, "on_updated", refuse)
    scim.patch(f"/Users/{known}", [{"op": "replace", "path": "title", "value": "Changed"}])
    [record] = [record for record in caplog.records if record.exc_info]
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], OutOfLicences)


@pytest.mark.parametrize("debug", [False, True], ids=["production", "debug"])
def test_an_administrators_password_and_the_payload_they_tried_stay_out_of_reports(
    connection: SCIMConnection,
    scim: ScimClient,
    known: str,
    reports: Callable[[], str],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    debug: bool,
) -> None:
    settings.DEBUG = debug
    admin = get_user_model().objects.create_superuser("ada", "ada@example.org", PASSWORD)
    browser = Client(raise_request_exception=False)
    browser.force_login(admin)

    def fail(*args: Any, **kwargs: Any) -> None:
        typed = (args, kwargs, MARKS[4])
        raise RuntimeError(f"{len(typed)} in_the_hosts_own_module")

    monkeypatch.setattr("scim_provisioning.administration.connections._write_down", fail)
    monkeypatch.setattr("scim_provisioning.administration.trial.try_payload", fail)
    sent = {"confirm": "1", "learners": "keep", "name": connection.name, "password": PASSWORD}
    pages = [
        browser.post(url("disconnect", connection), sent),
        browser.post(url("mapping", connection), {"payload": f'{{"userName": "{MARKS[2]}"}}'}),
    ]
    assert [page.status_code for page in pages] == [500, 500]
    left = reports() + "".join(page.content.decode() for page in pages)
    assert "RuntimeError" in left
    for mark in (PASSWORD, *MARKS):
        assert not re.search(re.escape(mark), left)
