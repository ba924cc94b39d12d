"""The database: whether it answers, what is missing in it, what time it is there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Final

from django.apps import apps
from django.conf import global_settings, settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _

from scim_provisioning import databases
from scim_provisioning.administration import homes
from scim_provisioning.administration.report import Line, failed, passed, warned
from scim_provisioning.http import healthz
from scim_provisioning.models import SCIMConnection

_APP: Final = "scim_provisioning"
#: Seconds that two clocks may differ.
_SKEW: Final = 5


def answers() -> Iterator[Line]:
    """It answers, within the time that ``/scim/healthz`` gives it."""
    what = _("The database answers")
    if healthz.database_answers():
        yield passed(what, databases.connection().vendor)
        return
    found = _("No answer within %(seconds)d seconds.") % {"seconds": healthz.PATIENCE}
    yield failed(what, found, _("Start it, or correct DATABASES in the settings."))


def tables() -> Iterator[Line]:
    """Every migration is done."""
    what = _("The tables are migrated")
    executor = MigrationExecutor(databases.connection())
    leaves = [node for node in executor.loader.graph.leaf_nodes() if node[0] == _APP]
    if executor.migration_plan(leaves):
        yield failed(what, _("Migrations are missing."), _("Run “manage.py migrate”."))
    else:
        yield passed(what)


def indexes() -> Iterator[Line]:
    """The indexes and unique constraints of our tables are there; a dump that was loaded without them has none."""
    what = _("The indexes are there")
    missing = list(_missing_indexes(databases.connection()))
    if not missing:
        yield passed(what)
    for index, sql in missing:
        found = _("%(name)s is missing.") % {"name": index.name}
        mend = _("Run this on the database: %(sql)s") % {"sql": sql}
        # Without a constraint two requests at once may make one person twice; without an index all of them are slow.
        yield (warned if isinstance(index, models.Index) else failed)(what, found, mend)


def _missing_indexes(
    database: BaseDatabaseWrapper,
) -> Iterator[tuple[models.Index | models.BaseConstraint, str]]:
    """Each with the SQL that makes it."""
    # Not entered: nothing is made, and SQLite's cannot be inside a transaction.
    editor = database.schema_editor()
    for model in apps.get_app_config(_APP).get_models():
        with database.cursor() as cursor:
            there = database.introspection.get_constraints(cursor, model._meta.db_table)
        for index in (*model._meta.indexes, *model._meta.constraints):
            if index.name not in there:
                yield index, f"{index.create_sql(model, editor)};"


def routing() -> Iterator[Line]:
    """What is changed in one transaction is in one database."""
    what = _("All tables are in one database")
    known = homes.written()
    if len(set(known.values())) > 1:
        found = ", ".join(f"{label}: {alias}" for label, alias in known.items())
        mend = _("Let DATABASE_ROUTERS send all of these models to one database.")
        yield failed(what, found, mend)
    elif apart := homes.sso_apart():
        mend = _("Let DATABASE_ROUTERS send it to the database of scim_provisioning.")
        yield warned(what, ": ".join(apart), mend)
    else:
        yield passed(what, known[SCIMConnection._meta.label])


def sqlite() -> Iterator[Line]:
    """SQLite can wait for its turn, or most of what comes at once is refused."""
    database = databases.connection()
    if database.vendor != "sqlite":
        return
    what = _("SQLite waits for its turn")
    if str(getattr(database, "transaction_mode", "")).upper() in ("IMMEDIATE", "EXCLUSIVE"):
        yield passed(what)
        return
    mend = _(
        "Set OPTIONS in DATABASES: “transaction_mode”: “IMMEDIATE”, “timeout”: 20, “init_command”: “PRAGMA "
        "journal_mode=WAL”. PostgreSQL or MariaDB suit many learners better."
    )
    yield warned(what, _("Transactions that read before they write fail when others write."), mend)


class _SecondsNow(models.Func):
    """The database's clock in seconds since 1970: a number is the same in whatever zone the server and the host are."""

    output_field: models.FloatField[Any, Any] = models.FloatField()
    arity = 0
    template = "EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())"

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template="(JULIANDAY('NOW') - 2440587.5) * 86400", **extra)

    def as_mysql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template="UNIX_TIMESTAMP()", **extra)


def clock() -> Iterator[Line]:
    """Application and database have the same time; tokens end by one, the log is written by the other."""
    what = _("The clocks agree")
    there: float | None = SCIMConnection.objects.values_list(_SecondsNow(), flat=True).first()
    skew = 0 if there is None else abs(time.time() - there)
    if skew <= _SKEW:
        yield passed(what)
        return
    found = _("Application and database differ by %(seconds)s seconds.") % {"seconds": round(skew)}
    yield warned(what, found, _("Let both machines set their clocks by NTP."))


def time_zone() -> Iterator[Line]:
    """Times are told in the operator's zone, and are the same moment for everybody."""
    what = _("The time zone is set")
    if not settings.USE_TZ:
        found = _("USE_TZ is off: an hour of each autumn comes twice, in the log and for tokens.")
        yield warned(what, found, _("Set USE_TZ = True, once the rest of this application can live with it."))
    elif settings.TIME_ZONE == global_settings.TIME_ZONE:
        found = _("TIME_ZONE is %(zone)s, as it is where nobody set it.") % {"zone": settings.TIME_ZONE}
        yield warned(
            what, found, _("Set TIME_ZONE to yours, such as “Europe/Berlin”: mails are written in it.")
        )
    else:
        yield passed(what, settings.TIME_ZONE)
