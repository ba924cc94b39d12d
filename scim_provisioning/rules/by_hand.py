"""Whether somebody in the LMS has moved an account's switch, as far as Django's own log knows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.apps import apps
from django.db import models
from django.utils import translation
from django.utils.text import capfirst

from scim_provisioning import moments
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.models import Action, ProvisioningEvent

#: What moves the switch from our side: an edit before the last of them explains nothing.
_SWITCHING: Final = (
    Action.CREATED,
    Action.ADOPTED,
    Action.REVIVED,
    Action.DEACTIVATED,
    Action.REACTIVATED,
    Action.DELETED,
)
_ENTRIES: Final = 20


@dataclass(frozen=True, slots=True)
class Difference:
    """The account's switch stands otherwise than the identity provider last wanted; when and by whom it was moved, as
    far as Django's own log knows."""

    is_on: bool
    at: datetime | None = None
    by: str = ""

    @property
    def facts(self) -> dict[str, object]:
        """For the cause of an event."""
        at = {"at": moments.utc(self.at).isoformat(timespec="seconds")} if self.at else {}
        return {"switched_in_lms": {"on": self.is_on, **at, **({"by": self.by} if self.by else {})}}


def moved_by_hand(adapter: LearnerAdapter, *, since: datetime | None = None) -> Difference | None:
    """How the account's switch stands where somebody in the LMS has moved it since provisioning last did, and since the
    aware moment ``since``, as far as Django's own log knows; else None (a few queries)."""
    has_access, entry = adapter.has_access, _last_edit(adapter)
    if has_access is None or entry is None or (since and moments.utc(entry.action_time) < since):
        return None
    return Difference(has_access, entry.action_time, str(entry.user))


def _last_edit(adapter: LearnerAdapter) -> Any:
    """The entry of Django's own log by which somebody moved the switch since provisioning last did; None unknown."""
    switch = adapter.compiled_mapping.active
    row = adapter.row(switch.source.name) if switch else None
    if switch is None or row is None or not apps.is_installed("django.contrib.admin"):
        return None
    events = ProvisioningEvent.objects.filter(connection=adapter.connection, link=adapter.link)
    last = events.filter(action__in=_SWITCHING).order_by("-pk").values_list("created_at", flat=True).first()
    # As Django writes its log: in no language, whoever reads it.
    with translation.override(None):
        label = str(capfirst(switch.field.verbose_name))
    for entry in _entries(adapter.obj, row):
        if last is not None and entry.action_time < last:
            return None
        if label in _edited_fields(entry.change_message):
            return entry
    return None


def _entries(*rows: models.Model) -> Any:
    """What Django's log holds of these rows, the newest first."""
    entries: Any = apps.get_model("admin", "LogEntry")._default_manager
    types: Any = apps.get_model("contenttypes", "ContentType")._default_manager
    met = models.Q()
    for row in rows:
        met |= models.Q(content_type=types.get_for_model(row), object_id=str(row.pk))
    return entries.filter(met).select_related("user").order_by("-action_time", "-pk")[:_ENTRIES]


def _edited_fields(message: str) -> Iterator[str]:
    """The labels of the fields that a form changed, those of inlines too; none for a message in words."""
    try:
        edits = json.loads(message)
    except ValueError:
        return
    for edit in edits if isinstance(edits, list) else ():
        changed = edit.get("changed") if isinstance(edit, dict) else None
        if isinstance(changed, dict):
            yield from map(str, changed.get("fields") or ())
