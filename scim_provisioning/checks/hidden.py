"""Soft deletion: default managers that leave people out, and whether the host says how somebody returns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage
from django.db import models

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.mapping import CompiledMapping
from scim_provisioning.adapters.naming import hides_rows
from scim_provisioning.adapters.rows import RowSource
from scim_provisioning.checks import faults
from scim_provisioning.checks.overriding import is_own

_FOUND = (
    "whoever's row was deleted so is refused with 409 when they come back",
    "Write restore(self, account) on the adapter, which makes the row of such an account visible again, or map active "
    'to what hides it: scim.OffSince("{row}.deleted_at"), for one. Silence this check if nobody comes back.',
)
_NOT_FOUND = (
    "whoever's row was deleted so gets a second one, or is refused as a duplicate",
    "Name a manager that leaves nothing out as Meta.default_manager_name of {model}, and map active to what hides a "
    'row: scim.OffSince("{row}.deleted_at"), for one. Silence this check if a second row is what you want.',
)


def hidden_accounts(adapter: type[LearnerAdapter]) -> Iterator[CheckMessage]:
    """Whoever was deleted softly stays so, unless the host says how they come back."""
    account = get_user_model()
    written = adapter.overrides("restore") or is_own(adapter, "all_accounts")
    if hides_rows(account) and not written:
        yield faults.ACCOUNTS_ARE_HIDDEN.at(obj=adapter, model=account._meta.label, manager=_manager(account))


def hidden_rows(adapter: type[LearnerAdapter], mapping: CompiledMapping) -> Iterator[CheckMessage]:
    """The same of a profile or a membership: each row of the mapping that may be hidden."""
    for source in mapping.sources.values():
        if source.is_account or not hides_rows(source.model) or _returns(adapter, mapping, source):
            continue
        consequence, advice = _FOUND if source.accessor else _NOT_FOUND
        facts = {"row": source.name, "model": source.model._meta.label}
        yield faults.ROWS_ARE_HIDDEN.at(
            obj=adapter,
            **facts,
            manager=_manager(source.model),
            consequence=consequence,
            advice=advice.format(**facts),
        )


def _returns(adapter: type[LearnerAdapter], mapping: CompiledMapping, source: RowSource) -> bool:
    """Whether somebody's row can become visible again: by what ``active`` is mapped to, or by the host's own code."""
    is_switched = mapping.active is not None and mapping.active.source.name == source.name
    return source.accessor is not None and (is_switched or adapter.overrides("restore"))


def _manager(model: type[models.Model]) -> str:
    manager: Any = model._default_manager
    return type(manager).__name__
