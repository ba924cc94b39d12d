"""Whether names are found by an index of the host's, in whatever case they are written."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration import name_indexes
from scim_provisioning.administration.report import Line, passed, warned


def found_by_index() -> Iterator[Line]:
    """Every name is; or there are so few rows that it makes no difference."""
    what = _("Names are found by an index")
    try:
        get_adapter_class()
    except Exception:
        # Whatever the host's module does: the system checks and the self-test say so.
        return
    missing = name_indexes.missing()
    slow = list(filter(name_indexes.worth_saying, missing))
    if not slow:
        yield passed(what, name_indexes.sentence(missing[0]) if missing else "")
    for one in slow:
        yield warned(what, name_indexes.sentence(one), name_indexes.remedy(one))
