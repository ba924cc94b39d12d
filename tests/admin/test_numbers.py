"""Numbers: who arrived, changed, left and was refused, by day and by month, drawn and as a table."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import numbers, times
from scim_provisioning.models import DailyFigure, ProvisioningEvent, Reconciliation, SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.admin.pages import url
from tests.client import ScimClient
from tests.leavers import learners, leave, let_go_at_most
from tests.people import person

pytestmark = pytest.mark.django_db

Logged = Callable[..., None]

EVERYTHING = "/admin/scim_provisioning/scimconnection/numbers/"


@pytest.fixture
def logged(connection: SCIMConnection) -> Logged:
    """Write operations of another day into the log."""

    def write(days_ago: float, action: str, times: int = 1, **fields: Any) -> None:
        outcome = "refused" if action in ("refused", "held") else "applied"
        at = timezone.now() - timedelta(days=days_ago)
        owner = fields.pop("connection", connection)
        for _n in range(times):
            ProvisioningEvent.objects.create(
                connection=owner, action=action, outcome=outcome, created_at=at, **fields
            )

    return write


def notify() -> None:
    call_command("scim_notify", stdout=StringIO(), stderr=StringIO())


def shown(client: Client, target: str) -> list[dict[str, int]]:
    """The two tables of a page, by day and by month: their sums."""
    page = client.get(target).content.decode()
    found = []
    for details in re.findall(r"<details>.*?</details>", page, flags=re.S):
        heads = re.findall(r'<th scope="col" class="scim-count">(.*?)</th>', details)
        rows = re.findall(r"<tr><th scope=\"row\">.*?</tr>", details, flags=re.S)
        figures = [[int(n) for n in re.findall(r'<td class="scim-count">(\d+)</td>', row)] for row in rows]
        found.append(dict(zip(heads, map(sum, zip(*figures, strict=True)), strict=True)))
    return found


def facts(client: Client, connection: SCIMConnection) -> dict[str, str]:
    """What the page says of now."""
    page = client.get(url("numbers", connection)).content.decode()
    return dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page))


def test_what_happened_today_is_there_at_once(
    scim: ScimClient, admin_client: Client, connection: SCIMConnection
) -> None:
    ids = [scim.post("/Users", person(f"p{n}")).json()["id"] for n in range(4)]
    leave(scim, ids[0])
    scim.delete(f"/Users/{ids[1]}")
    scim.patch(f"/Users/{ids[2]}", [{"op": "replace", "path": "title", "value": "Dean"}])
    scim.post("/Users", person("p3"))

    expected = {"Arrived": 4, "Changed": 1, "Left": 2, "Refused": 1, "Held": 0}
    assert shown(admin_client, url("numbers", connection)) == [expected, expected]
    assert shown(admin_client, EVERYTHING) == [expected, expected]


def test_days_that_are_over_are_counted_once_and_outlive_the_log(
    logged: Logged, admin_client: Client, connection: SCIMConnection
) -> None:
    logged(3, "created", 3)
    logged(40, "created", 2)
    logged(3, "refused", 2, error_code="attr.invalid")
    notify()
    rows = DailyFigure.objects.count()
    notify()
    assert DailyFigure.objects.count() == rows
    ProvisioningEvent.objects.all().delete()

    days, months = shown(admin_client, url("numbers", connection))
    assert (days["Arrived"], months["Arrived"]) == (3, 5)
    assert days["Refused"] == 2


def test_a_refusal_that_stands_for_many_counts_as_many(
    connection: SCIMConnection, admin_client: Client
) -> None:
    ProvisioningEvent.objects.create(
        connection=connection, action="refused", outcome="refused", error_code="auth.expired", times=400
    )
    days, _months = shown(admin_client, url("numbers", connection))
    assert days["Refused"] == 400
    page = admin_client.get(url("numbers", connection)).content.decode()
    assert f"?connection={connection.pk}&amp;error=auth.expired" in page


def test_another_customers_operations_are_theirs(
    logged: Logged, admin_client: Client, connection: SCIMConnection, other_connection: SCIMConnection
) -> None:
    for days_ago in (0, 2):
        logged(days_ago, "created", 2)
        logged(days_ago, "created", 5, connection=other_connection)
    notify()
    assert shown(admin_client, url("numbers", connection))[0]["Arrived"] == 4
    assert shown(admin_client, EVERYTHING)[0]["Arrived"] == 14


def test_what_administrators_did_is_not_counted_as_the_identity_providers(
    logged: Logged, admin_client: Client, connection: SCIMConnection
) -> None:
    logged(0, "deactivated", operation="admin")
    assert shown(admin_client, url("numbers", connection))[0]["Left"] == 0


def test_a_day_is_the_sites_day(settings: Any, connection: SCIMConnection) -> None:
    settings.TIME_ZONE = "Pacific/Auckland"
    yesterday = (timezone.now() - timedelta(days=5)).date()
    ProvisioningEvent.objects.create(
        connection=connection,
        action="created",
        created_at=datetime.combine(yesterday, datetime.min.time(), tzinfo=UTC) + timedelta(hours=13),
    )
    numbers.roll_up()
    assert DailyFigure.objects.get().day == yesterday + timedelta(days=1)


def test_where_nobody_counts_the_days_the_page_says_so(
    logged: Logged, admin_client: Client, connection: SCIMConnection
) -> None:
    """Which days: those of the last days are there, whoever counts."""

    def warned() -> str:
        found = re.search(
            r'<p class="scim-warning">(.*?)</p>',
            admin_client.get(url("numbers", connection)).content.decode(),
        )
        return found[1].partition(":")[0] if found else ""

    def days_ago(number: int) -> str:
        return times.written(timezone.now() - timedelta(days=number), "day")

    logged(20, "created")
    numbers.roll_up()
    logged(9, "created")
    assert warned() == f"The days from {days_ago(9)} to {days_ago(3)} are not counted yet"
    ProvisioningEvent.objects.update(created_at=timezone.now() - timedelta(days=3))
    assert warned() == f"{days_ago(3)} is not counted yet"
    notify()
    assert warned() == ""


def test_how_many_were_switched_by_hand_is_there(
    scim: ScimClient, admin_client: Client, connection: SCIMConnection
) -> None:
    for n in range(3):
        scim.post("/Users", person(f"p{n}"))
    get_user_model().objects.filter(username__startswith="p1").update(is_active=False)
    known = facts(admin_client, connection)
    assert (known["Managed learners"], known["Switched on or off by hand since"]) == ("3", "1")


def test_a_year_of_log_costs_no_more_statements_than_a_day(
    logged: Logged, admin_client: Client, connection: SCIMConnection
) -> None:
    def statements() -> int:
        with CaptureQueriesContext(database) as asked:
            admin_client.get(url("numbers", connection))
        return len(asked)

    logged(1, "created")
    notify()
    few = statements()
    for days_ago in range(2, 300, 7):
        logged(days_ago, "created")
    DailyFigure.objects.all().delete()
    notify()
    assert DailyFigure.objects.count() > 40
    assert statements() == few


def each(client: Client) -> dict[str, list[int]]:
    """What the page of all connections says of each: managed, active, arrived, left, refused."""
    (table,) = re.findall(
        r'aria-labelledby="scim-each" tabindex="0">(.*?)</table>',
        client.get(EVERYTHING).content.decode(),
        flags=re.S,
    )
    rows = re.findall(r'<tr><th scope="row"><a href="[^"]*">(.*?)</a></th>(.*?)</tr>', table, flags=re.S)
    return {name: [int(n) for n in re.findall(r">(\d+)<", cells)] for name, cells in rows}


def test_connections_stand_beside_one_another_with_what_happened_on_each(
    logged: Logged,
    admin_client: Client,
    scim: ScimClient,
    connection: SCIMConnection,
    other_connection: SCIMConnection,
) -> None:
    leave(scim, *learners(scim, 3)[:1])
    for days_ago in (0, 5):
        logged(days_ago, "created", 2, connection=other_connection)
        logged(days_ago, "refused", 3, connection=other_connection, error_code="attr.invalid")
    logged(40, "created", 7, connection=other_connection)
    notify()
    assert each(admin_client) == {
        connection.name: [3, 2, 3, 1, 0],
        other_connection.name: [0, 0, 4, 0, 6],
    }


def test_many_connections_beside_one_another_cost_the_statements_of_two(
    admin_client: Client, connection: SCIMConnection, other_connection: SCIMConnection
) -> None:
    def statements() -> int:
        with CaptureQueriesContext(database) as asked:
            assert len(each(admin_client)) == SCIMConnection.objects.count()
        return len(asked)

    few = statements()
    for number in range(10):
        ConnectionFactory(name=f"Customer {number}")
    assert statements() == few


def test_one_connection_is_compared_with_none_and_too_many_are_not_compared(
    admin_client: Client, connection: SCIMConnection
) -> None:
    assert "scim-each" not in admin_client.get(EVERYTHING).content.decode()
    for number in range(50):
        ConnectionFactory(name=f"Customer {number}")
    assert "scim-each" not in admin_client.get(EVERYTHING).content.decode()


def test_days_are_written_as_everywhere(admin_client: Client, connection: SCIMConnection) -> None:
    page = admin_client.get(url("numbers", connection)).content.decode()
    assert f'<th scope="row">{times.written(timezone.now(), "day")}</th>' in page


def test_months_go_back_over_the_turn_of_the_year() -> None:
    assert [numbers._months_before(date(2026, 2, 27), n) for n in (0, 1, 2, 13)] == [
        date(2026, 2, 1),
        date(2026, 1, 1),
        date(2025, 12, 1),
        date(2025, 1, 1),
    ]


def test_how_all_connections_stand_is_summed_over_those_that_somebody_sees(
    administrator: Callable[..., Client],
    scim: ScimClient,
    connection: SCIMConnection,
    other_connection: SCIMConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    theirs = ScimClient(TokenFactory(connection=other_connection).plaintext)
    let_go_at_most(connection, 1)
    leave(scim, *learners(scim, 4)[:3])
    theirs.post("/Users", person("elsewhere"))
    for one, drifted in ((connection, 2), (other_connection, 5)):
        Reconciliation.objects.create(connection=one, compared=10, drifted=drifted)
    gone = ConnectionFactory(name="Gone", archived_at=timezone.now(), sso_key=None)
    Reconciliation.objects.create(connection=gone, compared=90, drifted=90)

    def all_of_them(browser: Client) -> list[str]:
        page = browser.get(reverse("admin:scim_provisioning_scimconnection_all_numbers")).content.decode()
        rows = re.findall(r"<dt>([^<]+)</dt><dd>(.*?)</dd>", page)
        return [re.sub(r"<[^>]+>", "", value) for _name, value in rows]

    # Of the connection that is furthest behind.
    other_connection.links.update(modified_at=timezone.now() - timedelta(days=3))
    behind, now = "3 days ago", "1 day ago"
    assert all_of_them(administrator()) == ["5", "4", "1", "2", behind, "7 of 20 who were compared"]
    monkeypatch.setattr(
        LearnerAdapter,
        "connections_for",
        classmethod(lambda cls, user: SCIMConnection.objects.filter(pk=connection.pk)),
    )
    viewer = administrator("view_scimconnection", name="vera")
    assert all_of_them(viewer) == ["4", "3", "1", "2", now, "2 of 10 who were compared"]
    connection.links.filter(active=True).update(version=0)
    assert all_of_them(viewer)[4] == "not yet: 3 learners who were linked beforehand were not sent"
