"""How many searches among everybody one connection has running at the same moment: each of them holds a worker."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NoReturn
from urllib.parse import quote

import pytest
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from scim_provisioning.http import slots, throttling
from scim_provisioning.models import ProvisioningEvent
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.hosts.current import make_connection
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

SEARCH = "/Users?filter=" + quote('nickName co "x"')
LOOK_UPS = [
    'userName eq "rui.sousa@harborline.example"',
    'externalId eq "ruisousa"',
    'id eq "7"',
    'userName eq "rui.sousa@harborline.example" and nickName co "x"',
    # How Entra finds people when it is told to match them by address.
    'emails[type eq "work"].value eq "rui.sousa@harborline.example"',
    'nickName eq "x"',
]
SEARCHES = [
    'nickName co "x"',
    'userName sw "x"',
    "title pr",
    'nickName ne "x"',
    'nickName eq "x" or nickName eq "y" or nickName eq "z"',
    'emails[type eq "work" and value co "x"]',
]


class Meanwhile:
    """Calls something while the database works on the first search."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.call: Callable[[], Any] | None = call
        self.result: Any = None

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        call = self.call if "search" in sql and "LIMIT" in sql else None
        if call is not None:
            self.call = None
            self.result = call()
        return execute(sql, params, many, context)


def during_a_search(scim: ScimClient, call: Callable[[], Any]) -> Any:
    """What ``call`` answers while a search of ``scim`` is running."""
    meanwhile = Meanwhile(call)
    with database.execute_wrapper(meanwhile):
        assert scim.get(SEARCH).status_code == 200
    assert meanwhile.call is None
    return meanwhile.result


def filtered(scim: ScimClient, text: str) -> Any:
    return scim.get(f"/Users?filter={quote(text)}")


@pytest.fixture
def other() -> ScimClient:
    return ScimClient(TokenFactory(connection=make_connection("Other")).plaintext)


