"""The host whose learners are memberships, with the databases of ``settings``: its rows are read by themselves."""

from __future__ import annotations

from tests.faults.replica import settings as replica
from tests.hosts.membership.settings import *  # noqa: F403

DATABASES, DATABASE_ROUTERS = replica.DATABASES, replica.DATABASE_ROUTERS
