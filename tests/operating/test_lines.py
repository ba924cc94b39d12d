"""The logs scim_provisioning.request, .audit and .security: one line a request, every fact and nobody's data."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection as database
from pythonjsonlogger.json import JsonFormatter

from example_project.lms.scim import LearnerAdapter
from scim_provisioning import sso
from scim_provisioning.administration import connections, selftest
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.leavers import learners, leave, let_go_at_most
from tests.people import ENTERPRISE, person

# What became of whom is told once it is committed.
pytestmark = pytest.mark.django_db(transaction=True)

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
FIELDS = {
    "ts", "request_id", "trace_id", "connection", "tenant_hash", "token_prefix", "method", "route", "status",
    "error_code", "action", "operations", "link_id", "changed_fields", "ms", "db_ms", "bytes",
}  # fmt: skip


class Kept(logging.Handler):
    """Keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def records() -> Iterator[list[logging.LogRecord]]:
    """The records of the app's logs."""
    logger, kept = logging.getLogger("scim_provisioning"), Kept()
    logger.addHandler(kept)
    logger.setLevel(logging.INFO)
    try:
        yield kept.records
    finally:
        logger.removeHandler(kept)
        logger.setLevel(logging.NOTSET)


def requests(records: list[logging.LogRecord]) -> list[dict[str, Any]]:
    """What the lines of the request log carry, by name."""
    found = [vars(record) for record in records if record.name == "scim_provisioning.request"]
    return [{name: record[name] for name in FIELDS} for record in found]


def test_a_request_is_one_line_with_every_fact(
    scim: ScimClient, connection: SCIMConnection, records: list[logging.LogRecord]
) -> None:
    answer = scim.post("/Users", person(), x_request_id="req-1", traceparent=TRACEPARENT)
    (line,) = requests(records)
    assert line["ts"].endswith("+00:00")
    assert (line["request_id"], line["trace_id"]) == ("req-1", TRACE)
    assert (line["connection"], line["token_prefix"]) == (connection.pk, scim.token[8:16])  # type: ignore[index]
    assert (line["method"], line["route"], line["status"]) == ("POST", "/Users", 201)
    assert (line["error_code"], line["action"], line["operations"]) == ("", "created", 1)
    assert line["link_id"] == ProvisionedUser.objects.get().pk
    assert {"userName", "name.givenName", "emails.value", f"{ENTERPRISE}:department"} <= set(
        line["changed_fields"]
    )
    assert 0 < line["db_ms"] <= line["ms"]
    assert line["bytes"] == len(answer.content)
    (record,) = (record for record in records if record.name == "scim_provisioning.request")
    assert (
        f'route="/Users" connection={connection.pk} tenant_hash="{line["tenant_hash"]}"'
        in record.getMessage()
    )


@pytest.mark.parametrize(
    ("method", "path", "route"),
    [
        ("GET", "/Users", "/Users"),
        ("GET", "/users/?startIndex=1", "/Users"),
        ("PATCH", "/Users/4711", "/Users/{id}"),
        ("POST", "/.search", "/.search"),
        ("POST", "/Users/.search", "/.search"),
        ("GET", "/Groups", "/Groups"),
        ("GET", "/Groups/4711", "/Groups/{id}"),
        ("POST", "/Bulk", "/Bulk"),
        ("GET", "/Me", "/Me"),
        ("GET", "/ServiceProviderConfig", "/ServiceProviderConfig"),
        ("GET", "/ResourceTypes/User", "/ResourceTypes/{id}"),
        ("GET", "/Schemas", "/Schemas"),
        ("GET", "/Useres/4711", "other"),
        ("GET", "", "other"),
    ],
)
def test_the_route_is_the_template_of_the_path(
    method: str, path: str, route: str, scim: ScimClient, records: list[logging.LogRecord]
) -> None:
    scim.request(method, path)
    (line,) = requests(records)
    assert line["route"] == route
    assert line["method"] == method


def test_a_method_that_a_client_makes_up_is_no_name_of_a_line(
    scim: ScimClient, records: list[logging.LogRecord]
) -> None:
    scim.request("INES", "/Users")
    assert requests(records)[0]["method"] == "OTHER"


