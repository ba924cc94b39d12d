"""Links and lines of the log are written as Django writes them, and by Django where somebody listens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection as database
from django.db import models
from django.db.models.signals import post_init, post_save, pre_save
from django.forms import model_to_dict
from django.test.utils import CaptureQueriesContext

from scim_provisioning.databases import making_models, own_rows
from scim_provisioning.models import (
    ProvisionedUser,
    ProvisioningEvent,
    ProvisioningPayload,
    SCIMConnection,
)
from tests.client import ScimClient
from tests.people import person

pytestmark = pytest.mark.django_db

#: What no two requests have in common.
UNLIKE = {"created_at", "modified_at", "request_id", "duration_ms", "scim_id", "link", "event", "id", "user"}
SAID = re.compile(r'[0-9a-f-]{36}|"meta":.*|Request id:.*')

OURS = (ProvisionedUser, ProvisioningEvent, ProvisioningPayload)
#: Columns of the link with an index.
INDEXED = {
    "scim_id",
    "user_id",
    "user_name_key",
    "user_name_tombstone_key",
    "external_id",
    "awaited_manager",
    "asks_document",
    "deleted_at",
}


@contextmanager
def heard() -> Iterator[list[tuple[str, bool]]]:
    """Which of our rows a receiver of the host's is told of, and whether they are new."""
    told: list[tuple[str, bool]] = []

    def receiver(sender: Any, created: bool = False, **kwargs: Any) -> None:
        told.append((sender.__name__, created))

    for model in OURS:
        post_save.connect(receiver, sender=model)
    yield told
    for model in OURS:
        post_save.disconnect(receiver, sender=model)


def rows_of(model: type[models.Model]) -> list[dict[str, Any]]:
    """All that the table holds, as Python reads it; without what no two requests have in common."""
    names = [field.attname for field in model._meta.concrete_fields if field.name not in UNLIKE]
    return [
        {
            name: SAID.sub("", str(value)) if name in ("response", "path") else value
            for name, value in row.items()
        }
        for row in model._default_manager.order_by("pk").values(*names)
    ]


def play(scim: ScimClient, name: str) -> None:
    path = f"/Users/{scim.post('/Users', person(name)).json()['id']}"
    assert scim.patch(path, [{"op": "replace", "path": "title", "value": "Coach"}]).status_code == 200
    assert scim.patch(path, [{"op": "remove", "path": "externalId"}]).status_code == 200
    assert scim.patch(path, [{"op": "replace", "path": "userName", "value": " "}]).status_code == 400


def test_what_is_written_is_what_django_writes(scim: ScimClient) -> None:
    play(scim, "ines.okafor")
    fast = {model: rows_of(model) for model in OURS}
    with heard():
        play(scim, "rhys.okafor")
    for model in OURS:
        by_hand, saved = fast[model], rows_of(model)[len(fast[model]) :]
        assert len(by_hand) == len(saved) > 0
        for one, other in zip(by_hand, saved, strict=True):
            assert str(one).lower().replace("ines", "rhys") == str(other).lower()


def test_a_receiver_of_the_hosts_is_told_of_every_row(scim: ScimClient) -> None:
    with heard() as told:
        play(scim, "ines.okafor")
    assert told.count(("ProvisionedUser", True)) == 1
    assert told.count(("ProvisionedUser", False)) == 2
    assert told.count(("ProvisioningEvent", True)) == 4
    assert told.count(("ProvisioningPayload", True)) == 4


def test_a_receiver_that_waits_for_everything_is_told_too(scim: ScimClient) -> None:
    told = []

    def receiver(sender: Any, **kwargs: Any) -> None:
        told.append(sender)

    pre_save.connect(receiver)
    try:
        play(scim, "ines.okafor")
    finally:
        pre_save.disconnect(receiver)
    assert set(OURS) <= set(told)


def test_a_row_knows_that_it_is_saved_and_where(connection: SCIMConnection) -> None:
    event = ProvisioningEvent(connection=connection, operation="read", action="skipped", outcome="applied")
    own_rows.insert(event)
    assert (event._state.adding, event._state.db) == (False, "default")
    assert ProvisioningEvent.objects.get() == event


def test_a_change_writes_no_column_of_an_index_that_stays_as_it_is(scim: ScimClient) -> None:
    """SQLite writes every index again whose column an UPDATE names."""
    path = f"/Users/{scim.post('/Users', person()).json()['id']}"
    table, name = ProvisionedUser._meta.db_table, database.ops.quote_name

    def written(change: dict[str, Any]) -> set[str]:
        with CaptureQueriesContext(database) as sent:
            assert scim.patch(path, [change]).status_code == 200
        (update,) = [one["sql"] for one in sent if one["sql"].startswith(f"UPDATE {name(table)}")]
        columns = update.partition(" SET ")[2].rpartition(" WHERE ")[0]
        return {column for column in INDEXED if f"{name(column)} = " in columns}

    assert written({"op": "replace", "path": "title", "value": "Coach"}) == set()
    assert written({"op": "remove", "path": "externalId"}) == {"external_id"}
    assert written({"op": "replace", "path": "userName", "value": "i.okafor@harborline.example"}) == {
        "user_name_key"
    }
    link = ProvisionedUser.objects.get()
    assert (link.external_id, link.user_name_key) == (None, "i.okafor@harborline.example")


def test_a_link_that_is_not_there_any_more_is_not_lost_unseen(scim: ScimClient) -> None:
    """As with Django's ``save``: what cannot be updated is inserted."""
    scim.post("/Users", person())
    link = ProvisionedUser.objects.get()
    ProvisionedUser.objects.all().delete()
    own_rows.update(link, within="connection")
    assert ProvisionedUser.objects.get().scim_id == link.scim_id


def test_a_new_row_is_made_as_django_makes_it(connection: SCIMConnection) -> None:
    """By hand, and by Django where somebody waits for what is made."""
    event = ProvisioningEvent.objects.create(connection=connection, operation="read", action="skipped")
    said = [
        (ProvisioningEvent, {"connection": connection, "token": None, "link_id": 7, "status": 200}),
        (ProvisioningPayload, {"event": event, "request": "{}"}),
    ]
    for model, values in said:
        fast, slow = making_models.new(model, **values), model(**values)
        fast.created_at = slow.created_at
        assert fast.__dict__.keys() == slow.__dict__.keys()
        assert model_to_dict(fast) == model_to_dict(slow)
        assert fast._state.fields_cache == slow._state.fields_cache
        assert (fast._state.adding, fast._state.db) == (True, None)
    assert event.payload.request == "{}"
    assert making_models.new(ProvisioningEvent).cause is not making_models.new(ProvisioningEvent).cause


def test_who_waits_for_rows_that_are_made_is_told(connection: SCIMConnection) -> None:
    made = []

    def receiver(instance: Any, **kwargs: Any) -> None:
        made.append(instance)

    post_init.connect(receiver, sender=ProvisioningEvent)
    try:
        event = making_models.new(ProvisioningEvent, connection=connection)
    finally:
        post_init.disconnect(receiver, sender=ProvisioningEvent)
    assert len(made) == 1
    assert made[0] is event
