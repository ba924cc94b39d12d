"""METRICS: the interface, its two back-ends, and that no trouble of theirs reaches a request."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import DatabaseError
from django.db import connection as database
from django.utils import timezone
from opentelemetry import metrics as otel_metrics
from opentelemetry import trace as otel_trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pytest_django import DjangoAssertNumQueries, Settings

from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import figures, leaver_brake, selftest
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection, SCIMToken
from scim_provisioning.protocol.errors import SCIMError
from scim_provisioning.telemetry import Answered, Metrics
from scim_provisioning.telemetry.metrics import GAUGES, Read
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.client import ScimClient
from tests.leavers import learners, leave, let_go_at_most
from tests.lms_factories import SSOSettingsFactory
from tests.people import ENTERPRISE, person

# What became of whom is counted once it is committed.
pytestmark = pytest.mark.django_db(transaction=True)


class Remembering(Metrics):
    """A host's own back-end, that keeps what it is told. All its instances are one."""

    told: list[tuple[str, Any]] = []
    spans: list[str] = []
    read: Read = staticmethod(lambda: ())

    def answered(self, answer: Answered) -> None:
        self.told.append(("answered", answer))

    def operation(self, *, action: str, result: str) -> None:
        self.told.append(("operation", (action, result)))

    def authentication_failed(self, *, reason: str) -> None:
        self.told.append(("authentication_failed", reason))

    def provide_figures(self, read: Read) -> None:
        type(self).read = staticmethod(read)

    @contextmanager
    def span(self, name: str, *, traceparent: str = "") -> Iterator[None]:
        self.spans.append(name)
        yield


class Failing(Metrics):
    """A back-end in which nothing works, and says so with something that it was told."""

    def _fail(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("no collector")

    answered = operation = authentication_failed = span = traceparent = _fail

    def provide_figures(self, read: Read) -> None:
        """This alone works, or it would not be used."""


class FailingAtTheEnd(Metrics):
    """One whose spans cannot end, and would swallow what goes wrong inside them."""

    @contextmanager
    def span(self, name: str, *, traceparent: str = "") -> Iterator[None]:
        with suppress(BaseException):
            yield
        raise RuntimeError("no collector")


class Unusable(Metrics):
    def __init__(self) -> None:
        raise RuntimeError("no collector")


Use = Callable[[Any], None]


@pytest.fixture
def use(settings: Settings) -> Use:
    """Sets METRICS, to a class or a path."""

    def use(backend: Any) -> None:
        path = backend if not isinstance(backend, type) else f"{backend.__module__}.{backend.__qualname__}"
        settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "METRICS": path}

    Remembering.told.clear()
    Remembering.spans.clear()
    return use


def told(kind: str) -> list[Any]:
    return [what for said, what in Remembering.told if said == kind]


# --- what is told


def test_a_back_end_of_the_hosts_own_is_told_of_requests_operations_and_refused_tokens(
    use: Use, scim: ScimClient, connection: SCIMConnection
) -> None:
    use(Remembering)
    scim.post("/Users", person())
    scim.post("/Users", person())
    ScimClient(None).get("/Users")
    ScimClient("nonsense").get("/Users")
    SCIMToken.objects.update(revoked_at=timezone.now())
    scim.get("/Users")
    assert [(a.connection, a.method, a.route, a.status, a.error) for a in told("answered")] == [
        (str(connection.pk), "POST", "/Users", 201, ""),
        (str(connection.pk), "POST", "/Users", 409, "user.username_taken"),
        ("", "GET", "/Users", 401, "auth.invalid"),
        ("", "GET", "/Users", 401, "auth.invalid"),
        (str(connection.pk), "GET", "/Users", 401, "auth.revoked"),
    ]
    assert all(0 < answer.seconds < 60 for answer in told("answered"))
    assert told("operation") == [("created", "applied"), ("refused", "refused"), ("refused", "refused")]
    assert told("authentication_failed") == ["no_bearer_token", "not_a_token", "revoked"]
    assert {figure.name for figure in Remembering.read()} >= {"scim_managed_users", "scim_connection_info"}


