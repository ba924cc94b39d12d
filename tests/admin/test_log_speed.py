"""With 100,000 operations the log's list and search ask few questions, and an index answers them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection as database
from django.db.models import QuerySet
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import log_search
from scim_provisioning.models import (
    Action,
    FormerIdentifier,
    Operation,
    Outcome,
    ProvisionedUser,
    ProvisioningEvent,
    SCIMConnection,
)
from scim_provisioning.testing.factories import ConnectionFactory
from tests.plans.explain import explain

# All of them, or pytest-django would put some last and the log would be made a second time for these.
pytestmark = pytest.mark.django_db

LIST = reverse("admin:scim_provisioning_provisioningevent_changelist")
EVENTS = 100_000
PEOPLE = 1_000
TABLE = ProvisioningEvent._meta.db_table


@pytest.fixture(scope="module")
def full_log(django_db_setup: None, django_db_blocker: Any) -> Iterator[SCIMConnection]:
    """Two customers, the larger of them with most of 100,000 operations. Made once, and taken away again."""
    with django_db_blocker.unblock():
        connection = ConnectionFactory(name="Large")
        other = ConnectionFactory(name="Small")
        _fill(connection, PEOPLE)
        _fill(other, 20)
        columns = ", ".join(
            database.ops.quote_name(f.column)
            for f in ProvisioningEvent._meta.concrete_fields
            if not f.primary_key
        )
        with database.cursor() as cursor:
            while ProvisioningEvent.objects.count() < EVENTS:
                cursor.execute(f"INSERT INTO {TABLE} ({columns}) SELECT {columns} FROM {TABLE}")  # noqa: S608
            if database.vendor != "sqlite":
                for table in (TABLE, FormerIdentifier._meta.db_table):
                    cursor.execute(f"ANALYZE {'TABLE ' if database.vendor == 'mysql' else ''}{table}")
        yield connection
        for row in (connection, other):
            ProvisioningEvent.objects.filter(connection=row)._raw_delete(using="default")
            FormerIdentifier.objects.filter(link__connection=row).delete()
            row.delete()


def _fill(connection: SCIMConnection, people: int) -> None:
    names = [f"person{number:04}@{connection.name.lower()}.example" for number in range(people)]
    ProvisionedUser.objects.bulk_create(
        ProvisionedUser(connection=connection, user_name=name, user_name_key=name, external_id=name[:10])
        for name in names
    )
    links = list(ProvisionedUser.objects.filter(connection=connection))
    FormerIdentifier.objects.bulk_create(
        FormerIdentifier(
            connection=connection, link=link, kind="email", value=f"old-{link}", key=f"old-{link}"
        )
        for link in links
    )
    events = []
    for number, link in enumerate(links * 2):
        refused = number % 10 == 0
        events.append(
            ProvisioningEvent(
                connection=connection,
                link=link,
                operation=Operation.PATCH,
                action=Action.REFUSED if refused else Action.UPDATED,
                outcome=Outcome.REFUSED if refused else Outcome.APPLIED,
                status=409 if refused else 200,
                error_code="user.value_taken" if refused else "",
                user_name=link.user_name,
                user_name_key=link.user_name_key,
                external_id=link.external_id,
                request_id=f"request-{connection.pk}-{number}",
                changes={"title": ["a", "b"]},
            )
        )
    ProvisioningEvent.objects.bulk_create(events)


@pytest.fixture
def superuser(full_log: SCIMConnection, db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def of_one_customer(superuser: Client, full_log: SCIMConnection, monkeypatch: pytest.MonkeyPatch) -> Client:
    only = SCIMConnection.objects.filter(pk=full_log.pk)
    monkeypatch.setattr(LearnerAdapter, "connections_for", classmethod(lambda cls, user: only.all()))
    return superuser


def queries(client: Client, **parameters: str) -> int:
    with CaptureQueriesContext(database) as captured:
        response = client.get(LIST, parameters)
    assert response.status_code == 200
    assert len(response.context["cl"].result_list) > 0
    return len(captured)


@pytest.mark.parametrize("term", ["person0042", "old-person0042", "request-", "person"])
@pytest.mark.parametrize("who", ["superuser", "of_one_customer"])
def test_list_and_search_ask_a_bounded_number_of_questions(
    who: str, term: str, full_log: SCIMConnection, request: pytest.FixtureRequest
) -> None:
    client: Client = request.getfixturevalue(who)
    if term == "request-":
        term = f"request-{full_log.pk}-7"

    assert queries(client) <= 20
    assert queries(client, q=term) <= 25


def test_of_a_term_that_fits_much_of_the_log_a_bounded_part_is_read(
    superuser: Client, full_log: SCIMConnection
) -> None:
    """A hundred thousand lines begin so, and nobody has to count or sort them to follow their learners."""
    with CaptureQueriesContext(database) as captured:
        response = superuser.get(LIST, {"q": "person"})
    assert len(response.context["cl"].result_list) > 0
    selected = [sql["sql"].partition(" FROM ")[0] for sql in captured if TABLE in sql["sql"]]
    following = [columns for columns in selected if "link_id" in columns and columns.count(".") == 1]
    assert len(following) == 1
    assert "DISTINCT" not in following[0]


def test_in_the_log_of_one_connection_nobody_elses_people_are_compared(
    superuser: Client, full_log: SCIMConnection
) -> None:
    with CaptureQueriesContext(database) as captured:
        superuser.get(LIST, {"q": "person0042", "connection": str(full_log.pk)})
    people = [
        one["sql"] for one in captured if ProvisionedUser._meta.db_table in one["sql"].partition("WHERE")[0]
    ]
    among = {key for sql in people for key in re.findall(r"connection_id\W? (?:IN \(|= )([\d, ]+)", sql)}
    assert among == {str(full_log.pk)}


def test_the_list_says_that_it_holds_the_latest_operations_only(superuser: Client) -> None:
    response = superuser.get(LIST)

    assert response.context["cl"].result_count == 10_000
    assert "The latest 10\u202f000 operations are listed." in response.content.decode()


def changelist(user: User, **parameters: str) -> QuerySet[ProvisioningEvent]:
    """The list's own statement, as the admin builds it."""
    request = RequestFactory().get(LIST, parameters)
    request.user = user
    return admin.site._registry[ProvisioningEvent].get_changelist_instance(request).queryset


