"""System checks: ``manage.py check`` tells a host developer what is missing, and how to mend it."""

from __future__ import annotations

from django.core.checks import Tags, register

from scim_provisioning.checks import faults
from scim_provisioning.checks.adapter import check_adapter
from scim_provisioning.checks.admin_pages import check_admin_pages
from scim_provisioning.checks.databases import check_databases, check_rows
from scim_provisioning.checks.middleware import check_middleware
from scim_provisioning.checks.servers import check_servers
from scim_provisioning.checks.sessions import check_sessions
from scim_provisioning.checks.settings import check_settings
from scim_provisioning.checks.sso import check_sso
from scim_provisioning.checks.urls import check_urls

__all__ = ["TAG", "faults", "register_checks"]

TAG = "scim_provisioning"
_CHECKS = (
    check_settings,
    check_adapter,
    check_sso,
    check_admin_pages,
    check_databases,
    check_servers,
    check_urls,
    check_middleware,
    check_sessions,
)


def register_checks() -> None:
    """Register them all under the tag ``scim_provisioning``: ``manage.py check --tag scim_provisioning``."""
    for check in _CHECKS:
        register(check, TAG)
    # Rows are looked at only when a database is named: manage.py check --database default.
    register(check_rows, TAG, Tags.database)