def test_nothing_of_a_person_is_in_any_line(
    scim: ScimClient, connection: SCIMConnection, records: list[logging.LogRecord]
) -> None:
    mark = "Zaphodine"
    body = person(f"{mark}.one", title=mark, externalId=mark, nickName=mark)
    body["name"] |= {"givenName": mark, mark: mark}
    body["emails"][0][mark] = mark
    body[ENTERPRISE] |= {mark: mark, "manager": {mark: mark, "value": mark}}
    body[mark] = mark
    body[f"urn:{mark}:2.0:User"] = {mark: {mark: mark}}
    body["addresses"] = [{"type": mark, "locality": mark}, {"type": mark, "locality": f"{mark} 2"}]
    scim_id = scim.post("/Users", body).json()["id"]
    link = ProvisionedUser.objects.get()
    scim.post("/Users", body)
    scim.get(f"/Users?filter=userName%20eq%20%22{mark}%22")
    scim.get(f"/Users/{mark}")
    scim.get(f"/Users/{scim_id}")
    scim.patch(
        f"/Users/{scim_id}", [{"op": "replace", "path": f'emails[type eq "{mark}"].value', "value": mark}]
    )
    scim.patch(f"/Users/{scim_id}", [{"op": "replace", "value": {f"{mark}2": mark, "title": f"{mark} 3"}}])
    scim.patch(f"/Users/{scim_id}", [{"op": "add", "path": f"name.{mark}", "value": mark}])
    scim.patch(
        f"/Users/{scim_id}", [{"op": "add", "value": {f"urn:{mark}:User:{mark}": mark, "nickName": "x"}}]
    )
    scim.get(f"/{mark}")
    ScimClient(scim.token[:-1]).get(f"/Users/{mark}")  # type: ignore[index]
    ScimClient(None).get(f"/Users/{scim_id}")
    scim.delete(f"/Users/{scim_id}")
    assert not sso.may_sign_in(link.user)
    connections.pause(connection, actor=None, reason=mark)
    logs = {f"scim_provisioning.{name}" for name in ("request", "security", "audit")}
    assert {record.name for record in records} >= logs
    for record in records:
        said = str(vars(record)).lower()
        assert mark.lower() not in said, said
        assert scim_id not in said, said
    assert "addresses.locality" in requests(records)[0]["changed_fields"]


def test_two_connections_of_one_customer_have_one_hash_and_it_is_no_key(
    scim: ScimClient, connection: SCIMConnection, records: list[logging.LogRecord], settings: Any
) -> None:
    scim.get("/Users")
    SCIMConnection.objects.update(name="Another name")
    scim.get("/Users")
    settings.SECRET_KEY = "another"
    scim.get("/Users")
    first, second, other = (line["tenant_hash"] for line in requests(records))
    assert first == second != other
    assert len(first) == 16


def test_a_refused_change_is_told_by_its_code(scim: ScimClient, records: list[logging.LogRecord]) -> None:
    scim.post("/Users", person())
    scim.post("/Users", person())
    line = requests(records)[1]
    assert (line["status"], line["error_code"], line["action"]) == (409, "user.username_taken", "refused")
    assert line["changed_fields"] == []


class WithAdministrators(LearnerAdapter):
    """A host whose administrators are in a group."""

    @classmethod
    def administrators(cls, connection: SCIMConnection) -> Any:
        return get_user_model().objects.filter(is_active=True, groups__name="Administrators")


def is_staff(connection: SCIMConnection, link: ProvisionedUser) -> None:
    get_user_model().objects.filter(pk=link.user_id).update(is_staff=True)


def is_the_last_administrator(connection: SCIMConnection, link: ProvisionedUser) -> None:
    Group.objects.create(name="Administrators").user_set.add(link.user_id)


def is_above_the_limit(connection: SCIMConnection, link: ProvisionedUser) -> None:
    let_go_at_most(connection, 1)
    scim = ScimClient(TokenFactory(connection=connection).plaintext)
    assert leave(scim, *learners(scim, 1)) == [200]


@pytest.mark.parametrize(
    ("code", "status", "arrange"),
    [
        ("user.protected", 403, is_staff),
        ("user.last_administrator", 403, is_the_last_administrator),
        ("conn.held", 503, is_above_the_limit),
    ],
)
def test_who_watches_for_attacks_sees_each_departure_that_was_not_let_happen(
    scim: ScimClient,
    connection: SCIMConnection,
    records: list[logging.LogRecord],
    settings: Any,
    code: str,
    status: int,
    arrange: Callable[[SCIMConnection, ProvisionedUser], None],
) -> None:
    adapter = f"{__name__}.WithAdministrators"
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": adapter}
    scim.post("/Users", person())
    link = ProvisionedUser.objects.get()
    arrange(connection, link)
    records.clear()
    assert leave(scim, link.scim_id) == [status]
    (record,) = (record for record in records if record.name == "scim_provisioning.security")
    line = vars(record)
    assert record.levelno == logging.WARNING
    assert (line["error_code"], line["status"], line["method"]) == (code, status, "PATCH")
    assert (line["connection"], line["token_prefix"]) == (connection.pk, scim.token[8:16])  # type: ignore[index]
    assert line["address"] == "127.0.0.1"


def test_a_bulk_request_is_one_line_that_counts_its_operations(
    scim: ScimClient, records: list[logging.LogRecord]
) -> None:
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": f"b{number}", "data": person(name)}
        for number, name in enumerate(["a.one", "b.two", "a.one"])
    ]
    scim.post(
        "/Bulk",
        {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations},
    )
    (line,) = requests(records)
    assert (line["route"], line["action"], line["operations"]) == ("/Bulk", "created,refused", 3)
    assert line["link_id"] is None


