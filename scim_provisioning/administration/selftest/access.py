"""Whether access ended, or came back, in the host's own tables: not what SCIM answers, but what the LMS will read."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from scim_provisioning import databases
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration.mapping_report import target_name
from scim_provisioning.administration.report import Line, failed, passed, warned
from scim_provisioning.models import SCIMConnection


def of_the_learner(what: str, connection: SCIMConnection, scim_id: str, *, wanted: bool) -> Line:
    """Read the learner's rows again and compare. Whoever was erased has no access."""
    try:
        with databases.atomic():
            return _compared(what, connection, scim_id, wanted)
    except Exception as error:
        # What a host's own kind, row or manager raises.
        mend = _("Ask the developers of this application: see the detail.")
        return failed(what, f"{type(error).__name__}: {error}", mend)


def _compared(what: str, connection: SCIMConnection, scim_id: str, wanted: bool) -> Line:
    adapter_class = get_adapter_class()
    links = list(adapter_class.links(connection).filter(scim_id=scim_id))
    if not links and not wanted:
        return passed(what)
    adapter = adapter_class.for_links(links, connection)[0]
    entry = adapter.compiled_mapping.active
    if entry is None:
        found = _("No field says who may come in: nothing is mapped to “active”.")
        mend = _("Ask the developers of this application to map “active” to what their sign-in looks at.")
        return warned(what, found, mend)
    if adapter.has_access == wanted or (wanted and not adapter.may_be_switched):
        return passed(what, target_name(entry))
    row = adapter.row(entry.source.name)
    held = None if row is None else entry.declaration.displayed(row, entry.field, adapter.person)
    facts = {"field": target_name(entry), "value": _written(held)}
    found = _("%(field)s holds %(value)s: the learner is not let in.") % facts
    if not wanted:
        found = _("%(field)s holds %(value)s: the learner is still let in.") % facts
    mend = _(
        "Ask the developers of this application: deactivation has to switch that field, and neither set_active() nor "
        "a hook or signal of theirs may undo it."
    )
    return failed(what, found, mend)


def _written(value: Any) -> str:
    return _("nothing") if value is None or value == "" else str(value)
