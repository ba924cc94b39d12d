"""Undoing departures: whom an identity provider has switched off or deleted within a while comes back, as they were.

Each person comes back by the verb that would bring them back for their identity provider, with its hooks and its event,
in a transaction of their own. What the identity provider says of them afterwards counts as new.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from scim_provisioning import databases
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.adapters.sql.columns import Columns
from scim_provisioning.administration import audit, facts, leaver_brake, log_words, troubles
from scim_provisioning.conf import app_settings
from scim_provisioning.events import Caller, Exchange, reports
from scim_provisioning.models import Action, Operation, ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.models.leaver_brake import WINDOW
from scim_provisioning.protocol import documents
from scim_provisioning.protocol.constants import PATCH_OP
from scim_provisioning.protocol.errors import NotFound, SCIMError, Unavailable
from scim_provisioning.provisioning import verbs
from scim_provisioning.provisioning.transactions import durable
from scim_provisioning.provisioning.writing import WAS_OFF
from scim_provisioning.rules import by_hand, ownership
from scim_provisioning.rules.customers import customer, is_lost

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

logger = logging.getLogger("scim_provisioning.administration")

#: How far back departures can be undone together.
HOURS: Final = (1, 24)
#: At most so many at once: each is a transaction.
AT_ONCE: Final = 1000
#: So many who are back are taken off the brake's count together: of a worker that is killed no more are left on it.
COUNTED_TOGETHER: Final = 25
#: Of so many connections it is asked whom the LMS has switched on again, where the log shows those of all.
_ASKED: Final = 20
_DEPARTURES: Final = (Action.DEACTIVATED, Action.DELETED)
RETURNS: Final = (Action.REACTIVATED, Action.REVIVED)
_STATE_STAYS: Final = gettext_noop(
    "The application does not let provisioning switch somebody who is in this state, as one who is only invited. They "
    "come in once they have ended it themselves."
)


class StaysOff(Exception):
    """Not the departure is to be taken back, but what was said since, by the LMS or the identity provider. ``message``
    says what."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


@dataclass(slots=True)
class Undone:
    """How many are back, and who is not and why: the departure and a sentence."""

    back: int = 0
    failed: list[tuple[ProvisioningEvent, str]] = field(default_factory=list)


def departed(connections: QuerySet[SCIMConnection], hours: int) -> Q:
    """What is true of the departures of the last hours on these connections, as ``departures`` has them (two queries).

    Of more connections than can be asked about, and while the host cannot be asked, those are among them whom the LMS
    has switched on again or moved to another customer.
    """
    went = _departed(hours)
    events = ProvisioningEvent.objects.filter(went, connection=OuterRef("pk"))
    busy = list(connections.filter(Exists(events)).order_by("pk")[: _ASKED + 1])
    if len(busy) > _ASKED:
        return went
    facts.load_sso(busy)
    off = Q(pk__in=())
    for connection in busy:
        try:
            off |= Q(connection=connection, link__in=_off(connection).values("pk"))
        except Exception as error:
            # Whatever the host's adapter may raise: the log is read all the same.
            reports.failure(logger, "The application cannot say who is switched on", exception=error)
            return went
    return Q(went, off)


def counts(connections: Sequence[SCIMConnection], hours: int) -> dict[int, int]:
    """How many of each are still off, by its key, as ``departed`` has them (three queries; none of no connection)."""
    keys = [connection.pk for connection in connections]
    if not keys:
        return {}
    went = departed(SCIMConnection.objects.filter(pk__in=keys), hours)
    rows = ProvisioningEvent.objects.filter(went, connection__in=keys).order_by()
    return {key: number for key, number in rows.values_list("connection").annotate(Count("pk")) if key}


