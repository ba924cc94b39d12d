"""What stands in the database: to show that a refusal left nothing behind."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.sessions.models import Session

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
    models = [model for model in apps.get_models() if model not in _APART and model._meta.managed]
    return {model._meta.label: list(model._default_manager.order_by("pk").values_list()) for model in models}


def of_connection(connection: SCIMConnection) -> list[tuple[Any, ...]]:
    """Every link of one connection, tombstones included."""
    return list(ProvisionedUser.objects.filter(connection=connection).order_by("pk").values_list())


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, the log too, but not what is noted of those who look: their sessions and attempts."""
    of_callers = (Session, ConfirmationAttempts)
    models = [model for model in apps.get_models() if model not in of_callers and model._meta.managed]
    return {model._meta.label: list(model._default_manager.order_by("pk").values_list()) for model in models}
