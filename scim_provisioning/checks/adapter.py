"""Checks of the adapter: it can be imported, is one, and its mapping fits the host's models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.checks import CheckMessage
from django.utils.module_loading import import_string

from scim_provisioning.adapters import LearnerAdapter, MappingProblem
from scim_provisioning.adapters.mapping import CompiledMapping, compile_mapping
from scim_provisioning.checks import faults, misspelt
from scim_provisioning.checks.customers import rows_without_customer
from scim_provisioning.checks.declarations import slips_in
from scim_provisioning.checks.fault import several
from scim_provisioning.checks.hidden import hidden_accounts, hidden_rows
from scim_provisioning.checks.importing import usage_of, what_failed
from scim_provisioning.checks.names import names_without_constraint
from scim_provisioning.checks.overriding import is_own, saves_rows_itself
from scim_provisioning.conf import app_settings

_PROBLEMS = {
    "missing": faults.MAPPED_FIELD_MISSING,
    "unwritable": faults.MAPPED_FIELD_UNWRITABLE,
    "forbidden": faults.FORBIDDEN_TARGET,
    "bad_path": faults.BAD_PATH,
    "scope": faults.SCOPE_UNKNOWN,
    "unsaved": faults.ROW_CANNOT_BE_SAVED,
    "switch": faults.ACTIVE_CANNOT_SWITCH,
    "twice": faults.COLUMN_WRITTEN_TWICE,
    "by": faults.REFERENCE_BY_NOTHING,
    "value": faults.VALUE_IS_NO_CHOICE,
    "unnamed": faults.ACCOUNT_WITHOUT_NAME,
}

# django-scim2's PATCH handlers, and where a team that knows them goes instead.
_INSTEAD = {
    "handle_add": "add the attribute to `mapping`, or override write()",
    "handle_remove": 'add the attribute to `mapping` (with when_empty="clear"), or override write()',
    "handle_replace": "add the attribute to `mapping`, or override write()",
    "handle_operations": "override write() to store a document, and on_updated() to react to a change",
}


# Who overrides one of these may have no need of a mapping.
_INSTEAD_OF_A_MAPPING = ("mapping_for", "read", "write", "to_dict", "from_dict")


def check_adapter(**kwargs: Any) -> list[CheckMessage]:
    """The adapter can be imported, is one, and its mapping fits the host's models."""
    path = app_settings.raw.get("ADAPTER", "")
    if not path:
        return [faults.ADAPTER_MISSING.at()]
    if not isinstance(path, str):
        return []  # check_settings says so
    try:
        adapter = import_string(path)
    except Exception as error:  # whatever the host's module does at import time
        advice = usage_of(error) or "Correct ADAPTER in SCIM_PROVISIONING, or the module that it names."
        return [faults.ADAPTER_NOT_IMPORTABLE.at(path=path, error=what_failed(error), advice=advice)]
    if not (isinstance(adapter, type) and issubclass(adapter, LearnerAdapter)):
        return [faults.ADAPTER_IS_NO_ADAPTER.at(path=path)]
    if adapter is LearnerAdapter:
        return [faults.ADAPTER_IS_THE_BASE.at()]
    slips = slips_in(adapter, adapter.mapping)
    return [*(slips or _mapping(adapter, path)), *_handlers(adapter), *misspelt.names_of(adapter)]


def _mapping(adapter: type[LearnerAdapter], path: str) -> Iterator[CheckMessage]:
    if not adapter.mapping and not any(is_own(adapter, name) for name in _INSTEAD_OF_A_MAPPING):
        yield faults.MAPPING_IS_EMPTY.at(obj=adapter, path=path)
        return
    try:
        problems = adapter.mapping_problems()
    except Exception as error:  # whatever the host's own kinds do
        facts = {"path": path, "name": adapter.__name__, "error": what_failed(error)}
        yield faults.MAPPING_FAILS.at(obj=adapter, **facts)
        return
    yield from said_of(adapter, problems)
    lines, rows = tuple(adapter.mapping), tuple(adapter.rows.items())
    mapping = compile_mapping(lines, rows, tuple(adapter.extensions))
    yield from of_rows(adapter, mapping)
    if not problems:
        # Whoever has not said whose rows they are has something else to mend first.
        yield from names_without_constraint(adapter, mapping)
    yield from misspelt.schemas_of(adapter, mapping)
    yield from _adoption(adapter)
    yield from hidden_accounts(adapter)


def said_of(adapter: type[LearnerAdapter], problems: Iterable[MappingProblem]) -> Iterator[CheckMessage]:
    """One message for what is mended at one place, however many lines suffer from it."""
    alike: dict[tuple[str, str, str], list[MappingProblem]] = {}
    for problem in problems:
        alike.setdefault((problem.kind, problem.message, problem.advice), []).append(problem)
    for first, *others in alike.values():
        paths = several([f"'{other.path}'" for other in others])
        also = f" (so it is with {paths})" if others else ""
        facts = {
            "path": first.path,
            "target": first.target,
            "message": f"{first.message.rstrip('.')}{also}",
        }
        # A kind of the host's own may say less.
        advice = first.advice or f"Correct the line of '{first.path}' in the adapter's mapping, or remove it."
        yield _PROBLEMS[first.kind].at(obj=adapter, advice=advice, **facts)


def of_rows(adapter: type[LearnerAdapter], mapping: CompiledMapping) -> Iterator[CheckMessage]:
    """What becomes of the rows of new people and of those who return, unless the host writes them itself."""
    if not saves_rows_itself(adapter):
        yield from rows_without_customer(adapter, mapping)
        yield from hidden_rows(adapter, mapping)


def _adoption(adapter: type[LearnerAdapter]) -> Iterator[CheckMessage]:
    # Constants tell no customers apart.
    limited = any(callable(value) for row in adapter.rows.values() for value in row.within.values())
    own = is_own(adapter, "tenant_users")
    if app_settings.sso_model and adapter.user_name_is_sso_subject and not (limited or own):
        yield faults.EVERYBODY_IS_ADOPTABLE.at(obj=adapter)


def _handlers(adapter: type[LearnerAdapter]) -> Iterator[CheckMessage]:
    for method, instead in _INSTEAD.items():
        if is_own(adapter, method):
            yield faults.HANDLER_OVERRIDDEN.at(obj=adapter, method=method, instead=instead)
