"""Whether somebody in the LMS has moved an account's switch, as far as Django's own log knows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from django.apps import apps
from django.db import models
from django.utils import translation
from django.utils.text import capfirst

from scim_provisioning import moments
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.entries import Entry
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
#: So many entries are read that may be about the switch.
_ENTRIES: Final = 200


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
    aware moment ``since``, as far as Django's own log knows; else None (a few queries).

    What may have been an edit of the switch, and may have been one of another row, lets nobody in: it counts where the
    account is off. So does what lies beyond the entries that are read.
    """
    has_access, switch = adapter.has_access, adapter.compiled_mapping.active
    row = adapter.row(switch.source.name) if switch else None
    if has_access is None or switch is None or row is None or not apps.is_installed("django.contrib.admin"):
        return None
    edited = _Switch(adapter, switch, row)
    entries = list(edited.entries(since)[: _ENTRIES + 1])
    for entry in entries[:_ENTRIES]:
        is_certain = edited.is_moved_by(entry)
        if is_certain or (is_certain is None and not has_access):
            return Difference(has_access, entry.action_time, str(entry.user))
    return Difference(False) if len(entries) > _ENTRIES and not has_access else None


class _Switch:
    """The row that holds an account's switch, as the log of Django's admin names it. It writes in no language, whoever
    reads it."""

    def __init__(self, adapter: LearnerAdapter, entry: Entry, row: models.Model) -> None:
        self._adapter, self._source, self._row = adapter, entry.source, row
        kin = type(row)._meta.concrete_model
        self._models = [model for model in apps.get_models() if model._meta.concrete_model is kin]
        with translation.override(None):
            self._label = str(capfirst(entry.field.verbose_name))
            self._names = {str(model._meta.verbose_name) for model in self._models}

    def entries(self, since: datetime | None) -> Any:
        """What the log holds that may be about it, since provisioning last moved it, the newest first."""
        entries: Any = apps.get_model("admin", "LogEntry")._default_manager
        types: Any = apps.get_model("contenttypes", "ContentType")._default_manager
        own = types.get_for_models(*self._models, for_concrete_models=False).values()
        met = models.Q(content_type__in=own, object_id=str(self._row.pk))
        if not self._source.is_account:
            account = self._adapter.obj
            of_account = models.Q(content_type=types.get_for_model(account), object_id=str(account.pk))
            met |= of_account & _says(*self._names)
        found = entries.filter(met, _says(self._label))
        events = ProvisioningEvent.objects.filter(
            connection=self._adapter.connection, link=self._adapter.link
        )
        moved = events.filter(action__in=_SWITCHING).order_by("-pk").values_list("created_at", flat=True)
        if last := moved.first():
            found = found.filter(action_time__gte=last)
        if since is not None:
            found = found.filter(action_time__gte=moments.bound(since))
        return found.select_related("user").order_by("-action_time", "-pk")

    def is_moved_by(self, entry: Any) -> bool | None:
        """Whether an entry says that the switch was moved; None where it may be another row's."""
        is_own_page = self._source.is_account or entry.content_type_id not in self._account_types
        known = [self._is_meant(edit, is_own_page) for edit in _edits(entry.change_message, self._label)]
        return True if True in known else None if None in known else False

    def _is_meant(self, edit: dict[str, Any], is_own_page: bool) -> bool | None:
        """Whether an edit is the row's: on its own page what names no row, beside it an inline's that names it."""
        if "name" not in edit:
            return is_own_page
        if is_own_page or edit["name"] not in self._names:
            return False
        named = edit.get("object")
        if not self._others or (named == self._called and named not in self._others):
            return True
        # By a name that several have, or none any more, nobody can be told apart.
        return False if named in self._others and named != self._called else None

    @cached_property
    def _account_types(self) -> set[int]:
        types: Any = apps.get_model("contenttypes", "ContentType")._default_manager
        return {types.get_for_model(self._adapter.obj).pk}

    @cached_property
    def _called(self) -> str:
        with translation.override(None):
            return str(self._row)

    @cached_property
    def _others(self) -> set[str]:
        """What the account's other rows of this model are called (one query, and what the model asks)."""
        source = self._source
        rows: Any = source.model._base_manager.filter(**{source.user_field: self._adapter.obj.pk})
        with translation.override(None):
            return {str(row) for row in rows.exclude(pk=self._row.pk)}


def _says(*words: str) -> models.Q:
    """What is true of a message that holds any of these words, as JSON writes them or as they are."""
    said = models.Q()
    for written in {*words, *(json.dumps(word)[1:-1] for word in words)}:
        said |= models.Q(change_message__contains=written)
    return said


def _edits(message: str, label: str) -> Iterator[dict[str, Any]]:
    """What a form says that it changed, of what changed the field of this label; none for a message in words."""
    try:
        edits = json.loads(message)
    except ValueError:
        return
    for edit in edits if isinstance(edits, list) else ():
        changed = edit.get("changed") if isinstance(edit, dict) else None
        if isinstance(changed, dict) and label in map(str, changed.get("fields") or ()):
            yield changed
