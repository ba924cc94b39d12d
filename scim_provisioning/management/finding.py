"""Finding what a command's arguments name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.apps import apps
from django.core.management.base import CommandError
from django.db.models import QuerySet

from scim_provisioning.administration import setting_up
from scim_provisioning.conf import app_settings
from scim_provisioning.models import SCIMConnection

if TYPE_CHECKING:
    from django.db.models import Model

#: How many of what there is are named to somebody who named none of it.
_SHOWN = 10


def find_connection(name: str) -> SCIMConnection:
    """The one connection that is not archived and has this name (exactly, else in any case) or SSO key."""
    nothing = (
        "There is no SCIM connection yet. Open the SSO settings in the admin: Set up SCIM; or run "
        "`manage.py scim_connection create`."
    )
    return find_among(SCIMConnection.objects.current(), name, nothing)


def find_among(connections: QuerySet[SCIMConnection], name: str, nothing: str) -> SCIMConnection:
    """The one of these that has this name or SSO key. Raises ``CommandError``, with ``nothing`` where there is none at
    all."""
    everything = list(connections)
    if not everything:
        raise CommandError(nothing)
    for found in (
        [row for row in everything if row.name == name],
        [row for row in everything if row.sso_key == name],
        [row for row in everything if row.name.casefold() == name.casefold()],
    ):
        if len(found) == 1:
            return found[0]
        if found:
            keys = ", ".join(f"“{row.sso_key}”" for row in found if row.sso_key)
            hint = f" Name one by its SSO key instead: {keys}." if keys else " Rename one of them first."
            raise CommandError(f"{len(found)} connections are called “{name}”.{hint}")
    names = [f"“{row.name}”" for row in everything]
    raise CommandError(f"No SCIM connection is called “{name}”. There are: {_some(names)}.")


def find_sso(key: str) -> Model:
    """The row of the host's SSO settings that has this key. Where there is none, the refusal names those there are."""
    try:
        return setting_up.sso_row(key)
    except setting_up.ConnectionRefused as refusal:
        if refusal.code != "connection.unknown":
            raise
        model: type[Model] = apps.get_model(app_settings.sso_model or "")
        rows = [_named(row) for row in model._default_manager.order_by("pk")[: _SHOWN + 1]]
        there_are = f"There are: {_some(rows)}." if rows else f"{model._meta.label} has no rows yet."
        raise CommandError(f"{refusal.message} {there_are}") from None


def _named(sso: Model) -> str:
    name = f" ({setting_up.name_of(sso)})" if setting_up.names_its_rows(type(sso)) else ""
    return f"“{setting_up.key_of(sso)}”{name}"


def _some(names: Sequence[str]) -> str:
    return f"{', '.join(names[:_SHOWN])}{' and others' if len(names) > _SHOWN else ''}"


def name_for(connection: SCIMConnection) -> str:
    """What a command has to be given to mean this connection: its name, unless another one shares it."""
    namesakes = SCIMConnection.objects.current().filter(name=connection.name).exclude(pk=connection.pk)
    return connection.sso_key if connection.sso_key and namesakes.exists() else connection.name
