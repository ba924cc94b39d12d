"""In which order the log is read, so that a database reads no more of it than it shows.

"The newest hundred of this connection" tempts PostgreSQL to walk back the primary key until it has met a hundred: soon
done for a busy connection, and the whole log for one that has been quiet. That the rows of a connection do not lie
evenly in time, no statistics tell. So what an index begins with is written there as a range of one value, and leads the
order: then that index alone has the rows in order, and nothing is gained by another. Other databases take the index for
an equality, as everybody would write it.
"""

from __future__ import annotations

from collections.abc import Collection, Container
from typing import Any, Final

from django.db.models import Q

from scim_provisioning import databases

#: Columns with which an index of the log begins; ``-id`` follows in each. The first one that fits is the best.
_INDEXES: Final = (
    ("connection_id", "error_code"),
    ("connection_id", "action"),
    ("connection_id", "outcome"),
    ("connection_id",),
)
#: More connections are not named one by one.
_NAMED: Final = 500


def exactly(**values: Any) -> Q:
    """The condition that columns have these values, as ``newest_first`` needs it."""
    if databases.connection().vendor != "postgresql":
        return Q(**values)
    return Q(**{f"{name}__{end}": value for name, value in values.items() for end in ("gte", "lte")})


def anywhere(connections: Collection[int]) -> Q:
    """The condition that an event is of one of these connections, or of none, by which PostgreSQL enters an index for
    each of them; no condition where they are too many to be named, and on databases that read in the order of the key
    all the same."""
    if databases.connection().vendor != "postgresql" or len(connections) > _NAMED:
        return Q()
    return Q(connection__in=connections) | Q(connection__isnull=True)


def newest_first(columns: Container[str]) -> tuple[str, ...]:
    """The order, newest first, of events that have one value in each of these columns, by ``exactly``."""
    if databases.connection().vendor != "postgresql":
        return ("-id",)
    fitting = (index for index in _INDEXES if all(column in columns for column in index))
    return (*next(fitting, ()), "-id")
