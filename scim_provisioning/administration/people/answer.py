"""What is answered about one person: a state, a sentence, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import pgettext_lazy

from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

ACTIVE, INACTIVE, HELD, DELETED = "active", "inactive", "held", "deleted"
GONE, MOVED, REFUSED, FORGOTTEN = "gone", "moved", "refused", "forgotten"
ALLOWED, DETACHED, DECIDED, UNMANAGED = "allowed", "detached", "decided", "unmanaged"

#: Each state in words, and how it is coloured beside them.
STATES: Final[Mapping[str, tuple[StrOrPromise, str]]] = {
    ACTIVE: (pgettext_lazy("state of a person", "Has an account"), "good"),
    INACTIVE: (pgettext_lazy("state of a person", "Switched off"), "idle"),
    HELD: (pgettext_lazy("state of a person", "Held"), "warn"),
    # Translators: somebody who was held, and whom an administrator has let go since.
    ALLOWED: (pgettext_lazy("state of a person", "May go"), "warn"),
    DELETED: (pgettext_lazy("state of a person", "Deleted"), "idle"),
    DETACHED: (pgettext_lazy("state of a person", "Detached"), "idle"),
    GONE: (pgettext_lazy("state of a person", "Account removed here"), "bad"),
    MOVED: (pgettext_lazy("state of a person", "Moved to another customer"), "bad"),
    FORGOTTEN: (pgettext_lazy("state of a person", "Forgotten"), "idle"),
    REFUSED: (pgettext_lazy("state of a person", "Refused"), "bad"),
    # Translators: an administrator has said who it is; the identity provider has not tried again since.
    DECIDED: (pgettext_lazy("state of a person", "Waits for the next try"), "warn"),
    UNMANAGED: (pgettext_lazy("state of a person", "Not managed"), "idle"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One person. ``event`` is the operation that says so; of somebody refused it is the last refusal. ``learner`` is
    the row of the host's, as far as its adapter could be asked; ``account`` that of somebody whom no link leads to.
    ``can_be_undone``: their departure. ``successor``: who has the name of somebody deleted now. ``is_told_of``: of an
    account that nobody manages another answer tells, as somebody was refused for it: it is shown only as the second
    account of a third."""

    state: str
    name: str
    user_name: str
    connection: SCIMConnection
    sentence: str
    cause: str = ""
    todo: str = ""
    notes: tuple[str, ...] = ()
    link: ProvisionedUser | None = None
    event: ProvisioningEvent | None = None
    learner: Any = None
    account: Any = None
    can_be_undone: bool = False
    successor: ProvisionedUser | None = None
    is_told_of: bool = False

    @property
    def label(self) -> StrOrPromise:
        """The state in words."""
        return STATES[self.state][0]

    @property
    def tone(self) -> str:
        """How it is coloured."""
        return STATES[self.state][1]


def name_in(document: object) -> str:
    """What somebody is called in a resource, however its names are written."""
    told = _folded(document)
    name = _folded(told.get("name"))
    whole = " ".join(str(name[part]) for part in ("givenname", "familyname") if name.get(part))
    said = told.get("displayname") or name.get("formatted") or whole
    return said if isinstance(said, str) else ""


def _folded(value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {}
    return {str(key).casefold(): member for key, member in value.items()}
