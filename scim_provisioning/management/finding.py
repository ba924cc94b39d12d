"""Finding what a command's arguments name."""

from __future__ import annotations

from django.core.management.base import CommandError

from scim_provisioning.models import SCIMConnection


def find_connection(name: str) -> SCIMConnection:
    """The one connection that is not archived and has this name (exactly, else in any case) or SSO key."""
    everything = list(SCIMConnection.objects.current())
    if not everything:
        raise CommandError(
            "There is no SCIM connection yet. Open the SSO settings in the admin: Set up SCIM; or run "
            "`manage.py scim_connection create`."
        )
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
    known = ", ".join(f"“{row.name}”" for row in everything[:10])
    more = " and others" if len(everything) > 10 else ""
    raise CommandError(f"No SCIM connection is called “{name}”. There are: {known}{more}.")


def name_for(connection: SCIMConnection) -> str:
    """What a command has to be given to mean this connection: its name, unless another one shares it."""
    namesakes = SCIMConnection.objects.current().filter(name=connection.name).exclude(pk=connection.pk)
    return connection.sso_key if connection.sso_key and namesakes.exists() else connection.name
