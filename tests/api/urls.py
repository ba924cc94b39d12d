"""The example's URLs with the JSON API included."""

from __future__ import annotations

from django.urls import include, path

from example_project.urls import urlpatterns as _example

urlpatterns = [path("api/scim/", include("scim_provisioning.api.urls")), *_example]
