"""What an administrator is told where the database was in the way of what they asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.utils.translation import gettext as _

from scim_provisioning import databases
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.databases import Fault
from scim_provisioning.protocol.errors import Unavailable
from scim_provisioning.provisioning.transactions import was_undone

_UNCONFIRMED: Final = "database.unconfirmed"
#: Of what is done in several transactions: some of it is done.
PARTLY: Final = "connection.database"


def words(error: BaseException, *, reads: bool = False, in_parts: bool = False) -> str:
    """A sentence that says whether it was done; empty where the error is about something else than the database.
    ``reads``: nothing was to be changed; ``in_parts``: by several transactions, some of which may have come to their
    end."""
    if in_parts and _is_about_the_database(error):
        return _("The database did not let this be done now. What was done stays done: go on in a moment.")
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


@contextmanager
def in_parts() -> Iterator[None]:
    """Around what is done in several transactions: where the database is in the way of one, what the others did stays,
    and nobody may be told that nothing was changed. Raises ``ConnectionRefused`` (``PARTLY``) then."""
    try:
        yield
    except Exception as error:
        if told := words(error, in_parts=True):
            raise ConnectionRefused(told, PARTLY) from error
        raise


def _may_have_been_done(error: BaseException) -> bool:
    """Whether the answer to a COMMIT may be what was lost: as ``provisioning.transactions`` knows, or, of what did not
    go through it, as nobody knows."""
    if isinstance(error, Unavailable):
        return error.code == _UNCONFIRMED
    return databases.fault_of(error) is Fault.GONE and not was_undone(error)


def _is_about_the_database(error: BaseException) -> bool:
    return isinstance(error, Unavailable) or databases.fault_of(error) is not None
