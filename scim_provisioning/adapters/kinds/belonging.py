"""Whether a row that somebody's row points at is inside a line's ``within``: another customer's company, which the LMS
left on a learner whom it has moved, is no value here.

Judged are the columns of the row itself, which are read with its name; the host's callables are asked once for an
instance of the connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from django.db import DatabaseError, models
from django.db.models import Q

from scim_provisioning.adapters.expressions import Always
from scim_provisioning.adapters.rows import Scope, resolve_scope
from scim_provisioning.models import SCIMConnection

#: Where a connection's instance keeps what was asked of the host, as long as it has the same SSO row.
_KEPT: Final = "_scim_belonging"
_Held = Mapping[str, Any] | None


@dataclass(frozen=True, eq=False, slots=True)
class Belonging:
    """The ``within`` of one line."""

    scope: Scope

    def columns(self, model: Any) -> tuple[str, ...]:
        """The columns of the row that say whose it is."""
        return tuple(field.attname for field in self._fields(model).values())

    def has(self, row: Any, model: Any, connection: SCIMConnection) -> bool:
        """Whether the row, of which these columns were read, is the customer's."""
        if not self.scope:
            return True
        held = self._held(model, connection)
        if held is None:
            return False
        # A loop: everybody on every page is asked for each of their references.
        for name, value in held.items():  # noqa: SIM110
            if getattr(row, name) != value:
                return False
        return True

    def condition(self, relation: str, model: Any, connection: SCIMConnection) -> Q:
        """The same in SQL, of the row that ``relation`` leads to; false or NULL where there is none."""
        held = self._held(model, connection) if self.scope else {}
        if held is None:
            return Q(Always(False))
        return Q(**{f"{relation}__{name}": value for name, value in held.items()})

    @lru_cache(maxsize=1024)  # noqa: B019 - lines of a mapping live as long as the process
    def _fields(self, model: Any) -> dict[str, Any]:
        own = {name: field for field in model._meta.concrete_fields for name in (field.name, field.attname)}
        return {name: own[name] for name in self.scope if name in own}

    def _held(self, model: Any, connection: SCIMConnection) -> _Held:
        """What the columns hold in the customer's rows; None where nobody knows whose the connection is."""
        kept: dict[Belonging, tuple[object, _Held]] = connection.__dict__.setdefault(_KEPT, {})
        found = kept.get(self)
        if found is None or found[0] is not connection.__dict__.get("_sso"):
            held = self._asked(model, connection)
            # Asking may have read the SSO row.
            found = kept[self] = (connection.__dict__.get("_sso"), held)
        return found[1]

    def _asked(self, model: Any, connection: SCIMConnection) -> _Held:
        fields = self._fields(model)
        try:
            values = resolve_scope({name: self.scope[name] for name in fields}, connection)
        except DatabaseError:
            raise
        except Exception:
            # Without its SSO row nobody knows whose the connection is: no row is its customer's.
            return None
        return {field.attname: _stored(field, values[name]) for name, field in fields.items()}


def _stored(field: Any, value: Any) -> Any:
    """A value of the scope as the column holds it: the key of a model, a number that was written as text."""
    if isinstance(value, models.Model):
        value = getattr(value, field.target_field.attname)
    return field.to_python(value)
