"""How many people there are: counted once, and believed while nobody comes or goes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection as database
from django.db import transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from example_project.lms.models import Learner
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent
from scim_provisioning.provisioning import totals
from tests.client import ScimClient
from tests.lms_factories import OrganizationFactory
from tests.people import person
from tests.sharing import Customer

# For real: in a transaction everything is counted.
pytestmark = pytest.mark.django_db(transaction=True)

ACTIVE = {"op": "replace", "path": "active", "value": False}


@pytest.fixture
def customer() -> Customer:
    return Customer.make()


@pytest.fixture
def ids(customer: Customer) -> list[str]:
    return [customer.scim.post("/Users", person(f"p{number}.x")).json()["id"] for number in range(3)]


def total(scim: ScimClient) -> int:
    found: int = scim.get("/Users?count=1").json()["totalResults"]
    return found


def counts(ask: Callable[[], object]) -> bool:
    """Whether everybody was counted."""
    with CaptureQueriesContext(database) as captured:
        ask()
    table = ProvisionedUser._meta.db_table
    sent = [query["sql"] for query in captured if table in query["sql"]]
    # Those without an account, and those whom the LMS has moved, are counted each time.
    return any(sql.count("COUNT(*)") > 2 for sql in sent)


def test_who_is_counted_is_counted_once_and_by_every_page_by_index_and_by_cursor(
    customer: Customer, ids: list[str]
) -> None:
    scim = customer.scim
    assert counts(lambda: total(scim))
    for query in ("count=1", "startIndex=2&count=1", "count=0", "cursor=&count=1"):
        assert not counts(lambda query=query: scim.get(f"/Users?{query}")), query  # type: ignore[misc]
        assert scim.get(f"/Users?{query}").json()["totalResults"] == 3
    scim.patch(f"/Users/{ids[0]}", [{"op": "replace", "path": "title", "value": "Head"}])
    # The log says that something happened, not that nobody came.
    assert counts(lambda: total(scim))
    assert not counts(lambda: total(scim))


def test_whoever_comes_goes_and_returns_is_counted_at_once(customer: Customer, ids: list[str]) -> None:
    scim, other = customer.scim, Customer.make()
    steps: tuple[tuple[Callable[[], object], int], ...] = (
        (lambda: scim.post("/Users", person("p3.x")), 4),
        (lambda: scim.delete(f"/Users/{ids[1]}"), 3),
        (lambda: scim.post("/Users", person("p1.x")), 4),
        (lambda: scim.patch(f"/Users/{ids[0]}", [ACTIVE]), 4),
        (lambda: ProvisionedUser.objects.get(scim_id=ids[2]).user.delete(), 3),  # type: ignore[union-attr]
        (lambda: other.scim.post("/Users", person("q.x")), 3),
    )
    for step, expected in steps:
        step()
        assert total(scim) == expected
        assert total(scim) == expected
    assert total(other.scim) == 1


def test_a_line_that_is_committed_after_later_ones_counts(customer: Customer, ids: list[str]) -> None:
    scim = customer.scim
    # Somebody's line has its key, and takes its time; others come and are counted.
    held = ProvisioningEvent.objects.create(
        connection=customer.connection, operation="delete", action="deleted"
    )
    key = held.pk
    held.delete()
    scim.post("/Users", person("quick.x"))
    assert total(scim) == 4
    with transaction.atomic():
        ProvisionedUser.objects.filter(scim_id=ids[0]).update(deleted_at=timezone.now(), user_name_key=None)
        ProvisioningEvent.objects.create(
            pk=key, connection=customer.connection, operation="delete", action="deleted"
        )
    assert total(scim) == 3


def test_what_no_line_tells_is_counted_after_a_minute(
    customer: Customer, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert total(customer.scim) == 3
    ProvisionedUser.objects.filter(scim_id=ids[0]).delete()
    now = totals.monotonic()
    monkeypatch.setattr(totals, "monotonic", lambda: now + 61)
    assert total(customer.scim) == 2


def test_what_is_counted_in_a_transaction_that_is_rolled_back_is_not_believed(
    customer: Customer, ids: list[str]
) -> None:
    with transaction.atomic():
        customer.scim.post("/Users", person("nobody.x"))
        assert total(customer.scim) == 4
        transaction.set_rollback(True)
    # SQLite gives this line the key of the one that was rolled back.
    customer.scim.patch(f"/Users/{ids[0]}", [ACTIVE])
    assert total(customer.scim) == 3


def test_whom_the_lms_has_moved_is_counted_no_more_and_nobody_stands_on_two_pages(
    customer: Customer, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def pages() -> tuple[set[int], list[str]]:
        found = [customer.scim.get(f"/Users?startIndex={start}&count=1").json() for start in (1, 2, 3)]
        people = [one["userName"] for page in found for one in page["Resources"]]
        return {page["totalResults"] for page in found}, people

    move(first := ProvisionedUser.objects.get(scim_id=ids[0]))
    assert pages() == ({2}, ["p1.x@harborline.example", "p2.x@harborline.example"])
    # Of whom nobody asks for, another page need not know for a minute.
    move(ProvisionedUser.objects.get(scim_id=ids[1]))
    now = totals.monotonic()
    monkeypatch.setattr(totals, "monotonic", lambda: now + 61)
    assert pages() == ({1}, ["p2.x@harborline.example"])
    # Once somebody has asked for them, at once.
    assert customer.scim.get(f"/Users/{first.scim_id}").status_code == 404
    move(ProvisionedUser.objects.get(scim_id=ids[2]))
    assert pages() == ({0}, [])


def move(link: ProvisionedUser) -> None:
    """The LMS gives somebody to another customer."""
    Learner.objects.filter(user=link.user).update(organization=OrganizationFactory(), company=None, team=None)