def test_what_is_rolled_back_is_not_counted(
    use: Use, scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError

    use(Remembering)
    monkeypatch.setattr(LearnerAdapter, "on_provisioned", fail)
    scim.post("/Users", person())
    assert told("operation") == [("refused", "refused")]


def test_the_self_test_is_counted_nowhere(use: Use, connection: SCIMConnection) -> None:
    use(Remembering)
    assert not selftest.failed(selftest.run(connection, reach=False))
    assert Remembering.told == []


def test_codes_that_a_host_makes_up_at_run_time_are_counted_together_in_the_end(
    use: Use, scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = iter(range(1000))

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise SCIMError("No.", code=f"host.seat_{next(numbers)}")

    use(Remembering)
    monkeypatch.setattr(LearnerAdapter, "validate_dict", refuse)
    monkeypatch.setattr("scim_provisioning.http.observing._CODES_COUNTED", 20)
    # Those of the tests before are counted already.
    monkeypatch.setattr("scim_provisioning.http.observing._codes", set())
    for _ in range(30):
        scim.post("/Users", person())
    codes = [answer.error for answer in told("answered")]
    assert codes[0] == "host.seat_0"
    assert codes[-1] == "other"
    assert len(set(codes)) <= 21


def test_a_request_has_its_parts(use: Use, scim: ScimClient) -> None:
    use(Remembering)
    scim_id = scim.post("/Users", person()).json()["id"]
    assert Remembering.spans == ["scim.request", "auth", "parse", "match", "apply", "hooks"]
    Remembering.spans.clear()
    scim.patch(f"/Users/{scim_id}", [{"op": "replace", "path": "title", "value": "Lead"}])
    assert Remembering.spans == ["scim.request", "auth", "parse", "match", "apply", "hooks"]


# --- a back-end in trouble


@pytest.mark.parametrize(
    "backend", [Failing, FailingAtTheEnd, Unusable, "not.there.Backend", "example_project.lms.models.Learner"]
)
def test_no_trouble_of_a_back_end_changes_an_answer(
    use: Use, backend: Any, scim: ScimClient, caplog: pytest.LogCaptureFixture
) -> None:
    use(backend)
    assert scim.post("/Users", person()).status_code == 201
    assert scim.post("/Users", person()).status_code == 409
    assert ScimClient(None).get("/Users").status_code == 401
    said = [record for record in caplog.records if record.name == "scim_provisioning.telemetry"]
    # Once a minute, whatever is called.
    assert len(said) == 1


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("no.such.Backend", "E025"),
        ("example_project.lms.models.Learner", "E042"),
        ("example_project.settings.BASE_DIR", "E042"),
        ("scim_provisioning.telemetry.prometheus.PrometheusMetrics", None),
        ("scim_provisioning.telemetry.opentelemetry.OpenTelemetryMetrics", None),
        (f"{__name__}.Remembering", None),
    ],
)
def test_a_check_says_what_cannot_be_used(use: Use, path: str, number: str | None) -> None:
    use(path)
    found = [str(message.id).rpartition(".")[2] for message in run_checks(tags=["scim_provisioning"])]
    assert [code for code in found if code.startswith("E")] == ([number] if number else [])


# --- the gauges


def _figures() -> dict[tuple[str, ...], float]:
    """By name, connection, and whatever else they are told apart by."""
    return {(figure.name, *figure.labels.values()): figure.value for figure in figures.read()}