def _departed(hours: int) -> Q:
    """What is true of the latest departure of each person within these hours, of those who have not come back since.
    Erased people are not among them."""
    # Who is deleted after they were switched off, as Entra does a month later, left with the first of the two.
    left = Q(action__in=_DEPARTURES, changes__has_key="active")
    # A learner of the LMS's who was adopted and switched off in one, unless the account was off before.
    left |= Q(action=Action.ADOPTED, changes__active__1=False) & ~Q(cause__has_key=WAS_OFF)
    # Who has come back since, and is off again without a departure, was switched off by the LMS.
    later = ProvisioningEvent.objects.filter(
        left | Q(action__in=RETURNS),
        connection=OuterRef("connection"),
        link=OuterRef("link"),
        pk__gt=OuterRef("pk"),
    )
    return Q(
        ~Q(operation=Operation.ADMIN),
        ~Exists(later),
        left,
        created_at__gte=timezone.now() - timedelta(hours=hours),
        link__active=False,
        link__user__isnull=False,
    )


def departures(
    connection: SCIMConnection, hours: int, *, last: int | None = None, learner: int | None = None
) -> QuerySet[ProvisioningEvent]:
    """Those of one connection, the first first, with their links and tokens; up to the event with the key ``last``, and
    of the link with the key ``learner`` alone. Without those whom the LMS has switched on again since, or moved to
    another customer."""
    went = ProvisioningEvent.objects.filter(_departed(hours), connection=connection)
    went = went.filter(link__in=_off(connection).values("pk"))
    if last is not None:
        went = went.filter(pk__lte=last)
    if learner is not None:
        went = went.filter(link=learner)
    return went.select_related("link", "token").order_by("pk")


def _off(connection: SCIMConnection) -> QuerySet[ProvisionedUser]:
    """Whom the identity provider wants off and whose accounts are; without whom the LMS has moved elsewhere."""
    columns = Columns(get_adapter_class().compiled(connection), connection)
    off = ProvisionedUser.objects.filter(~columns.is_active(), connection=connection, active=False)
    whose = customer(connection)
    return off.filter(whose.has) if whose.lookups else off


def undo(
    connection: SCIMConnection,
    went: Iterable[ProvisioningEvent],
    *,
    actor: AbstractBaseUser | None,
    address: str = "",
    seconds: float | None = None,
) -> Undone:
    """Bring back who went, each as they were: access, and what their departure changed and nobody has changed since.

    Whoever cannot come back, or was switched off by the LMS as well, is reported and keeps nobody else from it. After
    so many ``seconds`` (None: however many) nobody else is begun with: web servers kill whoever takes too long.

    Raises ``ConnectionRefused`` where the database is in the way: who is back stays.
    """
    until = None if seconds is None else monotonic() + seconds
    caller, done, counted = Caller(connection, None, address=address, actor=actor), Undone(), 0
    hour_ago = timezone.now() - WINDOW
    try:
        with troubles.in_parts():
            for event in went:
                if until is not None and monotonic() >= until:
                    break
                if counted >= COUNTED_TOGETHER:
                    counted = _count_no_more(connection, counted)
                if _is_back(caller, event, done):
                    done.back += 1
                    counted += event.created_at > hour_ago
    finally:
        # Nobody may be told that nothing was changed because it could not be counted, or told.
        with troubles.in_parts():
            if counted:
                _count_no_more(connection, counted)
            if done.back:
                durable(lambda: audit.log_entry(actor, connection, _told(done.back)))
    return done


def _told(number: int) -> str:
    words = ngettext("%(n)d person was reactivated.", "%(n)d people were reactivated.", number)
    return words % {"n": number}


def _count_no_more(connection: SCIMConnection, number: int) -> int:
    """Take so many off the brake's count; none of them is left then."""
    leaver_brake.come_back(connection, number, lambda: _still_gone(connection))
    return 0


