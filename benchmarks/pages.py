"""How long the database works for each of an administrator's pages: 200 connections, 50,000 learners, a million lines
of the log. At most 300 ms.

    python -m benchmarks.pages [lines]

With ``DATABASE_URL``: in a test database on that server. Of PostgreSQL on the same machine it prints the processor time
of the server's process, without parallel workers, else what this process waited for its statements, which grows with
whatever else the machine does. The best of three of each. Exits with 1 where a page is above.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import timedelta
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

from benchmarks.database import a_database

CONNECTIONS, PEOPLE, LINES = 200, 50_000, 1_000_000
#: So many of the people are one customer's, so many of its refused people are known by name.
OF_THE_LARGE, REFUSED = 20_000, 2_000
#: As many days go by until everybody was sent once.
DAYS = 4
MOST, ROUNDS = 0.300, 3


def main(lines: int) -> int:
    """Fill, open every page, print; 1 when one is above."""
    with a_database():
        from django.contrib.auth.models import User
        from django.test import Client

        _fill(lines)
        browser = Client()
        browser.force_login(User.objects.create_superuser("root"))
        clock = _clock()
        above = 0
        for name, address in _addresses().items():
            took = min(_took(browser, address, clock) for _round in range(ROUNDS))
            above += took > MOST
            print(f"{took * 1000:6.0f} ms{' !' if took > MOST else '  '} {name}")
    print(f"load {os.getloadavg()[0]:.1f}; above {MOST * 1000:.0f} ms: {above}")
    return int(above > 0)


# --- what there is


def _fill(lines: int) -> None:
    """Everybody a POST's rows, given to so many customers; then the days after, and those who were refused."""
    from django.db import connection as database

    from benchmarks.comparing import host_filling
    from benchmarks.comparing.stencils import key
    from example_project.lms.models import Learner
    from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection
    from tests.hosts.current import make_connection

    host_filling.fill(PEOPLE)
    others = [make_connection(f"Customer {number}") for number in range(CONNECTIONS - 1)]
    each = (PEOPLE - OF_THE_LARGE) // len(others)
    for number, other in enumerate(others):
        first = key(OF_THE_LARGE + number * each)
        last = key(PEOPLE) if other is others[-1] else first + each
        ProvisionedUser.objects.filter(pk__gte=first, pk__lt=last).update(connection=other)
        ProvisioningEvent.objects.filter(pk__gte=first, pk__lt=last).update(connection=other)
        Learner.objects.filter(pk__gte=first, pk__lt=last).update(organization=other.sso.organization)
    _days_after(lines)
    _refused(SCIMConnection.objects.get(name=host_filling.NAME))
    with database.cursor() as cursor:
        if database.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE")
            cursor.execute("SET max_parallel_workers_per_gather = 0")
        elif database.vendor == "sqlite":
            cursor.execute("ANALYZE")
        else:
            tables = database.introspection.table_names(cursor)
            cursor.execute(f"ANALYZE TABLE {', '.join(tables)}")


