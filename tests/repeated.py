"""What Django would do again and again while tests run, with the same outcome each time: it is done once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest
import sqlparse
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.management import create_contenttypes
from django.contrib.contenttypes.models import ContentType
from django.core.management.commands import flush
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.backends.sqlite3 import introspection
from django.db.models.signals import post_migrate

#: By what ``django.contrib.auth`` has connected it.
_PERMISSIONS = "django.contrib.auth.management.create_permissions"


@contextmanager
def done_once() -> Iterator[None]:
    """To be entered when the database of the tests is made, and nothing is in it but what Django puts there."""
    with pytest.MonkeyPatch.context() as patch:
        # On SQLite the constraints of a table are read out of the statement that made it. Each self-test asks for those
        # of all tables, and to parse them took a thirtieth of the suite.
        parse = functools.lru_cache(maxsize=500)(sqlparse.parse)
        patch.setattr(introspection, "sqlparse", SimpleNamespace(**{**vars(sqlparse), "parse": parse}))
        # Stories of replicas make their tables by themselves.
        if ContentType._meta.db_table in connection.introspection.table_names():
            patch.setattr(flush, "emit_post_migrate_signal", _as_migrated(flush.emit_post_migrate_signal))
        yield


def _as_migrated(emit: Callable[..., None]) -> Callable[..., None]:
    """In place of what follows when all tables are emptied after a test that commits: permissions and content types are
    written as they are now, and not found out anew, model by model."""
    of_types, of_permissions = (
        model._default_manager.db_manager(DEFAULT_DB_ALIAS) for model in (ContentType, Permission)
    )
    types, permissions = list(of_types.order_by("pk")), list(of_permissions.order_by("pk"))

    def emit_to_the_others(verbosity: int, interactive: bool, db: str, **options: Any) -> None:
        if db != DEFAULT_DB_ALIAS:
            emit(verbosity, interactive, db, **options)
            return
        ContentType.objects.clear_cache()
        of_types.bulk_create(types)
        of_permissions.bulk_create(permissions)
        for one in types:
            # As making the permissions anew leaves them: known, so that no test asks for them first.
            cast(Any, ContentType.objects)._add_to_cache(db, one)
        post_migrate.disconnect(create_contenttypes)
        post_migrate.disconnect(dispatch_uid=_PERMISSIONS)
        try:
            emit(verbosity, interactive, db, **options)
        finally:
            post_migrate.connect(create_contenttypes)
            post_migrate.connect(create_permissions, dispatch_uid=_PERMISSIONS)

    return emit_to_the_others
