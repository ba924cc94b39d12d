"""Whether a column of the host's holds a name, in any case: by an index of the host's where there is one.

What is found is always the same. ``databases.indexes`` says which index leads to it; where there is none, checks and
the doctor say so, and ``manage.py scim_index`` makes one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F
from django.db.models.expressions import Col, Expression
from django.db.models.functions import Trim
from django.db.models.sql.compiler import SQLCompiler

from scim_provisioning.adapters.case_variants import ascii_lower, ascii_upper, upper, variants
from scim_provisioning.adapters.expressions import Folded, Sql, TextMatch
from scim_provisioning.databases import indexes
from scim_provisioning.databases.indexes import Form, NameIndex

#: So many spellings are asked for at once; of longer names the beginnings, on SQLite.
_AT_ONCE: Final = 64
_AT_MOST: Final = 512
_LAST: Final = "\U0010ffff"


class AnyCase(Expression):
    """Whether ``column`` is ``value`` in any case, as :class:`Folded` compares, or what the column's collation takes
    for it. ``exactly`` leaves the latter out; ``trimmed`` finds those with spaces around them too.

    ``within`` names columns that the same query compares with one value each: an index may begin with them. Not to be
    negated: it is NULL where the column is.
    """

    conditional = True

    def __init__(
        self,
        column: str,
        value: str,
        *,
        exactly: bool = False,
        trimmed: bool = False,
        within: Iterable[str] = (),
    ) -> None:
        super().__init__(output_field=models.BooleanField())
        self.value, self.exactly, self.trimmed, self.within = value, exactly, trimmed, frozenset(within)
        self.column: Expression = F(column)  # type: ignore[assignment]
        self.folded: Expression = TextMatch(Folded(Trim(F(column)) if trimmed else F(column)), "eq", value)

    def get_source_expressions(self) -> list[Any]:
        return [self.column, self.folded]

    def set_source_expressions(self, exprs: Sequence[Any]) -> None:
        self.column, self.folded = exprs

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Sql:  # type: ignore[override]
        column, column_params = compiler.compile(self.column)
        sql, params = compiler.compile(self.folded)
        meant: Sql = (sql, list(params))
        if not self.exactly:
            meant = (f"({sql} OR {column} = %s)", [*params, *column_params, self.value])
        index = self._index(connection)
        led = None if index is None else _led_by(index, column, self.value, connection)
        if led is None:
            return meant
        # What the index leads to may be more: a collation takes "aná" for "ana".
        return f"({led[0]} AND {meant[0]})", [*led[1], *meant[1]]

    def _index(self, connection: BaseDatabaseWrapper) -> NameIndex | None:
        # A column of a subquery has no index.
        if not isinstance(self.column, Col):
            return None
        return indexes.for_any_case(self.column.target, connection, within=self.within, trimmed=self.trimmed)


def has_index(
    model: type[models.Model], column: str, using: str, *, trimmed: bool = False, within: Iterable[str] = ()
) -> bool:
    """Whether :class:`AnyCase` is led by an index there, as it was found."""
    field: Any = model._meta.get_field(column)
    found = indexes.for_any_case(field, connections[using], within=frozenset(within), trimmed=trimmed)
    return found is not None


def _led_by(index: NameIndex, column: str, value: str, connection: BaseDatabaseWrapper) -> Sql | None:
    """The condition that the index answers: true of whoever is meant, and of few others. None where it has none."""
    if index.form is Form.ANY_CASE:
        return _between(column, value) if index.trims else (f"{column} = %s", [value])
    text, normal = _as_held(index, column, connection)
    if connection.vendor != "sqlite" and index.form is Form.LOWER:
        return f"{text} = {_held(index, connection)}", [value]
    most = _AT_ONCE if connection.vendor == "sqlite" else _AT_MOST
    spellings, are_whole = variants(value, normal, most)
    if are_whole:
        held = ", ".join([_held(index, connection)] * len(spellings))
        return f"{text} IN ({held})", spellings
    if connection.vendor != "sqlite":
        # Elsewhere the order is not that of the letters, and what begins with a text is not beside it.
        return None
    one = f"({text} >= {_held(index, connection)} AND {text} < {_held(index, connection)})"
    bounds = [bound for beginning in spellings for bound in (beginning, beginning + _LAST)]
    return f"({' OR '.join([one] * len(spellings))})", bounds


def _between(column: str, value: str) -> Sql:
    """MySQL and MariaDB have no TRIM in an index. A name with spaces before it comes before the first visible sign, one
    with spaces behind it comes soon after itself."""
    return f"({column} < '!' OR ({column} >= %s AND {column} < %s))", [value, f"{value}!"]


def _as_held(
    index: NameIndex, column: str, connection: BaseDatabaseWrapper
) -> tuple[str, Callable[[str], str]]:
    """The column as the index holds it, word for word, and what makes a letter so."""
    if index.form is Form.NOCASE:
        return f"{column} COLLATE NOCASE", ascii_lower
    text = f"({column})::text" if connection.vendor == "postgresql" else column
    text = f"TRIM({text})" if index.trims else text
    collation = f" COLLATE {index.collation}" if index.collation else ""
    normals: Mapping[Form, Callable[[str], str]] = (
        {Form.LOWER: ascii_lower, Form.UPPER: ascii_upper}
        if connection.vendor == "sqlite"
        else {Form.LOWER: str.lower, Form.UPPER: upper}
    )
    return f"{index.form.value}({text}){collation}", normals[index.form]


def _held(index: NameIndex, connection: BaseDatabaseWrapper) -> str:
    """A parameter in the same form."""
    if index.form is Form.NOCASE:
        return "%s"
    return f"{index.form.value}({'%s::text' if connection.vendor == 'postgresql' else '%s'})"
