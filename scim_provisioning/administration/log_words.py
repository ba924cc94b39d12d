"""What an operation of the log is called in plain words, and how its values are shown."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from scim_provisioning.administration import catalogue
from scim_provisioning.models import Action, Operation, Outcome, ProvisioningEvent

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: What stands in place of a value that the reader may not see. The same for every value: its length says nothing.
MASK: Final = "••••••"
NOTHING: Final = "—"
SHOWN_ATTRIBUTES: Final = 4
_VALUE_IN_PATH: Final = re.compile(r'\[value eq (?:"(?:[^"\\]|\\.)*"|[^\]]*)\]')

_ASKED: Final[Mapping[str, StrOrPromise]] = {
    Operation.CREATE: gettext_lazy("The identity provider asked to create a learner."),
    Operation.READ: gettext_lazy("The identity provider asked for a learner."),
    Operation.SEARCH: gettext_lazy("The identity provider looked for a learner."),
    Operation.REPLACE: gettext_lazy("The identity provider asked to replace a learner's attributes."),
    Operation.PATCH: gettext_lazy("The identity provider asked to change a learner."),
    Operation.DELETE: gettext_lazy("The identity provider asked to delete a learner."),
    Operation.BULK: gettext_lazy("The identity provider sent many operations at once."),
    Operation.GROUP: gettext_lazy("The identity provider sent a group."),
    Operation.AUTHENTICATE: gettext_lazy("Somebody called with a token."),
    Operation.ADMIN: gettext_lazy("An administrator asked for a change."),
}
_DONE: Final[Mapping[str, StrOrPromise]] = {
    Action.CREATED: gettext_lazy("The identity provider created this learner."),
    Action.UPDATED: gettext_lazy("The identity provider changed this learner."),
    Action.DEACTIVATED: gettext_lazy(
        "The identity provider deactivated this learner. Their account and their progress are kept."
    ),
    Action.REACTIVATED: gettext_lazy("The identity provider activated this learner again."),
    Action.ADOPTED: gettext_lazy(
        "The identity provider sent somebody who was here already: the account is now managed by SCIM."
    ),
    Action.REVIVED: gettext_lazy("The identity provider brought this learner back, under the same SCIM id."),
    Action.DELETED: gettext_lazy(
        "The identity provider deleted this learner. Here they are deactivated; their progress is kept."
    ),
    Action.SKIPPED: gettext_lazy("The identity provider sent a change that was not made."),
    Action.HELD: gettext_lazy("The change is held until an administrator approves it."),
    Action.TOKEN_GENERATED: gettext_lazy("A token was generated."),
    Action.TOKEN_REVOKED: gettext_lazy("A token was revoked."),
    Action.CONNECTED: gettext_lazy("The connection was set up."),
    Action.DISCONNECTED: gettext_lazy("The connection was ended."),
    Action.RESTORED: gettext_lazy("The connection was restored."),
    Action.ARCHIVED: gettext_lazy("The connection was archived."),
    Action.PAUSED: gettext_lazy("Provisioning was paused."),
    Action.RESUMED: gettext_lazy("Provisioning was resumed."),
    Action.POLICY_CHANGED: gettext_lazy("A policy was changed."),
}
_ERASED: Final = gettext_lazy(
    "The identity provider deleted this learner, and the application erased them, as this connection's policy says."
)


@dataclass(frozen=True, slots=True)
class Change:
    """One attribute before and after, as text to be escaped."""

    attribute: str
    before: str
    after: str


def sentence(event: ProvisioningEvent) -> str:
    """What happened, in one plain sentence or two."""
    if event.outcome == Outcome.REFUSED:
        asked = str(_ASKED.get(event.operation, _ASKED[Operation.READ]))
        refused = _("%(asked)s Refused: %(reason)s") % {
            "asked": asked,
            "reason": catalogue.title(event.error_code),
        }
        return f"{refused} ({how_often(event.times)})" if event.times > 1 else refused
    if event.action == Action.DELETED and event.cause.get("erased"):
        return str(_ERASED)
    return str(_DONE.get(event.action, event.get_action_display()))


def how_often(times: int) -> str:
    """ "400 times"."""
    return ngettext("%(n)d time", "%(n)d times", times) % {"n": times}


def changes(event: ProvisioningEvent, *, in_clear: bool) -> list[Change]:
    """Before and after of every attribute; masked for readers without ``view_payload``."""
    show, name = (shown, str) if in_clear else (masked, nameless)
    pairs = [
        (path, pair) for path, pair in event.changes.items() if isinstance(pair, list) and len(pair) == 2
    ]
    return [Change(name(path), show(before), show(after)) for path, (before, after) in pairs]


def explanation(event: ProvisioningEvent, *, in_clear: bool) -> catalogue.Explanation:
    """Why it was refused and what to do. The database's own sentence may hold a value of somebody else's."""
    facts = dict(event.cause)
    if not in_clear and facts.get("database"):
        facts["database"] = MASK
    return catalogue.explain(event.error_code, facts)


def shown(value: Any) -> str:
    """A value as text."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    # Only what has members is written as JSON; a host's date, UUID or amount is a text of its own.
    return (
        json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else str(value)
    )


def masked(value: Any) -> str:
    """That there is a value, and not which."""
    if value is None or value == "":
        return NOTHING
    return shown(value) if isinstance(value, bool) else MASK


def attribute_names(event: ProvisioningEvent) -> str:
    """The changed attributes, without the urn of their schema."""
    return ", ".join(nameless(short_name(path)) for path in event.changes)


def attributes_in_short(event: ProvisioningEvent) -> str:
    """Some of the changed attributes, without elements and sub-attributes, and how many more there are."""
    paths = dict.fromkeys(short_name(path).partition("[")[0].partition(".")[0] for path in event.changes)
    named, more = list(paths)[:SHOWN_ATTRIBUTES], len(paths) - SHOWN_ATTRIBUTES
    if more <= 0:
        return ", ".join(named)
    return ngettext("%(names)s and %(n)d more", "%(names)s and %(n)d more", more) % {
        "names": ", ".join(named),
        "n": more,
    }


def nameless(path: str) -> str:
    """A path without values: of elements without a type it names the one it means by its value."""
    return _VALUE_IN_PATH.sub('[value eq "…"]', path)


def short_name(path: str) -> str:
    """``department`` for ``urn:…:2.0:User:department``; every other path as it is."""
    return path.rpartition(":")[2] if path.startswith("urn:") else path
