"""Which row of the host's a name stands for: locked by whoever makes the row, so that it is made once."""

from __future__ import annotations

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from scim_provisioning import databases
from scim_provisioning.models.fields import ExactCharField

#: SHA-256, in hexadecimal digits.
DIGEST_LENGTH = 64
TARGET_LENGTH = 255


class ReferenceKey(models.Model):
    """A name by which provisioning has made a row of the host's (a company, a team), and the key of that row.

    It belongs to no connection: two connections of one customer may need one team at the same moment, and what they
    have in common is in ``digest``, a hash of the host's model, the customer and the name. Kept for good: whoever has
    waited for the lock finds the row by it, also where their transaction began too early to see the row itself.
    """

    digest = ExactCharField(max_length=DIGEST_LENGTH, primary_key=True, editable=False)
    #: The row's primary key as text; empty until it is made. The host may have deleted or renamed it since.
    target = ExactCharField(max_length=TARGET_LENGTH, blank=True, editable=False)
    used_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: models.Manager[ReferenceKey] = models.Manager()

    class Meta:
        verbose_name = _("reference key")
        verbose_name_plural = _("reference keys")

    def __str__(self) -> str:
        return str(self.digest)

    @classmethod
    def locked(cls, digest: str) -> ReferenceKey:
        """The row of ``digest``, made where there is none, and locked until the transaction ends. One statement; two on
        MySQL, which does not say what stood there.

        Whoever else asks for it waits, whether it was there or not. An insert that fails and a lock after it would do
        the same, but not on MariaDB: there each of those who failed holds a shared lock that stands in the way of the
        others' (a deadlock).
        """
        database = databases.connection()
        if database.features.can_return_rows_from_bulk_insert:
            return cls(digest=digest, target=cls._inserted(digest, database))
        cls.objects.bulk_create([cls(digest=digest)], update_conflicts=True, update_fields=["used_at"])
        return cls.objects.select_for_update().get(digest=digest)

    @classmethod
    def _inserted(cls, digest: str, database: BaseDatabaseWrapper) -> str:
        """The target of the row, inserted or locked."""
        quoted, fields = database.ops.quote_name, cls._meta.fields
        names = {field.name: quoted(str(field.column)) for field in fields}
        fresh = cls(digest=digest)
        values = [field.get_db_prep_save(getattr(fresh, field.attname), database) for field in fields]
        conflict = (
            f"ON CONFLICT ({names['digest']}) DO UPDATE SET {names['used_at']} = EXCLUDED.{names['used_at']}"
        )
        if database.vendor == "mysql":
            conflict = f"ON DUPLICATE KEY UPDATE {names['used_at']} = VALUES({names['used_at']})"
        sql = (
            f"INSERT INTO {quoted(cls._meta.db_table)} ({', '.join(names.values())}) "  # noqa: S608 - names of ours
            f"VALUES ({', '.join(['%s'] * len(values))}) {conflict} RETURNING {names['target']}"
        )
        with database.cursor() as cursor:
            cursor.execute(sql, values)
            return str(cursor.fetchone()[0])

    def point_at(self, row: models.Model) -> None:
        """Remember the row that the name stands for from now on."""
        key = row._meta.pk
        self.target = key.value_to_string(row) if key is not None else ""
        self.save(update_fields=["target"], force_update=True)
