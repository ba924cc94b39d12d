"""Whoever takes a seat of a connection's licences locks this row, so that of many workers one takes the last one."""

from __future__ import annotations

from uuid import uuid4

from django.db import models
from django.utils.translation import gettext_lazy as _

from scim_provisioning import databases
from scim_provisioning.models.connection import SCIMConnection


def new_turn() -> str:
    """A value that no row had."""
    return uuid4().hex


class SeatLock(models.Model):
    """One row a connection, from the first seat that is taken where the host counts them. ``turn`` is another one each
    time, so that a transaction that began before the last one finds out."""

    connection = models.OneToOneField(
        SCIMConnection,
        verbose_name=_("connection"),
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="seat_lock",
    )
    turn = models.CharField(max_length=32, default=new_turn, editable=False)

    objects: models.Manager[SeatLock] = models.Manager()

    class Meta:
        verbose_name = _("seat lock")
        verbose_name_plural = _("seat locks")

    def __str__(self) -> str:
        return str(self.connection)

    @classmethod
    def hold(cls, connection: SCIMConnection) -> None:
        """Wait for everybody who is taking a seat of this connection, and keep others waiting until the transaction
        ends (one statement; three where what is read can be older than what is locked).

        Raises ``Overtaken`` where somebody took one whom this transaction cannot see. PostgreSQL says so itself.
        """
        if databases.reads_the_past():
            turns = cls.objects.filter(pk=connection.pk).values_list("turn", flat=True)
            if list(turns.select_for_update()) != list(turns):
                raise databases.Overtaken
        unique = None if databases.connection().vendor == "mysql" else ["connection"]
        cls.objects.bulk_create(
            [cls(connection=connection)], update_conflicts=True, update_fields=["turn"], unique_fields=unique
        )
