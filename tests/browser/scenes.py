"""A connection in the middle of its life, for the pages to show."""

from __future__ import annotations

import random
from datetime import timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from example_project.lms.models import SSOSettings
from scim_provisioning.models import Action, Operation, Outcome, ProvisioningEvent, SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory, ProvisionedUserFactory, TokenFactory
from tests.lms_factories import OrganizationFactory, SSOSettingsFactory


def sso_of(customer: str) -> SSOSettings:
    organization = OrganizationFactory(name=customer)
    sso: SSOSettings = SSOSettingsFactory(organization=organization, name=f"Entra ID of {customer}")
    return sso


def connected(sso: SSOSettings) -> SCIMConnection:
    """A connection without a token."""
    connection: SCIMConnection = ConnectionFactory(name=sso.name, sso_key=str(sso.pk))
    return connection


def busy(connection: SCIMConnection, by: User, *, days: int = 300, refused: int = 4) -> SCIMConnection:
    """Give it a token in use, learners, and a day of work with some refusals."""
    now, dice = timezone.now(), random.Random(7)  # noqa: S311 - the same picture every time
    TokenFactory(
        connection=connection,
        label="Entra ID",
        created_by=by,
        expires_in_days=days,
        first_used_at=now - timedelta(days=65),
        last_used_at=now - timedelta(minutes=3),
        last_used_ip="20.91.4.17",
        last_used_agent="Microsoft Entra provisioning",
    )
    connection.policies = {"contacts": ["it@harborline.example"], "networks": ["20.91.0.0/16"]}
    connection.save()
    ProvisionedUserFactory.create_batch(9, connection=connection)
    ProvisionedUserFactory.create_batch(2, connection=connection, active=False)
    actions = [Action.UPDATED] * 40 + [Action.CREATED] * 9 + [Action.DEACTIVATED] * 3
    actions += [Action.REACTIVATED, *[Action.REFUSED] * refused]
    minutes = [dice.choice([5, 40, 130, 260, 300, 610, 700, 820, 1100, 1200]) for _action in actions]
    dice.shuffle(actions)
    for action, ago in zip(actions, sorted(minutes, reverse=True), strict=True):
        ProvisioningEvent.objects.create(
            connection=connection,
            operation=Operation.PATCH,
            action=action,
            outcome=Outcome.REFUSED if action is Action.REFUSED else Outcome.APPLIED,
            created_at=now - timedelta(minutes=ago),
        )
    return connection


def failing(connection: SCIMConnection, by: User) -> SCIMConnection:
    """A busy connection whose last ten writes were refused."""
    busy(connection, by)
    for _number in range(10):
        ProvisioningEvent.objects.create(
            connection=connection,
            operation=Operation.PATCH,
            action=Action.REFUSED,
            outcome=Outcome.REFUSED,
        )
    return connection
