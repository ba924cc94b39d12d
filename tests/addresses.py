"""An address of the administrator's pages or of the API, as a table of who may do what has it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from scim_provisioning.models import SCIMConnection
from tests.estate import Estate

#: What an address or a body takes of a customer's rows, by name.
Taken = Callable[[Estate], dict[str, Any]]

VIEW: Final = "view_scimconnection"
ADD: Final = "add_scimconnection"
CHANGE: Final = "change_scimconnection"
GENERATE: Final = "generate_token"
REVOKE: Final = "revoke_token"
POLICY: Final = "manage_policy"
HELD: Final = "approve_held"
PAYLOAD: Final = "view_payload"
FORGET: Final = "forget_learner"
EXPORT: Final = "export_log"
LOG: Final = "view_provisioningevent"
CHANGE_SSO: Final = "change_ssosettings"

EVERY_PERMISSION: Final = (
    VIEW, ADD, CHANGE, GENERATE, REVOKE, POLICY, HELD, PAYLOAD, FORGET, EXPORT, LOG, CHANGE_SSO,
)  # fmt: skip


def nothing(estate: Estate) -> dict[str, Any]:
    """An address that names no row below a connection, or a body that is empty."""
    return {}


@dataclass(frozen=True)
class Address:
    """What opens an address beside the permission to view connections, and what it names.

    ``keys`` are the rows in its path, ``query`` and ``body`` what it is asked and sent with so that it works. What
    ``changes`` writes something into the database where it is sent.
    """

    needs: str | None = None
    on: str = "connection"
    keys: Taken = nothing
    query: Taken = nothing
    body: Taken = nothing
    changes: bool = False

    @property
    def names_rows(self) -> bool:
        """Whether there are rows in its path beside the connection."""
        return self.keys is not nothing

    def connection(self, estate: Estate) -> SCIMConnection:
        """The one of the customer's connections for which this address is there."""
        found: SCIMConnection = getattr(estate, self.on)
        return found


def without(*codenames: str | None) -> list[str]:
    """Every permission but these; who may change connections may view them."""
    lacking = {*codenames} | ({CHANGE} if VIEW in codenames else set())
    return [codename for codename in EVERY_PERMISSION if codename not in lacking]
