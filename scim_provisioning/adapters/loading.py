"""Finds the adapter class that the host named in its settings."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from scim_provisioning.adapters.adapter import LearnerAdapter
from scim_provisioning.conf import app_settings


def get_adapter_class() -> type[LearnerAdapter]:
    """The class behind ``SCIM_PROVISIONING["ADAPTER"]``.

    Raises ``ImportError`` when it cannot be imported and ``ImproperlyConfigured`` when it is no adapter.
    """
    adapter_class = import_string(app_settings.adapter)
    if not (isinstance(adapter_class, type) and issubclass(adapter_class, LearnerAdapter)):
        raise ImproperlyConfigured(f"{app_settings.adapter} is not a LearnerAdapter.")
    return adapter_class
