"""Checks of where the tables live, and of what only the database can tell."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage
from django.db import router

from scim_provisioning.checks import faults

APP = "scim_provisioning"


def check_databases(**kwargs: Any) -> list[CheckMessage]:
    """Link, log and account change in one transaction, so they live in one database."""
    tables = [*apps.get_app_config(APP).get_models(), get_user_model()]
    homes = {model._meta.label: router.db_for_write(model) for model in tables}
    if len(set(homes.values())) == 1:
        return []
    where = ", ".join(f"{label} in '{alias}'" for label, alias in homes.items())
    return [faults.SEVERAL_DATABASES.at(where=where)]
