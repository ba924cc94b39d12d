"""Whether somebody is on is never shown otherwise than it was, before or after what happens while they are read.

One connection's identity provider has switched them off, another one keeps their account on. These tests run in every
host, where the user name is what people sign in by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection as database

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.hosts.current import host, let_share, make_connection, spelled
from tests.people import person

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"
READS = {
    "GET": "/Users/{id}",
    "list": "/Users",
    "page": "/Users?startIndex=1&count=2",
    "cursor": "/Users?cursor&count=1",
}
OFF = [{"op": "replace", "path": "active", "value": False}]


@pytest.fixture(autouse=True)
def _user_names_are_what_people_sign_in_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_adapter_class(), "user_name_is_sso_subject", True)


@pytest.fixture
def other() -> ScimClient:
    return ScimClient(TokenFactory(connection=make_connection("Other")).plaintext)


@pytest.fixture
def wished_off(scim: ScimClient, other: ScimClient) -> str:
    """The SCIM id of somebody whom our identity provider has switched off, and another one keeps on."""
    made: str = scim.post("/Users", spelled(person())).json()["id"]
    let_share(INES)
    assert other.post("/Users", spelled(person())).status_code == 201
    assert scim.patch(f"/Users/{made}", OFF).json()["active"] is False
    return made


def switch_off(other: ScimClient) -> None:
    (theirs,) = other.get("/Users").json()["Resources"]
    assert other.patch(f"/Users/{theirs['id']}", OFF).json()["active"] is False


@contextmanager
def after_people_are_read(change: Callable[[], Any]) -> Iterator[None]:
    """``change`` is called once, before the statement that follows the one which reads people."""
    is_read = is_changed = False

    def watch(execute: Any, sql: str, *rest: Any) -> Any:
        nonlocal is_read, is_changed
        if is_read and not is_changed:
            is_changed = True
            change()
        is_read = is_read or (sql.startswith("SELECT") and "document" in sql)
        return execute(sql, *rest)

    with database.execute_wrapper(watch):
        yield


def active(scim: ScimClient, path: str) -> bool:
    found = scim.get(path).json()
    shown: bool = (found["Resources"][0] if "Resources" in found else found)["active"]
    return shown


@pytest.mark.parametrize("path", READS.values(), ids=READS)
def test_whoever_is_let_go_while_they_are_read_is_not_shown_as_on(
    scim: ScimClient, other: ScimClient, wished_off: str, path: str
) -> None:
    path = path.format(id=wished_off)
    assert active(scim, path) is False
    with after_people_are_read(lambda: switch_off(other)):
        assert active(scim, path) is False
    assert active(scim, path) is False


@pytest.mark.parametrize("path", READS.values(), ids=READS)
def test_whoever_the_lms_alone_has_switched_on_is_shown_as_on(
    scim: ScimClient, other: ScimClient, organization: Any, wished_off: str, path: str
) -> None:
    switch_off(other)
    host().switch(INES, organization, on=True)
    assert active(scim, path.format(id=wished_off)) is True
