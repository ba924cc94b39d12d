"""Checks of where the tables live, and of what only the database can tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage
from django.db import DatabaseError, router, transaction
from django.utils import translation

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration import homes, name_indexes
from scim_provisioning.checks import faults
from scim_provisioning.checks.adapter import check_adapter, of_rows, said_of
from scim_provisioning.checks.declarations import slips_in
from scim_provisioning.checks.fault import several
from scim_provisioning.checks.importing import what_failed
from scim_provisioning.checks.overriding import is_own
from scim_provisioning.conf import app_settings
from scim_provisioning.models import SCIMConnection, SCIMToken

#: The one kind of problem that may be none: the host's own code may fill the column (W004).
_WARNING = "unsaved"


def check_databases(**kwargs: Any) -> list[CheckMessage]:
    """Link, log and learner change in one transaction, so they live in one database."""
    return [*_apart(), *_sso_apart()]


def _apart() -> Iterator[CheckMessage]:
    known = homes.written()
    if len(set(known.values())) > 1:
        where = ", ".join(f"{label} in '{alias}'" for label, alias in known.items())
        yield faults.SEVERAL_DATABASES.at(where=where)


def _sso_apart() -> Iterator[CheckMessage]:
    if apart := homes.sso_apart():
        yield faults.SSO_MODEL_APART.at(model=apart[0], alias=apart[1])


def check_rows(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """What only rows can tell; asked by ``manage.py check --database default``, and by ``migrate``."""
    alias = router.db_for_read(SCIMConnection)
    if alias not in (databases or ()):
        return []
    try:
        with transaction.atomic(using=alias):
            return [*_customers(), *_networks(), *_names()]
    except DatabaseError:
        return []  # migrate asks before it has made the tables and columns


def _customers() -> Iterator[CheckMessage]:
    """What ``mapping_for`` returns for each customer can be used; one message for customers of one fault."""
    adapter = _adapter()
    if adapter is None or not is_own(adapter, "mapping_for"):
        return
    failing: dict[str, list[str]] = {}
    warnings: dict[str, CheckMessage] = {}
    for connection in SCIMConnection.objects.current():
        if fault := _fault_of(adapter, connection):
            failing.setdefault(fault, []).append(f"'{connection.name}'")
        else:
            warnings |= {message.msg: message for message in _warnings_of(adapter, connection)}
    for message, names in failing.items():
        facts = {"path": app_settings.adapter, "connections": several(names), "message": message}
        yield faults.MAPPING_FOR_FAILS.at(obj=adapter, **facts)
    said = {message.msg for message in check_adapter()}
    yield from (message for text, message in warnings.items() if text not in said)


def _adapter() -> type[LearnerAdapter] | None:
    """The host's adapter; None where ``check_adapter`` says what is wrong with it."""
    try:
        return get_adapter_class()
    except Exception:  # whatever the host's module does at import time
        return None


def _fault_of(adapter: type[LearnerAdapter], connection: SCIMConnection) -> str:
    """The first thing that is wrong with one customer's mapping, as a sentence; empty when nothing is."""
    try:
        if slips := slips_in(adapter, adapter.mapping_for(connection)):
            return slips[0].msg
        problems = [found for found in adapter.mapping_problems(connection) if found.kind != _WARNING]
    except DatabaseError:
        raise
    except Exception as error:  # whatever the host's method does
        return what_failed(error)
    return f"{problems[0].path}: {problems[0].message}" if problems else ""


def _warnings_of(adapter: type[LearnerAdapter], connection: SCIMConnection) -> Iterator[CheckMessage]:
    """What may go wrong with one customer's mapping, which is usable."""
    yield from said_of(adapter, adapter.mapping_problems(connection))
    yield from of_rows(adapter, adapter.compiled(connection))


def _names() -> Iterator[CheckMessage]:
    """What is looked up in any case is found by an index of the host's."""
    adapter = _adapter()
    if adapter is None:
        return
    with translation.override("en"):
        for one in filter(name_indexes.worth_saying, name_indexes.missing()):
            sentence, remedy = name_indexes.sentence(one, timed=False), name_indexes.remedy(one)
            facts = {"target": one.target, "sentence": sentence, "advice": remedy}
            yield faults.NAME_WITHOUT_INDEX.at(obj=adapter, **facts)


def _networks() -> Iterator[CheckMessage]:
    if not settings.SECURE_PROXY_SSL_HEADER or app_settings.trusted_proxies:
        return
    limits = SCIMToken.objects.live().values_list("allowed_networks", flat=True)
    if count := sum(map(bool, limits)):
        yield faults.NETWORKS_BEHIND_PROXY.at(count=count)
