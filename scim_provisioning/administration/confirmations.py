"""Counting wrong answers to the question who is there, by session and by account, in the database.

A session that was stolen can guess five times in 15 minutes; it closes for itself alone. Many sessions of one account
that guess close the account for every session that began before the last wrong answer. Whoever knows the password signs
in again and is let in at once: no guess of somebody else's can shut the owner out.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final

from django.db.models import F, QuerySet
from django.utils import timezone

from scim_provisioning.models import ConfirmationAttempts

SESSION_ATTEMPTS: Final = 5
SESSION_WINDOW: Final = timedelta(minutes=15)
ACCOUNT_ATTEMPTS: Final = 20
ACCOUNT_WINDOW: Final = timedelta(days=1)


class Door(Enum):
    """Whether an answer is looked at."""

    OPEN = "open"
    SESSION_CLOSED = "session"
    ACCOUNT_CLOSED = "account"


@dataclass(frozen=True, slots=True)
class Counter:
    """The two counts of one session of one account."""

    session: str
    account: str
    signed_in_at: datetime | None

    @classmethod
    def of(cls, user: Any, session: str, signed_in_at: datetime | None) -> Counter:
        """``session`` is any text that the session keeps while it is the same sign-in."""
        account = f"{user._meta.label_lower}:{user.pk}"
        return cls(_digest("session", account, session), _digest("account", account), signed_in_at)

    def attempt(self) -> Door:
        """Count an answer before it is looked at, so that many guesses at the same moment are many."""
        if _count(self.session, SESSION_WINDOW).wrong > SESSION_ATTEMPTS:
            return Door.SESSION_CLOSED
        all_sessions = _count(self.account, ACCOUNT_WINDOW)
        if all_sessions.wrong > ACCOUNT_ATTEMPTS and not self._began_after(all_sessions.last_at):
            return Door.ACCOUNT_CLOSED
        return Door.OPEN

    def was_wrong(self) -> None:
        """The answer was looked at, and wrong."""
        _rows(self.session, self.account).update(last_at=timezone.now())

    def was_right(self) -> None:
        """The answer was right: this session begins anew, and the account forgets this one answer only."""
        _rows(self.session).delete()
        _rows(self.account).filter(wrong__gt=0).update(wrong=F("wrong") - 1)

    def _began_after(self, moment: datetime | None) -> bool:
        return moment is not None and self.signed_in_at is not None and self.signed_in_at > moment


def outdated() -> QuerySet[ConfirmationAttempts]:
    """Counts whose time is over."""
    return ConfirmationAttempts.objects.filter(began_at__lt=timezone.now() - ACCOUNT_WINDOW)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _rows(*subjects: str) -> QuerySet[ConfirmationAttempts]:
    return ConfirmationAttempts.objects.filter(subject__in=subjects)


def _count(subject: str, window: timedelta) -> ConfirmationAttempts:
    now, rows = timezone.now(), _rows(subject)
    new = ConfirmationAttempts(subject=subject, began_at=now)
    ConfirmationAttempts.objects.bulk_create([new], ignore_conflicts=True)
    # What began in a time to come is as old: the clock went back, and nobody is to wait until it has caught up.
    rows.exclude(began_at__range=(now - window, now + window)).update(wrong=0, began_at=now, last_at=None)
    rows.update(wrong=F("wrong") + 1)
    return rows.first() or new
