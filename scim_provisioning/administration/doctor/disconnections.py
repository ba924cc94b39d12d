"""Connections that were disconnected, and with whose learners nobody has gone on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scim_provisioning.administration import disconnection_words
from scim_provisioning.administration.report import Line, warned
from scim_provisioning.models import Disconnection

#: Each has a line of its own, with its own command.
_SHOWN: Final = 5


def left(found: QuerySet[Disconnection]) -> Iterator[Line]:
    """Says nothing where everybody has been handled; ``found`` are those of whose learners it is not so."""
    what = _("Whoever was disconnected is finished with")
    rows = list(found.select_related("connection").order_by("begun_at", "pk"))
    for row in rows[:_SHOWN]:
        yield warned(
            what,
            disconnection_words.unfinished(row),
            _("Run “%(command)s”, or press “Go on” on the connection’s page.")
            % {"command": disconnection_words.resume_command(row.connection)},
        )
    if (more := len(rows) - _SHOWN) > 0:
        text = ngettext("%(n)d more connection is not.", "%(n)d more connections are not.", more)
        yield warned(what, text % {"n": more}, _("Look again once these are finished with."))
