"""A text column that tells every two different texts apart, on every database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


# utf8mb4_bin is not enough: it pads with spaces, so 'ana ' = 'ana' there (measured on MariaDB 10.11).
MARIADB_COLLATION = "utf8mb4_nopad_bin"
MYSQL_COLLATION = "utf8mb4_0900_bin"


class ExactCharField(models.CharField):  # type: ignore[type-arg]
    """``CharField`` whose equality, uniqueness and order go by code point: case, accents and spaces count.

    PostgreSQL and SQLite compare so by default. MariaDB and MySQL take 'ana', 'Aná' and 'ana ' for one text
    unless the column has a binary collation without padding, and the two products name it differently. The
    collation is chosen when the column is made, so one migration serves all databases.
    """

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        """Django's parameters of the column, with the collation that this database needs."""
        parameters: dict[str, Any] = {**super().db_parameters(connection)}
        if connection.vendor == "mysql":
            is_mariadb: bool = connection.mysql_is_mariadb  # type: ignore[attr-defined]
            parameters["collation"] = MARIADB_COLLATION if is_mariadb else MYSQL_COLLATION
        return parameters
