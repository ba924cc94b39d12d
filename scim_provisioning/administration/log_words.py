"""What an operation of the log is called in plain words, and how its values are shown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from scim_provisioning.administration import attribute_words, catalogue, times
from scim_provisioning.administration.attribute_words import made_up, nameless, short_name
from scim_provisioning.models import Action, Operation, Outcome, ProvisioningEvent

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

MASK: Final = attribute_words.MASK
NOTHING: Final = "—"
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_KNOWN_PATH: Final = re.compile(
    r"(?i)scim|v2|users|groups|bulk|me|schemas|resourcetypes|serviceproviderconfig|\.search|"
)
#: Facts of a refusal that hold no value of anybody's attributes, whoever refused.
OPEN_FACTS: Final = frozenset(
    {"address", "allowed", "at", "attribute", "constraint", "count", "exception", "label", "length", "limit"}
    | {"operator", "place", "policy", "prefix", "reason", "total", "used"}
)

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
    Action.DISCONNECT_DONE: gettext_lazy(
        "What an administrator had chosen for the learners of the connection was done."
    ),
    Action.RESTORED: gettext_lazy("The connection was restored."),
    Action.ARCHIVED: gettext_lazy("The connection was archived."),
    Action.PAUSED: gettext_lazy("Provisioning was paused."),
    Action.RESUMED: gettext_lazy("Provisioning was resumed."),
    Action.POLICY_CHANGED: gettext_lazy("A policy was changed."),
    Action.SHARED: gettext_lazy("An administrator allowed two connections to use one account."),
    Action.SHARE_WITHDRAWN: gettext_lazy("An administrator ended that two connections use one account."),
    Action.OWNER_MOVED: gettext_lazy("An administrator decided which connection owns an account."),
    Action.MOVED: gettext_lazy("The LMS moved this learner to another customer."),
    Action.LEAVERS_ALLOWED: gettext_lazy("An administrator let leavers go who were held."),
    Action.LEAVERS_HELD: gettext_lazy("An administrator decided on the hold of leavers."),
    Action.CHURN: gettext_lazy(
        "Unusually many people were changed alike within an hour. The changes were made."
    ),
    Action.UNIT_DECIDED: gettext_lazy(
        "An administrator decided what the name of a company, a business unit or a team means."
    ),
    Action.MERGED: gettext_lazy("An administrator had two accounts of one person joined."),
    Action.ADOPTION_UNDONE: gettext_lazy(
        "An administrator took a link back: the account is what it was before."
    ),
    Action.ANSWERED: gettext_lazy("An administrator said who somebody is."),
    Action.VALUE_LOCKED: gettext_lazy("An administrator locked a value: provisioning leaves it as it is."),
    Action.VALUE_UNLOCKED: gettext_lazy(
        "An administrator gave a locked value back to the identity provider."
    ),
    Action.DETACHED: gettext_lazy("An administrator made this learner the application’s own again."),
    Action.FORGOTTEN: gettext_lazy(
        "An administrator had a person forgotten: their names, addresses and numbers were erased here."
    ),
}
#: The same, where an administrator did it.
_DONE_BY_ADMINISTRATORS: Final[Mapping[str, StrOrPromise]] = {
    Action.UPDATED: gettext_lazy(
        "An administrator decided on a company, a business unit or a team: the learner was moved."
    ),
    Action.ADOPTED: gettext_lazy(
        "An administrator linked an account that was here already, for the identity provider to find."
    ),
    Action.DEACTIVATED: gettext_lazy("An administrator ended this learner’s access. Their progress is kept."),
    Action.REACTIVATED: gettext_lazy("An administrator took a deactivation back: the learner is as before."),
    Action.REVIVED: gettext_lazy("An administrator took a deletion back: the learner is as before."),
}
_ERASED: Final = gettext_lazy(
    "The identity provider deleted this learner, and the application erased them, as this connection's policy says."
)

_SAME_PERSON: Final = gettext_lazy(
    "May be the same person as somebody who was deleted: they agree in the user name or in the externalId, not in "
    "both. Nothing was inherited."
)
_UNKNOWN: Final = gettext_lazy(
    "What was sent for %(paths)s is not known here: the learner was written without it. See “Companies, business "
    "units, teams” on the page of the connection."
)
_CIRCLE: Final = gettext_lazy(
    "The manager was left out: they are managed by this learner themselves, directly or through others. Correct it in "
    "the identity provider."
)
_TOO_HIGH: Final = gettext_lazy(
    "The manager was left out: so many people stand above them, one above the other, that it is not known whether this "
    "learner is one of them. Correct it in the identity provider."
)
_CUT: Final = gettext_lazy("Too long for the log, and shortened or left out here: %(names)s.")
_LOCKED: Final = gettext_lazy(
    "An administrator has locked %(names)s: the learner keeps what stands here. The identity provider is answered with "
    "what it has sent, so that it does not send it again."
)
_UNDONE: Final = gettext_lazy(
    "What this application's %(hooks)s wrote was undone: it caught a database error without a savepoint, or rolled "
    "back. Tell its developers."
)
_WISHED_OFF: Final = gettext_lazy(
    "The application does not let provisioning switch somebody who is in this state, as one who is only invited. The "
    "wish is kept: they do not come in by ending that state themselves, and are switched off within the hour then, "
    "unless the identity provider or an administrator of the LMS has switched them on since."
)
_SWITCHED_ON: Final = gettext_lazy("Switched on in the LMS, although the identity provider had switched off.")
_SWITCHED_OFF: Final = gettext_lazy(
    "Switched off in the LMS, although the identity provider had switched on."
)
_SWITCHED_ON_BY: Final = gettext_lazy(
    "Switched on in the LMS on %(day)s by %(name)s, although the identity provider had switched off."
)
_SWITCHED_OFF_BY: Final = gettext_lazy(
    "Switched off in the LMS on %(day)s by %(name)s, although the identity provider had switched on."
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
    words = {**_DONE, **(_DONE_BY_ADMINISTRATORS if event.operation == Operation.ADMIN else {})}
    return str(words.get(event.action, event.get_action_display()))


def reason(event: ProvisioningEvent) -> str:
    """Why something was refused, in short: which attribute, how long it may be, how often. Without values."""
    told = [how_often(event.times)] if event.times > 1 else []
    if attribute := event.cause.get("attribute"):
        told.insert(0, attribute_words.in_words(made_up(str(attribute))))
    if event.error_code == "attr.too_long" and (limit := event.cause.get("limit")):
        told.insert(1, _("at most %(n)s characters") % {"n": limit})
    title = catalogue.title(event.error_code)
    return f"{title} ({', '.join(told)})" if told else title


def how_often(times: int) -> str:
    """ "400 times"."""
    return ngettext("%(n)d time", "%(n)d times", times) % {"n": times}


def remarks(event: ProvisioningEvent) -> list[tuple[str, str]]:
    """What else there was to what was done: the fact of the cause that says so, and a sentence."""
    found = []
    if event.outcome == Outcome.APPLIED and event.cause.get("earlier"):
        found.append(("earlier", str(_SAME_PERSON)))
    if undone := event.cause.get("undone"):
        found.append(("undone", str(_UNDONE) % {"hooks": ", ".join(map(str, undone))}))
    if event.cause.get("switched_in_lms"):
        found.append(("switched_in_lms", switched_in_lms(event.cause)))
    if event.cause.get("wished_off"):
        found.append(("wished_off", str(_WISHED_OFF)))
    if circle := event.cause.get("manager_circle"):
        found.append(("manager_circle", str(_CIRCLE if circle is True else _TOO_HIGH)))
    if locked := event.cause.get("locked"):
        found.append(("locked", str(_LOCKED) % {"names": ", ".join(map(short_name, locked))}))
    if cut := event.cause.get("cut"):
        found.append(("cut", str(_CUT) % {"names": ", ".join(map(short_name, cut))}))
    if unknown := event.cause.get("unknown_names"):
        found.append(("unknown_names", str(_UNKNOWN) % {"paths": ", ".join(path for path, _name in unknown)}))
    return found


def switched_in_lms(cause: Mapping[str, Any]) -> str:
    """How the account stood otherwise than the identity provider wanted; when and by whom, where that is known."""
    facts = cause["switched_in_lms"]
    moment, by = parse_datetime(str(facts.get("at") or "")), facts.get("by")
    words = _SWITCHED_ON if facts.get("on") else _SWITCHED_OFF
    if moment and by:
        words = _SWITCHED_ON_BY if facts.get("on") else _SWITCHED_OFF_BY
    return str(words) % {"day": times.written(moment) if moment else "", "name": by}


def changes(event: ProvisioningEvent, *, in_clear: bool) -> list[Change]:
    """Before and after of every attribute; masked for readers without ``view_payload``."""
    return in_words(event.changes, in_clear=in_clear)


def in_words(changed: Mapping[str, Any], *, in_clear: bool) -> list[Change]:
    """The same of changes that no event holds."""
    show, name = (shown, str) if in_clear else (masked, nameless)
    pairs = [
        (path, pair) for path, pair in changed.items() if isinstance(pair, list | tuple) and len(pair) == 2
    ]
    return [Change(name(path), show(before), show(after)) for path, (before, after) in pairs]


def explanation(event: ProvisioningEvent, *, in_clear: bool) -> catalogue.Explanation:
    """Why it was refused and what to do. The database's own sentence may hold a value of somebody else's, and so may
    what a host's refusal names: without ``in_clear`` only facts that cannot are told."""
    facts = event.cause
    if not in_clear:
        # Of a name that looks like somebody's they would spell it; what nobody can see spells nothing.
        told = OPEN_FACTS | ({"code_points"} if event.error_code == "attr.characters" else frozenset())
        facts = {name: value for name, value in facts.items() if name in told}
        facts |= {name: made_up(str(value)) for name, value in facts.items() if name == "attribute"}
        if event.cause.get("database"):
            facts["database"] = MASK
    return catalogue.explain(event.error_code, facts)


