"""Unusual changes: an hour in which a tenth of all names or addresses changed, or half of a customer changed its team.

It is what a wrong attribute mapping, a wrong export or a rename of a domain looks like. Nothing is held: the contacts
are mailed at once, and the log says so; the admin's index, the list and the connection's page do for a day.
``scim_notify`` asks, hourly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone
from django.utils.translation import gettext as _

from scim_provisioning import events
from scim_provisioning.adapters import Reference
from scim_provisioning.administration import audit, host, links_to_pages, permissions
from scim_provisioning.models import Action, Outcome, ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.protocol.text import fold

WINDOW: Final = timedelta(hours=1)
#: How long the connection's page says so, and how long the same is not said again.
SHOWN: Final = timedelta(days=1)
#: Of a small customer a handful of people is a tenth.
AT_LEAST: Final = 25
IDENTITY_PERCENT: Final = 10
UNIT_PERCENT: Final = 50
#: How many of the log's latest lines are read at the most, and how many at a time.
MOST: Final = 100_000
PAGE: Final = 2_000

NAMES, ADDRESSES = "names", "addresses"
_NAMES: Final = frozenset({"userName", "name.givenName", "name.familyName"})
_CHANGED: Final = (Action.UPDATED, Action.REACTIVATED)


@dataclass(frozen=True, slots=True)
class Churn:
    """What changed of how many people of all of the connection's. ``what`` is ``NAMES``, ``ADDRESSES``, or the path of
    a mapped reference."""

    what: str
    people: int
    everybody: int

    @property
    def sentence(self) -> str:
        """The warning in words."""
        facts = {"people": self.people, "everybody": self.everybody, "attribute": _leaf(self.what)}
        if self.what == NAMES:
            text = _("Within an hour the names of %(people)d of %(everybody)d learners changed.")
        elif self.what == ADDRESSES:
            text = _("Within an hour the e-mail addresses of %(people)d of %(everybody)d learners changed.")
        else:
            text = _("Within an hour “%(attribute)s” of %(people)d of %(everybody)d learners changed.")
        return text % facts


def _said(cause: Mapping[str, Any]) -> Churn:
    return Churn(str(cause["what"]), cause["people"], cause["everybody"])


def note(connection: SCIMConnection) -> list[Churn]:
    """What is unusual about the last hour and was not said within a day: written into the log, and mailed."""
    said = {found.what for found in recent(connection)}
    found = [churn for churn in of_last_hour(connection) if churn.what not in said]
    for churn in found:
        cause = {"what": churn.what, "people": churn.people, "everybody": churn.everybody}
        events.admin(connection, action=Action.CHURN, actor=None, detail=churn.sentence, cause=cause)
    if found:
        _tell(connection, found)
    return found


def recent(connection: SCIMConnection) -> list[Churn]:
    """What was found within a day, the latest first (one query)."""
    since = timezone.now() - SHOWN
    lines = ProvisioningEvent.objects.filter(connection=connection, action=Action.CHURN)
    causes = lines.order_by("-id").filter(created_at__gt=since).values_list("cause", flat=True)
    return [_said(cause) for cause in causes]


def seen_by(user: Any) -> list[tuple[SCIMConnection, Churn]]:
    """The same of the connections that ``user`` sees, with each what was found (two queries)."""
    if not (user.is_authenticated and permissions.may_view(user)):
        return []
    current = permissions.visible_connections(user).filter(archived_at__isnull=True)
    lines = permissions.within(
        ProvisioningEvent.objects.filter(action=Action.CHURN, created_at__gt=timezone.now() - SHOWN),
        "connection",
        current,
    )
    found = lines.select_related("connection").order_by("-id")
    return [(line.connection, _said(line.cause)) for line in found if line.connection is not None]


def of_last_hour(connection: SCIMConnection) -> list[Churn]:
    """What is unusual about the last hour, whether it was said before or not."""
    units = _units(connection)
    changed: dict[str, set[int]] = defaultdict(set)
    for link, changes in _changes(connection, timezone.now() - WINDOW):
        for path, (before, after) in changes.items():
            what = _what(path, units)
            if what and _is_another(before, after):
                changed[what].add(link)
    if not any(len(people) >= AT_LEAST for people in changed.values()):
        return []
    everybody = ProvisionedUser.objects.living().filter(connection=connection).count()
    found = [Churn(what, len(people), everybody) for what, people in sorted(changed.items())]
    return [churn for churn in found if churn.people >= max(AT_LEAST, everybody * _percent(churn.what) / 100)]


def _changes(connection: SCIMConnection, since: datetime) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Who was changed by the identity provider, and what, the latest first. The log is walked by the connection's own
    index until the hour is over: an action or a moment in the condition would have it read whole where little of the
    hour fits."""
    lines = ProvisioningEvent.objects.filter(connection=connection).order_by("-id")
    columns = ("pk", "created_at", "action", "outcome", "actor", "link", "changes")
    below: int | None = None
    for _page in range(MOST // PAGE):
        rows = list((lines if below is None else lines.filter(pk__lt=below)).values_list(*columns)[:PAGE])
        for _key, at, action, outcome, actor, link, changes in rows:
            if at < since:
                return
            if action in _CHANGED and outcome == Outcome.APPLIED and actor is None and link is not None:
                yield link, changes
        if len(rows) < PAGE:
            return
        below = rows[-1][0]


def _units(connection: SCIMConnection) -> frozenset[str]:
    """The paths of what a customer's people are sorted by: company, business unit, team."""
    try:
        entries = host.adapter_class().compiled(connection).entries
    except host.AdapterBroken:
        # Names and addresses are told from anything else without it.
        return frozenset()
    return frozenset(str(entry.path) for entry in entries if isinstance(entry.declaration, Reference))


def _what(path: str, units: frozenset[str]) -> str:
    if path in _NAMES:
        return NAMES
    if path.startswith("emails"):
        return ADDRESSES
    return path if path in units else ""


def _is_another(before: object, after: object) -> bool:
    """Whether somebody had a value and has another one or none: a first value, or another spelling, is no churn."""
    return before not in (None, "") and fold(str(before)) != fold(str(after))


def _percent(what: str) -> int:
    return IDENTITY_PERCENT if what in (NAMES, ADDRESSES) else UNIT_PERCENT


def _leaf(path: str) -> str:
    return path.rpartition(":")[2]


def _tell(connection: SCIMConnection, found: list[Churn]) -> None:
    subject = _("SCIM provisioning of %(connection)s: unusual changes") % {"connection": connection.name}
    advice = _(
        "They were made. If that is not meant, pause provisioning on the connection's page, correct the attribute "
        "mapping in the identity provider, and resume: its next cycle puts the values right."
    )
    page = links_to_pages.change(connection)
    body = "\n\n".join([*(churn.sentence for churn in found), advice, *([page] if page else [])])
    audit.tell_contacts(connection, subject, body + "\n")