def _is_back(caller: Caller, event: ProvisioningEvent, done: Undone) -> bool:
    """Whether that person could be brought back; else it is said in ``done`` why not."""
    try:
        is_back = durable(lambda: _bring_back(caller, event))
    except StaysOff as word:
        done.failed.append((event, word.message))
    except Unavailable:
        raise
    except SCIMError as refusal:
        done.failed.append((event, refusal.detail))
    except Exception as error:
        if databases.fault_of(error) is not None:
            raise
        reports.failure(logger, "A departure could not be undone: link %s", event.link_id, exception=error)
        done.failed.append((event, f"{type(error).__name__}"))
    else:
        if not is_back:
            done.failed.append((event, _(_STATE_STAYS)))
        return is_back
    return False


def _still_gone(connection: SCIMConnection) -> int:
    """How many went within the hour and are not back, the erased among them."""
    erased = ProvisioningEvent.objects.filter(
        connection=connection,
        action=Action.DELETED,
        cause__erased=True,
        created_at__gt=timezone.now() - WINDOW,
    )
    return departures(connection, HOURS[0]).count() + erased.filter(link__user__isnull=True).count()


def _bring_back(caller: Caller, event: ProvisioningEvent) -> bool:
    """Whether they are back. Else they are wanted from now on, and are in a state that the LMS alone ends."""
    link = _locked(caller.tenant, event)
    exchange = Exchange("", "", Operation.ADMIN)
    _respect(caller.tenant, link)
    if link.is_deleted:
        # A POST would not meet them any more, and make somebody second.
        link.connection = caller.tenant
        if is_lost(link):
            raise NotFound()
        # As the identity provider would: who agrees in all they are known by returns under their SCIM id.
        return _is_on(verbs.create(caller, exchange, {**link.document, "active": True}))
    current = verbs.get(caller, link.scim_id)
    inverse = [] if event.action == Action.ADOPTED else _inverse(_whole(event), current)
    operations = [{"op": "replace", "path": "active", "value": True}]
    if len(inverse) < app_settings.limits.operations:
        # Of a departure that changed more than one request may, access comes back at least.
        operations += inverse
    message = {"schemas": [PATCH_OP], "Operations": operations}
    return _is_on(verbs.patch(caller, exchange, link.scim_id, message))


def _is_on(written: verbs.Written) -> bool:
    return written.resource.get("active") is not False


def _locked(connection: SCIMConnection, event: ProvisioningEvent) -> ProvisionedUser:
    """The link of whoever left, as it stands once the links of the account are locked. What the identity provider has
    said since the list was made counts: who has come back, left again or been forgotten is not brought back by it.
    Raises ``StaysOff``."""
    key = event.link_id or 0
    account = ProvisionedUser.objects.filter(pk=key, user__isnull=False).values("user")
    ownership.lock_links(ProvisionedUser.objects.filter(Q(pk=key) | Q(user__in=account)))
    if not departures(connection, HOURS[-1], learner=key).filter(pk=event.pk).exists():
        raise StaysOff(_("Has come back, left again or been forgotten since this list was made. Look again."))
    return ProvisionedUser.objects.get(pk=key, connection=connection)


def _respect(connection: SCIMConnection, link: ProvisionedUser) -> None:
    """Leave off whom the LMS has switched off since their departure, as far as Django's own log knows (a few queries).
    Raises ``StaysOff``."""
    adapter_class = get_adapter_class()
    people = list(adapter_class.links(connection).filter(pk=link.pk))
    for adapter in adapter_class.for_links(people, connection):
        met = by_hand.moved_by_hand(adapter)
        if met is not None and not met.is_on:
            raise StaysOff(log_words.switched_in_lms(met.facts))


def _whole(event: ProvisioningEvent) -> dict[str, Any]:
    """The changes of a line without those that were too long for it."""
    cut = event.cause.get("cut", ())
    return {path: pair for path, pair in event.changes.items() if path not in cut}


def _inverse(changes: Mapping[str, Any], current: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Operations that take back what a departure changed beside ``active``, where it still stands so."""
    standing = {path: value for path, (_none, value) in documents.changes({}, current).items()}
    return [
        {"op": "remove", "path": path} if before is None else {"op": "replace", "path": path, "value": before}
        for path, (before, after) in changes.items()
        if path != "active" and standing.get(path) == after
    ]
