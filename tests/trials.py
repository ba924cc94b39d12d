"""A payload tried, then really sent: what was shown beforehand must be what the learner's rows are afterwards."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth import get_user_model

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration.trial import Trial, try_payload
from scim_provisioning.models import ProvisioningEvent, ProvisioningPayload, SCIMConnection
from scim_provisioning.protocol.constants import PATCH_OP
from tests.client import ScimClient
from tests.tables import contents

Rows = dict[str, Any]


def operations(*changes: tuple[str, str, Any]) -> dict[str, Any]:
    """A PATCH of these operations: what, where, and the value if any."""
    return {
        "schemas": [PATCH_OP],
        "Operations": [
            {"op": op, "path": path, **({} if value is None else {"value": value})}
            for op, path, value in changes
        ],
    }


def everything() -> tuple[Any, ...]:
    """All tables, the log too."""
    log = (list(model._default_manager.order_by("pk").values_list()) for model in _LOG)
    return contents(), *log


_LOG = (ProvisioningEvent, ProvisioningPayload)


def tried(connection: SCIMConnection, payload: Any, learner: str = "") -> Trial:
    """The trial, which leaves every table as it is."""
    before = everything()
    trial = try_payload(connection, json.dumps(payload).encode(), learner=learner)
    assert everything() == before
    return trial


def rows_of(user_name: str, connection: SCIMConnection) -> Rows:
    """What the tables hold for each target of the mapping, read with the ORM alone; nothing for nobody."""
    compiled = get_adapter_class().compiled(connection)
    account = get_user_model()._base_manager.filter(username=user_name).first()
    if account is None:
        return {}
    found: Rows = {}
    for entry in compiled.all_entries:
        row = account
        if not entry.source.is_account:
            row = entry.source.queryset(connection).filter(**{entry.source.user_field: account}).first()
        name = ".".join(
            part for part in (entry.source.name, entry.field.name, *entry.declaration.keys) if part
        )
        found[name] = None if row is None else _held(row, entry.field.name, entry.declaration.keys)
    return {name: value for name, value in found.items() if value not in (None, "")}


def _held(row: Any, name: str, keys: tuple[str, ...]) -> Any:
    value = getattr(row, name)
    if hasattr(value, "all"):
        return ", ".join(sorted(map(str, value.all())))
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if value is None or isinstance(value, bool | int) else str(value)


def shown(trial: Trial) -> dict[str, tuple[Any, Any]]:
    """The differences that an administrator is shown."""
    assert trial.refusal is None, trial.refusal
    return {item.target: (item.before, item.after) for item in trial.differences}


def comes_true(
    scim: ScimClient, connection: SCIMConnection, payload: Any, user_name: str, scim_id: str = ""
) -> dict[str, tuple[Any, Any]]:
    """Try it, send it, and compare; returns what both changed."""
    trial = tried(connection, payload, user_name if scim_id else "")
    before = rows_of(user_name, connection)
    if not scim_id:
        answer = scim.post("/Users", payload)
    elif "Operations" in payload:
        answer = scim.patch(f"/Users/{scim_id}", payload["Operations"])
    else:
        answer = scim.put(f"/Users/{scim_id}", payload)
    assert answer.status_code in (200, 201), answer.content
    after = rows_of(user_name, connection)
    changed = {
        name: (before.get(name), after.get(name))
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    }
    assert shown(trial) == changed
    return changed
