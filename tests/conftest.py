"""What most tests start from: a customer, its SSO settings, a connection, a token, a client."""

from __future__ import annotations

import copy
import gc
import os
import re
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connection as database
from django.test import override_settings
from hypothesis import settings as hypothesis_settings

from scim_provisioning.http import counting
from scim_provisioning.models import SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.client import ScimClient
from tests.databases import shared_by_threads
from tests.hosts.current import host
from tests.processes import ROOT
from tests.sharing import Customer, rolled_back

if TYPE_CHECKING:
    from tests.estate import Estate

# The same examples in every run, so that a change is what makes a test fail; HYPOTHESIS_PROFILE=explore looks
# for new ones.
hypothesis_settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis_settings.register_profile("explore", max_examples=2000, deadline=None)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

# Where Python is told to keep no bytecode beside the sources, the processes that are started from here keep it
# elsewhere, for one another: half of the time that each takes to start is for compiling.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
    os.environ["PYTHONPYCACHEPREFIX"] = str(ROOT / ".pytest_cache" / "bytecode")


# --- garbage


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """All that is imported and collected stays until the end, and is not walked over again and again in search of what
    is not needed any more; a process that a test forks copies less of it, too."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        gc.enable()


# --- in parallel


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """All cores for the suite or a folder of it, one process for single files: they are done before a second starts."""
    named = config.option.file_or_dir
    return 0 if named and all(".py" in argument for argument in named) else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In parallel the longest tests start first, so that no worker is left alone with one of them in the end."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.get_closest_marker("long") is None)


def _caches_of(worker_id: str) -> dict[str, Any]:
    """The caches of the settings, on Redis with a database of the worker's own: each test empties its cache."""
    caches: dict[str, Any] = copy.deepcopy(django_settings.CACHES)
    number = re.fullmatch(r"gw(\d+)", worker_id)
    for options in caches.values():
        if number and options["BACKEND"].endswith("RedisCache"):
            address, _, database = options["LOCATION"].rpartition("/")
            options["LOCATION"] = f"{address}/{int(database) + int(number[1])}"
    return caches


@pytest.fixture(scope="session", autouse=True)
def _fast_and_of_one_worker() -> Iterator[None]:
    """Cheap password hashes, and a cache that no other worker empties."""
    hashers = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    caches = _caches_of(os.environ.get("PYTEST_XDIST_WORKER", ""))
    with override_settings(PASSWORD_HASHERS=hashers, CACHES=caches):
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """On PostgreSQL no test waits for the disk, and tables are emptied by DELETE: TRUNCATE makes them new files."""
    # Not before Django is set up.
    from tests.repeated import done_once

    with ExitStack() as stack:
        with django_db_blocker.unblock():
            stack.enter_context(done_once())
            if database.vendor == "postgresql":
                with database.cursor() as cursor:
                    name = database.ops.quote_name(database.settings_dict["NAME"])
                    cursor.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
                # It is so for those who connect from now on, processes of tests included.
                database.close()
                patch = stack.enter_context(pytest.MonkeyPatch.context())
                patch.setattr(type(database.ops), "sql_flush", _deletions)
        yield


def _deletions(operations: Any, _style: object, tables: list[str], **_options: bool) -> list[str]:
    """In place of Django's ``sql_flush``, which empties all tables after a test that commits."""
    return [f"DELETE FROM {operations.quote_name(table)}" for table in tables]  # noqa: S608


@pytest.fixture(autouse=True)
def _no_counter_left_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """No throttle counter of another test's, and no cache that broke there."""
    cache.clear()
    monkeypatch.setattr(counting, "circuit", counting.Circuit())


@pytest.fixture
def shared_database(transactional_db: None, tmp_path: Path) -> Iterator[None]:
    """A database that other processes and threads can open, and that outlives its connection: SQLite's usual one for
    tests is in memory."""
    with shared_by_threads(tmp_path):
        yield


# --- a customer


@pytest.fixture(scope="module")
def shared_customer(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any
) -> Iterator[Customer]:
    """One customer for all tests of a module; organization, sso, connection, token and scim are then this one's.

    A module asks for it as a whole (``usefixtures``), and makes in fixtures of its own what else its tests share.
    """
    beside = [item for item in request.session.items if item.path == request.path]
    others = [item.name for item in beside if "shared_customer" not in getattr(item, "fixturenames", ())]
    assert not others, f"These would see or miss the shared rows as the order goes: {others}"
    with django_db_blocker.unblock(), rolled_back():
        yield Customer.make()


@pytest.fixture(scope="module")
def estates(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[Estate, Estate]]:
    """What is Harborline's and what is Brightwater's, one of everything, for all tests of a module."""
    # Other hosts have no such rows.
    from tests.estate import two_customers

    with django_db_blocker.unblock(), two_customers() as both:
        yield both


@pytest.fixture(scope="module")
def estate(estates: tuple[Estate, Estate]) -> Estate:
    """The customer's that is asked for; another one has as much."""
    return estates[0]


@pytest.fixture
def _shared(request: pytest.FixtureRequest) -> Customer | None:
    """A copy of the shared customer, as a test may change what it holds; None where the module shares none."""
    if "shared_customer" not in request.fixturenames:
        return None
    shared: Customer = copy.deepcopy(request.getfixturevalue("shared_customer"))
    return shared


@pytest.fixture
def organization(db: None, _shared: Customer | None) -> Any:
    """A customer of the LMS, of whatever model the host has for them."""
    return _shared.organization if _shared else host().make_customer()


@pytest.fixture
def sso(organization: Any, _shared: Customer | None) -> Any:
    """That customer's SSO settings, switched on."""
    return _shared.sso if _shared else host().make_sso(organization)


@pytest.fixture
def connection(sso: Any, _shared: Customer | None) -> SCIMConnection:
    return _shared.connection if _shared else ConnectionFactory(name="Entra", sso_key=str(sso.pk))


@pytest.fixture
def _doubles_are_made(connection: SCIMConnection) -> None:
    """The work e-mail address of somebody who is here keeps nobody from an account of their own: how doubles come."""
    connection.policies = {**connection.policies, "same_address": "create"}
    connection.save()


@pytest.fixture
def token(connection: SCIMConnection, _shared: Customer | None) -> str:
    """The plaintext of a live token of `connection`."""
    return _shared.token if _shared else TokenFactory(connection=connection).plaintext


@pytest.fixture
def scim(token: str) -> ScimClient:
    """A client that holds `token`."""
    return ScimClient(token)
