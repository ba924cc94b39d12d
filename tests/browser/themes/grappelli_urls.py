"""The example's pages, and Grappelli's own beside them."""

from __future__ import annotations

from django.urls import include, path

from example_project.urls import urlpatterns as _ours

urlpatterns = [path("grappelli/", include("grappelli.urls")), *_ours]
