"""What an administrator is told where the database was in the way of what they asked for."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext as _

from scim_provisioning import databases
from scim_provisioning.protocol.errors import Unavailable

_UNCONFIRMED: Final = "database.unconfirmed"


def words(error: BaseException) -> str:
    """A sentence that says whether it was done; empty where the error is about something else than the database."""
    if isinstance(error, Unavailable) and error.code == _UNCONFIRMED:
        return _(
            "The connection to the database broke when this was about to be kept, so it may have been done or not. "
            "Look before you try again."
        )
    if isinstance(error, Unavailable) or databases.fault_of(error) is not None:
        return _(
            "The database is busy, or does not answer. Nothing was changed by this step: try again in a moment."
        )
    return ""
