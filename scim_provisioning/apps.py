"""How Django meets the app."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.utils.translation import gettext_lazy as _


class SCIMProvisioningConfig(AppConfig):
    """``INSTALLED_APPS = [..., "scim_provisioning"]`` is all a host writes."""

    name = "scim_provisioning"
    label = "scim_provisioning"
    verbose_name = _("SCIM provisioning")
    # Named here, so that a host's DEFAULT_AUTO_FIELD never asks for a migration of this app.
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Join what Django calls back. Imported here: models are not loaded any earlier."""
        from scim_provisioning.adapters.expressions import register_sqlite_functions
        from scim_provisioning.checks import register_checks

        register_checks()
        connection_created.connect(register_sqlite_functions, dispatch_uid="scim_provisioning.sqlite")
