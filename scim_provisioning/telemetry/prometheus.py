"""Prometheus: ``METRICS = "scim_provisioning.telemetry.prometheus.PrometheusMetrics"``, and a page to scrape.

Everything is registered in ``prometheus_client``'s own registry, where django-prometheus and the host's metrics are
too, so one page shows them all: ``metrics_page`` or django-prometheus' own.

With several worker processes each counts for itself, and a scrape meets any one of them. ``PROMETHEUS_MULTIPROC_DIR``
makes them count in files that whoever answers adds up. The gauges are not counted anywhere: the process that is
scraped reads them from the database at that moment, and every other one would read the same. django-prometheus' page
leaves such gauges out in that mode; ``metrics_page`` does not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

try:
    from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
    from prometheus_client.exposition import choose_encoder
    from prometheus_client.metrics_core import GaugeMetricFamily
    from prometheus_client.multiprocess import MultiProcessCollector
    from prometheus_client.registry import Collector
except ImportError as error:
    message = 'PrometheusMetrics needs prometheus-client: pip install "django-scim-provisioning[prometheus]"'
    raise ImportError(message) from error

from scim_provisioning.telemetry import metrics
from scim_provisioning.telemetry.backend import read_figures
from scim_provisioning.telemetry.metrics import SECONDS, Answered, Metrics, Read

_MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"


class PrometheusMetrics(Metrics):
    """Counters and a histogram of this process, and the gauges as they are in the database."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        requests, operations, failures = metrics.REQUESTS, metrics.OPERATIONS, metrics.AUTH_FAILURES
        seconds = metrics.REQUEST_SECONDS
        self._requests = Counter(requests.name, requests.help, requests.labels, registry=registry)
        self._operations = Counter(operations.name, operations.help, operations.labels, registry=registry)
        self._failures = Counter(failures.name, failures.help, failures.labels, registry=registry)
        self._seconds = Histogram(
            seconds.name, seconds.help, seconds.labels, registry=registry, buckets=SECONDS
        )
        self._registry = registry

    def answered(self, answer: Answered) -> None:
        self._requests.labels(
            answer.connection, answer.method, answer.route, str(answer.status), answer.error
        ).inc()
        self._seconds.labels(answer.method, answer.route).observe(answer.seconds)

    def operation(self, *, action: str, result: str) -> None:
        self._operations.labels(action, result).inc()

    def authentication_failed(self, *, reason: str) -> None:
        self._failures.labels(reason).inc()

    def provide_figures(self, read: Read) -> None:
        self._registry.register(_Gauges(read))


class _Gauges(Collector):
    """The gauges, read when somebody asks."""

    def __init__(self, read: Read) -> None:
        self._read = read

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """What there may be; asked when it is registered, where the database must not be."""
        for gauge in metrics.GAUGES:
            yield GaugeMetricFamily(gauge.name, gauge.help, labels=gauge.labels)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """What there is."""
        families = {family.name: family for family in self.describe()}
        labels = {gauge.name: gauge.labels for gauge in metrics.GAUGES}
        for figure in self._read():
            values = [figure.labels[label] for label in labels[figure.name]]
            families[figure.name].add_metric(values, figure.value)
        yield from families.values()


@never_cache
@require_safe
@login_not_required
@transaction.non_atomic_requests
def metrics_page(request: HttpRequest) -> HttpResponse:
    """Everything that is counted, as Prometheus reads it.

    It is in nobody's URLs by itself: ``path("metrics", metrics_page)``, where only Prometheus can reach it. It asks
    for no sign-in, and names connections.
    """
    registry = REGISTRY
    if os.environ.get(_MULTIPROCESS):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        registry.register(_Gauges(read_figures))
    encode, content_type = choose_encoder(request.META.get("HTTP_ACCEPT", ""))
    return HttpResponse(encode(registry), content_type=content_type)
