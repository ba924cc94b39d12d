"""Which database is asked, what is wrong with it when it fails, and what is worth another try."""

from scim_provisioning.databases.faults import Fault, fault_of, misses_a_row
from scim_provisioning.databases.rehearsals import is_rehearsal, rehearsed
from scim_provisioning.databases.retrying import drop_broken_connections, retried, unavailable
from scim_provisioning.databases.routing import alias, atomic, connection, is_lost_to_somebody_else, primary
from scim_provisioning.databases.snapshots import Overtaken, reads_the_past, sees_no_additions
from scim_provisioning.databases.texts import hold_text

__all__ = [
    "Fault",
    "Overtaken",
    "alias",
    "atomic",
    "connection",
    "drop_broken_connections",
    "fault_of",
    "hold_text",
    "is_lost_to_somebody_else",
    "is_rehearsal",
    "misses_a_row",
    "primary",
    "reads_the_past",
    "rehearsed",
    "retried",
    "sees_no_additions",
    "unavailable",
]
