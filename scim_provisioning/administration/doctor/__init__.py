"""What an operator has not set up: everything that is true of the server, whichever connection is asked about.

``manage.py scim_doctor`` prints these lines, and the self-test of a connection shows the same ones. Each has the fix.
Nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from scim_provisioning.administration.doctor import databases, disconnections, jobs, names, services
from scim_provisioning.administration.report import Line, Result, failed
from scim_provisioning.models import Disconnection, SCIMConnection

__all__ = ["CHECKS", "contacts", "examine", "left_disconnections", "worst"]

#: What is looked at, in the order in which it helps to mend things. Each may say nothing, where it is about something
#: that this host does not have.
CHECKS: Final[Mapping[str, Callable[[], Iterator[Line]]]] = {
    "database": databases.answers,
    "tables": databases.tables,
    "indexes": databases.indexes,
    "names": names.found_by_index,
    "routing": databases.routing,
    "sqlite": databases.sqlite,
    "clock": databases.clock,
    "time_zone": databases.time_zone,
    "cache": services.cache,
    "proxies": services.proxies,
    "mail": services.mail,
    "notify": jobs.notify,
    "managers": jobs.managers,
    "units": jobs.units,
    "prune": jobs.prune,
    "metrics": services.metrics,
    "checks": services.system_checks,
}
#: Without these nothing else can be looked at.
_FIRST: Final = frozenset({"database", "tables"})
_SEVERITY: Final = (Result.PASSED, Result.UNKNOWN, Result.WARNING, Result.FAILED)


def examine() -> list[Line]:
    """Every line. Ends early where the database or its tables are not there."""
    lines: list[Line] = []
    for key, check in CHECKS.items():
        found = [replace(line, key=key) for line in _guarded(key, check)]
        lines += found
        if key in _FIRST and worst(found) is Result.FAILED:
            break
    return lines


def contacts(connections: Sequence[SCIMConnection]) -> list[Line]:
    """Whether somebody is told of each of them; apart from the rest, since who may see one may not see all."""
    return [replace(line, key="contacts") for line in services.contacts(connections)]


def left_disconnections(found: QuerySet[Disconnection]) -> list[Line]:
    """What is left to do for learners of those who were disconnected; apart from the rest for the same reason."""
    return [replace(line, key="disconnections") for line in disconnections.left(found)]


def worst(lines: list[Line]) -> Result:
    """The most severe result among them."""
    return max((line.result for line in lines), key=_SEVERITY.index, default=Result.PASSED)


def _guarded(key: str, check: Callable[[], Iterator[Line]]) -> list[Line]:
    try:
        return list(check())
    except Exception as error:
        # A database, a cache, a mail back-end or a router of the host's may raise anything.
        found = f"{type(error).__name__}: {error}"
        mend = _("Ask the developers of this application: see the detail.")
        return [failed(_("“%(check)s” can be looked at") % {"check": key}, found, mend)]
