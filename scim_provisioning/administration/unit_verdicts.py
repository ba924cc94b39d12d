"""An administrator's word on the name of a company, a business unit or a team: what can be said, and doing it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from scim_provisioning.administration import troubles, units
from scim_provisioning.administration.unit_list import Unit
from scim_provisioning.models import Meaning, ReferenceKey
from scim_provisioning.provisioning.units import Line

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.db.models import Model

#: The verdicts that name another unit.
OF_ANOTHER: Final[dict[str, Callable[..., None]]] = {
    "alias": units.call,
    "rename": units.rename,
    "merge": units.merge,
}
_OF_ITSELF: Final[dict[str, Callable[..., Any]]] = {
    "create": units.create,
    "leave_out": units.leave_out,
    "forget": units.forget,
}
#: Everything that can be said; ``go_on`` moves people who are left and decides nothing.
VERDICTS: Final = (*_OF_ITSELF, *OF_ANOTHER, "go_on")


def possible(line: Line, unit: Unit) -> list[str]:
    """What can be said of a name as it stands."""
    open_verdicts = ["create", "alias", "rename", "leave_out"] if line.kind.create != "never" else ["alias"]
    if unit.meaning == Meaning.WAITING:
        return open_verdicts
    if unit.meaning == Meaning.LEFT_OUT:
        return [name for name in open_verdicts if name != "leave_out"]
    found = ["forget", "alias"] if unit.meaning == Meaning.ALIAS else ["merge"]
    if unit.is_renamed:
        found.append("forget")
    return ["go_on", *found] if unit.moving or unit.waiting else found


def give(
    line: Line,
    key: ReferenceKey,
    verdict: str,
    other: Model | None,
    *,
    actor: AbstractBaseUser | None,
    address: str = "",
) -> int:
    """Decide on a name, and bring the first people to it; returns how many (``units.AT_ONCE``: others are left).

    ``other`` is the unit that a verdict of ``OF_ANOTHER`` names. Raises ``ValidationError`` where the application does
    not take it, or somebody else was quicker, and ``ConnectionRefused`` where it is decided and the database was in the
    way of bringing people to it.
    """
    if verdict in OF_ANOTHER:
        OF_ANOTHER[verdict](line, key, other, actor=actor, address=address)
    elif verdict in _OF_ITSELF:
        _OF_ITSELF[verdict](line, key, actor=actor, address=address)
    with troubles.in_parts():
        return units.settle(line, actor=actor)
