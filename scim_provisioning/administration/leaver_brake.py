"""Whom the leaver brake holds, and an administrator's word on it. The rule itself is ``rules.brake``.

Each verb is one transaction with its entries in both logs, and letting many go some; pages and commands all come here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from scim_provisioning import events
from scim_provisioning.administration import audit, links_to_pages, permissions, troubles
from scim_provisioning.administration.connections import locked_current, notice
from scim_provisioning.models import Action, HeldLeaver, LeaverBrake, ProvisionedUser, SCIMConnection
from scim_provisioning.models.leaver_brake import ALLOWED
from scim_provisioning.models.provisioned_user import user_name_key
from scim_provisioning.protocol.text import is_storable
from scim_provisioning.provisioning.transactions import durable, durably
from scim_provisioning.rules import brake

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

#: So many are let go in one transaction: while it lasts, every write of the connection waits.
TOGETHER: Final = 200
_MAY_GO = gettext_lazy("May go: an administrator looked at the held changes.")


@dataclass(frozen=True, slots=True)
class Hold:
    """A connection that holds people: since when, how many of how many active ones, and what was said of it."""

    connection: SCIMConnection
    since: datetime
    waiting: int
    departed: int
    people: int | None
    kept_at: datetime | None
    open_until: datetime | None

    @property
    def sentence(self) -> str:
        """What happened and what it means, in one sentence or two."""
        told = ngettext(
            "%(n)d person was to be switched off or deleted and is held.",
            "%(n)d people were to be switched off or deleted and are held.",
            self.waiting,
        ) % {"n": self.waiting}
        went = ngettext(
            "%(n)d went within the last hour.", "%(n)d went within the last hour.", self.departed
        ) % {"n": self.departed}
        return f"{told} {went}" if self.departed else told


def of(connection: SCIMConnection) -> Hold | None:
    """What is held on a connection; None where nobody is (at most two queries)."""
    return next(iter(_holds(LeaverBrake.objects.filter(connection=connection))), None)


def seen_by(user: Any) -> list[Hold]:
    """The connections that hold people, of those that ``user`` sees (two queries; one where nothing is held)."""
    if not (user.is_authenticated and permissions.may_view(user)):
        return []
    brakes = permissions.within(
        LeaverBrake.objects.all(), "connection", permissions.visible_connections(user)
    )
    return _holds(brakes)


def _holds(brakes: QuerySet[LeaverBrake]) -> list[Hold]:
    tripped = brakes.filter(tripped_at__isnull=False, connection__archived_at__isnull=True)
    found = list(tripped.select_related("connection").order_by("tripped_at"))
    if not found:
        return []
    counts = HeldLeaver.objects.filter(connection__in=[row.pk for row in found]).waiting().by_connection()
    now = timezone.now()
    return [
        Hold(
            row.connection,
            row.tripped_at or now,
            counts[row.pk],
            row.departed(now),
            row.people,
            row.kept_at,
            row.open_until if row.is_open else None,
        )
        for row in found
        if counts.get(row.pk)
    ]


def held(connection: SCIMConnection, name: str = "") -> QuerySet[HeldLeaver]:
    """Who is held, the first asked first, each with link, account and token; ``name``: whose user name begins so, which
    the page shows, or whose externalId it is."""
    rows = HeldLeaver.objects.filter(connection=connection).waiting()
    if name := name.strip():
        if not is_storable(name):
            return rows.none()
        rows = rows.filter(Q(link__user_name_key__startswith=user_name_key(name)) | Q(link__external_id=name))
    return rows.select_related("link", "link__user", "token").order_by("first_asked_at", "pk")


def allow(
    connection: SCIMConnection,
    keys: Sequence[int],
    *,
    actor: AbstractBaseUser | None,
    address: str = "",
    seconds: float | None = None,
) -> int:
    """Let these held people go, once and within a day, when the identity provider asks the next time; returns how many.
    ``keys`` are those of ``HeldLeaver``. Some hundred go in a transaction; after so many ``seconds`` (None: however
    many) no more are begun with: web servers kill whoever takes too long.

    Raises ``ConnectionRefused`` for an archived connection, and where the database is in the way: who may go by then
    may go.
    """
    until = None if seconds is None else monotonic() + seconds
    waiting, done = iter(keys), 0
    try:
        while some := list(islice(waiting, TOGETHER)):
            with troubles.in_parts():
                done += _allow(connection, some, actor, address)
            if until is not None and monotonic() >= until:
                break
    finally:
        if done:
            told = ngettext("Let %(n)d held person go.", "Let %(n)d held people go.", done) % {"n": done}
            # They may go, whether or not that can be told.
            with troubles.in_parts():
                durable(lambda: _tell(connection, actor, told, address))
    return done


@durably
def _allow(
    connection: SCIMConnection, keys: Sequence[int], actor: AbstractBaseUser | None, address: str
) -> int:
    rows = HeldLeaver.objects.filter(connection=connection, pk__in=keys).waiting()
    # Before the brake, as everybody: entries of the log name them.
    people = list(rows.values_list("link", flat=True))
    ProvisionedUser.objects.filter(connection=connection, pk__in=people).locked()
    brake.locked(connection)
    found = list(rows.select_related("link"))
    locked_current(connection)
    HeldLeaver.objects.filter(pk__in=[row.pk for row in found]).update(
        allowed_until=timezone.now() + ALLOWED, allowed_by_id=None if actor is None else actor.pk
    )
    events.admin_for_each(
        connection,
        [row.link for row in found],
        action=Action.LEAVERS_ALLOWED,
        actor=actor,
        detail=str(_MAY_GO),
        address=address,
    )
    return len(found)


def allow_all(connection: SCIMConnection, *, actor: AbstractBaseUser | None, address: str = "") -> datetime:
    """Let everybody go whom the identity provider asks for, for a day; returns until when."""

    def work() -> datetime:
        found = brake.locked(connection)
        locked_current(connection)
        found.open_until = timezone.now() + ALLOWED
        found.save(update_fields=["open_until"])
        _write_down(connection, actor, _("Lets everybody go for 24 hours."), address, Action.LEAVERS_ALLOWED)
        return found.open_until

    return durable(work)


def keep(connection: SCIMConnection, *, actor: AbstractBaseUser | None, address: str = "") -> None:
    """Say that somebody has looked and lets nobody go."""

    def work() -> None:
        found = brake.locked(connection)
        locked_current(connection)
        found.kept_at, found.open_until = timezone.now(), None
        found.save(update_fields=["kept_at", "open_until"])
        HeldLeaver.objects.filter(connection=connection).update(allowed_until=None, allowed_by=None)
        _write_down(connection, actor, _("Goes on holding leavers."), address, Action.LEAVERS_HELD)

    durable(work)


def end(connection: SCIMConnection, *, actor: AbstractBaseUser | None, address: str = "") -> None:
    """End the hold, because the identity provider was put right: who is held stays, and is asked about no more. Whoever
    goes next is counted as ever."""

    def work() -> None:
        found = brake.locked(connection)
        locked_current(connection)
        found.tripped_at = found.kept_at = found.open_until = None
        found.save(update_fields=["tripped_at", "kept_at", "open_until"])
        HeldLeaver.objects.filter(connection=connection).delete()
        _write_down(connection, actor, _("Ended the hold of leavers."), address, Action.LEAVERS_HELD)

    durable(work)


def come_back(connection: SCIMConnection, number: int, still_gone: Callable[[], int]) -> None:
    """So many who went within the hour are back: they count no more. Some may never have been counted, because an
    administrator had let them go: whoever is ``still_gone`` goes on counting, as far as so many were."""

    def work() -> None:
        found = brake.locked(connection)
        found.take_back(max(0, min(number, found.departed(timezone.now()) - still_gone())))
        found.save(update_fields=["recent"])

    durable(work)


def tell_of_hold(connection: SCIMConnection, count: int, limit: int, **_more: object) -> None:
    """Receiver of ``signals.leavers_held``: mail the contacts at once."""
    facts = {"connection": connection.name, "count": count, "limit": limit}
    subject = _("SCIM provisioning of %(connection)s: leavers are on hold") % facts
    body = [
        _(
            "More than %(limit)d people were to be switched off or deleted within an hour. Those beyond are held: "
            "they keep their access until an administrator decides. Everything else goes on."
        )
        % facts,
        _("If one of them has to go now, an administrator can let that person go by name."),
    ]
    if page := links_to_pages.held(connection):
        body.append(page)
    audit.tell_contacts(connection, subject, "\n\n".join(body) + "\n")


def _write_down(
    connection: SCIMConnection, actor: AbstractBaseUser | None, message: str, address: str, action: Action
) -> None:
    events.admin(connection, action=action, actor=actor, detail=message, address=address)
    _tell(connection, actor, message, address)


def _tell(connection: SCIMConnection, actor: AbstractBaseUser | None, message: str, address: str) -> None:
    audit.log_entry(actor, connection, message)
    audit.tell_contacts(connection, *notice(connection, actor, message, address))
