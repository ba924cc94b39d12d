"""scim_prune deletes messages after their days and beyond their number, operations after theirs, nothing else."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from scim_provisioning.models import (
    AdoptionAnswer,
    ConfirmationAttempts,
    HeldLeaver,
    IdentityQuestion,
    ProvisionedUser,
    ProvisioningEvent,
    ProvisioningPayload,
    SCIMConnection,
    SentNotice,
    SignIn,
    Stranger,
)
from tests.client import ScimClient
from tests.leavers import established
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


def test_a_dry_run_counts_what_a_run_deletes_and_deletes_nothing(
    three: list[int], scim: ScimClient, settings: Settings
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "RETENTION": {"payloads_per_connection": 2}}
    for name in ("d.four", "e.five"):
        scim.post("/Users", person(name))
    long_ago = timezone.now() - timedelta(days=99)
    SignIn.objects.create(user=User.objects.latest("pk"), session_key="x", began_at=long_ago)
    Stranger.objects.create(mistake="token", address="203.0.113.7", last_at=long_ago)
    Stranger.objects.create(mistake="token", address="203.0.113.8")
    ConfirmationAttempts.objects.create(subject="x", wrong=3, began_at=long_ago)
    kinds = (ProvisioningEvent, ProvisioningPayload, SignIn, Stranger, ConfirmationAttempts)
    before = [kind.objects.count() for kind in kinds]
    would = prune(dry_run=True)
    assert [kind.objects.count() for kind in kinds] == before == [5, 5, 1, 2, 1]
    assert would.startswith("Would delete 3 messages and 1 operations. And 1 counts of wrong passwords.")
    assert prune() == would.replace("Would delete", "Deleted")
    assert [kind.objects.count() for kind in kinds] == [4, 2, 0, 1, 0]


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


def test_who_is_held_and_asked_for_no_more_is_forgotten_after_a_week(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    connection.policies = {"leavers_at_least": 1, "leavers_percent": 0}
    connection.save()
    ids = [scim.post("/Users", person(name)).json()["id"] for name in ("goes.first", "is.held")]
    established()
    for scim_id in ids:
        scim.patch(f"/Users/{scim_id}", [{"op": "replace", "path": "active", "value": False}])
    assert "held leavers" not in prune()
    HeldLeaver.objects.update(last_asked_at=timezone.now() - timedelta(days=8))
    assert "And 1 held leavers nobody asks for any more." in prune()
    assert not HeldLeaver.objects.exists()


def test_what_was_mailed_is_remembered_as_long_as_the_log(connection: SCIMConnection) -> None:
    for key, days in (("old", 397), ("new", 395)):
        sent = timezone.now() - timedelta(days=days)
        SentNotice.objects.create(connection=connection, kind="protected", key=key, sent_at=sent)
    assert "And 1 notes of mails to the contacts." in prune()
    assert SentNotice.objects.get().key == "new"


def test_answered_questions_of_identity_go_after_their_days_and_open_ones_stay(
    scim: ScimClient, settings: Settings
) -> None:
    for external_id in ("e1", "e2", "e3"):
        made = scim.post("/Users", person(externalId=external_id)).json()["id"]
        scim.delete(f"/Users/{made}")
    fresh, old, still_open = IdentityQuestion.objects.order_by("pk")
    long_ago = timezone.now() - timedelta(days=91)
    IdentityQuestion.objects.update(asked_at=long_ago - timedelta(days=999))
    IdentityQuestion.objects.filter(pk=old.pk).update(answered_at=long_ago)
    IdentityQuestion.objects.filter(pk=fresh.pk).update(answered_at=long_ago + timedelta(days=2))
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "RETENTION": {"decided_days": 92}}
    assert "questions" not in prune()
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "RETENTION": {}}
    assert "And 1 answered questions of identity." in prune(dry_run=True)
    assert "And 1 answered questions of identity." in prune()
    assert list(IdentityQuestion.objects.order_by("pk")) == [fresh, still_open]


def test_answers_on_refused_people_go_ninety_days_after_they_were_given(connection: SCIMConnection) -> None:
    for name, days in (("old@x.example", 91), ("new@x.example", 89)):
        AdoptionAnswer.objects.create(
            connection=connection,
            user_name=name,
            user_name_key=name,
            verdict=AdoptionAnswer.Verdict.IGNORED,
            answered_at=timezone.now() - timedelta(days=days),
        )
    prune()
    assert [one.user_name for one in AdoptionAnswer.objects.all()] == ["new@x.example"]
