"""``/scim/healthz``: whether this process and its database answer. For load balancers, containers and their keepers.

It tells nothing else, asks for no token, is counted and written down nowhere, and touches neither cache nor session: a
cache that is gone slows provisioning down and stops nothing.
"""

from __future__ import annotations

import os
from threading import Event, Lock, Thread
from time import monotonic
from typing import Final

from django.contrib.auth.decorators import login_not_required
from django.db import Error, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from scim_provisioning import databases

#: Seconds after which the database counts as one that does not answer.
PATIENCE: Final = 2.0
#: Seconds for which an answer is good for everybody who asks, so that nobody can have it asked all the time.
_GOOD_FOR: Final = 1.0
#: Seconds after which a question that is not answered is asked again, beside the first.
_LOST_AFTER: Final = 60.0
#: Databases that are told how long they may take to connect.
_TAKE_TIMEOUT: Final = frozenset({"postgresql", "mysql"})


@never_cache
@require_safe
@login_not_required
@transaction.non_atomic_requests
def healthz(request: HttpRequest) -> HttpResponse:
    """200 ``ok``; 503 ``the database does not answer`` after two seconds at most."""
    if database_answers():
        return HttpResponse("ok\n", content_type="text/plain")
    return HttpResponse(
        "the database does not answer\n", status=503, content_type="text/plain", headers={"Retry-After": "5"}
    )


def database_answers() -> bool:
    """Whether it does, within ``PATIENCE`` seconds."""
    return _database.answers()


class _Question:
    """The database is asked in a thread of its own: to connect, and to wait for an answer, may take it for ever."""

    def __init__(self) -> None:
        self.asked_at, self.process = monotonic(), os.getpid()
        self.is_done, self.answered_at, self.ok = Event(), 0.0, False

    @property
    def is_of_use(self) -> bool:
        """Whether nobody need ask again: it is on its way, in this process, or was answered just now."""
        now = monotonic()
        is_answered = self.is_done.is_set()
        is_fresh = now - self.answered_at < _GOOD_FOR if is_answered else now - self.asked_at < _LOST_AFTER
        # A thread does not come along into a fork.
        return is_fresh and self.process == os.getpid()

    def wait(self) -> bool:
        """The answer; False when it does not come in time."""
        self.is_done.wait(max(0.0, self.asked_at + PATIENCE - monotonic()))
        return self.ok

    def ask(self, database: BaseDatabaseWrapper) -> None:
        """Ask over this connection."""
        try:
            with database.cursor() as cursor:
                cursor.execute("SELECT 1")
            self.ok = True
        except Error:
            # Whoever reads the answer sees it; the log would be filled by those who ask every second.
            pass
        finally:
            self.answered_at = monotonic()
            self.is_done.set()

    def ask_apart(self) -> None:
        """What the thread does: over a connection of its own, beside the host's pool."""
        database = databases.connection().copy()
        options = database.settings_dict["OPTIONS"]
        options.pop("pool", None)
        if database.vendor in _TAKE_TIMEOUT:
            options["connect_timeout"] = int(PATIENCE)
        try:
            self.ask(database)
        finally:
            database.close()


class _Database:
    """One question at a time, however many want to know."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._question: _Question | None = None

    def answers(self) -> bool:
        """Whether it does."""
        database = databases.connection()
        if database.vendor == "sqlite":
            # A library in this process: there is nothing to wait for.
            question = _Question()
            question.ask(database)
            return question.ok
        with self._lock:
            asked = self._question
            if asked is None or not asked.is_of_use:
                asked = self._question = _Question()
                Thread(target=asked.ask_apart, daemon=True, name="scim-healthz").start()
        return asked.wait()


_database: Final = _Database()
