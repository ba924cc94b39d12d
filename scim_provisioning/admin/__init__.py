"""The administrator's pages in Django admin.

A host adds one mixin to the ``ModelAdmin`` of its SSO settings::

    from scim_provisioning.admin import SCIMPanelMixin

    @admin.register(SSOSettings)
    class SSOSettingsAdmin(SCIMPanelMixin, admin.ModelAdmin): ...

The app's own pages register themselves on the default site, built on ``SCIM_PROVISIONING["ADMIN_BASE"]``.
With ``ADMIN_AUTOREGISTER=False`` a host calls ``register(site)`` or combines the mixins itself.
"""

from __future__ import annotations

from scim_provisioning.admin.connection import ConnectionAdminMixin
from scim_provisioning.admin.event import EventAdminMixin
from scim_provisioning.admin.host_units import SCIMUnitAdminMixin
from scim_provisioning.admin.provisioned_user import SCIMManagedAdminMixin
from scim_provisioning.admin.registration import register
from scim_provisioning.admin.scoped import ConnectionScopedAdmin
from scim_provisioning.admin.sso import SCIMPanelMixin
from scim_provisioning.conf import app_settings

__all__ = [
    "ConnectionAdminMixin",
    "ConnectionScopedAdmin",
    "EventAdminMixin",
    "SCIMManagedAdminMixin",
    "SCIMPanelMixin",
    "SCIMUnitAdminMixin",
    "register",
]

if app_settings.admin_autoregister:
    register()