def _days_after(lines: int) -> None:
    """Copies of the first line of everybody, as changes, refusals and departures of earlier days."""
    from django.db import connection as database
    from django.db.models import Case, CharField, ExpressionWrapper, F, Value, When
    from django.db.models.functions import Mod

    from scim_provisioning.models import Action, Outcome, ProvisioningEvent

    def every(number: int, value: str, otherwise: Any) -> Case:
        return Case(When(nth=number, then=Value(value)), default=otherwise, output_field=CharField())

    for day in range(1, DAYS):
        rows = ProvisioningEvent.objects.annotate(nth=Mod("pk", DAYS)).filter(nth=day)
        rows.update(created_at=F("created_at") - timedelta(days=day))
    fields = [field for field in ProvisioningEvent._meta.concrete_fields if not field.primary_key]
    names = ", ".join(database.ops.quote_name(field.column) for field in fields)
    table = database.ops.quote_name(ProvisioningEvent._meta.db_table)
    first = ProvisioningEvent.objects.order_by().annotate(nth=Mod("pk", 20))
    for turn in range(1, lines // PEOPLE):
        changed = {
            "created_at": ExpressionWrapper(
                F("created_at") - timedelta(days=DAYS * turn),
                output_field=ProvisioningEvent._meta.get_field("created_at"),
            ),
            "operation": Value("patch"),
            "action": every(
                turn % 20,
                Action.REFUSED,
                Case(When(nth=0, then=Value(Action.DEACTIVATED)), default=Value(Action.UPDATED)),
            ),
            "outcome": every(turn % 20, Outcome.REFUSED, Value(Outcome.APPLIED)),
            "error_code": every(turn % 20, "user.value_taken", Value("")),
        }
        rows = first.filter(pk__lte=PEOPLE).values_list(
            *[changed.get(field.attname, F(field.attname)) for field in fields]
        )
        sql, parameters = rows.query.sql_with_params()
        with database.cursor() as cursor:
            cursor.execute(f"INSERT INTO {table} ({names}) {sql}", parameters)


def _refused(connection: Any) -> None:
    """People who were refused, with what was sent of them."""
    from scim_provisioning.testing.factories import TokenFactory
    from tests.client import ScimClient
    from tests.lms_factories import LearnerFactory
    from tests.people import person

    scim = ScimClient(TokenFactory(connection=connection).plaintext)
    for number in range(REFUSED):
        scim.post("/Users", person(f"new{number}.comer{number}", userName="n" * 400))
    name = "rui.sousa@harborline.example"
    LearnerFactory(organization=connection.sso.organization, user__username=name, user__email=name)
    scim.post("/Users", person("rui.sousa"))


# --- the pages


def _addresses() -> dict[str, str]:
    from django.urls import reverse

    from benchmarks.comparing import host_filling, people
    from scim_provisioning.models import ProvisioningEvent, SCIMConnection
    from tests.admin.pages import url

    large = SCIMConnection.objects.get(name=host_filling.NAME)
    small = SCIMConnection.objects.get(name="Customer 7")
    link = large.links.order_by("pk").first()
    waiting = ProvisioningEvent.objects.filter(status=409).latest("pk")
    token = large.tokens.latest("pk")
    log = reverse("admin:scim_provisioning_provisioningevent_changelist")
    connections = reverse("admin:scim_provisioning_scimconnection_changelist")
    found = reverse("admin:scim_provisioning_provisioningevent_people")
    learner = [large.pk, link.pk]
    return {
        "index": reverse("admin:index"),
        "connections": connections,
        "connections, searched": f"{connections}?q=Customer 7",
        "log": log,
        "log of one connection": f"{log}?connection={large.pk}",
        "log of a small connection": f"{log}?connection={small.pk}",
        "log: problems": f"{log}?problems=only",
        "log: one action": f"{log}?action=deactivated",
        "log: a rare action": f"{log}?action=held",
        "log: a common cause": f"{log}?error=user.value_taken",
        "log: a rare cause": f"{log}?error=user.exists_unmanaged",
        "log: one learner": f"{log}?learner={link.pk}&lookups=show",
        "log: one token": f"{log}?token={token.pk}",
        "log, searched by a name": f"{log}?q={people.user_name(777)}",
        "log, searched by a beginning": f"{log}?q=person00",
        "log of one connection, searched": f"{log}?connection={large.pk}&q=person00007",
        "an operation": reverse("admin:scim_provisioning_provisioningevent_change", args=[waiting.pk]),
        **{name: url(name, large) for name in _OF_A_CONNECTION},
        "numbers of all": reverse("admin:scim_provisioning_scimconnection_all_numbers"),
        "who is it": reverse("admin:scim_provisioning_scimconnection_answer", args=[large.pk, waiting.pk]),
        "a learner": reverse("admin:lms_learner_change", args=[link.user.learner.pk]),
        "doubles of a learner": f"{url('doubles', large)}?account={link.user_id}",
        "forgetting a learner": reverse("admin:scim_provisioning_scimconnection_forget", args=learner),
        **{
            f"find person: {term}": f"{found}?{urlencode({'q': term})}"
            for term in ("Okafor", "Ines Okafor", "person0000777", "comer77", "nobody", "nobody at all")
        },
    }


_OF_A_CONNECTION = (
    "change",
    "numbers",
    "policies",
    "disconnect",
    "privacy",
    "queue",
    "units",
    "undo",
    "managers",
)


def _took(browser: Any, address: str, clock: Callable[[], float]) -> float:
    before = clock()
    answer = browser.get(address)
    took = clock() - before
    if answer.status_code != 200:
        raise SystemExit(f"{address} is answered with {answer.status_code}")
    return took


def _clock() -> Callable[[], float]:
    """What tells the seconds that the database has worked."""
    from pathlib import Path

    from django.db import connection as database

    if database.vendor == "postgresql":
        with database.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            facts = Path(f"/proc/{cursor.fetchone()[0]}/schedstat")
        if facts.exists():
            return lambda: int(facts.read_text().split()[0]) / 1e9
    waited = 0.0

    def wait(execute: Any, *statement: Any) -> Any:
        nonlocal waited
        began = perf_counter()
        try:
            return execute(*statement)
        finally:
            waited += perf_counter() - began

    database.execute_wrappers.append(wait)
    return lambda: waited


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else LINES))
