"""Who waits for a manager: for whom, since when, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

from scim_provisioning.administration import host, log_words
from scim_provisioning.models import (
    ProvisionedUser,
    ProvisionedUserQuerySet,
    ProvisioningEvent,
    SCIMConnection,
)

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

UNKNOWN: Final = "unknown"
DELETED: Final = "deleted"
CIRCLE: Final = "circle"
TOO_HIGH: Final = "too high"
DUE: Final = "due"

REASONS: Final[Mapping[str, StrOrPromise]] = {
    UNKNOWN: _("Not here: not assigned in the identity provider, or not sent yet."),
    DELETED: _("Deleted by the identity provider."),
    CIRCLE: _("They are managed by this learner themselves, directly or through others."),
    TOO_HIGH: _(
        "So many people stand above them, one above the other, that it is not known whether this learner is one of "
        "them."
    ),
    DUE: _("Here by now: “manage.py scim_managers” gives them, hourly where cron runs it."),
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """One person. ``manager`` is the name of whom they wait for, or what was ``sent``, masked where the reader may not
    see it; ``manager_link`` is of somebody who is, or was, here. ``since`` None: for longer than the log goes back."""

    link: ProvisionedUser
    manager: str
    reason: str
    since: datetime | None
    sent: str = ""
    manager_link: ProvisionedUser | None = None

    @property
    def is_named(self) -> bool:
        """Whether more is known of the manager than a number that nobody can read."""
        return self.manager != self.sent or not is_mere_id(self.manager)

    @property
    def why(self) -> StrOrPromise:
        """The reason, in words."""
        return REASONS[self.reason]


def of(connection: SCIMConnection) -> ProvisionedUserQuerySet:
    """The links of the people of a connection who wait, by the name of whom they wait for."""
    people = ProvisionedUser.objects.living().filter(connection=connection, user__isnull=False)
    waiting = people.filter(awaited_manager__isnull=False)
    return waiting.select_related("connection").order_by("awaited_manager", "user_name_key", "pk")


def described(
    connection: SCIMConnection, links: Sequence[ProvisionedUser], *, in_clear: bool
) -> list[Waiting]:
    """What is to know of these people of the connection, in their order (two queries; one more where a manager is not
    here)."""
    named = {link.awaited_manager for link in links if link.awaited_manager}
    known = {
        one.scim_id: one for one in ProvisionedUser.objects.filter(connection=connection, scim_id__in=named)
    }
    heard, names = _heard(connection, links), _names(connection, named - known.keys())
    return [_described(link, known, names, heard.get(link.pk), in_clear) for link in links]


def is_mere_id(text: str) -> bool:
    """Whether a text is a number or a key, not what people are called by."""
    return not any(sign in text for sign in "@ ") and any(sign.isdigit() for sign in text)


def _described(
    link: ProvisionedUser,
    known: Mapping[str, ProvisionedUser],
    names: Mapping[str, str],
    event: ProvisioningEvent | None,
    in_clear: bool,
) -> Waiting:
    sent = link.awaited_manager or ""
    manager = known.get(sent)
    reason = UNKNOWN
    if manager is not None:
        circle = manager.pk == link.pk or (event is not None and event.cause.get("manager_circle"))
        left_out = (CIRCLE if circle is True else TOO_HIGH) if circle else DUE
        reason = DELETED if manager.is_deleted else left_out
    shown = sent if in_clear else log_words.MASK
    called = names.get(sent) or shown if manager is None else manager.user_name
    return Waiting(link, called, reason, None if event is None else event.created_at, shown, manager)


def _names(connection: SCIMConnection, sent: Collection[str]) -> dict[str, str]:
    """By what is meant to be a manager's id the name of somebody who was sent with it as ``externalId``, and refused:
    the latest one (one query; none where nobody is asked for)."""
    if not sent:
        return {}
    events = ProvisioningEvent.objects.filter(connection=connection, external_id__in=sent)
    told = events.exclude(user_name="").order_by("pk").values_list("external_id", "user_name")
    return dict(told)


def _heard(connection: SCIMConnection, links: Iterable[ProvisionedUser]) -> dict[int, ProvisioningEvent]:
    """By link the event with which this manager was sent, as far as the log goes back (one query)."""
    try:
        entry = host.adapter_class().compiled(connection).manager
    except host.AdapterBroken:
        return {}
    if entry is None:
        return {}
    events = ProvisioningEvent.objects.filter(
        connection=connection, link__in=[link.pk for link in links], changes__has_key=entry.declaration.path
    )
    lean = events.only("pk", "link_id", "created_at", "cause").order_by("pk")
    return {event.link_id: event for event in lean if event.link_id is not None}
