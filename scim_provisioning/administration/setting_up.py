"""How a connection begins: from the host's SSO settings, or by itself where the host has none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from django.db import IntegrityError
from django.db.models import Model
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from scim_provisioning import databases, events
from scim_provisioning.administration import audit, permissions
from scim_provisioning.conf import app_settings
from scim_provisioning.models import Action, SCIMConnection
from scim_provisioning.provisioning.transactions import durably

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

_NAME_LENGTH: Final = SCIMConnection._meta.get_field("name").max_length or 0


class ConnectionRefused(ValueError):
    """Nothing was done; ``message`` says why to an administrator, ``code`` to a program.

    Codes: ``connection.disconnected``, ``connection.archived``, ``connection.gone``, ``connection.expired``,
    ``connection.name``, ``connection.sso`` (this host has SSO settings, or has none), ``connection.unknown``,
    ``connection.restored``, ``connection.host``, ``connection.database``.
    """

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


def key_of(sso: Model) -> str:
    """How a connection names this row of the host's SSO settings."""
    return str(getattr(sso, app_settings.sso_key_field))


def name_of(sso: Model) -> str:
    """What a connection of this row is called: as the row calls itself, else by its model and key."""
    named = str(sso).strip() if names_its_rows(type(sso)) else ""
    return (named or f"{capfirst(sso._meta.verbose_name)} {key_of(sso)}")[:_NAME_LENGTH]


def names_its_rows(model: type[Model]) -> bool:
    """Whether the host has written what a row of this model is called; Django's own ``SSO object (1)`` is no name."""
    return model.__str__ is not Model.__str__


def find(sso: Model) -> SCIMConnection | None:
    """The connection of an SSO row, archived or not; None when SCIM was never set up for it (one query)."""
    found = SCIMConnection.objects.filter(sso_key=key_of(sso)).first()
    if found is not None:
        found._sso = sso
    return found


def refuse_without_settings(connection: SCIMConnection) -> None:
    """Raise ``ConnectionRefused`` (``connection.gone``) where the host's row of this connection is gone: without it
    nobody can be asked whose the connection's people are (one query, unless the row was read)."""
    if connection.lacks_settings:
        raise ConnectionRefused(_("The SSO settings of this connection are gone."), "connection.gone")


def is_taken(connection: SCIMConnection) -> bool:
    """Whether its key is its own: it is in use, or was disconnected and can still be restored."""
    return not connection.is_archived or connection.restorable_until is not None


def sso_row(key: str) -> Model:
    """The row of the host's SSO settings that has this key (one query).

    Raises ``ConnectionRefused`` where there is no such row (``connection.unknown``) or no such model
    (``connection.sso``).
    """
    if app_settings.sso_model is None:
        raise ConnectionRefused(
            _("This application has no SSO settings: give a name instead."), "connection.sso"
        )
    row = SCIMConnection(sso_key=key).load_sso()
    if row is None:
        raise no_such_sso(key)
    found: Model = row
    return found


def no_such_sso(key: str) -> ConnectionRefused:
    """What is said of a key that names nothing, or nothing that this person may see."""
    return ConnectionRefused(
        _("There are no SSO settings with the key “%(key)s”.") % {"key": key[:60]}, "connection.unknown"
    )


@durably
def set_up(sso: Model, *, actor: AbstractBaseUser | None, address: str = "") -> tuple[SCIMConnection, bool]:
    """The connection of this SSO row, made if there is none, and whether it was. No token is made.

    An archived connection keeps its log but gives up the key: keys are used again (by a database that reuses
    primary keys, for one), and nobody may inherit another customer's learners. Raises ``ConnectionRefused``
    (``connection.disconnected``) for one that was disconnected and can still be restored.
    """
    found = SCIMConnection.objects.select_for_update().filter(sso_key=key_of(sso)).first()
    if found is not None and not found.is_archived:
        return found, False
    if found is not None and is_taken(found):
        raise ConnectionRefused(
            _("This connection was disconnected. Restore it, so that the same learners are found again."),
            "connection.disconnected",
        )
    if found is not None:
        found.sso_key = None
        found.save(update_fields=["sso_key"])
    with taking_the_key():
        return _made(name_of(sso), key_of(sso), actor, address), True


@contextmanager
def taking_the_key() -> Iterator[None]:
    """Around what gives a connection the key of SSO settings that none has: no lock keeps away who does the same at
    that moment. Whoever comes second begins again, and finds what the other has made."""
    try:
        yield
    except IntegrityError as taken:
        raise databases.Overtaken from taken


@durably
def set_up_for(user: AbstractBaseUser, sso: Model, *, address: str = "") -> tuple[SCIMConnection, bool]:
    """As ``set_up``, by somebody who has to see the connection: another customer's is answered as if there were no
    such settings, and nothing is made that they would not see (``connection.unknown``)."""
    known = find(sso)
    if known is not None and is_taken(known) and not permissions.sees(user, known):
        raise no_such_sso(key_of(sso))
    connection, made = set_up(sso, actor=user, address=address)
    if not permissions.sees(user, connection):
        raise no_such_sso(key_of(sso))
    return connection, made


@durably
def stand_alone(
    name: str, *, actor: AbstractBaseUser | None, address: str = ""
) -> tuple[SCIMConnection, bool]:
    """The connection of this name, for a host without SSO settings; made if there is none, and whether it was.

    Raises ``ConnectionRefused`` for a name that is empty or too long (``connection.name``), and where the host has
    SSO settings (``connection.sso``): without them no request would be let in.
    """
    if app_settings.sso_model is not None:
        raise ConnectionRefused(
            _("A connection belongs to SSO settings here (%(model)s): name them by their key.")
            % {"model": app_settings.sso_model},
            "connection.sso",
        )
    name = name.strip()
    if not 0 < len(name) <= _NAME_LENGTH:
        raise ConnectionRefused(
            _("Give a name of 1 to %(n)d characters.") % {"n": _NAME_LENGTH}, "connection.name"
        )
    found = SCIMConnection.objects.current().filter(name=name, sso_key=None).order_by("pk").first()
    return (found, False) if found is not None else (_made(name, None, actor, address), True)


@durably
def stand_alone_for(user: AbstractBaseUser, name: str, *, address: str = "") -> tuple[SCIMConnection, bool]:
    """As ``stand_alone``, by somebody who has to see the connection: ``connection.unknown`` otherwise, and nothing is
    made."""
    connection, made = stand_alone(name, actor=user, address=address)
    if not permissions.sees(user, connection):
        raise no_such_sso("")
    return connection, made


def _made(name: str, key: str | None, actor: AbstractBaseUser | None, address: str) -> SCIMConnection:
    connection = SCIMConnection.objects.create(name=name, sso_key=key)
    note_made(connection, actor=actor, address=address)
    audit.log_entry(actor, connection, _("Set up SCIM."), flag=audit.ADDITION)
    return connection


def note_made(connection: SCIMConnection, *, actor: AbstractBaseUser | None, address: str = "") -> None:
    """Write into the provisioning log that a form has made a connection; Django's own log has it from there."""
    events.admin(connection, action=Action.CONNECTED, actor=actor, detail=_("Set up SCIM."), address=address)