def test_the_gauges_say_what_is_in_the_database(
    scim: ScimClient, connection: SCIMConnection, settings: Settings
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "TOKENS_LIVE_MAX": 3}
    key = str(connection.pk)
    ids = [scim.post("/Users", person(name)).json()["id"] for name in ("a.one", "b.two", "c.three")]
    scim.patch(f"/Users/{ids[0]}", [{"op": "replace", "path": "active", "value": False}])
    scim.delete(f"/Users/{ids[1]}")
    # Somebody who is deleted does not wait any more, whoever has their manager does not either.
    scim.post("/Users", person("d.four", **{ENTERPRISE: {"manager": {"value": ids[1]}}}))
    scim.post("/Users", person("e.five", **{ENTERPRISE: {"manager": {"value": ids[2]}}}))
    away = scim.post("/Users", person("f.six", **{ENTERPRISE: {"manager": {"value": ids[1]}}})).json()["id"]
    scim.delete(f"/Users/{away}")
    now = timezone.now()
    SCIMToken.objects.update(expires_at=now + timedelta(days=3), last_used_at=now)
    TokenFactory(connection=connection, expires_at=now + timedelta(days=9))
    gone = TokenFactory(connection=connection, expires_at=now + timedelta(days=99))
    SCIMToken.objects.filter(pk=gone.pk).update(revoked_at=now)
    held = {"connection": connection, "operation": "patch", "action": "held", "outcome": "refused"}
    for days in (0, 2):
        ProvisioningEvent.objects.create(**held, created_at=now - timedelta(days=days))
    found = _figures()
    assert found["scim_managed_users", key, "active"] == 3
    assert found["scim_deferred_refs", key] == 1
    assert found["scim_managed_users", key, "inactive"] == 1
    assert found["scim_held_changes", key] == 1
    assert found["scim_token_expiry_seconds", key] == pytest.approx(9 * 86_400, abs=60)
    assert found["scim_last_success_timestamp", key] == pytest.approx(now.timestamp(), abs=1)
    assert found["scim_connection_info", key, "Entra", "active"] == 1


def test_a_token_that_ended_is_behind_and_one_that_never_ends_is_not_told(connection: SCIMConnection) -> None:
    key = str(connection.pk)
    TokenFactory(connection=connection, expires_at=timezone.now() - timedelta(days=2))
    assert _figures()["scim_token_expiry_seconds", key] == pytest.approx(-2 * 86_400, abs=60)
    TokenFactory(connection=connection, expires_at=None)
    assert ("scim_token_expiry_seconds", key) not in _figures()


def test_a_paused_connection_says_so_and_an_archived_one_nothing(connection: SCIMConnection) -> None:
    SCIMConnection.objects.update(paused_at=timezone.now())
    assert _figures()["scim_connection_info", str(connection.pk), "Entra", "paused"] == 1
    connection.refresh_from_db()
    connection.archive()
    assert _figures() == {}


