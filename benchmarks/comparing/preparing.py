"""Makes the tables and the people of one contestant, in a process of its own.

    python -m benchmarks.comparing.preparing MODULE PEOPLE

Under the settings of DJANGO_SETTINGS_MODULE, in the database of DATABASE_URL. Prints what the client has to know, as
JSON.
"""

from __future__ import annotations

import importlib
import json
import sys

import django
from django.core.management import call_command, get_commands


def main(filling: str, count: int) -> None:
    """``filling``: the module that has ``is_filled``, ``fill`` and ``facts``. People of a kept database stay."""
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)
    module = importlib.import_module(filling)
    if not module.is_filled():
        from django.db import transaction

        with transaction.atomic():
            module.fill(count)
    _make_indexes()
    _gather_statistics()
    print(json.dumps(module.facts(count)))


def _make_indexes() -> None:
    """Those that a host with the app makes once, by its command."""
    if "scim_index" in get_commands():
        call_command("scim_index", create=True, stdout=sys.stderr)


def _gather_statistics() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "mysql":
            tables = ", ".join(f"`{name}`" for name in connection.introspection.table_names(cursor))
            cursor.execute(f"ANALYZE TABLE {tables}")
        else:
            cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
