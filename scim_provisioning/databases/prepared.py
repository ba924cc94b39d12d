"""Statements that are built and compiled once a process: only their values are exchanged afterwards.

Building a queryset and compiling it to SQL costs several times what the database takes to answer it, and a request
asks the same few questions as the one before. ``rows`` is given the function that builds the queryset, as it would be
written without this module. It is called twice, with stand-ins for the values: what differs between the two lists of
parameters, and nothing else, is where values go. The rest is Django's own: its SQL, its converters, its way from a row
to models. The statement is sent as every other one is, through a cursor, so that wrappers, logs, counts and
transactions know of it; on the server it has no name, and nothing outlives it there.

Whatever does not fit is asked by the queryset itself, as if this module were not there: a value whose place cannot be
told, a queryset that is iterated in another way than Django's, an integer that its column may not hold.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from threading import Lock
from types import NoneType
from typing import Any, Final
from uuid import UUID
from weakref import WeakKeyDictionary

from django import VERSION
from django.conf import settings
from django.core.exceptions import EmptyResultSet, FieldError, FullResultSet, ValidationError
from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Manager, Model, QuerySet
from django.db.models import query as django_query
from django.db.models.manager import BaseManager
from django.db.models.query import ModelIterable, ValuesListIterable

from scim_provisioning.databases import making_models, routing
from scim_provisioning.databases.sqlite_marks import Marked
from scim_provisioning.databases.stand_ins import Place, Ways, flat, kind, places, stand_ins

#: Returns the queryset for some values. A function of a module, so that it is the same one at every call.
Build = Callable[..., QuerySet[Any, Any]]

#: The versions of Django whose way from a row to a model is known to be the one that is taken here (``tests/hosts/
#: test_prepared.py``). Others go their own.
KNOWN: Final = frozenset({(5, 2), (6, 0)})
#: Statements that are kept; a host may have a mapping for each customer.
_KEPT: Final = 1024
_OURS: Final = "scim_provisioning"
#: Where a connection keeps what of a statement is bound to it.
_BOUND: Final = "_scim_provisioning_prepared"


def rows(build: Build, *values: Any, given: tuple[Hashable, ...] = (), ways: Ways = ()) -> list[Any]:
    """What ``build(*given, *values)`` yields: models, or tuples of ``values_list``.

    ``given`` is what the shape of the statement depends on, such as a compiled mapping: the same objects mean the same
    SQL. ``values`` are text, integers, UUIDs, models (their keys), tuples of these for ``IN``; None and booleans may
    make another shape. ``ways`` are what else than Django may make of a text before it is a parameter: folding it.
    """
    # Of which model it is may be given.
    question = (build, *[each for each in given if isinstance(each, type)])
    route = _routes.get(question)
    if route is None:
        queryset: Any = build(*given, *values)
        route = _routes[question] = (queryset.model, queryset._for_write)
    model, is_for_write = route
    alias = router.db_for_write(model) if is_for_write else routing.read_from(model)
    kinds = tuple(map(kind, values))
    if None not in kinds and VERSION[:2] in KNOWN:
        key = (build, given, kinds, ways, alias, settings.USE_TZ)
        statement = _statements.get(key, lambda: _prepared(build, given, values, ways, alias))
        connection = connections[alias]
        # Django refuses to lock outside of a transaction.
        if statement is not None and not (statement.locks and connection.get_autocommit()):
            return statement.rows(connection, list(flat(values)))
    return list(build(*given, *values))


def first(build: Build, *values: Any, given: tuple[Hashable, ...] = (), ways: Ways = ()) -> Any:
    """The first of ``rows``, or None. ``build`` limits the queryset itself."""
    return next(iter(rows(build, *values, given=given, ways=ways)), None)


def is_plain(manager: BaseManager[Any]) -> bool:
    """Whether a host's manager is Django's own: what another one returns may differ from call to call."""
    own: Any = type(manager)
    same = all(getattr(own, name) is getattr(Manager, name) for name in ("all", "filter", "get_queryset"))
    return same and manager._queryset_class is QuerySet  # type: ignore[attr-defined]


_routes: Final[dict[tuple[Hashable, ...], tuple[type[Model], bool]]] = {}


class _Statements:
    """The statements of this process, the longest unused one forgotten first. None stands for what cannot be prepared.
    Threads share them."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, _Statement | None] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, prepare: Callable[[], _Statement | None]) -> _Statement | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        statement = prepare()
        with self._lock:
            self._kept[key] = statement
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return statement


_statements: Final = _Statements()

#: A column's place, what Django makes of its value, and the column.
_Converter = tuple[int, list[Any], Any]
#: Values that two models may share.
_UNCHANGEABLE: Final = (str, int, datetime, UUID, NoneType)


def _convert(values: list[Any], converters: Sequence[_Converter], connection: BaseDatabaseWrapper) -> None:
    for place, convert, expression in converters:
        value = values[place]
        for one in convert:
            value = one(value, expression, connection)
        values[place] = value


