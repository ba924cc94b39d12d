"""What stands in the database: to show that a refusal left nothing behind."""

from __future__ import annotations

import functools
from typing import Any

from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import connection as database
from django.db import models

from scim_provisioning.models import (
    ConfirmationAttempts,
    ProvisionedUser,
    ProvisioningEvent,
    ProvisioningPayload,
    RefusedName,
    SCIMConnection,
    SCIMToken,
    Stranger,
)

#: The log and the count of strangers, which note refusals too, and the tokens, which note their last use.
_APART = (ProvisioningEvent, ProvisioningPayload, RefusedName, SCIMToken, Stranger)


def contents() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, the log and the tokens apart."""
    return _rows_but_of(_APART)


def of_connection(connection: SCIMConnection) -> list[tuple[Any, ...]]:
    """Every link of one connection, tombstones included."""
    return list(ProvisionedUser.objects.filter(connection=connection).order_by("pk").values_list())


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, the log too, but not what is noted of those who look: their sessions and attempts."""
    return _rows_but_of((Session, ConfirmationAttempts))


def _rows_but_of(apart: tuple[type[models.Model], ...]) -> dict[str, list[tuple[Any, ...]]]:
    """As the database holds them: some hundred tests compare all tables before with all tables after, and most of that
    was to compile the statements and to make values of Python's."""
    found = {}
    with database.cursor() as cursor:
        for model in apps.get_models():
            if model not in apart and model._meta.managed:
                cursor.execute(*_statement(model))
                found[model._meta.label] = list(cursor.fetchall())
    return found


@functools.cache
def _statement(model: type[models.Model]) -> tuple[str, tuple[Any, ...]]:
    return model._default_manager.order_by("pk").values_list().query.sql_with_params()
