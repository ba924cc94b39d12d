"""What an administrator is told where the database, or the application's own code, was in the way of what they asked
for."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.utils.translation import gettext as _

from scim_provisioning import databases
from scim_provisioning.administration import host, permissions
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.databases import Fault
from scim_provisioning.events import reports
from scim_provisioning.protocol.errors import SCIMError, Unavailable
from scim_provisioning.provisioning import host_code
from scim_provisioning.provisioning.host_calls import raised_by
from scim_provisioning.provisioning.transactions import BrokenTransaction, has_committed, was_undone

logger = logging.getLogger("scim_provisioning.administration")

_UNCONFIRMED: Final = "database.unconfirmed"
#: Of what is done in several transactions: some of it is done.
PARTLY: Final = "connection.database"


def words(error: BaseException, *, reads: bool = False, in_parts: bool = False) -> str:
    """A sentence that says whether it was done; empty where the error is about something else than the database.
    ``reads``: nothing was to be changed; ``in_parts``: by several transactions, some of which may have come to their
    end."""
    if in_parts and _is_about_the_database(error):
        return _("The database did not let this be done now. What was done stays done: go on in a moment.")
    if not reads and _came_afterwards(error):
        return _(
            "The database is busy, or does not answer, and cannot say what was done. Look before you try again."
        )
    if not reads and _may_have_been_done(error):
        return _(
            "The connection to the database broke when this was about to be kept, so it may have been done or not. "
            "Look before you try again."
        )
    if _is_about_the_database(error):
        return _(
            "The database is busy, or does not answer. Nothing was changed by this step: try again in a moment."
        )
    return ""


def of_host(error: Exception, seen_by: Any = None, *, in_parts: bool = False) -> str:
    """A sentence that says that the application's own code failed in a verb that was undone, and where; empty for
    whatever else. ``seen_by``: the member of staff who reads it, None for a command. A connection is named to who may
    see it: a guest's may be another customer's. ``in_parts`` as for ``words``. Logs the failure, so whatever else is
    asked of ``error`` comes first.
    """
    raised = raised_by(error)
    if not _is_of_the_host(error):
        return ""
    facts = {"error": _kind(error)}
    reports.failure(logger, "The application's own code failed for an administrator", exception=error)
    if in_parts:
        return failed(facts["error"]).message
    if isinstance(error, BrokenTransaction) and error.may_have_committed:
        return (
            _(
                "The application’s own code ended the database transaction (%(error)s), so some of this may have been "
                "done. Ask its developers, and look before you try again."
            )
            % facts
        )
    if raised is None:
        return (
            _(
                "The application’s own code failed (%(error)s). Nothing was changed by this step. Ask its developers."
            )
            % facts
        )
    facts |= {"hook": raised.hook, "connection": str(raised.connection)}
    if seen_by is None or permissions.sees(seen_by, raised.connection):
        words = _(
            "The application’s own code failed: its %(hook)s for the connection “%(connection)s” (%(error)s). Nothing "
            "was changed by this step. Ask its developers."
        )
    else:
        words = _(
            "The application’s own code failed: its %(hook)s for another connection that uses the account "
            "(%(error)s). Nothing was changed by this step. Ask its developers."
        )
    return words % facts


def of_one(error: Exception, about: object) -> str:
    """How the application's own code failed for one of many, who need not wait for it: what was raised, and where.
    Empty for whatever else; logged where it is not."""
    if (
        isinstance(error, ConnectionRefused | host.AdapterBroken)
        or words(error)
        or not (host_code.place(error) or isinstance(error, BrokenTransaction))
    ):
        return ""
    kind = _kind(error)
    reports.failure(logger, "The application's own code failed for %s", about, exception=error)
    return kind


@contextmanager
def in_parts() -> Iterator[None]:
    """Around what is done in several transactions: where the database, or the application's own code, is in the way of
    one, what the others did stays, and nobody may be told that nothing was changed. Raises ``ConnectionRefused``
    (``PARTLY``, ``connection.host``) then."""
    try:
        yield
    except Exception as error:
        if _is_of_the_host(error):
            kind = _kind(error)
            reports.failure(logger, "The application's own code failed in a part", exception=error)
            raise failed(kind) from error
        if told := words(error, in_parts=True):
            raise ConnectionRefused(told, PARTLY) from error
        raise


def failed(kind: str) -> ConnectionRefused:
    """The refusal where the application's own code failed in a part of what is done in several; ``kind``: how."""
    return ConnectionRefused(
        _("The application’s own code failed (%(error)s). Ask its developers, and go on afterwards.")
        % {"error": kind},
        "connection.host",
    )


def _kind(error: BaseException) -> str:
    """What was raised, and in which line of the application's."""
    if isinstance(error, BrokenTransaction):
        return ", ".join([type(error).__name__, *error.known])
    return f"{type(error).__name__}, {host_code.place(error)}".rstrip(", ")


def _is_of_the_host(error: BaseException) -> bool:
    """Whether a hook raised it, or other code of the application's in a transaction that was undone; or it has left no
    transaction that could be committed."""
    if isinstance(error, BrokenTransaction):
        return True
    if isinstance(error, SCIMError | ConnectionRefused) or _is_about_the_database(error):
        return False
    return raised_by(error) is not None or (was_undone(error) and bool(host_code.place(error)))


def _may_have_been_done(error: BaseException) -> bool:
    """Whether the answer to a COMMIT may be what was lost: as ``provisioning.transactions`` knows, or, of what did not
    go through it, as nobody knows."""
    if isinstance(error, Unavailable):
        return error.code == _UNCONFIRMED
    return databases.fault_of(error) is Fault.GONE and not was_undone(error)


def _came_afterwards(error: BaseException) -> bool:
    """Whether something was committed before, which what failed then was to show."""
    is_a_verb = isinstance(error, Unavailable) or was_undone(error)
    return databases.fault_of(error) is not None and not is_a_verb and has_committed()


def _is_about_the_database(error: BaseException) -> bool:
    return isinstance(error, Unavailable) or databases.fault_of(error) is not None
