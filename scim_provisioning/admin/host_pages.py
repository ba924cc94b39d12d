"""The host's own admin pages about rows of theirs."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.utils import quote
from django.http import HttpRequest
from django.urls import reverse


def row_page(site: AdminSite, request: HttpRequest, row: Any) -> str:
    """The address of the host's admin page about this very row, for who may see it; empty without one (no query)."""
    model_admin = site._registry.get(type(row))
    if model_admin is None or not model_admin.has_view_or_change_permission(request, row):
        return ""
    label = f"{row._meta.app_label}_{row._meta.model_name}_change"
    return reverse(f"{site.name}:{label}", args=(quote(row.pk),))
