"""The first room: a request's paths resolved and its values judged, once. Out come steps, and nothing raw.

The keys of a JSON object (a body, or the value of a path-less operation) are understood as Entra's newer
dialect sends them: in any case, dotted (``name.givenName``), qualified by a URN, filtered
(``emails[type eq "work"].value``), or a URN that holds an object.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..body import embedded
from ..constants import CORE_USER
from ..errors import InvalidPath, InvalidSyntax, InvalidValue, Mutability, NoParts, UnknownAttribute, about
from ..filters.path_syntax import Path
from ..filters.path_syntax import parse as parse_path
from ..limits import DEFAULT_LIMITS, Limits
from ..schema import COMMON, Attribute, UserSchema
from ..schema.values import is_unassigned
from ..text import json_type, shown
from .decode import Op, decode_put, decode_remove
from .operations import Operation, check_shape, resolve_path
from .plan import ClearExtension, Plan

_SCHEMAS = COMMON.attribute("schemas")
_KEY_SHOWN = 200
_PATH_SIGNS = frozenset(".:[")


def read_operations(
    operations: Iterable[Operation], schema: UserSchema, limits: Limits = DEFAULT_LIMITS, base_url: str = ""
) -> Plan:
    """Return what the operations of a PATCH ask for.

    Raises, for the first one that cannot be read: Mutability for a read-only or required target, InvalidValue
    for a wrong type, InvalidPath for a broken path or key and for too many comparisons in all of them.
    """
    plan = _plan(schema, limits, base_url)
    for operation in operations:
        _read_operation(operation, schema, plan)
    return plan


def read_body(
    body: dict[str, Any], schema: UserSchema, limits: Limits = DEFAULT_LIMITS, base_url: str = ""
) -> Plan:
    """Return what a whole resource (POST, PUT) asks for.

    Here an unassigned member says nothing, and a key that is no path is just unknown. In a PATCH the first
    clears the attribute, and a broken filtered key raises InvalidPath, as a path into a simple attribute does
    everywhere: ``active.value`` must not leave somebody active in silence.
    """
    members = _Members(schema, "replace", _plan(schema, limits, base_url), is_whole=True)
    later = []
    for key, raw in body.items():
        # Paths into an attribute come after the attribute itself, whatever the order of the keys.
        if not _PATH_SIGNS.isdisjoint(key) and key.lower() not in schema.by_urn:
            later.append((key, raw))
        else:
            members.read(key, raw)
    for key, raw in later:
        members.read(key, raw)
    return members.plan


def _plan(schema: UserSchema, limits: Limits, base_url: str) -> Plan:
    return Plan(limits=limits, taken=schema.taken, base_url=base_url)


def _read_operation(operation: Operation, schema: UserSchema, plan: Plan) -> None:
    check_shape(operation)
    op: Op = "add" if operation.op == "add" else "replace"
    if operation.path is None:
        members = _Members(schema, op, plan)
        for key, raw in operation.value.items():
            members.read(key, raw)
        return
    path = resolve_path(operation.path, schema)
    if path is None or (path.attribute is not None and path.attribute.mutability == "writeOnly"):
        plan.ignored.append(operation.path)
        return
    plan.count(path.filter)
    if path.attribute is _SCHEMAS:
        # RFC 7644 section 3.5.2: an operation may name a schema there; which are in use follows from the attributes.
        return
    if path.attribute is None:
        # A bare URN: the extension's object, or the user itself.
        urn = path.urn or CORE_USER
        if operation.op == "remove":
            _clear_schema(urn, plan)
        else:
            _Members(schema, op, plan).read(urn, operation.value)
    elif operation.op == "remove":
        decode_remove(path, operation.value, plan)
    else:
        decode_put(path, operation.value, op, plan)


def _clear_schema(urn: str, plan: Plan) -> None:
    if urn == CORE_USER:
        raise Mutability(
            "The user itself cannot be removed by PATCH; userName is required.", params=about("userName")
        )
    plan.steps.append(ClearExtension(urn))


def _is_passed_over(attribute: Attribute) -> bool:
    """Whether a value for the attribute is dropped without being looked at."""
    return attribute.mutability in ("readOnly", "writeOnly")


class _Members:
    """Reads the members of one object. Unknown ones are named in the plan, read-only ones passed over."""

    def __init__(self, schema: UserSchema, op: Op, plan: Plan, *, is_whole: bool = False) -> None:
        self.schema = schema
        self.op = op
        self.plan = plan
        self.is_whole = is_whole
        self.named: dict[Path, tuple[str, Any, bool]] = {}

    def read(self, key: str, raw: Any, urn: str | None = None) -> None:
        """Read one member; ``urn`` is the schema under whose URN its object stood."""
        if self.is_whole and is_unassigned(raw):
            return
        attribute = self.schema.find(urn, key)
        if attribute is not None:
            if not _is_passed_over(attribute):
                self._put(Path(attribute, attribute.extension or None), key, raw, urn)
        elif urn is None and key.lower() in self.schema.by_urn:
            self._read_schema(self.schema.by_urn[key.lower()].urn, raw)
        elif _PATH_SIGNS.isdisjoint(key):
            self._ignore(key, urn)
        else:
            self._read_path(key, raw, urn)

    def _read_schema(self, urn: str, raw: Any) -> None:
        """Read the members of the object under a schema's URN; nothing there clears an extension."""
        if isinstance(raw, str):
            raw = embedded(raw)
        if is_unassigned(raw):
            if urn != CORE_USER and (self.op == "replace" or raw != {}):
                _clear_schema(urn, self.plan)
            return
        if not isinstance(raw, dict):
            raise InvalidValue(f"{urn}: expected an object, got {json_type(raw)}.", params=about(urn))
        for key, inner in raw.items():
            self.read(key, inner, urn)

    def _read_path(self, key: str, raw: Any, urn: str | None) -> None:
        try:
            path = parse_path(key if urn is None else f"{urn}:{key}", self.schema)
        except UnknownAttribute:
            self._ignore(key, urn)
            return
        except NoParts:
            raise
        except InvalidPath:
            if "[" in key and not self.is_whole:
                raise
            self._ignore(key, urn)
            return
        self.plan.count(path.filter)
        if path.attribute is None:
            self._read_schema(path.urn or CORE_USER, raw)
        elif not path.read_only and not _is_passed_over(path.attribute):
            self._put(path, key, raw, urn)

    def _put(self, path: Path, key: str, raw: Any, urn: str | None) -> None:
        """Refuse one attribute under two names (``userName`` beside ``urn:…:User:userName``): either could be meant.

        Not in an extension, where the name without the URN is only a guess (Microsoft's collection sends another
        department at the top): beside the one under the URN it says nothing.
        """
        is_guess = path.urn is not None and urn is None and ":" not in key.partition("[")[0]
        before, value, guessed = self.named.setdefault(path, (key, raw, is_guess))
        if value != raw and path.urn is None:
            detail = f"{path} is given twice, as {shown(before)} and as {shown(key)}."
            raise InvalidSyntax(detail, params=about(path))
        if guessed or not is_guess:
            decode_put(path, raw, self.op, self.plan)

    def _ignore(self, key: str, urn: str | None) -> None:
        name = key[:_KEY_SHOWN]
        self.plan.ignored.append(name if urn is None or urn == CORE_USER else f"{urn}:{name}")
