"""What the host application did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from scim_provisioning.administration.catalogue.entry import Entry

ENTRIES: Final[Mapping[str, Entry]] = {
    "host.refused": Entry(
        _("The host application refused the change."),
        (
            _("A rule of this application refused it: %(exception)s in %(place)s."),
            _("A rule of this application refused it."),
        ),
        _("Read the detail; if it does not help, ask the developers of this application."),
    ),
    "host.hook": Entry(
        _("An error in this application stopped the change."),
        (
            _("The host application raised %(exception)s in %(place)s. Nothing was changed."),
            _("The host application raised %(exception)s. Nothing was changed."),
            _("The host application failed. Nothing was changed."),
        ),
        _("Give the request id to the developers: the traceback is in the log “scim_provisioning”."),
    ),
    "internal": Entry(
        _("An internal error stopped the change."),
        (
            _("%(exception)s was raised, and not by the host application's code. Nothing was changed."),
            _("Something unexpected happened. Nothing was changed."),
        ),
        _("Give the request id to the developers: the traceback is in the log “scim_provisioning”."),
    ),
}
