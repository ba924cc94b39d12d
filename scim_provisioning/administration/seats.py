"""How many seats of a connection are taken, as administrators read it."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.utils.translation import gettext as _

from scim_provisioning import databases, rules
from scim_provisioning.administration import host
from scim_provisioning.events import reports
from scim_provisioning.models import SCIMConnection

logger = logging.getLogger("scim_provisioning.administration")


@dataclass(frozen=True, slots=True)
class Seats:
    """``used`` of ``total``; more, where the host has taken some away since."""

    used: int
    total: int

    @property
    def is_full(self) -> bool:
        """Whether the next person is refused."""
        return self.used >= self.total

    @property
    def sentence(self) -> str:
        """For a page and for the self-test."""
        return _("%(used)d of %(total)d seats") % {"used": self.used, "total": self.total}


def of(connection: SCIMConnection) -> Seats | None:
    """The seats of a connection; None where the host counts none, or cannot say (one query that counts everybody who is
    active; none where seats are not counted)."""
    try:
        if not host.adapter_class().overrides("seats"):
            return None
        with databases.atomic():
            return counted(connection)
    except host.AdapterBroken:
        return None
    except Exception as error:
        # Whatever the host's own code may raise: the page has more to say than this.
        reports.failure(logger, "The application cannot say how many seats there are", exception=error)
        return None


def counted(connection: SCIMConnection) -> Seats | None:
    """The same, but raises ``AdapterBroken`` and what the host's ``seats`` does."""
    adapter_class = host.adapter_class()
    total = adapter_class.seats(connection)
    return None if total is None else Seats(rules.holders(adapter_class, connection).count(), total)
