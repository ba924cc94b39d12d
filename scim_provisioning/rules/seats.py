"""Licences: how many people of a connection may be active at once, as the host says (``LearnerAdapter.seats``).

Nobody is answered as created, or as active again, who has no seat. A seat is taken last of all that is written of a
person, under a lock that every seat of the connection is taken under: whoever holds it goes on to wait neither for
their links nor for names, and whoever leaves needs none. (One operation of ``/Bulk`` that introduces people of a circle
to each other waits for their links; where that meets somebody who returns, the database says so, and it is played
again.)
"""

from __future__ import annotations

from collections.abc import Sequence

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.sql.columns import Columns
from scim_provisioning.models import ProvisionedUserQuerySet, SCIMConnection, SeatLock
from scim_provisioning.protocol.errors import Forbidden


class NoSeat(Forbidden):
    """Seats are left for fewer people than take one. 409 would have Entra look for somebody who is here, and never
    update them."""

    def __init__(self, used: int, total: int) -> None:
        super().__init__(
            f"No seat is left in this directory ({used} of {total} taken). Free one, or have more added in the "
            "application; the person comes in with the next try.",
            code="user.seats",
            params={"used": used, "total": total},
        )
        #: For how many there are some.
        self.left = max(0, total - used)


def take_a_seat(adapter: LearnerAdapter) -> None:
    """Refuse somebody who became active just now, and is saved, where no seat is left (no query where the host counts
    none; else two, one of which counts everybody who is active).

    Raises ``NoSeat``. Entra tries again by itself, and so does Okta when an administrator asks it to.
    """
    take_seats([adapter])


def take_seats(adapters: Sequence[LearnerAdapter]) -> None:
    """The same of several people of one connection, who are all refused where seats are left for fewer of them."""
    if not adapters:
        return
    adapter_class, connection = type(adapters[0]), adapters[0].connection
    total = adapter_class.seats(connection)
    if total is None:
        return
    SeatLock.hold(connection)
    used = holders(adapter_class, connection).count() - len(adapters)
    if used + len(adapters) > total:
        raise NoSeat(used, total)


def holders(adapter_class: type[LearnerAdapter], connection: SCIMConnection) -> ProvisionedUserQuerySet:
    """The people of a connection whom SCIM shows as active: those who are on in the application."""
    columns = Columns(adapter_class.compiled(connection), connection)
    return adapter_class.links(connection).living().filter(columns.is_active())