def assert_reads_by_index(events: QuerySet[ProvisioningEvent]) -> None:
    """The log's rows are reached by an index, or in the order of its key; they are not all read and sorted."""
    plan = explain(events)
    steps = [step for step in plan.steps if step.table == TABLE]
    # SQLite names no index for the order of the rows themselves.
    in_order = not plan.sorts and (database.vendor == "sqlite" or all(step.index for step in steps))
    assert steps, plan.text
    assert in_order or all(step.seeks for step in steps), plan.text


@pytest.mark.parametrize(
    "parameters",
    [{}, {"problems": "only"}, {"q": "person0042"}, {"q": "old-person0042"}, {"q": "request-unknown"}],
    ids=str,
)
def test_the_list_and_the_search_are_answered_by_an_index(
    parameters: dict[str, str], of_one_customer: Client, full_log: SCIMConnection
) -> None:
    events = changelist(User.objects.get(username="root"), **parameters)

    assert_reads_by_index(events[:100])


@pytest.mark.parametrize("parameters", [{}, {"q": "person0042"}, {"q": "old-person0042"}], ids=str)
def test_superusers_are_answered_by_an_index_too(
    parameters: dict[str, str], superuser: Client, full_log: SCIMConnection
) -> None:
    events = changelist(User.objects.get(username="root"), **parameters)

    assert_reads_by_index(events[:100])


def test_former_identifiers_are_found_by_their_index(full_log: SCIMConnection, db: None) -> None:
    found = log_search._by_former_identifier("old-person0042", [full_log.pk], True)

    assert list(found) == [ProvisionedUser.objects.get(user_name="person0042@large.example").pk]
    plan = explain(found)
    assert "scim_former_identifier_key" in plan.indexes(FormerIdentifier._meta.db_table), plan.text
