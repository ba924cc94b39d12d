"""How Django meets the app."""

from __future__ import annotations

from contextlib import suppress

from django.apps import AppConfig, apps
from django.contrib.auth.signals import user_logged_in
from django.core.signals import request_started, setting_changed
from django.db.backends.signals import connection_created
from django.db.models.signals import post_delete, post_migrate
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
        from scim_provisioning import signals, telemetry
        from scim_provisioning.adapters.text_forms import register_sqlite_functions
        from scim_provisioning.administration import figures, leaver_brake, sign_in
        from scim_provisioning.checks import register_checks
        from scim_provisioning.databases import indexes, routing
        from scim_provisioning.http.charset import take_charset_off
        from scim_provisioning.provisioning import transactions

        register_checks()
        routing.install()
        setting_changed.connect(routing.reinstall, dispatch_uid="scim_provisioning.routing")
        connection_created.connect(register_sqlite_functions, dispatch_uid="scim_provisioning.sqlite")
        request_started.connect(take_charset_off, dispatch_uid="scim_provisioning.charset")
        user_logged_in.connect(sign_in.note, dispatch_uid="scim_provisioning.sign_in")
        post_migrate.connect(indexes.forget, dispatch_uid="scim_provisioning.indexes")
        request_started.connect(transactions.begin_anew, dispatch_uid="scim_provisioning.transactions")
        telemetry.provide_figures(figures.read)
        signals.leavers_held.connect(leaver_brake.tell_of_hold, dispatch_uid="scim_provisioning.leaver_brake")
        self._follow_sso_rows()
        self._follow_sign_ins()

    def _follow_sign_ins(self) -> None:
        """Sessions are ended when access ends, so it has to be known which there are."""
        from django.contrib.auth.signals import user_logged_in

        from scim_provisioning import sessions

        user_logged_in.connect(sessions.note, dispatch_uid="scim_provisioning.sessions")

    def _follow_sso_rows(self) -> None:
        """A connection ends with its SSO row. Only that model is listened to: with any listener at all Django
        deletes rows one by one."""
        from scim_provisioning.administration import disconnection_batch
        from scim_provisioning.administration.connections import archive_with_sso_row
        from scim_provisioning.conf import app_settings
        from scim_provisioning.rules import serving

        serving.ends.connect(disconnection_batch.leave_guests, dispatch_uid="scim_provisioning.guests")
        # A name that names nothing is reported by a check.
        with suppress(LookupError, ValueError):
            if app_settings.sso_model is not None:
                sso_model = apps.get_model(app_settings.sso_model)
                post_delete.connect(
                    archive_with_sso_row, sender=sso_model, dispatch_uid="scim_provisioning.sso"
                )
