"""Where SCIM reads and writes when the host has several databases.

A replica is behind. Whoever decides on what it says loses changes: a PATCH on a person of a moment ago is 404, and the
second of two PATCHes undoes the first. So everything that a SCIM request reads it reads where it would be written, the
host's models included. This package's tables, and the SSO settings that a connection belongs to, are never read
anywhere else: whoever has just switched single sign-on on goes on to set SCIM up.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections, models, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from scim_provisioning.conf import app_settings

_APP: Final = "scim_provisioning"
_reads_primary: ContextVar[bool] = ContextVar("scim_provisioning_reads_primary", default=False)


class ReadsWhereItWrites:
    """A database router that stands before the host's (see ``install``) and answers one question only."""

    def db_for_read(self, model: type[models.Model], **hints: Any) -> str | None:
        """The database that the host's routers write ``model`` to; None: it is for them to say."""
        if _reads_primary.get() or _is_ours(model):
            return router.db_for_write(model, **hints)
        return None


def _is_ours(model: type[models.Model]) -> bool:
    sso_model = app_settings.sso_model
    return model._meta.app_label == _APP or (
        sso_model is not None and model._meta.label_lower == sso_model.lower()
    )


def install() -> None:
    """Put the router before those of the settings. By itself: forgotten in DATABASE_ROUTERS it would be missed only
    when changes are lost already."""
    if not any(isinstance(known, ReadsWhereItWrites) for known in router.routers):
        router.routers.insert(0, ReadsWhereItWrites())


def reinstall(*, setting: str, **kwargs: Any) -> None:
    """Receiver of ``setting_changed``: tests that exchange DATABASE_ROUTERS keep the router."""
    if setting == "DATABASE_ROUTERS":
        install()


@contextmanager
def primary() -> Iterator[None]:
    """Whatever is read inside is read where it would be written."""
    before = _reads_primary.set(True)
    try:
        yield
    finally:
        _reads_primary.reset(before)


def has_no_choice() -> bool:
    """Whether the host has no router, so that nobody has to be asked, as it is done some twenty times a request."""
    return all(type(known) is ReadsWhereItWrites for known in router.routers)


def read_from(model: type[models.Model]) -> str:
    """The name of the database that a model is read from."""
    return DEFAULT_DB_ALIAS if has_no_choice() else router.db_for_read(model)


def alias() -> str:
    """The name of the database that holds links and log, as the host's routers say."""
    if has_no_choice():
        return DEFAULT_DB_ALIAS
    name: str = router.db_for_write(apps.get_model(_APP, "ProvisionedUser"))
    return name


def connection() -> BaseDatabaseWrapper:
    """The connection to it."""
    return connections[alias()]


def atomic() -> transaction.Atomic:
    """``transaction.atomic`` on it."""
    return transaction.atomic(using=alias())


def is_lost_to_somebody_else() -> bool:
    """Whether a transaction that was begun outside this package is about to be rolled back: nothing can be written."""
    database = connection()
    return database.in_atomic_block and database.needs_rollback
