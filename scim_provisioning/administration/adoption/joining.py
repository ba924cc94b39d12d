"""Two accounts of one person here become one, by an administrator's word."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scim_provisioning import databases, rules
from scim_provisioning.administration import audit, catalogue, host
from scim_provisioning.administration.adoption.account_facts import facts_of
from scim_provisioning.administration.connections import locked_current, notice
from scim_provisioning.administration.log_words import NOTHING
from scim_provisioning.administration.people.accounts import full_name
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.events import Caller, reports
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.protocol.errors import SCIMError, Unavailable
from scim_provisioning.protocol.text import is_storable
from scim_provisioning.provisioning import merging
from scim_provisioning.provisioning.host_calls import raised_by
from scim_provisioning.provisioning.transactions import durable
from scim_provisioning.rules import Obstacle

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django_stubs_ext import StrOrPromise

logger = logging.getLogger("scim_provisioning.administration")

_NO_MERGE: Final = gettext_lazy(
    "This application does not say how two accounts become one. Its developers write merge(into, other) of "
    "the adapter; until then the two have to be joined by hand."
)
_SIGNED_IN: Final = gettext_lazy(
    "“%(name)s” is proposed: it is the only one with which somebody has signed in."
)
_BEGUN: Final = gettext_lazy("“%(name)s” is proposed: it is the only one with progress.")
_FROM_BEFORE: Final = gettext_lazy("“%(name)s” is proposed: the other one was made by provisioning.")
_IN_THE_WAY: Final[Mapping[Obstacle, StrOrPromise]] = {
    Obstacle.ONE: gettext_lazy("That is one account, not two."),
    Obstacle.FOREIGN: gettext_lazy("One of the two accounts is none of this customer's."),
    Obstacle.PROTECTED: gettext_lazy(
        "One of the two accounts is protected (staff, for example): provisioning never touches it."
    ),
    Obstacle.LAST_ADMINISTRATOR: gettext_lazy(
        "The account that would be switched off is the customer's last administrator."
    ),
    Obstacle.ELSEWHERE: gettext_lazy(
        "One of the two accounts is managed through another connection, or was: it is not this one's to join."
    ),
    Obstacle.BOTH_SENT: gettext_lazy(
        "The identity provider sends both as people of their own. Take one of them out of it first; once it has "
        "deleted that one, they can be joined here."
    ),
    Obstacle.GUEST: gettext_lazy(
        "This connection only switches one of the two accounts on and off, and does not own it. Move the ownership "
        "first."
    ),
    Obstacle.AWAITED: gettext_lazy(
        "The identity provider has not sent the linked person yet. Take the link back first, and link the account "
        "that is to go on."
    ),
    Obstacle.LEFT: gettext_lazy(
        "The identity provider has deleted one of the two, and brings that one back if the person returns: let it go "
        "on."
    ),
    Obstacle.HIDDEN: gettext_lazy(
        "The account that would go on was deleted in this application, and is hidden."
    ),
    Obstacle.OFF: gettext_lazy(
        "The account that would go on is switched off in this application. Switch it on there first, or let the "
        "other one go on."
    ),
    Obstacle.CHANGED: gettext_lazy("One of the two accounts is not what it was when this was asked."),
}


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two accounts, with the living link of the connection that leads to it."""

    account: Any
    link: ProvisionedUser | None

    @property
    def name(self) -> str:
        """What it is called here."""
        return str(self.account.get_username())


def can_merge() -> bool:
    """Whether the host says how two accounts become one. Raises ``host.AdapterBroken``."""
    return host.adapter_class().overrides("merge")


def without_merge() -> str:
    """What is said where it does not."""
    return str(_NO_MERGE)


def found(connection: SCIMConnection, key: str) -> Side | None:
    """The account of this key, if it is this connection's to join; None for whatever else (some six queries). Raises
    ``host.AdapterBroken``."""
    host.adapter_class()
    if not key or not is_storable(key):
        return None
    try:
        account = get_user_model()._base_manager.filter(pk=key).first()
    except (ValueError, TypeError, OverflowError, ValidationError):
        return None
    if account is None:
        return None
    links = ProvisionedUser.objects.living().filter(connection=connection, user=account)
    side = Side(account, links.select_related("connection").first())
    adapter = merging.side(Caller(connection, None), account, side.link)
    return side if rules.has_here(connection, adapter) else None


def obstacle(connection: SCIMConnection, into: Side, other: Side) -> str:
    """Why the two are not joined, in a sentence; empty where nothing is in the way."""
    if not can_merge():
        return without_merge()
    caller = Caller(connection, None)
    stays, goes = (merging.side(caller, one.account, one.link) for one in (into, other))
    met = rules.obstacle(stays, goes)
    return "" if met is None else str(_IN_THE_WAY[met])