def detail(event: ProvisioningEvent, *, in_clear: bool) -> str:
    """What was answered to the identity provider, or noted by an administrator. A refusal repeats values: "'ana' is
    taken". What our own verbs note of an administrator's deed, or of a change that was skipped, does not."""
    if in_clear or not event.detail:
        return event.detail
    is_ours = event.outcome != Outcome.REFUSED and (
        event.operation == Operation.ADMIN or event.action == Action.SKIPPED
    )
    return event.detail if is_ours else MASK


def ignored(names: Iterable[object], *, in_clear: bool) -> list[str]:
    """What was sent and is not known here: names that the client made up."""
    return [str(name) if in_clear else made_up(str(name)) for name in names]


def path(event: ProvisioningEvent, *, in_clear: bool) -> str:
    """The path of the request; a client may write an address into it."""
    return event.path if in_clear else plain_path(event.path)


def plain_path(text: str) -> str:
    """A path as far as it is made of our own words and ids."""
    parts = text.partition("?")[0].split("/")
    return "/".join(p if _KNOWN_PATH.fullmatch(p) or _UUID.fullmatch(p) else "…" for p in parts)


def shown(value: Any) -> str:
    """A value as text."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    # Only what has members is written as JSON; a host's date, UUID or amount is a text of its own.
    has_members = isinstance(value, dict | list)
    return json.dumps(value, ensure_ascii=False, default=str) if has_members else str(value)


def masked(value: Any) -> str:
    """That there is a value, and not which."""
    if value is None or value == "":
        return NOTHING
    return shown(value) if isinstance(value, bool) else MASK
