"""Whom somebody may mean is found by an index; what the LMS or a former name says is compared with everybody."""

from __future__ import annotations

from typing import Any

import pytest

from scim_provisioning.administration.people import search
from scim_provisioning.events import sent_names
from scim_provisioning.models import (
    Action,
    Operation,
    Outcome,
    ProvisioningEvent,
    ProvisioningPayload,
    RefusedName,
    SCIMConnection,
)
from scim_provisioning.provisioning import totals
from tests.people import person
from tests.plans.explain import assert_uses_index, explain, gather_statistics, statements
from tests.sharing import Customer

pytestmark = pytest.mark.django_db

REFUSED = 3_000
COMPARED = (" REGEXP ", " ~ ", "INSTR(", "STRPOS(", "formeridentifier")


@pytest.fixture(scope="module")
def refused(crowd: Customer, django_db_blocker: Any) -> Customer:
    """Beside the directory, three thousand people who were refused."""
    with django_db_blocker.unblock():
        names = [f"new{number}.comer{number}" for number in range(REFUSED)]
        events = [_event(crowd.connection, f"{name}@harborline.example") for name in names]
        ProvisioningEvent.objects.bulk_create(events, batch_size=1000)
        events = list(ProvisioningEvent.objects.filter(outcome=Outcome.REFUSED).order_by("pk"))
        payloads = [ProvisioningPayload(event=event, request="{}", response="{}") for event in events]
        ProvisioningPayload.objects.bulk_create(payloads, batch_size=1000)
        payloads = list(ProvisioningPayload.objects.select_related("event").order_by("pk"))
        rows = [
            row
            for name, payload in zip(names, payloads, strict=True)
            for row in _rows(crowd.connection, payload, name)
        ]
        RefusedName.objects.bulk_create(rows, batch_size=1000)
        gather_statistics()
    return crowd


def _event(connection: SCIMConnection, name: str) -> ProvisioningEvent:
    return ProvisioningEvent(
        connection=connection,
        operation=Operation.CREATE,
        action=Action.REFUSED,
        outcome=Outcome.REFUSED,
        user_name=name,
        user_name_key=name,
    )


def _rows(connection: SCIMConnection, payload: ProvisioningPayload, name: str) -> list[RefusedName]:
    keys = sent_names.keys_in(person(name))
    told = sent_names.person_of(payload.event, keys)
    return [RefusedName(connection=connection, payload=payload, person=told, key=key) for key in keys]


@pytest.mark.parametrize("term", ["comer77", "new77 comer77", "new77.com"])
@pytest.mark.parametrize("in_clear", [True, False])
def test_those_who_were_refused_are_found_by_their_own_index(
    refused: Customer, term: str, in_clear: bool
) -> None:
    asked = search.Asked(term, [refused.connection.pk], in_clear)

    plan = explain(search._by_sent_name(asked)[:21])

    assert plan.indexes(RefusedName._meta.db_table) >= {"scim_refused_name_key"}, plan.text


@pytest.mark.parametrize("term", ["comer77", "new77 comer77", "p4711@crowd", "e4711", "nobody at all"])
def test_nothing_is_read_whole_but_what_the_lms_calls_people_and_their_former_names(
    refused: Customer, term: str
) -> None:
    own = SCIMConnection.objects.filter(pk=refused.connection.pk)
    with statements() as sent:
        search.find(term, own, in_clear=True)

    by_index = [sql for sql in sent if not any(word in sql for word in COMPARED)]
    assert len(by_index) >= 3
    for sql in by_index:
        assert_uses_index(sql)


def test_what_tells_that_a_total_is_so_still_is_the_last_lines_of_a_connection_by_their_index(
    refused: Customer,
) -> None:
    connection = refused.connection
    since = totals._way_back(connection)
    last = totals._lines(connection).filter(pk__gt=since).order_by()
    assert last.count() == totals._LINES
    for asked in (totals._line_so_far_back(connection), last):
        plan = assert_uses_index(asked, may_sort=False)
        assert plan.indexes(ProvisioningEvent._meta.db_table), plan.text
