"""What is kept of people, for how long, and who may read it: for whoever answers for data protection.

The same is on the page privacy of the documentation. A table that begins to hold something of people is added here; a
test compares the models named here with those there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Model
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scim_provisioning.administration import jobs, permissions, suspension
from scim_provisioning.administration.retention import STRANGERS_KEPT
from scim_provisioning.conf import app_settings
from scim_provisioning.models import (
    Action,
    Adoption,
    AdoptionAnswer,
    FormerIdentifier,
    HeldLeaver,
    IdentityQuestion,
    LockedValue,
    ProvisionedUser,
    ProvisioningEvent,
    ProvisioningPayload,
    ReferenceKey,
    RefusedName,
    SCIMConnection,
    SentNotice,
    SharedAccount,
    SignIn,
    Stranger,
)
from scim_provisioning.models.adoption import UNDONE_WITHIN
from scim_provisioning.models.leaver_brake import FORGOTTEN

#: Read by everybody who may open the connection's pages; by those who read the log; and by those who see values.
_PAGES: Final = (permissions.VIEW,)
_LOG: Final = (permissions.VIEW_LOG,)
_VALUES: Final = (permissions.VIEW_LOG, permissions.VIEW_PAYLOAD)


@dataclass(frozen=True, slots=True)
class Kept:
    """What tables hold of people, for how long, and with which permissions it is read; none: on no page."""

    models: tuple[type[Model], ...]
    what: str
    how_long: str
    permissions: tuple[str, ...] = ()

    @property
    def tables(self) -> list[str]:
        """The tables, as the admin calls them."""
        return [str(model._meta.verbose_name_plural) for model in self.models]

    @property
    def readers(self) -> list[str]:
        """The permissions, as they are called where they are given."""
        return [permissions.named(codename) for codename in self.permissions]


@dataclass(frozen=True, slots=True)
class Standing:
    """How many people it is about on a connection. ``pruned_at``: when the periods were last applied."""

    managed: int
    deleted: int
    forgotten: int
    oldest: datetime | None
    pruned_at: datetime | None
    is_overdue: bool


def standing(connection: SCIMConnection) -> Standing:
    """The figures of a connection (six queries)."""
    managed, _inactive = suspension.count(connection)
    events = ProvisioningEvent.objects.filter(connection=connection)
    pruned_at = jobs.last_run(jobs.PRUNE)
    return Standing(
        managed,
        ProvisionedUser.objects.tombstones().filter(connection=connection).count(),
        events.filter(action=Action.FORGOTTEN).count(),
        events.order_by("id").values_list("created_at", flat=True).first(),
        pruned_at,
        jobs.is_overdue(jobs.PRUNE, pruned_at),
    )


def kept() -> Sequence[Kept]:
    """Everything that is kept of people, with the periods of the settings."""
    return [*_of_learners(), *_of_the_log(), *_of_those_in_doubt(), *_of_callers()]


def _of_learners() -> list[Kept]:
    until = _("until they are forgotten; a deleted learner too, who is known by it when they return")
    return [
        Kept(
            (ProvisionedUser,),
            _(
                "Of each learner: the SCIM id, userName, externalId, and everything else that the identity provider "
                "has sent and not taken back."
            ),
            until,
            _VALUES,
        ),
        Kept(
            (FormerIdentifier,), _("Former user names, addresses and names, to be found by."), until, _VALUES
        ),
        Kept(
            (LockedValue,),
            _("That a value is to stay as it is here, and the reason that an administrator gave."),
            _("until the lock is taken off, or they are forgotten"),
            (permissions.MANAGE_POLICY,),
        ),
        Kept(
            (SharedAccount,),
            _("That two connections may use one account; no names."),
            _("until they are forgotten"),
            _PAGES,
        ),
    ]


def _of_the_log() -> list[Kept]:
    keep = app_settings.retention
    messages = _("%(days)s; the latest %(n)d of a connection at most") % {
        "days": _days(keep.payload_days),
        "n": keep.payloads_per_connection,
    }
    return [
        Kept(
            (ProvisioningEvent,),
            _(
                "Each change and each refusal: whom it was about, what changed from what to what, when, by whom."
            ),
            _days(keep.event_days),
            _VALUES,
        ),
        Kept((ProvisioningPayload,), _("What was sent and answered, without passwords."), messages, _VALUES),
        Kept((RefusedName,), _("The words by which somebody is found who was refused."), messages, _LOG),
        Kept(
            (SentNotice,),
            _(
                "That the contacts were told of somebody protected: a keyed hash of the userName. When the owner of an "
                "account was told that its name or address had been changed."
            ),
            _days(keep.event_days),
        ),
    ]


def _of_those_in_doubt() -> list[Kept]:
    keep = app_settings.retention
    decided = _("%(days)s after the answer") % {"days": _days(keep.decided_days)}
    return [
        Kept(
            (Adoption,),
            _("Of an account that was here before: what was overwritten, so that it can be put back."),
            _days(UNDONE_WITHIN.days),
            (permissions.MANAGE_POLICY, permissions.VIEW_PAYLOAD),
        ),
        Kept(
            (AdoptionAnswer, IdentityQuestion),
            _("Who somebody is, as an administrator has answered."),
            decided,
            (permissions.MANAGE_POLICY,),
        ),
        Kept(
            (HeldLeaver,),
            _("Who is held from leaving; no names."),
            _days(FORGOTTEN.days),
            (permissions.APPROVE_HELD,),
        ),
        Kept(
            (ReferenceKey,),
            _("With whom the name of a company or a team came first, by the SCIM id."),
            _("as long as the name"),
            (permissions.MANAGE_POLICY,),
        ),
    ]


def _of_callers() -> list[Kept]:
    sessions = timedelta(seconds=2 * settings.SESSION_COOKIE_AGE)
    return [
        Kept((SignIn,), _("Which sessions an account has, to end them; no names."), _days(sessions.days)),
        Kept(
            (Stranger,),
            _("IP addresses of callers without a token; superusers see how many."),
            _days(STRANGERS_KEPT.days),
        ),
    ]


def _days(days: int) -> str:
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
