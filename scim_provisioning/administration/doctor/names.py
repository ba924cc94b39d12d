"""Whether names are found by an index of the host's, in whatever case they are written."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from scim_provisioning.administration import name_indexes
from scim_provisioning.administration.report import Line, passed, warned


def found_by_index() -> Iterator[Line]:
    """Every name is; or there are so few rows that it makes no difference."""
    what = _("Names are found by an index")
    missing = name_indexes.missing()
    slow = [one for one in missing if one.rows >= name_indexes.FEW]
    if not slow:
        yield passed(what, name_indexes.sentence(missing[0]) if missing else "")
    for one in slow:
        yield warned(what, name_indexes.sentence(one), name_indexes.remedy(one))
