"""Which row of the host's a name stands for: locked by whoever makes the row, so that it is made once."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from scim_provisioning import databases
from scim_provisioning.models.fields import ExactCharField
from scim_provisioning.models.provisioned_user import SCIM_ID_LENGTH

#: SHA-256, in hexadecimal digits.
DIGEST_LENGTH = 64
TARGET_LENGTH = 255
NAME_LENGTH = 255


class Meaning(models.TextChoices):
    """What a name of a company, a business unit or a team means."""

    # Translators: what the name of a company or a team means here.
    NAME = "name", _("Name of a unit")
    ALIAS = "alias", _("Alias")
    WAITING = "waiting", _("New, undecided")
    LEFT_OUT = "left_out", _("Left out")


class ReferenceKey(models.Model):
    """A name that an identity provider has sent for a row of the host's (a company, a team), and which row it means.

    It belongs to no connection: two connections of one customer may need one team at the same moment, and what they
    have in common is in ``digest``, a hash of the host's model, the customer and the name; in ``scope``, the same
    without the name. Kept for good: whoever has waited for the lock finds the row by it, also where their transaction
    began too early to see the row itself, and a name goes on meaning its row when the LMS calls that otherwise.
    """

    digest = ExactCharField(max_length=DIGEST_LENGTH, primary_key=True, editable=False)
    #: The row's primary key as text; empty where it means none (yet). The host may have deleted or renamed it since.
    target = ExactCharField(max_length=TARGET_LENGTH, blank=True, editable=False)
    #: Empty, as the name is, of a row that was written before both were kept.
    scope = ExactCharField(max_length=DIGEST_LENGTH, blank=True, default="", db_default="", editable=False)
    name = models.CharField(
        _("name"), max_length=NAME_LENGTH, blank=True, default="", db_default="", editable=False
    )
    meaning = models.CharField(
        _("meaning"),
        max_length=10,
        choices=Meaning,
        default=Meaning.NAME,
        db_default=Meaning.NAME,
        editable=False,
    )
    #: Whether provisioning made the row.
    made = models.BooleanField(default=False, db_default=False, editable=False)
    #: Of an alias that was made by a merger: the key of the row whose people go to ``target``.
    merged = ExactCharField(max_length=TARGET_LENGTH, blank=True, default="", db_default="", editable=False)
    heard_at = models.DateTimeField(_("first seen"), null=True, editable=False)
    #: The SCIM id of the person with whom it came first.
    brought_by = ExactCharField(
        max_length=SCIM_ID_LENGTH, blank=True, default="", db_default="", editable=False
    )
    used_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: models.Manager[ReferenceKey] = models.Manager()

    class Meta:
        verbose_name = _("reference key")
        verbose_name_plural = _("reference keys")
        indexes = (models.Index(fields=("scope", "heard_at"), name="scim_reference_scope"),)

    def __str__(self) -> str:
        return str(self.digest)

    @classmethod
    def locked(cls, digest: str, **facts: Any) -> ReferenceKey:
        """The row of ``digest``, made with these ``facts`` where there is none, and locked until the transaction ends.
        One statement; two on MySQL, which does not say what stood there.

        Whoever else asks for it waits, whether it was there or not. An insert that fails and a lock after it would do
        the same, but not on MariaDB: there each of those who failed holds a shared lock that stands in the way of the
        others' (a deadlock).
        """
        database, fresh = databases.connection(), cls(digest=digest, **facts)
        if database.features.can_return_rows_from_bulk_insert:
            fresh.target, fresh.meaning, fresh.scope = cls._inserted(fresh, database)
            return fresh
        cls.objects.bulk_create([fresh], update_conflicts=True, update_fields=["used_at"])
        return cls.objects.select_for_update().get(digest=digest)

    @classmethod
    def _inserted(cls, fresh: ReferenceKey, database: BaseDatabaseWrapper) -> tuple[str, str, str]:
        """Target, meaning and scope of the row, inserted or locked."""
        quoted, fields = database.ops.quote_name, cls._meta.fields
        names = {field.name: quoted(str(field.column)) for field in fields}
        values = [field.get_db_prep_save(getattr(fresh, field.attname), database) for field in fields]
        conflict = (
            f"ON CONFLICT ({names['digest']}) DO UPDATE SET {names['used_at']} = EXCLUDED.{names['used_at']}"
        )
        if database.vendor == "mysql":
            conflict = f"ON DUPLICATE KEY UPDATE {names['used_at']} = VALUES({names['used_at']})"
        sql = (
            f"INSERT INTO {quoted(cls._meta.db_table)} ({', '.join(names.values())}) "  # noqa: S608 - names of ours
            f"VALUES ({', '.join(['%s'] * len(values))}) {conflict} "
            f"RETURNING {names['target']}, {names['meaning']}, {names['scope']}"
        )
        with database.cursor() as cursor:
            cursor.execute(sql, values)
            target, meaning, scope = cursor.fetchone()
        return str(target), str(meaning), str(scope)

    def note(self, *names: str) -> None:
        """Insert it, or bring the one that is there to what this one says of ``names`` (one statement)."""
        unique = ["digest"] if databases.connection().vendor != "mysql" else None
        type(self).objects.bulk_create(
            [self], update_conflicts=True, update_fields=[*names], unique_fields=unique
        )

    def mean(self, row: models.Model | None, meaning: str = Meaning.NAME, **facts: Any) -> None:
        """Remember what the name, whose row is locked, means from now on (one statement)."""
        changed = {"target": "" if row is None else key_of(row), "meaning": meaning, **facts}
        for name, value in changed.items():
            setattr(self, name, value)
        self.save(update_fields=[*changed], force_update=True)


def key_of(row: models.Model) -> str:
    """A row's primary key as text."""
    key = row._meta.pk
    return str(key.value_to_string(row)) if key is not None else ""