def test_what_is_rolled_back_is_not_told(
    scim: ScimClient, records: list[logging.LogRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(LearnerAdapter, "on_provisioned", fail)
    scim.post("/Users", person())
    (line,) = requests(records)
    assert (line["status"], line["action"], line["error_code"]) == (500, "refused", "host.hook")


def test_statements_are_timed_on_whatever_the_time_is_spent(
    scim: ScimClient, records: list[logging.LogRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = {"postgresql": "SELECT pg_sleep(0.06)", "mysql": "SELECT SLEEP(0.06)"}

    def on_provisioned(self: LearnerAdapter, learner: object, *, event: object) -> None:
        with database.cursor() as cursor:
            if database.vendor == "sqlite":
                database.connection.create_function("scim_count", 1, lambda top: sum(range(top)))
            cursor.execute(slow.get(database.vendor, "SELECT scim_count(4000000)"))

    monkeypatch.setattr(LearnerAdapter, "on_provisioned", on_provisioned)
    scim.post("/Users", person())
    (line,) = requests(records)
    assert line["db_ms"] > line["ms"] / 2
    assert line["db_ms"] >= 40


def test_the_self_test_leaves_no_line(connection: SCIMConnection, records: list[logging.LogRecord]) -> None:
    assert not selftest.failed(selftest.run(connection, reach=False))
    assert requests(records) == []


def test_a_line_that_cannot_be_written_changes_no_answer(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("scim_provisioning.events.lines.request", fail)
    assert scim.post("/Users", person()).status_code == 201
    assert "could not be told of" in caplog.text


# --- formatters of others


def _formatted(formatter: logging.Formatter, scim: ScimClient) -> dict[str, Any]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logger = logging.getLogger("scim_provisioning.request")
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.INFO)
    try:
        scim.get("/Users")
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    line: dict[str, Any] = json.loads(stream.getvalue())
    return line


def test_a_formatter_for_json_writes_the_fields_as_they_are(scim: ScimClient) -> None:
    line = _formatted(JsonFormatter(), scim)
    assert line.keys() >= FIELDS
    assert (line["route"], line["status"], line["changed_fields"]) == ("/Users", 200, [])


def test_structlog_writes_them_too(scim: ScimClient) -> None:
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )
    line = _formatted(formatter, scim)
    assert line.keys() >= FIELDS
    assert (line["route"], line["status"]) == ("/Users", 200)


# --- finding one request everywhere


@pytest.mark.parametrize(
    ("request_id", "traceparent", "known_as", "trace"),
    [
        ("req-1", None, "req-1", None),
        ("req-1", TRACEPARENT, "req-1", TRACE),
        (None, TRACEPARENT, TRACE, TRACE),
        ("two words", TRACEPARENT, TRACE, TRACE),
        (None, f"{TRACEPARENT}-more", None, None),
        (None, f"cc{TRACEPARENT[2:]}-more", TRACE, TRACE),
        (None, f"ff{TRACEPARENT[2:]}", None, None),
        (None, TRACEPARENT.upper(), None, None),
        (None, f"00-{'0' * 32}-00f067aa0ba902b7-01", None, None),
        (None, f"00-{TRACE}-{'0' * 16}-01", None, None),
        (None, f"{TRACEPARENT}\n", TRACE, TRACE),
        (None, "Zaphodine", None, None),
    ],
)
def test_a_request_is_found_by_one_id_in_answer_line_and_log(
    scim: ScimClient,
    records: list[logging.LogRecord],
    request_id: str | None,
    traceparent: str | None,
    known_as: str | None,
    trace: str | None,
) -> None:
    answer = scim.post("/Users", person(), x_request_id=request_id, traceparent=traceparent)
    (line,) = requests(records)
    ids = {answer.headers["X-Request-ID"], line["request_id"], ProvisioningEvent.objects.get().request_id}
    assert len(ids) == 1
    assert known_as is None or ids == {known_as}
    assert line["trace_id"] == (trace or "")
    assert answer.headers.get("traceparent") == (TRACEPARENT if trace else None)


# --- what administrators do


def test_a_contact_who_cannot_be_told_is_no_line_of_the_audit_log(
    connection: SCIMConnection, records: list[logging.LogRecord], settings: Any
) -> None:
    connection.policies = {"contacts": ["it@customer.example"]}
    connection.save()
    settings.EMAIL_BACKEND = "tests.operating.test_lines.NoMail"
    connections.pause(connection, actor=get_user_model().objects.create_user("admin@lms.example"), reason="")
    told = [vars(record) for record in records if record.name == "scim_provisioning.audit"]
    assert [line["action"] for line in told] == ["paused"]
    failed = [record.getMessage() for record in records if record.name == "scim_provisioning"]
    assert failed == [f"A contact could not be told: connection {connection.pk}"]


class NoMail(BaseEmailBackend):
    """A mail server that is down."""

    def send_messages(self, messages: Any) -> int:
        raise OSError("no route to the mail server")
