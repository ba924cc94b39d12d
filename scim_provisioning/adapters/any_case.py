"""Whether a column of the host's holds a name, in any case: by an index of the host's where there is one.

What is found is always the same. ``databases.indexes`` says which index leads to it; where there is none, checks and
the doctor say so, and ``manage.py scim_index`` makes one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F
from django.db.models.expressions import Col
from django.db.models.functions import Trim
from django.db.models.lookups import Lookup
from django.db.models.sql.compiler import SQLCompiler

from scim_provisioning.adapters.case_variants import ascii_lower, ascii_upper, upper, variants
from scim_provisioning.adapters.expressions import TextMatch
from scim_provisioning.adapters.text_forms import DATABASE_COLLATION, Lowered, Sql
from scim_provisioning.databases import indexes
from scim_provisioning.databases.indexes import Form, NamedColumn, NameIndex

#: So many spellings are asked for at once; of longer names the beginnings, on SQLite.
_AT_ONCE: Final = 64
_AT_MOST: Final = 512
_LAST: Final = "\U0010ffff"
#: To LOWER of a server this may be an "i". Where it is none to the index, nothing leads to all of those.
_DOTTED: Final = "İ"


class AnyCase(Lookup):
    """Whether ``column`` is ``value`` in any case, as :class:`Lowered` compares, or what the column's collation takes
    for it. ``exactly`` leaves the latter out; ``trimmed`` finds those with spaces around them too.

    ``within`` names columns that the same query compares with one value each: an index may begin with them. ``spelled``
    are the ``spellings`` of the value, where they are known already. Not to be negated: it is NULL where the column is.
    A ``Lookup``, since Django hides the index of any other condition from MySQL and MariaDB: it writes ``(...) = 1``.
    """

    prepare_rhs = False

    def __init__(
        self,
        column: str,
        value: str,
        *,
        exactly: bool = False,
        trimmed: bool = False,
        within: Iterable[str] = (),
        spelled: Sequence[str] | None = None,
    ) -> None:
        super().__init__(F(column), value)
        self.exactly, self.trimmed, self.within = exactly, trimmed, frozenset(within)
        self.spelled = spelled

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Sql:  # type: ignore[override]
        column, column_params = compiler.compile(self.lhs)
        text: Any = Trim(self.lhs) if self.trimmed else self.lhs
        sql, params = compiler.compile(TextMatch(Lowered(text), "eq", self.rhs))
        meant: Sql = (sql, list(params))
        if not self.exactly:
            meant = (f"({sql} OR {column} = %s)", [*params, *column_params, self.rhs])
        index = self._index(connection)
        led = None if index is None else _led_by(index, column, self.rhs, self.spelled, connection)
        if led is None:
            return meant
        # What the index leads to may be more: a collation takes "aná" for "ana".
        return f"({led[0]} AND {meant[0]})", [*led[1], *meant[1]]

    def _index(self, connection: BaseDatabaseWrapper) -> NameIndex | None:
        # A column of a subquery has no index.
        if not isinstance(self.lhs, Col):
            return None
        named = NamedColumn(self.lhs.target, self.within, self.trimmed)
        return indexes.for_any_case(named, connection)


def called(column: NamedColumn, value: str, spelled: Sequence[str] | None = None) -> AnyCase:
    """Whether a row is called ``value`` by that column, in any case."""
    return AnyCase(
        column.field.name,
        value,
        exactly=True,
        trimmed=column.trimmed,
        within=column.within,
        spelled=spelled,
    )


def spellings(index: NameIndex | None, value: str, vendor: str) -> tuple[str, ...] | None:
    """The texts for which the index is asked so that it leads to all who are called ``value``: one, and others for the
    letters whose case it does not know. None where it is asked otherwise, or leads to nobody.

    How many they are shapes the statement, so whoever has one compiled once gives them as values of their own.
    """
    if index is None or index.form is Form.AS_ASKED:
        return None
    if index.form is Form.ANY_CASE:
        return _taken_for_it(index, value, vendor)
    if vendor != "sqlite" and index.form is Form.LOWER:
        return (value,)
    if vendor != "sqlite" and _DOTTED in value:
        return None
    found, are_whole = _variants(index, value, vendor)
    return tuple(found) if are_whole else None


def _variants(index: NameIndex, value: str, vendor: str) -> tuple[list[str], bool]:
    if vendor == "sqlite":
        return variants(value, ascii_upper if index.form is Form.UPPER else ascii_lower, _AT_ONCE)
    return variants(value, upper, _AT_MOST, more=_DOTTED)


def _led_by(
    index: NameIndex,
    column: str,
    value: str,
    spelled: Sequence[str] | None,
    connection: BaseDatabaseWrapper,
) -> Sql | None:
    """The condition that the index answers: true of whoever is meant, and of few others. None where it has none."""
    spelled = spellings(index, value, connection.vendor) if spelled is None else spelled
    text, held = _as_held(index, column, connection)
    if spelled is not None and index.form is Form.ANY_CASE and index.trims:
        # MySQL and MariaDB have no TRIM in an index. A name with spaces before it comes before the first visible sign,
        # one with spaces behind it comes soon after itself.
        parts = [f"{column} < '!'", *[f"({column} >= %s AND {column} < %s)"] * len(spelled)]
        return f"({' OR '.join(parts)})", [bound for text in spelled for bound in (text, f"{text}!")]
    if spelled is not None:
        alike = f"= {held}" if len(spelled) == 1 else f"IN ({', '.join([held] * len(spelled))})"
        return f"{text} {alike}", [*spelled]
    if connection.vendor != "sqlite":
        # Elsewhere the order is not that of the letters, and what begins with a text is not beside it.
        return None
    beginnings, _are_whole = _variants(index, value, connection.vendor)
    one = f"({text} >= {held} AND {text} < {held})"
    bounds = [bound for beginning in beginnings for bound in (beginning, beginning + _LAST)]
    return f"({' OR '.join([one] * len(beginnings))})", bounds


def _taken_for_it(index: NameIndex, value: str, vendor: str) -> tuple[str, ...] | None:
    """By the column's own collation, to which case makes no difference but for a few letters."""
    if _DOTTED in value and (vendor == "postgresql" or _DOTTED in index.apart):
        return None
    found = [""]
    for letter in value:
        options = {letter, *(other for other in index.apart if other.lower().startswith(letter.lower()))}
        if letter in index.apart:
            options.add(letter.lower())
        found = [beginning + option for beginning in found for option in sorted(options)]
        if len(found) > _AT_ONCE:
            return None
    return tuple(found)


def _as_held(index: NameIndex, column: str, connection: BaseDatabaseWrapper) -> tuple[str, str]:
    """The column as the index holds it, word for word, and a parameter in the same form."""
    if index.form is Form.ANY_CASE:
        return column, "%s"
    if index.form is Form.NOCASE:
        return f"{column} COLLATE NOCASE", "%s"
    cast = "::text" if connection.vendor == "postgresql" else ""
    text = f"({column}){cast}" if cast else column
    text += DATABASE_COLLATION if index.folds_by else ""
    text = f"TRIM({text})" if index.trims else text
    collation = f" COLLATE {index.collation}" if index.collation else ""
    return f"{index.form.value}({text}){collation}", f"{index.form.value}(%s{cast})"
