"""What was found, in words and as rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.administration.attribute_words import short_name
from scim_provisioning.administration.log_words import MASK, masked, shown
from scim_provisioning.administration.reconciliation.findings import Found, Line, Report
from scim_provisioning.administration.reconciliation.learners import drifted

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# Translators: what is found of somebody when the learners are compared with the directory; here: in this application.
LABELS: Final[Mapping[Found, StrOrPromise]] = {
    Found.NOT_THERE: gettext_lazy("Here, and not in the directory"),
    Found.UNMANAGED: gettext_lazy("Here, and managed by nobody"),
    Found.NOT_HERE: gettext_lazy("In the directory, and not here"),
    Found.DIFFERS: gettext_lazy("Differs"),
    Found.LOCKED: gettext_lazy("Differs, and is locked"),
    Found.GONE: gettext_lazy("Account gone"),
    Found.LEFT: gettext_lazy("Left on both sides"),
    Found.AGREES: gettext_lazy("Agrees"),
}
#: What each of them means, and what to do.
MEANINGS: Final[Mapping[Found, StrOrPromise]] = {
    Found.NOT_THERE: gettext_lazy(
        "This connection manages them, and the export has not got them. If it is complete, they were deleted there "
        "and the deletion never came: look whether provisioning is in quarantine."
    ),
    Found.UNMANAGED: gettext_lazy(
        "They can sign in, and no identity provider switches them off when they leave. Assign them there, or switch "
        "them off here."
    ),
    Found.NOT_HERE: gettext_lazy(
        "The export has them and nobody is managed under their name: not assigned, not sent yet, or refused."
    ),
    Found.DIFFERS: gettext_lazy(
        "Both have them, and not the same of them. “Provision on demand” sends all of a person again."
    ),
    Found.LOCKED: gettext_lazy(
        "An administrator keeps these values, whatever the identity provider sends. The learner’s page says why."
    ),
    Found.GONE: gettext_lazy(
        "This connection has them still, and nobody is behind it: the identity provider is answered 404 and makes "
        "them anew."
    ),
    Found.LEFT: gettext_lazy("Switched off here and unknown there, or the other way round. Nothing to do."),
    Found.AGREES: gettext_lazy("Nothing to do."),
}

#: The same where no directory was given: whom the identity provider has sent lately stands in its place.
_WITHOUT_DIRECTORY: Final[Mapping[Found, tuple[StrOrPromise, StrOrPromise]]] = {
    Found.NOT_HERE: (
        gettext_lazy("Asked for, and managed by nobody"),
        gettext_lazy("The identity provider has sent them within 30 days, and they were refused."),
    ),
}


def told(found: Found, *, with_directory: bool) -> tuple[StrOrPromise, StrOrPromise] | None:
    """What is found is called, and what it means; None for what only a directory could tell."""
    if with_directory:
        return LABELS[found], MEANINGS[found]
    if found is Found.NOT_THERE:
        return None
    return _WITHOUT_DIRECTORY.get(found, (LABELS[found], MEANINGS[found]))


def header() -> list[str]:
    """The columns of ``rows``."""
    return [_("Person"), _("Found"), _("Account"), _("Attribute"), _("Here"), _("In the directory"), _("Why")]


def rows(lines: Iterable[Line], *, in_clear: bool) -> Iterator[tuple[str, ...]]:
    """One row for each person, and for each attribute in which somebody differs. Values are masked unless
    ``in_clear``."""
    show: Callable[[Any], str] = shown if in_clear else masked
    called = _account if in_clear else _without_address
    for line in lines:
        label = str(LABELS[line.found])
        for one in line.differences:
            why = _("Locked by an administrator.") if one.is_locked else line.why
            yield line.name, label, called(line), one.attribute, show(one.here), show(one.there), why
        if not line.differences:
            yield line.name, label, called(line), "", "", "", line.why


def _account(line: Line) -> str:
    return line.account


def _without_address(line: Line) -> str:
    """Whom an address of the file may have led to is not told who may not see values."""
    if line.found is Found.NOT_HERE:
        return MASK if line.account else ""
    return re.sub(r" <[^<>]*>", "", line.account)


def everything(report: Report, *, in_clear: bool) -> Iterator[tuple[str, ...]]:
    """The rows of a file: everybody to be looked at, and what could not be read."""
    yield from rows(report.lines, in_clear=in_clear)
    for where, why in report.unreadable:
        yield where, _("Not readable"), "", "", "", "", why


def drift(adapter: LearnerAdapter) -> str:
    """Which values of a learner are otherwise here than last sent; of the switch their page speaks by itself."""
    # In one order, whatever order the database keeps a document in.
    names = [short_name(path) for path in sorted(drifted(adapter)) if path != "active"]
    if not names:
        return ""
    words = ngettext(
        "%(n)d value differs from what the identity provider last sent: %(names)s.",
        "%(n)d values differ from what the identity provider last sent: %(names)s.",
        len(names),
    )
    return words % {"n": len(names), "names": ", ".join(names)}