def goes_on(
    connection: SCIMConnection, one: Side, another: Side, *, in_clear: bool
) -> tuple[Side | None, str]:
    """Which of the two is proposed to go on, and why, in a sentence: the only one with which somebody has ever signed
    in, whose password and habits stay theirs; else the only one with progress; else not the one that provisioning has
    made. None where nothing speaks for either. Without ``in_clear`` nobody's sign-in or progress is told."""
    sides = (one, another)
    used = [side for side in sides if getattr(side.account, "last_login", None) is not None]
    if in_clear and len(used) == 1:
        return _proposed(used[0], _SIGNED_IN)
    begun = [side for side in sides if in_clear and _has_progress(connection, side)]
    if len(begun) == 1:
        return _proposed(begun[0], _BEGUN)
    made = [side for side in sides if side.link is not None and side.link.adopted_at is None]
    if len(made) == 1:
        return _proposed(another if made == [one] else one, _FROM_BEFORE)
    return None, _("Nothing speaks for either of them but what you know.")


def _proposed(side: Side, why: StrOrPromise) -> tuple[Side, str]:
    return side, str(why) % {"name": side.name}


def _has_progress(connection: SCIMConnection, side: Side) -> bool:
    adapter = merging.side(Caller(connection, None), side.account, side.link)
    return (facts_of(adapter, in_clear=True).progress or NOTHING) != NOTHING


def join(
    connection: SCIMConnection,
    into: Side,
    other: Side,
    *,
    met: str | None = None,
    actor: AbstractBaseUser | None,
    address: str = "",
) -> None:
    """Have the host join ``other`` to ``into``, which goes on. ``met``: the key of the link that one of them had when
    the administrator was asked, empty where neither had one; by default as they were when they were found.

    Raises ``ConnectionRefused`` where something is in the way, or the host's ``merge`` fails: nothing was changed then.
    """
    if not can_merge():
        raise ConnectionRefused(without_merge(), "adoption.merge")
    message = _(
        "“%(other)s” and “%(into)s” are the same person: their accounts were joined, “%(into)s” goes on."
    )
    message %= {"other": other.name, "into": into.name}
    caller = Caller(connection, None, address=address, actor=actor)
    link = into.link or other.link
    if met is not None and met != str(link.pk if link else ""):
        raise ConnectionRefused(str(_IN_THE_WAY[Obstacle.CHANGED]), "adoption.refused")

    def work() -> None:
        merging.join(
            caller, into.account, other.account, met=None if link is None else link.pk, detail=message
        )
        locked_current(connection)
        audit.log_entry(actor, connection, message)
        audit.tell_contacts(connection, *notice(connection, actor, message, address))

    with refusals(f"{into.account.pk}, {other.account.pk}"):
        durable(work)


def joined(into: Side, *, in_clear: bool) -> str:
    """What is said once ``join`` is done, by what the person is called now: the link may have given the account another
    name (one query)."""
    account = type(into.account)._base_manager.get(pk=into.account.pk)
    full, name = full_name(account) if in_clear else "", f"“{account.get_username()}”"
    return _("Joined: %(name)s goes on, with the progress of both.") % {
        "name": f"{full} ({name})" if full else name
    }


@contextmanager
def refusals(which: str) -> Iterator[None]:
    """Around what joins two accounts: whatever refuses it leaves as ``ConnectionRefused``, but for a database in
    trouble."""
    try:
        yield
    except (Unavailable, ConnectionRefused):
        raise
    except SCIMError as refusal:
        raise ConnectionRefused(_sentence(refusal), "adoption.refused") from refusal
    except Exception as error:
        # Whatever the host's merge raises. Of every other hook it is said which it was.
        raised = raised_by(error)
        if databases.fault_of(error) is not None or (raised is not None and raised.hook != "merge"):
            raise
        reports.failure(logger, "Two accounts could not be joined: %s", which, exception=error)
        failed = _("This application could not join the two (%(error)s). Nothing was changed.")
        raise ConnectionRefused(failed % {"error": type(error).__name__}, "adoption.merge") from error


def _sentence(refusal: SCIMError) -> str:
    value = refusal.params.get("obstacle")
    if isinstance(value, str):
        return str(_IN_THE_WAY[Obstacle(value)])
    if refusal.code == "user.username_taken":
        # Another one has linked, renamed or deleted an account a moment ago.
        return str(_IN_THE_WAY[Obstacle.CHANGED])
    return catalogue.title(refusal.code)
