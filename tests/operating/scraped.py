"""Settings of a host that is scraped: the example LMS beside django-prometheus."""

from __future__ import annotations

from example_project.settings import *  # noqa: F403
from example_project.settings import INSTALLED_APPS as APPS
from example_project.settings import MIDDLEWARE as LAYERS
from example_project.settings import SCIM_PROVISIONING as EXAMPLE

INSTALLED_APPS = [*APPS, "django_prometheus"]
MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    *LAYERS,
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
ROOT_URLCONF = "tests.operating.urls"
SCIM_PROVISIONING = {**EXAMPLE, "METRICS": "scim_provisioning.telemetry.prometheus.PrometheusMetrics"}
