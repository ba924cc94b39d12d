"""A person's rows are saved as Django saves them, and by Django where anybody could tell the difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth import password_validation
from django.contrib.auth.models import User
from django.db import DatabaseError, models
from django.db import connection as database
from django.db.models.functions import Upper
from django.db.models.signals import post_save, pre_save
from django.test.utils import CaptureQueriesContext

from example_project.lms.models import Learner, Organization
from scim_provisioning.databases import host_rows
from tests.client import ScimClient
from tests.people import person

pytestmark = pytest.mark.django_db

#: What no two rows have in common.
UNLIKE = {"id", "user_id", "username", "email", "password", "date_joined", "joined_at"}


@contextmanager
def heard(*models: Any) -> Iterator[list[tuple[str, bool | None, Any]]]:
    """What a receiver of the host's is told: of whom, whether they are new, and which columns were saved."""
    told: list[tuple[str, bool | None, Any]] = []

    def receiver(sender: Any, update_fields: Any, created: bool | None = None, **kwargs: Any) -> None:
        told.append((sender.__name__, created, update_fields and sorted(update_fields)))

    for signal in (pre_save, post_save):
        for model in models:
            signal.connect(receiver, sender=model)
    yield told
    for signal in (pre_save, post_save):
        for model in models:
            signal.disconnect(receiver, sender=model)


@contextmanager
def instead(model: Any, name: str, step: Callable[..., Any]) -> Iterator[None]:
    """The host has written a step of the way to the statement itself."""
    with patch.object(model, name, step, create=True):
        yield


def play(scim: ScimClient, name: str) -> Learner:
    path = f"/Users/{scim.post('/Users', person(name)).json()['id']}"
    change = [{"op": "replace", "path": "title", "value": "Coach"}]
    change += [{"op": "replace", "path": "name.familyName", "value": "Sousa"}]
    assert scim.patch(path, change).status_code == 200
    assert scim.patch(path, [{"op": "replace", "path": "active", "value": False}]).status_code == 200
    return Learner.objects.select_related("user").latest("pk")


def values(row: models.Model) -> dict[str, Any]:
    return {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if field.attname not in UNLIKE
    }


def test_what_is_written_is_what_django_writes(scim: ScimClient) -> None:
    by_hand = play(scim, "ines.okafor")
    with heard(User, Learner):
        saved = play(scim, "rhys.okafor")
    assert str(values(by_hand.user)).lower().replace("ines", "rhys") == str(values(saved.user)).lower()
    assert values(by_hand) == values(saved)
    assert by_hand.user.last_name == "Sousa"
    assert by_hand.job_role == "Coach"


def test_the_statements_are_those_that_django_sends(scim: ScimClient) -> None:
    """Word for word: what a host's database log, router or wrapper knows them by."""

    def sent(name: str) -> list[str]:
        with CaptureQueriesContext(database) as captured:
            play(scim, name)
        tables = (User._meta.db_table, Learner._meta.db_table)
        begins = [
            f"{verb} {database.ops.quote_name(table)}"
            for verb in ("INSERT INTO", "UPDATE")
            for table in tables
        ]
        writes = [one["sql"] for one in captured if one["sql"].startswith(tuple(begins))]
        return [sql.partition(" VALUES ")[0].partition(" = ")[0] for sql in writes]

    fast = sent("ines.okafor")
    with heard(User, Learner):
        assert sent("rhys.okafor") == fast
    assert len(fast) == 5


def test_a_receiver_of_the_hosts_is_told_of_every_row_and_of_the_columns_that_changed(
    scim: ScimClient,
) -> None:
    with heard(User, Learner) as told:
        play(scim, "ines.okafor")
    assert told == [
        *[("User", created, None) for created in (None, True)],
        *[("Learner", created, None) for created in (None, True)],
        *[("User", created, ["last_name"]) for created in (None, False)],
        *[("Learner", created, ["job_role"]) for created in (None, False)],
        *[("User", created, ["is_active"]) for created in (None, False)],
    ]


@pytest.mark.parametrize("step", ["save", "save_base", "_do_update", "_save_table"])
def test_a_step_that_the_host_has_written_is_taken(scim: ScimClient, step: str) -> None:
    own, taken = getattr(Learner, step), []

    def theirs(self: Learner, *args: Any, **kwargs: Any) -> Any:
        taken.append(self.pk)
        return own(self, *args, **kwargs)

    with instead(Learner, step, theirs):
        learner = play(scim, "ines.okafor")
    assert learner.pk in taken
    assert learner.job_role == "Coach"


def test_a_password_that_was_set_is_told_to_the_validators(organization: Organization) -> None:
    account = User(username="ines")
    account.set_password("correct horse battery")
    with patch.object(password_validation, "password_changed") as told:
        host_rows.save(account)
    told.assert_called_once_with("correct horse battery", account)


def test_what_the_database_is_to_make_of_a_column_is_made_there() -> None:
    account = User.objects.create(username="ines")
    account.last_name = Upper("username")
    host_rows.save(account, ("last_name",))
    account.refresh_from_db()
    assert account.last_name == "INES"


def test_a_row_that_has_gone_meanwhile_is_the_error_that_django_raises() -> None:
    account = User.objects.create(username="ines")
    User.objects.all().delete()
    with pytest.raises(DatabaseError, match="did not affect any rows"):
        host_rows.save(account, ("last_name",))


def test_a_profile_of_an_account_that_is_not_saved_is_refused(organization: Organization) -> None:
    learner = Learner(user=User(username="ines"), organization=organization)
    with pytest.raises(ValueError, match="unsaved related object"):
        host_rows.save(learner)


def test_a_row_with_a_key_of_its_own_keeps_it(organization: Organization) -> None:
    host_rows.save(User(pk=70_707, username="ines"))
    assert User.objects.get().pk == 70_707


def test_a_row_knows_that_it_is_saved_and_where() -> None:
    account = User(username="ines")
    host_rows.save(account)
    assert (account._state.adding, account._state.db) == (False, "default")
    assert User.objects.get() == account
