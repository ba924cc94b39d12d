"""System checks: ``manage.py check`` tells a host developer what is missing, and how to mend it."""

from __future__ import annotations

from django.core.checks import register

from scim_provisioning.checks import faults
from scim_provisioning.checks.host import check_adapter, check_databases, check_sso, check_urls
from scim_provisioning.checks.settings import check_settings

__all__ = ["TAG", "faults", "register_checks"]

TAG = "scim_provisioning"


def register_checks() -> None:
    """Register them all under the tag ``scim_provisioning``: ``manage.py check --tag scim_provisioning``."""
    for check in (check_settings, check_adapter, check_sso, check_databases, check_urls):
        register(check, TAG)
