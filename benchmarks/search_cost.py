"""How long the dearest searches within the limits take in a directory of twenty thousand, beside a page of people and
look-ups.

python -m benchmarks.search_cost [people]
"""

from __future__ import annotations

import sys
from time import perf_counter
from typing import Any
from urllib.parse import quote

from benchmarks.database import a_database

PEOPLE = 20_000
ATTRIBUTES = (
    "manager.value",
    "manager.$ref",
    "title",
    "department",
    "nickName",
    "emails.value",
    "roles.display",
)


ORDINARY = {
    "page of 200": "count=200",
    "by userName": "filter=" + quote('userName eq "p7@crowd.example"'),
    "by address": "filter=" + quote('emails[type eq "work"].value eq "p7@crowd.example"'),
}


def fill(customer: Any, count: int) -> None:
    """Write that many people straight to the tables, each managed by the one before."""
    from django.contrib.auth import get_user_model

    from example_project.lms.models import Learner
    from scim_provisioning.models import ProvisionedUser

    User = get_user_model()
    names = [f"p{number}@crowd.example" for number in range(count)]
    users = User.objects.bulk_create([User(username=name, email=name) for name in names], batch_size=1000)
    learners = Learner.objects.bulk_create(
        [Learner(user=user, organization=customer.organization, job_role="Crew") for user in users],
        batch_size=1000,
    )
    for boss, learner in zip(learners, learners[1:], strict=False):
        learner.manager = boss
    Learner.objects.bulk_update(learners, ["manager"], batch_size=500)
    search = {"nickname": "somebody", "roles": [{"value": "crew", "display": "crew"}] * 3}
    links = [
        ProvisionedUser(
            connection=customer.connection, user=user, user_name=name, user_name_key=name, search=search
        )
        for user, name in zip(users, names, strict=True)
    ]
    ProvisionedUser.objects.bulk_create(links, batch_size=1000)


def main(people: int) -> int:
    """Print the seconds of a filter on each attribute; 1 when one of them was given up."""
    with a_database():
        from django.db import connection

        from scim_provisioning.protocol.limits import DEFAULT_LIMITS
        from tests.sharing import Customer

        customer = Customer.make()
        fill(customer, people)
        if connection.vendor != "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE" if connection.vendor == "postgresql" else "SELECT 1")
        for name, query in ORDINARY.items():
            began = perf_counter()
            answer = customer.scim.get(f"/Users?{query}")
            print(f"{name:16} {answer.status_code} {perf_counter() - began:6.2f} s")
        given_up = False
        for attribute in ATTRIBUTES:
            terms = " or ".join(f'{attribute} co "{n}"' for n in range(DEFAULT_LIMITS.filter_scans))
            began = perf_counter()
            answer = customer.scim.get(f"/Users?filter={quote(terms)}")
            print(f"{attribute:16} {answer.status_code} {perf_counter() - began:6.2f} s")
            given_up |= answer.status_code != 200
    return int(given_up)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE))
