"""Badges: each rule of `scim_provisioning.administration.health`, at its edge."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from example_project.lms.models import SSOSettings
from scim_provisioning.administration import health, leaver_brake
from scim_provisioning.models import (
    Action,
    HeldLeaver,
    Operation,
    Outcome,
    ProvisioningEvent,
    SCIMConnection,
    SCIMToken,
)
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.client import ScimClient
from tests.leavers import learners, leave, let_go_at_most
from tests.lms_factories import SSOSettingsFactory

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def log(connection: SCIMConnection, refused: bool = False, n: int = 1, **fields: Any) -> None:
    for _number in range(n):
        ProvisioningEvent.objects.create(
            connection=connection,
            **{
                "operation": Operation.PATCH,
                "action": Action.REFUSED if refused else Action.UPDATED,
                "outcome": Outcome.REFUSED if refused else Outcome.APPLIED,
                **fields,
            },
        )


def used(connection: SCIMConnection, ago: timedelta = timedelta(minutes=5), **fields: Any) -> SCIMToken:
    moment = timezone.now() - ago
    token: SCIMToken = TokenFactory(
        connection=connection, first_used_at=moment, last_used_at=moment, **fields
    )
    return token


def paused(connection: SCIMConnection) -> None:
    used(connection)
    connection.paused_at = timezone.now()
    connection.save()


def archived(connection: SCIMConnection) -> None:
    used(connection)
    connection.archive()


def disconnected(connection: SCIMConnection) -> None:
    connection.archived_at = connection.disconnected_at = timezone.now()
    connection.save()


def expired(connection: SCIMConnection) -> None:
    used(connection)
    SCIMToken.objects.update(expires_at=timezone.now() - HOUR)


def revoked(connection: SCIMConnection) -> None:
    used(connection)
    SCIMToken.objects.update(revoked_at=timezone.now())


def sso_off(connection: SCIMConnection) -> None:
    used(connection)
    SSOSettings.objects.update(enabled=False)


def ten_refusals(connection: SCIMConnection) -> None:
    used(connection)
    log(connection)
    log(connection, refused=True, n=10, created_at=timezone.now() + timedelta(seconds=1))


def four_refused_and_many_held(connection: SCIMConnection) -> None:
    """Who is held is answered 503, and waits: no write was refused but those of four people."""
    held(connection)
    log(connection, refused=True, n=12, action=Action.HELD)
    log(connection, refused=True, n=4)


def nine_refusals_in_a_hundred(connection: SCIMConnection) -> None:
    used(connection)
    log(connection, n=91)
    log(connection, refused=True, n=9, created_at=timezone.now() + timedelta(seconds=1))


def ten_percent_refused(connection: SCIMConnection) -> None:
    used(connection)
    log(connection, n=9)
    log(connection, refused=True)


def ten_refused_reads(connection: SCIMConnection) -> None:
    used(connection)
    log(connection, n=100)
    log(connection, refused=True, n=10, operation=Operation.SEARCH)


def refused_for_its_token(connection: SCIMConnection) -> None:
    used(connection, ago=3 * HOUR)
    log(connection, refused=True, operation=Operation.AUTHENTICATE, error_code="auth.expired")


def refused_for_its_token_an_hour(connection: SCIMConnection) -> None:
    used(connection, ago=HOUR)
    log(connection, n=100)
    log(connection, refused=True, operation=Operation.AUTHENTICATE, error_code="auth.expired")


def held(connection: SCIMConnection) -> None:
    used(connection)
    log(connection, n=100)
    scim = ScimClient(TokenFactory(connection=connection).plaintext)
    let_go_at_most(connection, 1)
    leave(scim, *learners(scim, 2))


def held_before_and_decided(connection: SCIMConnection) -> None:
    held(connection)
    leaver_brake.end(connection, actor=None)
    log(connection, n=100)


def held_without_a_word_for_days(connection: SCIMConnection) -> None:
    held(connection)
    ProvisioningEvent.objects.update(created_at=timezone.now() - 2 * DAY)
    HeldLeaver.objects.update(last_asked_at=timezone.now() - 2 * DAY)
    SCIMToken.objects.update(last_used_at=timezone.now() - HOUR)


def quiet(connection: SCIMConnection) -> None:
    used(connection, ago=DAY + HOUR)


def expiring(connection: SCIMConnection) -> None:
    used(connection, expires_in_days=29)


def one_of_two_expiring(connection: SCIMConnection) -> None:
    used(connection, expires_in_days=29)
    used(connection, expires_in_days=90)


def nothing(connection: SCIMConnection) -> None:
    """No token at all."""


@pytest.mark.parametrize(
    ("situation", "badge"),
    [
        (nothing, health.NOT_SET_UP),
        (revoked, health.NOT_SET_UP),
        (lambda connection: TokenFactory(connection=connection), health.WAITING),
        (used, health.HEALTHY),
        (nine_refusals_in_a_hundred, health.HEALTHY),
        (refused_for_its_token_an_hour, health.HEALTHY),
        (one_of_two_expiring, health.HEALTHY),
        (ten_percent_refused, health.DEGRADED),
        (ten_refused_reads, health.HEALTHY),
        (ten_refusals, health.FAILING),
        (refused_for_its_token, health.FAILING),
        (expired, health.FAILING),
        (sso_off, health.FAILING),
        (held, health.HELD),
        (four_refused_and_many_held, health.HELD),
        (held_before_and_decided, health.HEALTHY),
        (held_without_a_word_for_days, health.HELD),
        (quiet, health.QUIET),
        (expiring, health.EXPIRING),
        (paused, health.PAUSED),
        (archived, health.ARCHIVED),
        (disconnected, health.ARCHIVED),
    ],
)
def test_the_badge_follows_the_first_rule_that_holds(
    connection: SCIMConnection, situation: Callable[[SCIMConnection], None], badge: str
) -> None:
    situation(connection)
    found = health.of(connection)
    assert found.badge == badge
    assert str(found.label)
    assert found.sentence.endswith(".")


def test_every_badge_has_words() -> None:
    assert [str(label) for label in health.LABELS.values()] == [
        "Not set up",
        "Waiting for first request",
        "Healthy",
        "Degraded",
        "Failing",
        "Quiet",
        "Expiring",
        "Paused",
        "Held",
        "Archived",
    ]


def test_sso_off_is_no_failure_where_it_is_not_required(
    connection: SCIMConnection, settings: Settings
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "REQUIRE_SSO": False}
    sso_off(connection)
    assert health.of(connection).badge == health.HEALTHY


def test_many_connections_take_the_queries_of_one(
    db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    rows = []
    for _number in range(12):
        connection = ConnectionFactory(sso_key=str(SSOSettingsFactory().pk))
        used(connection)
        log(connection, n=3)
        rows.append(SCIMConnection.objects.get(pk=connection.pk))
    for some in (rows[:1], rows):
        with django_assert_num_queries(6):
            assert {found.badge for found in health.of_connections(some).values()} == {health.HEALTHY}


def test_a_key_that_names_no_row_does_not_spoil_the_others(db: None) -> None:
    good = ConnectionFactory(sso_key=str(SSOSettingsFactory().pk))
    odd = ConnectionFactory(sso_key="not-a-number")
    used(good)
    judged = health.of_connections([SCIMConnection.objects.get(pk=row.pk) for row in (good, odd)])
    assert judged[good.pk].badge == health.HEALTHY
    assert judged[odd.pk].badge == health.NOT_SET_UP


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Okta SCIM Client 1.0.0", "Okta"),
        ("Microsoft Entra provisioning", "Entra ID"),
        ("our-own-sync/2.1", "our-own-sync"),
        ("", ""),
    ],
)
def test_the_identity_provider_is_told_by_its_user_agent(
    connection: SCIMConnection, agent: str, name: str
) -> None:
    used(connection, ago=DAY, last_used_agent="Somebody else")
    used(connection, last_used_agent=agent)
    assert health.of(connection).facts.identity_provider == name
