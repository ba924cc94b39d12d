"""What the host application did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from scim_provisioning.administration.catalogue.entry import Entry

ENTRIES: Final[Mapping[str, Entry]] = {
    "host.refused": Entry(
        _("The host application refused the change."),
        (
            _("A rule of this application refused it: %(exception)s in %(place)s."),
            _("A rule of this application refused it."),
        ),
        _("Read the detail; if it does not help, ask the developers of this application."),
    ),
    "host.hook": Entry(
        _("An error in this application stopped the change."),
        (
            _("The host application raised %(exception)s in %(place)s. Nothing was changed."),
            _("The host application raised %(exception)s. Nothing was changed."),
            _("The host application failed. Nothing was changed."),
        ),
        _("Give the request id to the developers: the traceback is in the log “scim_provisioning”."),
    ),
    "internal": Entry(
        _("An internal error stopped the change."),
        (
            _("%(exception)s was raised, and not by the host application's code. Nothing was changed."),
            _("Something unexpected happened. Nothing was changed."),
        ),
        _("Give the request id to the developers: the traceback is in the log “scim_provisioning”."),
    ),
    "host.transaction": Entry(
        _("This application broke the database transaction."),
        (
            _(
                "Its hook %(hook)s ended the transaction itself (%(ended)s in %(place)s). What was done before may "
                "stand."
            ),
            _("Its hook %(hook)s ended the transaction itself (%(ended)s). What was done before may stand."),
            _("Its line %(place)s ended the transaction itself (%(ended)s). What was done before may stand."),
            _("Its code ended the transaction itself (%(ended)s). What was done before may stand."),
            _(
                "Its hook %(hook)s (%(place)s) left a transaction that cannot be committed. Nothing was changed."
            ),
            _("Its hook %(hook)s left a transaction that cannot be committed. Nothing was changed."),
            _("Its line %(place)s left a transaction that cannot be committed. Nothing was changed."),
            _(
                "A signal, save() or a hook caught a database error without a savepoint, rolled back or closed the "
                "connection. Nothing was changed."
            ),
        ),
        _("Developers: put “with transaction.atomic():” around what may fail, inside the try."),
    ),
    # the database that both share
    "database.gone": Entry(
        _("The database did not answer."),
        (_("The database was stopped or could not be reached. Nothing was changed."),),
        _("Nothing, if it passes: the identity provider comes back by itself. Else ask the operators."),
    ),
    "database.busy": Entry(
        _("The database was busy."),
        (_("Others were changing the same rows, three times in a row. Nothing was changed."),),
        _("Nothing: the identity provider comes back by itself. If it happens often, ask the operators."),
    ),
    "database.slow": Entry(
        _("The database took too long."),
        (_("A statement was ended by a time limit of the database. Nothing was changed."),),
        _(
            "Ask the operators for statements that are slow or wait for a lock; “manage.py scim_doctor” helps."
        ),
    ),
    "database.full": Entry(
        _("The database takes no changes."),
        (_("Its disk is full, or it may only be read. Nothing was changed."),),
        _("Ask the operators to make room, or to point the application to the primary server."),
    ),
    "database.unconfirmed": Entry(
        _("Whether the change was made is not known."),
        (_("The database was asked to keep the change, and the connection broke before its answer."),),
        _("Nothing: the identity provider asks again, and finds what stands."),
    ),
}