@pytest.mark.parametrize("look_up", ['nickName eq "x"', 'emails.value eq "x@y.example"'])
def test_a_look_up_that_took_long_is_a_search_for_a_minute(
    scim: ScimClient, other: ScimClient, look_up: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the people hold is what it costs: thousands of addresses, and two workers are held by one customer."""
    assert filtered(scim, look_up).status_code == 200
    assert during_a_search(scim, lambda: filtered(scim, look_up)).status_code == 200
    monkeypatch.setattr(throttling, "SLOW", -1)
    assert filtered(scim, look_up).status_code == 200
    refused = during_a_search(scim, lambda: filtered(scim, look_up))
    assert (refused.status_code, refused["Retry-After"]) == (429, "1")
    assert during_a_search(scim, lambda: filtered(other, look_up)).status_code == 200
    assert during_a_search(scim, lambda: filtered(scim, LOOK_UPS[0])).status_code == 200
    cache.clear()
    monkeypatch.undo()
    assert during_a_search(scim, lambda: filtered(scim, look_up)).status_code == 200


def test_a_second_search_at_the_same_moment_is_429_and_fills_no_log(scim: ScimClient) -> None:
    refused = during_a_search(scim, lambda: scim.get(SEARCH))
    assert (refused.status_code, refused.json()["status"]) == (429, "429")
    assert refused.headers["Retry-After"] == "1"
    for word in ("1 at once", "userName", "externalId"):
        assert word in refused.json()["detail"]
    assert not ProvisioningEvent.objects.exists()
    # The slot is free again.
    assert scim.get(SEARCH).status_code == 200


@pytest.mark.parametrize("text", SEARCHES)
def test_whatever_compares_everybody_is_a_search(scim: ScimClient, text: str) -> None:
    assert during_a_search(scim, lambda: filtered(scim, text)).status_code == 429


def test_what_the_names_of_units_mean_is_read_by_a_search_that_may_run(scim: ScimClient) -> None:
    terms = " or ".join(f'{ENTERPRISE}:department eq "Bü{n}"' for n in range(10))

    def refused() -> CaptureQueriesContext:
        with CaptureQueriesContext(database) as asked:
            assert filtered(scim, terms).status_code == 429
        return asked

    asked = during_a_search(scim, refused)
    assert [query["sql"] for query in asked if '"lms_team"' in query["sql"].replace("`", '"')] == []


def test_so_is_whatever_sorts_everybody_by_either_verb(scim: ScimClient) -> None:
    assert during_a_search(scim, lambda: scim.get("/Users?sortBy=userName")).status_code == 429
    body = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": 'nickName co "x"',
    }
    assert during_a_search(scim, lambda: scim.post("/Users/.search", body)).status_code == 429


@pytest.mark.parametrize("text", LOOK_UPS)
def test_a_look_up_is_never_held_up(scim: ScimClient, text: str) -> None:
    assert during_a_search(scim, lambda: filtered(scim, text)).status_code == 200


def test_nor_is_anything_else_nor_anybody_else(scim: ScimClient, other: ScimClient) -> None:
    rui = scim.post("/Users", person("rui.sousa")).json()["id"]
    rename = [{"op": "replace", "path": "title", "value": "Fellow"}]
    sorted_one = f"/Users?filter={quote(LOOK_UPS[0])}&sortBy=userName"
    for call in (
        lambda: scim.get("/Users?count=200"),
        lambda: scim.get(sorted_one),
        lambda: scim.get(f"/Users/{rui}"),
        lambda: scim.patch(f"/Users/{rui}", rename),
        lambda: other.get(SEARCH),
    ):
        assert during_a_search(scim, call).status_code == 200


def test_the_number_is_a_setting(scim: ScimClient, settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "LIMITS": {"searches_at_once": 2}}
    third = during_a_search(scim, lambda: during_a_search(scim, lambda: scim.get(SEARCH)))
    assert third.status_code == 429
    assert during_a_search(scim, lambda: scim.get(SEARCH)).status_code == 200


def test_a_search_that_is_refused_gives_its_slot_back(scim: ScimClient) -> None:
    assert filtered(scim, 'meta.version co "x"').status_code == 400
    assert scim.get(f"{SEARCH}&cursor=nonsense").status_code == 400
    assert scim.get(SEARCH).status_code == 200


def test_the_slot_of_a_worker_that_was_killed_is_free_after_a_while(
    scim: ScimClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = "django.core.cache.backends"
    settings.CACHES = {"default": {"BACKEND": f"{backend}.locmem.LocMemCache", "LOCATION": "killed"}}
    settings.SCIM_PROVISIONING = {
        **settings.SCIM_PROVISIONING,
        "LIMITS": {"search_seconds": 3},
        "THROTTLE": {"reads": 1000},
    }
    now = 1_900_000_000.0
    for module in (f"{backend}.locmem.time", f"{backend}.base.time"):
        monkeypatch.setattr(module, SimpleNamespace(time=lambda: now))
    with monkeypatch.context() as killed:
        killed.setattr(slots, "_give_back", lambda key, holder: None)
        assert scim.get(SEARCH).status_code == 200
    for seconds, status in ((0, 429), (15, 429), (17, 200)):
        now = 1_900_000_000.0 + seconds
        assert scim.get(SEARCH).status_code == status, seconds


def test_whoever_is_done_after_their_time_does_not_give_away_the_slot_of_whoever_has_it_now() -> None:
    first, second = (slots.slot("search", 7, of=1, seconds=60) for _ in range(2))
    first.__enter__()
    cache.clear()  # its time is over
    with second:
        first.__exit__(None, None, None)
        with pytest.raises(slots.Taken), slots.slot("search", 7, of=1, seconds=60):
            pass
    with slots.slot("search", 7, of=1, seconds=60):
        pass


class Swallows(LocMemCache):
    """A cache that is not there and does not say so, as django-redis is with IGNORE_EXCEPTIONS."""

    def _nothing(self, *args: object, **options: object) -> Any:
        return None

    def get_many(self, *args: object, **options: object) -> dict[str, Any]:
        return {}

    add = get = set = incr = delete = _nothing


class Gone(LocMemCache):
    """A cache whose server does not answer."""

    def _refuse(self, *args: object, **options: object) -> NoReturn:
        raise ConnectionError("connection refused")

    add = get = set = incr = get_many = delete = _refuse  # type: ignore[assignment]


@pytest.mark.parametrize("backend", ["Swallows", "Gone"])
def test_without_a_cache_nobody_is_held_up(scim: ScimClient, settings: Settings, backend: str) -> None:
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.{backend}", "LOCATION": "gone"}}
    assert during_a_search(scim, lambda: scim.get(SEARCH)).status_code == 200


def test_a_cache_that_goes_while_a_search_runs_costs_it_nothing(scim: ScimClient, settings: Settings) -> None:
    def go() -> None:
        settings.CACHES = {"default": {"BACKEND": f"{__name__}.Gone", "LOCATION": "gone"}}

    during_a_search(scim, go)