class _Statement:
    """SQL with places for values, and how a row of the answer becomes a model or a tuple."""

    def __init__(self, compiled: _Compiled, found: Sequence[Place]) -> None:
        compiler, queryset = compiled.compiler, compiled.queryset
        self.locks = queryset.query.select_for_update
        self._sql, self._params, self._places = compiled.sql, compiled.params, found
        self._marked = Marked(compiled.sql) if compiled.compiler.connection.vendor == "sqlite" else None
        self._query = queryset.query
        self._select, self._annotations = compiler.select, compiler.annotation_col_map or {}
        self._columns = compiler.col_count
        # Of this package's own models; of a host's nobody knows what is equal and yet another.
        is_own = queryset.model._meta.app_label == _OURS and queryset._iterable_class is ModelIterable
        self._is_of_one_row = is_own and queryset.query.high_mark == 1
        self._last: tuple[Sequence[Any], list[Any], list[_Converter]] | None = None
        self._info: Any = compiler.klass_info if queryset._iterable_class is ModelIterable else None
        if self._info is not None:
            related: Any = django_query.get_related_populators
            self._populators = related(self._info, self._select, compiled.alias)
            making_models.put_in(self._populators)
            fields = self._info["select_fields"]
            self._start, self._end = fields[0], fields[-1] + 1
            self._names = [column[0].target.attname for column in self._select[self._start : self._end]]
            self._maker = making_models.Maker(self._info["model"], self._names)

    def rows(self, connection: BaseDatabaseWrapper, values: Sequence[Any]) -> list[Any]:
        params = list(self._params)
        for place, value, way in self._places:
            params[place] = way(values[value])
        with connection.cursor() as cursor:
            if self._marked is not None:
                self._marked.tell(cursor)
            cursor.execute(self._sql, params)
            found = cursor.fetchall()
        if not found:
            return []
        converted = self._converted(found, connection)
        return converted if self._info is None else [self._model(row, connection.alias) for row in converted]

    def _converted(self, found: Sequence[Any], connection: BaseDatabaseWrapper) -> list[Any]:
        converters = self._converters(connection)
        if self._is_of_one_row:
            return [self._same_again(found[0], converters, connection)]
        converted = []
        for row in found:
            values = list(row[: self._columns])
            _convert(values, converters, connection)
            converted.append(tuple(values))
        return converted

    def _same_again(
        self, row: Sequence[Any], converters: Sequence[_Converter], connection: BaseDatabaseWrapper
    ) -> tuple[Any, ...]:
        """The one row, which is nearly always as it was the last time (a token, at every request): only what may be
        changed where it is, such as a list, is made anew then."""
        before = self._last
        if before is not None and before[0] == row:
            values = list(before[1])
            _convert(values, before[2], connection)
            return tuple(values)
        values = list(row[: self._columns])
        _convert(values, converters, connection)
        made_anew = [each for each in converters if not isinstance(values[each[0]], _UNCHANGEABLE)]
        kept = list(values)
        for place, *_ in made_anew:
            kept[place] = row[place]
        self._last = (row, kept, made_anew)
        return tuple(values)

    def _converters(self, connection: BaseDatabaseWrapper) -> list[_Converter]:
        bound = connection.__dict__.get(_BOUND)
        if bound is None:
            bound = connection.__dict__[_BOUND] = WeakKeyDictionary()
        converters: list[_Converter] | None = bound.get(self)
        if converters is None:
            compiler: Any = self._query.get_compiler(connection=connection)
            found = compiler.get_converters([column[0] for column in self._select])
            converters = bound[self] = [
                (place, convert, column) for place, (convert, column) in found.items()
            ]
        return converters

    def _model(self, row: tuple[Any, ...], alias: str) -> Model:
        made = self._maker.from_db(alias, self._names, row[self._start : self._end])
        for populator in self._populators:
            populator.populate(row, made)
        for name, place in self._annotations.items():
            setattr(made, name, row[place])
        return made


# --- how a statement is prepared


class _Compiled:
    """A queryset and what Django makes of it on one database."""

    def __init__(self, queryset: Any, alias: str) -> None:
        self.queryset, self.alias = queryset, alias
        self.compiler: Any = queryset.query.get_compiler(using=alias)
        self.sql, params = self.compiler.as_sql()
        self.params = list(params)


def _prepared(
    build: Build, given: tuple[Hashable, ...], values: Sequence[Any], ways: Ways, alias: str
) -> _Statement | None:
    """The statement, or None where values, parameters or rows are not as simple as this module needs them."""
    played = [list(stand_ins(values)) for _turn in (0, 1)]
    try:
        # A lock may be compiled inside a transaction only, and is sent inside one only.
        querysets = [build(*given, *others) for others in played]
        if not all(map(_is_ordinary, querysets)):
            return None
        one, other = (_Compiled(queryset, alias) for queryset in querysets)
    except (EmptyResultSet, FieldError, FullResultSet, TypeError, ValidationError, ValueError):
        # Whatever it is, the queryset says it with the values themselves.
        return None
    if one.sql != other.sql or len(one.params) != len(other.params) or one.compiler.has_extra_select:
        return None
    found = places((one.params, other.params), [list(flat(others)) for others in played], ways)
    return None if found is None else _Statement(one, found)


def _is_ordinary(queryset: Any) -> bool:
    """Whether Django iterates over it in the way that is known here."""
    own, query = type(queryset), queryset.query
    if any(getattr(own, name) is not getattr(QuerySet, name) for name in ("__iter__", "_fetch_all", "db")):
        return False
    unknown = (queryset._prefetch_related_lookups, queryset._known_related_objects, query.extra)
    if any(unknown):
        return False
    if queryset._iterable_class is ValuesListIterable:
        return True
    return queryset._iterable_class is ModelIterable and not query.combinator
