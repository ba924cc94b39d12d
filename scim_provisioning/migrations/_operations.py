"""Operations of migrations that Django has for one database only."""

from __future__ import annotations

from typing import Any

from django.db import migrations


class AddIndexBesideWriters(migrations.AddIndex):
    """``AddIndex`` that keeps nobody from writing on PostgreSQL, where the table may be large and in use. Elsewhere it
    is ``AddIndex``: InnoDB goes on writing by itself. Its migration has to be ``atomic = False``.

    Django's own ``AddIndexConcurrently`` needs psycopg to be imported.
    """

    atomic = False

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            # One that was given up halfway is there, and serves nobody.
            schema_editor.execute(
                f"DROP INDEX CONCURRENTLY IF EXISTS {schema_editor.quote_name(self.index.name)}"
            )
            schema_editor.add_index(model, self.index, concurrently=True)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_backwards(app_label, schema_editor, from_state, to_state)
            return
        model = from_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            schema_editor.remove_index(model, self.index, concurrently=True)


class DropOwnIndex(migrations.AlterField):
    """``AlterField`` of a foreign key that gives up its own index, as another one begins with it. No table is written
    anew for that on SQLite, and nobody has to wait on PostgreSQL. Its migration has to be ``atomic = False``."""

    atomic = False

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        database = schema_editor.connection
        if database.vendor not in ("postgresql", "sqlite"):
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(database.alias, model):
            return
        column, beside = (
            model._meta.get_field(self.name).column,
            "CONCURRENTLY " * (database.vendor == "postgresql"),
        )
        with database.cursor() as cursor:
            found = database.introspection.get_constraints(cursor, model._meta.db_table)
        for name, facts in found.items():
            if facts["columns"] == [column] and facts["index"] and not facts["unique"]:
                schema_editor.execute(f"DROP INDEX {beside}IF EXISTS {schema_editor.quote_name(name)}")
