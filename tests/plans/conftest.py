"""A directory of 10,000 people, with the indexes that ``scim_index`` makes and the planner's statistics gathered."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection as database

from example_project.lms.models import Learner, Team
from scim_provisioning.administration import name_indexes
from scim_provisioning.databases import indexes, making_indexes
from scim_provisioning.models import ProvisionedUser
from scim_provisioning.protocol.text import fold
from tests.plans.explain import gather_statistics
from tests.sharing import Customer

PEOPLE = 10_000
#: Of these so many were deleted.
GONE = 1_000


def fill(customer: Customer) -> None:
    """Write them straight to the tables."""
    organization, User = customer.organization, get_user_model()
    Team.objects.bulk_create(
        [Team(organization=organization, name=f"Team {n}") for n in range(PEOPLE)], batch_size=2000
    )
    team = Team.objects.first()
    names = [f"p{n}@crowd.example" for n in range(PEOPLE)]
    # Whom the identity provider has deleted is off.
    accounts = [User(username=name, email=name, is_active=n >= GONE) for n, name in enumerate(names)]
    User.objects.bulk_create(accounts, batch_size=2000)
    users = list(User.objects.filter(username__startswith="p").order_by("pk"))
    Learner.objects.bulk_create(
        [Learner(user=user, organization=organization, team=team) for user in users], batch_size=2000
    )
    ProvisionedUser.objects.bulk_create(
        [_link(customer, number, user) for number, user in enumerate(users)], batch_size=1000
    )


def _link(customer: Customer, number: int, user: Any) -> ProvisionedUser:
    is_gone, key = number < GONE, fold(user.username)
    return ProvisionedUser(
        connection=customer.connection,
        user=user,
        user_name=user.username,
        user_name_key=None if is_gone else key,
        user_name_tombstone_key=key if is_gone else None,
        external_id=f"e{number}",
        document={"userName": user.username, "externalId": f"e{number}"},
        active=not is_gone,
        # Some wait for a manager, each for another one.
        awaited_manager=f"boss {number}" if number % 20 == 0 else None,
        asks_document=False,
        deleted_at=customer.connection.created_at if is_gone else None,
    )


@pytest.fixture(scope="module")
def crowd(django_db_setup: None, django_db_blocker: Any) -> Iterator[Customer]:
    """The directory, for all tests of a module. Committed: MariaDB commits whatever is told of statistics."""
    with django_db_blocker.unblock():
        customer = Customer.make()
        fill(customer)
        made = name_indexes.missing()
        call_command("scim_index", create=True, stdout=StringIO())
        gather_statistics()
        yield customer
        for one in made:
            name = database.ops.quote_name(making_indexes.name_of(one.column, database))
            table = f" ON {database.ops.quote_name(one.column.table)}" if database.vendor == "mysql" else ""
            with database.cursor() as cursor:
                cursor.execute(f"DROP INDEX {name}{table}")
        indexes.forget()
        call_command("flush", interactive=False, verbosity=0)
