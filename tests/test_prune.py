"""scim_prune deletes messages after their days and beyond their number, operations after theirs, nothing else."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, ProvisioningPayload
from tests.client import ScimClient
from tests.people import person

pytestmark = pytest.mark.django_db


def prune(**options: bool) -> str:
    out = StringIO()
    call_command("scim_prune", stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def three(scim: ScimClient) -> list[int]:
    """Three operations, made long ago, some time ago and now."""
    for name in ("a.one", "b.two", "c.three"):
        scim.post("/Users", person(name))
    events = list(ProvisioningEvent.objects.order_by("pk").values_list("pk", flat=True))
    for event, days in zip(events, (400, 31, 0), strict=True):
        when = timezone.now() - timedelta(days=days)
        ProvisioningEvent.objects.filter(pk=event).update(created_at=when)
        ProvisioningPayload.objects.filter(event=event).update(created_at=when)
    return events


def test_messages_go_after_thirty_days_and_operations_after_thirteen_months(three: list[int]) -> None:
    assert "Deleted 2 messages and 1 operations" in prune()
    assert list(ProvisioningEvent.objects.order_by("pk").values_list("pk", flat=True)) == three[1:]
    assert list(ProvisioningPayload.objects.values_list("event", flat=True)) == three[2:]
    assert ProvisionedUser.objects.count() == 3


def test_a_dry_run_counts_and_deletes_nothing(three: list[int]) -> None:
    assert "Would delete 2 messages and 1 operations" in prune(dry_run=True)
    assert (ProvisioningEvent.objects.count(), ProvisioningPayload.objects.count()) == (3, 3)


def test_running_it_again_finds_nothing(three: list[int]) -> None:
    prune()
    assert "Deleted 0 messages and 0 operations" in prune()


def test_beyond_the_number_kept_the_older_messages_go(three: list[int], settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {
        **settings.SCIM_PROVISIONING,
        "RETENTION": {"payload_days": 9999, "event_days": 9999, "payloads_per_connection": 2},
    }
    assert "Deleted 1 messages and 0 operations" in prune()
    assert sorted(ProvisioningPayload.objects.values_list("event", flat=True)) == three[1:]
