"""What administrators look at is found by an index, however much there is: nothing is read whole, nothing is sorted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.test import Client
from django.urls import reverse

from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import health
from scim_provisioning.models import Action, Operation, Outcome, ProvisioningEvent, SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory
from tests.plans import explain

# All of them, or pytest-django would put some last and the log would be made a second time for these.
pytestmark = pytest.mark.django_db

LIST = reverse("admin:scim_provisioning_provisioningevent_changelist")
EVENTS = 10_000
QUIET = 40
TABLE = ProvisioningEvent._meta.db_table


@pytest.fixture(scope="module")
def customers(django_db_setup: None, django_db_blocker: Any) -> Iterator[list[SCIMConnection]]:
    """A busy one, whose log is all that there is, one with a hundred operations of long ago, and forty quiet ones."""
    with django_db_blocker.unblock():
        busy, late, *quiet = (ConnectionFactory(name=f"Customer {number}") for number in range(QUIET + 2))
        ProvisioningEvent.objects.bulk_create(_event(late, number) for number in range(100))
        ProvisioningEvent.objects.bulk_create(
            (_event(busy, number) for number in range(EVENTS)), batch_size=1000
        )
        _without_what_others_left()
        explain.gather_statistics()
        yield [busy, late, *quiet]
        ProvisioningEvent.objects.filter(connection__in=[busy, late]).delete()
        for row in (busy, late, *quiet):
            row.delete()


def _without_what_others_left() -> None:
    """Other tests have left a table that is mostly holes, which the planner of PostgreSQL would count with."""
    if database.vendor == "postgresql":
        with database.cursor() as cursor:
            cursor.execute(f"VACUUM FULL {TABLE}")


def _event(connection: SCIMConnection, number: int) -> ProvisioningEvent:
    refused = number % 10 == 0
    return ProvisioningEvent(
        connection=connection,
        operation=Operation.PATCH,
        action=Action.HELD if number == 0 else Action.REFUSED if refused else Action.UPDATED,
        outcome=Outcome.REFUSED if refused else Outcome.APPLIED,
        status=409 if refused else 200,
        error_code=("attr.too_long" if number == 10 else "user.value_taken") if refused else "",
        user_name=f"person{number}@x",
        user_name_key=f"person{number}@x",
        request_id=f"r{number}",
        changes={"title": ["a", "b"]},
    )


@pytest.fixture
def client(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


def of_the_log(sent: list[str]) -> list[str]:
    return [sql for sql in sent if TABLE in sql and not sql.startswith("SELECT COUNT(CASE")]


def the_list(sent: list[str]) -> str:
    """The statement for the page itself: all columns, the newest first."""
    return next(sql for sql in sent if "duration_ms" in sql and "ORDER BY" in sql)


# --- health


def test_the_health_of_many_connections_is_asked_in_as_many_statements_as_that_of_one(
    customers: list[SCIMConnection],
) -> None:
    with explain.statements() as of_one:
        health.of_connections(customers[:1])
    with explain.statements() as of_all:
        health.of_connections(customers)

    assert len(of_all) == len(of_one) <= 5


def test_no_quiet_connection_has_the_log_of_a_busy_one_read(customers: list[SCIMConnection]) -> None:
    with explain.statements() as sent:
        health.of_connections(customers)

    writes = next(sql for sql in of_the_log(sent) if "LIMIT 1" in sql)
    plan = explain.assert_uses_index(writes, "scim_event_outcome", tables=[TABLE])
    assert plan.indexes(TABLE) == {"scim_event_outcome"}, plan.text


# --- the log


@pytest.mark.parametrize("of", [0, 1, 2], ids=["busy", "late", "quiet"])
@pytest.mark.parametrize(
    ("parameters", "index"),
    [
        ({}, "scim_event_connection"),
        ({"problems": "only"}, "scim_event_outcome"),
        ({"outcome__exact": "refused"}, "scim_event_outcome"),
        ({"action": "held"}, "scim_event_action"),
        ({"action": "deleted"}, "scim_event_action"),
        ({"error": "attr.too_long"}, "scim_event_error_code"),
        ({"error": "none.such", "problems": "only"}, "scim_event_error_code"),
    ],
    ids=str,
)
@pytest.mark.parametrize("how", ["its own staff", "by the filter"])
def test_the_log_of_one_connection_is_read_in_the_order_of_an_index(
    customers: list[SCIMConnection],
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    parameters: dict[str, str],
    index: str,
    of: int,
    how: str,
) -> None:
    if how == "its own staff":
        only = SCIMConnection.objects.filter(pk=customers[of].pk)
        monkeypatch.setattr(LearnerAdapter, "connections_for", classmethod(lambda cls, user: only.all()))
    else:
        parameters = {**parameters, "connection": str(customers[of].pk)}
    with explain.statements() as sent:
        assert client.get(LIST, parameters).status_code == 200

    plan = explain.explain(the_list(sent))
    # Any index that begins with the connection; not the primary key, by which all others are read as well.
    assert plan.indexes(TABLE), plan.text
    assert "primary key" not in plan.indexes(TABLE), plan.text
    assert not any(name.endswith("pkey") for name in plan.indexes(TABLE)), plan.text
    if of == 0:
        assert not plan.sorts, plan.text
        # The others take what their statistics say is least.
        assert database.vendor != "postgresql" or plan.indexes(TABLE) == {index}, plan.text


@pytest.mark.skipif(database.vendor != "postgresql", reason="others read in the order of the key")
@pytest.mark.parametrize(
    ("parameters", "index"),
    [
        ({"action": "deleted"}, "scim_event_action"),
        ({"action": "held"}, "scim_event_action"),
        ({"error": "attr.too_long"}, "scim_event_error_code"),
        ({"error": "none.such"}, "scim_event_error_code"),
    ],
    ids=str,
)
def test_whoever_sees_all_connections_has_not_the_whole_log_read_for_what_is_rare(
    customers: list[SCIMConnection], client: Client, parameters: dict[str, str], index: str
) -> None:
    with explain.statements() as sent:
        assert client.get(LIST, parameters).status_code == 200

    counted = next(sql for sql in sent if sql.startswith("SELECT COUNT(*) FROM (SELECT"))
    for sql in (the_list(sent), counted):
        plan = explain.explain(sql)
        assert index in plan.indexes(TABLE), plan.text
        # The rows of no connection at all may be found by any that begins with it.
        assert all(step.index.startswith("scim_event_") for step in plan.steps if step.table == TABLE), (
            plan.text
        )


def test_the_log_of_a_day_is_read_by_the_time(customers: list[SCIMConnection], client: Client) -> None:
    with explain.statements() as sent:
        client.get(LIST, {"created_at__gte": "2026-01-01T00:00:00+00:00", "connection": str(customers[2].pk)})

    assert "ORDER BY" in the_list(sent)
    assert the_list(sent).rindex("created_at") > the_list(sent).index("ORDER BY")
