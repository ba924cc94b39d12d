"""Values of learners that an administrator has locked."""

from __future__ import annotations

from scim_provisioning.models import LockedValue, SCIMConnection


def locked_fields(connection: SCIMConnection) -> frozenset[str]:
    """The fields of the mapping that are locked of anybody of this connection (one query where any are, else none)."""
    if not connection.has_locks:
        return frozenset()
    locked = LockedValue.objects.filter(connection=connection)
    return frozenset(locked.values_list("path", flat=True).distinct())