def test_a_brake_that_holds_people_says_so_until_an_administrator_has_decided(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    key = str(connection.pk)
    people = learners(scim, 3)
    let_go_at_most(connection, 1)
    assert leave(scim, people[0]) == [200]
    assert _figures()["scim_breaker_state", key] == 0
    assert leave(scim, people[1]) == [503]
    assert _figures()["scim_breaker_state", key] == 1
    leaver_brake.allow_all(connection, actor=None)
    assert _figures()["scim_breaker_state", key] == 0
    assert leave(scim, people[1]) == [200]
    assert _figures()["scim_breaker_state", key] == 0


def test_the_gauges_take_six_statements_however_many_connections_there_are(
    connection: SCIMConnection, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        other = ConnectionFactory(name=f"Customer {number}", sso_key=str(SSOSettingsFactory().pk))
        TokenFactory(connection=other)
        ProvisionedUser.objects.create(connection=other, user_name=f"person{number}")
    with django_assert_num_queries(6):
        assert len(figures.read()) > 30 * 4


def test_without_the_database_there_are_no_gauges_and_no_error(
    connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def gone(*args: Any) -> None:
        raise DatabaseError("server closed the connection")

    with database.execute_wrapper(gone):
        assert figures.read() == []
    assert "could not be read" in caplog.text


def test_a_thread_that_asks_leaves_no_connection_open(connection: SCIMConnection) -> None:
    left: list[object] = []

    def ask() -> None:
        figures.read()
        left.append(database.connection if database.vendor != "sqlite" else None)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert left == [None]


# --- OpenTelemetry

OTEL = "scim_provisioning.telemetry.opentelemetry.OpenTelemetryMetrics"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture(scope="module")
def reader() -> InMemoryMetricReader:
    """What the host's SDK exports, asked for at once. A process has one provider for good."""
    reader = InMemoryMetricReader()
    otel_metrics.set_meter_provider(MeterProvider(metric_readers=[reader]))
    return reader


@pytest.fixture(scope="module")
def exporter() -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    otel_trace.set_tracer_provider(provider)
    return exporter


def exported(reader: InMemoryMetricReader) -> dict[str, list[Any]]:
    """The data points of this app, by the name of their metric."""
    data = reader.get_metrics_data()
    scopes = [
        scope for resource in (data.resource_metrics if data else ()) for scope in resource.scope_metrics
    ]
    ours = [scope for scope in scopes if scope.scope.name == "scim_provisioning"]
    return {metric.name: list(metric.data.data_points) for scope in ours for metric in scope.metrics}


def test_opentelemetry_exports_the_same_names(
    use: Use, reader: InMemoryMetricReader, scim: ScimClient, connection: SCIMConnection
) -> None:
    use(OTEL)
    scim.post("/Users", person())
    ScimClient(None).get("/Users")
    found = exported(reader)
    labels = {
        "connection": str(connection.pk),
        "method": "POST",
        "route": "/Users",
        "status": "201",
        "error": "",
    }
    (point,) = (point for point in found["scim_requests_total"] if point.attributes == labels)
    assert point.value == 1
    (point,) = found["scim_operations_total"]
    assert (point.attributes, point.value) == ({"action": "created", "result": "applied"}, 1)
    (point,) = found["scim_auth_failures_total"]
    assert (point.attributes, point.value) == ({"reason": "no_bearer_token"}, 1)
    (point,) = (point for point in found["scim_request_seconds"] if point.attributes["method"] == "POST")
    assert point.count == 1
    assert point.explicit_bounds[0] == 0.01
    assert {point.attributes["state"]: point.value for point in found["scim_managed_users"]} == {
        "active": 1,
        "inactive": 0,
    }
    known = {gauge.name: set(gauge.labels) for gauge in GAUGES}
    for name, points in found.items():
        for point in points if name in known else ():
            assert set(point.attributes) == known[name]


def test_a_request_is_a_span_with_its_parts_under_the_clients_own(
    use: Use, exporter: InMemorySpanExporter, scim: ScimClient, connection: SCIMConnection
) -> None:
    use(OTEL)
    exporter.clear()
    answer = scim.post("/Users", person("zaphodine.x"), traceparent=TRACEPARENT)
    spans = exporter.get_finished_spans()
    assert [span.name for span in spans] == ["auth", "parse", "match", "apply", "hooks", "POST /Users"]
    root = spans[-1]
    assert f"{root.context.trace_id:032x}" == TRACE
    assert root.parent is not None
    assert f"{root.parent.span_id:016x}" == "00f067aa0ba902b7"
    assert root.kind == otel_trace.SpanKind.SERVER
    assert answer.headers["traceparent"] == f"00-{TRACE}-{root.context.span_id:016x}-01"
    assert {span.parent.span_id for span in spans[:-1] if span.parent} == {root.context.span_id}
    assert dict(root.attributes or {}) == {
        "http.request.method": "POST",
        "http.route": "/Users",
        "http.response.status_code": 201,
        "scim.connection": str(connection.pk),
        "scim.error_code": "",
    }
    assert "zaphodine" not in str([span.to_json() for span in spans]).lower()


def test_a_failure_is_an_error_of_its_span_without_its_words(
    use: Use, exporter: InMemorySpanExporter, scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("zaphodine")

    use(OTEL)
    exporter.clear()
    monkeypatch.setattr(LearnerAdapter, "on_provisioned", fail)
    assert scim.post("/Users", person()).status_code == 500
    root = exporter.get_finished_spans()[-1]
    assert root.status.status_code == otel_trace.StatusCode.ERROR
    assert "zaphodine" not in str([span.to_json() for span in exporter.get_finished_spans()])


def test_inside_a_span_of_the_hosts_the_request_is_a_part_of_that(
    use: Use, exporter: InMemorySpanExporter, scim: ScimClient
) -> None:
    use(OTEL)
    exporter.clear()
    with otel_trace.get_tracer("host").start_as_current_span("host") as host:
        scim.get("/Users", traceparent=TRACEPARENT)
    ours = next(span for span in exporter.get_finished_spans() if span.name == "GET /Users")
    assert ours.parent is not None
    assert ours.parent.span_id == host.get_span_context().span_id
    assert ours.kind == otel_trace.SpanKind.INTERNAL
