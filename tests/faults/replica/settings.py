"""The example LMS with a primary and a replica, as Django's documentation writes it; and nothing at all on `default`.

The replica is as far behind as one can be: it has the tables, and never a row.
"""

from __future__ import annotations

from example_project.settings import *  # noqa: F403
from example_project.settings import DATABASES as ONE


def _named(suffix: str) -> dict[str, object]:
    server = ONE["default"]
    test = {**server.get("TEST", {})}
    if server["ENGINE"].endswith("sqlite3"):
        return {**server, "TEST": {**test, "NAME": f"file:{suffix}?mode=memory&cache=shared"}}
    return {**server, "TEST": {**test, "NAME": f"{test.get('NAME') or 'test_scim_provisioning'}_{suffix}"}}


DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"},
    "primary": _named("primary"),
    "replica": _named("replica"),
}
DATABASE_ROUTERS = ["tests.faults.replica.routers.PrimaryReplicaRouter"]
