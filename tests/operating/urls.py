"""URLs of a host that is scraped: this app's page, and django-prometheus' own."""

from __future__ import annotations

from django.urls import include, path

from example_project.urls import urlpatterns as of_the_example
from scim_provisioning.telemetry.prometheus import metrics_page

urlpatterns = [
    path("metrics", metrics_page),
    path("theirs/", include("django_prometheus.urls")),
    *of_the_example,
]
