"""Companies, business units and teams: what an administrator says that their names mean.

A name belongs to a customer and not to one of their connections; whoever manages one of these decides for all. Pages
and commands come here; what is decided is brought to people by ``provisioning.units``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import ValidationError
from django.db import DatabaseError, models
from django.utils.translation import gettext as _

from scim_provisioning import databases, events
from scim_provisioning.administration import as_shown, audit, host
from scim_provisioning.administration.connections import locked_current
from scim_provisioning.models import Action, Meaning, NewUnits, ReferenceKey, SCIMConnection
from scim_provisioning.models.reference_key import key_of
from scim_provisioning.protocol.text import is_storable
from scim_provisioning.provisioning import units
from scim_provisioning.provisioning.transactions import durable, durably
from scim_provisioning.provisioning.units import Line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from django.contrib.auth.models import AbstractBaseUser

#: So many people are written while the administrator waits; ``scim_units`` brings the others theirs.
AT_ONCE: Final = units.AT_ONCE


def can_be_asked(connection: SCIMConnection) -> bool:
    """Whether it can be told which units are the customer's: not once the SSO settings are gone that say whose they
    are. Raises ``AdapterBroken``."""
    host.adapter_class()
    return not connection.is_archived and (connection.sso_key is None or connection.sso is not None)


def find(connection: SCIMConnection, digest: str) -> tuple[Line, ReferenceKey] | None:
    """A name of this customer's, with a line of the mapping that it was sent for; None where there is none."""
    keys = ReferenceKey.objects.filter(digest=digest).exclude(scope="")
    key = keys.first() if is_storable(digest) else None
    line = next((one for one in units.lines(connection) if key and one.rows.scope_digest == key.scope), None)
    return None if key is None or line is None else (line, key)


@durably
def choose(
    connection: SCIMConnection,
    chosen: Mapping[str, NewUnits],
    *,
    actor: AbstractBaseUser | None,
    shown: Mapping[str, Any] | None = None,
    address: str = "",
) -> bool:
    """Keep what becomes of unknown names, by path of the mapping; a path that ``chosen`` does not name stays. False
    when nothing changes. Raises ``ChangedMeanwhile`` where one stands otherwise than it was ``shown``."""
    # What is there is read under the lock: another administrator may have chosen, and ``connection`` may say what an
    # attempt wrote that was rolled back.
    locked = locked_current(connection)
    before = {line.path: line.kind.new_units(locked) for line in choosable(connection)}
    changes = {
        path: (str(before[path]), str(value))
        for path, value in chosen.items()
        if path in before and before[path] is not value
    }
    if not changes:
        return False
    as_shown.refuse_overtaken(changes, shown or {})
    kept = {
        **locked.policies.get("new_units", {}),
        **{path: after for path, (_old, after) in changes.items()},
    }
    connection.policies = {**locked.policies, "new_units": kept}
    connection.save(update_fields=["policies"])
    message = _("Changed what becomes of new companies, business units and teams.")
    events.admin(
        connection,
        action=Action.POLICY_CHANGED,
        actor=actor,
        address=address,
        detail=message,
        changes=changes,
    )
    audit.log_entry(actor, connection, message)
    return True


def choosable(connection: SCIMConnection) -> list[Line]:
    """The lines of which there is something to choose: not those where the application refuses unknown names."""
    return [line for line in units.lines(connection) if line.kind.create != "never"]


# --- what a name means


def create(
    line: Line, key: ReferenceKey, *, actor: AbstractBaseUser | None, address: str = ""
) -> models.Model:
    """Make the unit that a name is of. Raises ``ValidationError`` where the application cannot."""

    def make(locked: ReferenceKey) -> models.Model:
        names = line.kind.names(line.entry.field.related_model, line.connection)
        row = names.rows.find(key.name) or names.rows.alike(key.name)
        made = row is None
        row = row or names.rows.make(key.name, names.values())
        locked.mean(row, made=made, merged="")
        return row

    detail = _("Created “%(name)s”.") % {"name": key.name}
    try:
        row: models.Model = _decide(line, key, make, actor, address, detail)
    except DatabaseError as error:
        if databases.fault_of(error) is not None:
            raise
        raise ValidationError(
            _("The application does not take “%(name)s”. Create it there, and say here that it is this one.")
            % {"name": key.name}
        ) from error
    return row


def call(
    line: Line, key: ReferenceKey, unit: models.Model, *, actor: AbstractBaseUser | None, address: str = ""
) -> None:
    """Let a name mean a unit that has another one: an alias."""
    detail = _("“%(name)s” means “%(unit)s”.") % {"name": key.name, "unit": _named(line, unit)}
    _decide(line, key, lambda locked: locked.mean(unit, Meaning.ALIAS), actor, address, detail)


