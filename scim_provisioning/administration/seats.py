"""How many seats of a connection are taken, as administrators read it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from scim_provisioning import databases, rules
from scim_provisioning.administration import host
from scim_provisioning.events import reports
from scim_provisioning.models import SCIMConnection

#: From so many of a hundred on administrators are told, once.
SCARCE_PERCENT: Final = 90

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
    def is_scarce(self) -> bool:
        """Whether it is time to think of more."""
        return self.used * 100 >= self.total * SCARCE_PERCENT

    @property
    def percent(self) -> int:
        """How many of a hundred are taken; a hundred where there are none."""
        return self.used * 100 // self.total if self.total else 100

    @property
    def notice(self) -> str:
        """What to say once they are scarce."""
        facts = {"used": self.used, "total": self.total, "percent": self.percent}
        if self.is_full:
            return (
                _(
                    "No seat is left (%(used)d of %(total)d): newcomers, and people who return, are refused until one "
                    "is free or the application has more."
                )
                % facts
            )
        return (
            _(
                "%(used)d of %(total)d seats are taken (%(percent)d %%). Once they all are, newcomers are refused: see "
                "to more in time."
            )
            % facts
        )

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
