"""What tells that a number of people is still so is read by an index, however long the log is."""

from __future__ import annotations

import pytest

from scim_provisioning.models import ProvisioningEvent
from scim_provisioning.provisioning import totals
from tests.plans.explain import assert_uses_index, gather_statistics
from tests.sharing import Customer

pytestmark = pytest.mark.django_db

LINES = 3_000


def test_the_last_lines_are_found_and_compared_by_the_index_of_a_connections_lines(crowd: Customer) -> None:
    connection = crowd.connection
    lines = [
        ProvisioningEvent(connection=connection, operation="patch", action="updated") for _ in range(LINES)
    ]
    ProvisioningEvent.objects.bulk_create(lines, batch_size=1000)
    gather_statistics()
    since = totals._way_back(connection)
    assert totals._lines(connection).filter(pk__gt=since).count() == totals._LINES
    for asked in (
        totals._line_so_far_back(connection),
        totals._lines(connection).filter(pk__gt=since).order_by(),
    ):
        plan = assert_uses_index(asked, may_sort=False)
        assert plan.indexes(ProvisioningEvent._meta.db_table), plan.text