def leave_out(line: Line, key: ReferenceKey, *, actor: AbstractBaseUser | None, address: str = "") -> None:
    """Let a name mean nothing: people are written without it."""
    detail = _("“%(name)s” is left out.") % {"name": key.name}
    _decide(line, key, lambda locked: locked.mean(None, Meaning.LEFT_OUT, merged=""), actor, address, detail)


def forget(line: Line, key: ReferenceKey, *, actor: AbstractBaseUser | None, address: str = "") -> None:
    """Let a name mean again what it would mean if it were heard for the first time."""
    detail = _("“%(name)s” is a name of its own again.") % {"name": key.name}
    _decide(line, key, lambda locked: locked.delete(), actor, address, detail)


def merge(
    line: Line,
    key: ReferenceKey,
    unit: models.Model,
    *,
    actor: AbstractBaseUser | None,
    address: str = "",
) -> None:
    """Merge the unit that a name means into another: its names are aliases of that from now on, and its people are
    moved, by ``settle``. The LMS's row stays, for the LMS to delete. Raises ``ValidationError`` for the same unit."""
    old = line.rows.at(key.target)
    if old is None or old == unit:
        raise ValidationError(_("Name another unit: this one cannot be merged into itself."))
    gone, merged_into = key_of(old), {"target": key_of(unit), "meaning": Meaning.ALIAS, "merged": key_of(old)}
    # Also the name that the LMS has given it since.
    own = ReferenceKey(
        digest=line.rows.digest(_named(line, old)), **line.rows.facts(_named(line, old)), **merged_into
    )
    theirs = ReferenceKey.objects.filter(scope=key.scope, target=gone)

    def alias(_locked: ReferenceKey) -> None:
        own.note("target", "meaning", "merged", "scope", "name")
        theirs.update(**merged_into)

    detail = _("Merged “%(old)s” into “%(unit)s”.") % {"old": _named(line, old), "unit": _named(line, unit)}
    _decide(line, key, alias, actor, address, detail, others=[own, *theirs])


def rename(
    line: Line,
    key: ReferenceKey,
    unit: models.Model,
    *,
    actor: AbstractBaseUser | None,
    address: str = "",
) -> None:
    """Give a unit the name that waits: the identity provider has renamed it. Its former name goes on meaning it. Raises
    ``ValidationError`` where the application does not take the name."""
    before = _named(line, unit)
    former = ReferenceKey(digest=line.rows.digest(before), target=key_of(unit), **line.rows.facts(before))

    def give(locked: ReferenceKey) -> None:
        former.note("target", "meaning", "scope", "name")
        setattr(unit, line.kind.by, key.name)
        unit.save(update_fields=[line.kind.by])
        locked.mean(unit, merged="")

    detail = _("Renamed “%(old)s” to “%(name)s”.") % {"old": before, "name": key.name}
    try:
        _decide(line, key, give, actor, address, detail, others=[former])
    except DatabaseError as error:
        if databases.fault_of(error) is not None:
            raise
        raise ValidationError(
            _("The application does not take “%(name)s”: another unit may be called so. Merge the two.")
            % {"name": key.name}
        ) from error


def settle(line: Line, *, actor: AbstractBaseUser | None) -> int:
    """Bring a hundred people at most to what was decided on; return how many."""
    return units.settle(line.connection, actor=actor, most=AT_ONCE)


def named(line: Line, name: str) -> models.Model | None:
    """The customer's unit of that name; None where there is none."""
    names = line.kind.names(line.entry.field.related_model, line.connection)
    return names.known(" ".join(name.split())) if name.strip() else None


def _named(line: Line, unit: models.Model) -> str:
    return str(getattr(unit, line.kind.by))


def _decide(
    line: Line,
    key: ReferenceKey,
    verdict: Callable[[ReferenceKey], Any],
    actor: AbstractBaseUser | None,
    address: str,
    detail: str,
    others: Iterable[ReferenceKey] = (),
) -> Any:
    """Lock the name, and ``others`` that are written with it, in the order of everybody (``kinds.meanings.hold``);
    decide, and log it. Raises ``ValidationError`` where somebody else was quicker."""
    keys = {one.digest: one for one in (*others, key)}

    def work() -> Any:
        held = {
            digest: ReferenceKey.locked(digest, scope=keys[digest].scope, name=keys[digest].name)
            for digest in sorted(keys)
        }
        locked = held[key.digest]
        if (locked.meaning, locked.target) != (key.meaning, key.target):
            raise ValidationError(_("Somebody else has decided on this name meanwhile. Look again."))
        done = verdict(locked)
        events.admin(line.connection, action=Action.UNIT_DECIDED, actor=actor, address=address, detail=detail)
        audit.log_entry(actor, line.connection, detail)
        return done

    with databases.primary():
        return durable(work)
