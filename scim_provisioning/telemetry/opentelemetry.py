"""OpenTelemetry: ``METRICS = "scim_provisioning.telemetry.opentelemetry.OpenTelemetryMetrics"``.

Only the API is used. Where metrics and spans go is for the host's SDK to say; without one nothing is kept. Metrics have
the names that Prometheus has, so that dashboards are the same.

Every process exports the gauges, and all of them say the same, since they come from the database: a query takes the
``max`` over the processes, never the sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from time import monotonic
from typing import Final

try:
    from opentelemetry import metrics as api
    from opentelemetry import trace
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ImportError as error:
    message = (
        'OpenTelemetryMetrics needs opentelemetry-api: pip install "django-scim-provisioning[opentelemetry]"'
    )
    raise ImportError(message) from error

from scim_provisioning.telemetry import metrics
from scim_provisioning.telemetry.correlation import Trace
from scim_provisioning.telemetry.metrics import SECONDS, Answered, Figure, Metrics, Read

_NAME: Final = "scim_provisioning"
#: Seconds for which figures are kept: one collection asks for each gauge apart.
_KEPT: Final = 1.0

_Callback = Callable[[api.CallbackOptions], Iterable[api.Observation]]


class OpenTelemetryMetrics(Metrics):
    """Metrics by the global meter provider, spans by the global tracer provider."""

    def __init__(self) -> None:
        self._meter = api.get_meter(_NAME)
        self._tracer = trace.get_tracer(_NAME)
        self._requests = self._counter(metrics.REQUESTS)
        self._operations = self._counter(metrics.OPERATIONS)
        self._failures = self._counter(metrics.AUTH_FAILURES)
        seconds = metrics.REQUEST_SECONDS
        self._seconds = self._meter.create_histogram(
            seconds.name, "s", seconds.help, explicit_bucket_boundaries_advisory=SECONDS
        )

    def _counter(self, metric: metrics.Metric) -> api.Counter:
        return self._meter.create_counter(metric.name, description=metric.help)

    def answered(self, answer: Answered) -> None:
        status = str(answer.status)
        labels = {"method": answer.method, "route": answer.route}
        told = {"connection": answer.connection, "status": status, "error": answer.error}
        self._requests.add(1, {**labels, **told})
        self._seconds.record(answer.seconds, labels)
        span = trace.get_current_span()
        span.update_name(f"{answer.method} {answer.route}")
        span.set_attributes(
            {
                "http.request.method": answer.method,
                "http.route": answer.route,
                "http.response.status_code": answer.status,
                "scim.connection": answer.connection,
                "scim.error_code": answer.error,
            }
        )
        if answer.status >= 500:
            span.set_status(trace.StatusCode.ERROR)

    def operation(self, *, action: str, result: str) -> None:
        self._operations.add(1, {"action": action, "result": result})

    def authentication_failed(self, *, reason: str) -> None:
        self._failures.add(1, {"reason": reason})

    def provide_figures(self, read: Read) -> None:
        kept = _Kept(read)
        for gauge in metrics.GAUGES:
            self._meter.create_observable_gauge(
                gauge.name, callbacks=[kept.callback(gauge.name)], description=gauge.help
            )

    @contextmanager
    def span(self, name: str, *, traceparent: str = "") -> Iterator[object]:
        context, kind = None, trace.SpanKind.INTERNAL
        if traceparent and not trace.get_current_span().get_span_context().is_valid:
            # Nobody else has taken the request up: Django is not instrumented.
            context = TraceContextTextMapPropagator().extract({"traceparent": traceparent})
            kind = trace.SpanKind.SERVER
        # An exception's words may be a person's: what failed is told by its code.
        with self._tracer.start_as_current_span(
            name, context, kind, record_exception=False, set_status_on_exception=False
        ) as span:
            yield span

    def traceparent(self) -> str:
        current = trace.get_current_span().get_span_context()
        if not current.is_valid:
            return ""
        ids = trace.format_trace_id(current.trace_id), trace.format_span_id(current.span_id)
        return str(Trace(*ids, f"{current.trace_flags:02x}"))


class _Kept:
    """The figures, read once for all the gauges of one collection."""

    def __init__(self, read: Read) -> None:
        self._read, self._lock = read, Lock()
        self._figures: Sequence[Figure] = ()
        self._read_at = -_KEPT

    def callback(self, name: str) -> _Callback:
        """What gives the gauge of that name."""

        def observe(options: api.CallbackOptions) -> Iterator[api.Observation]:
            for figure in self._now():
                if figure.name == name:
                    yield api.Observation(figure.value, dict(figure.labels))

        return observe

    def _now(self) -> Sequence[Figure]:
        with self._lock:
            if monotonic() - self._read_at >= _KEPT:
                self._figures, self._read_at = self._read(), monotonic()
            return self._figures
