"""What becomes of the learners of a connection that was disconnected, and how far that is."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from scim_provisioning.models.connection import SCIMConnection


class OnDisconnect(models.TextChoices):
    """What becomes of the learners whom a connection manages when it ends."""

    KEEP = "keep", _("Keep them and hand them back: the LMS manages them from now on")
    SSO_ONLY = "sso_only", _("Keep them, but let them sign in through SSO only: local passwords are removed")
    SUSPEND = "suspend", _("Suspend them: nobody of them can sign in; their progress is kept")


class Disconnection(models.Model):
    """The choice of whoever disconnected a connection, and how far it has been carried out.

    Made with the end of the connection, in one transaction; deleted when the connection is restored. Who works on it
    locks this row first, so that a page, a second page and a command take turns, and whoever comes next goes on after
    ``position``: the links are handled in the order of their keys, as nobody can join them any more.
    """

    connection = models.OneToOneField(
        SCIMConnection,
        verbose_name=_("connection"),
        on_delete=models.CASCADE,
        related_name="disconnection",
    )
    # No choices here: a new one would be a migration.
    learners = models.CharField(_("what becomes of the learners"), max_length=20)
    managed = models.PositiveIntegerField(_("managed learners"), default=0)
    position = models.PositiveBigIntegerField(default=0, editable=False)
    handled = models.PositiveIntegerField(_("handled"), default=0)
    changed = models.PositiveIntegerField(_("changed"), default=0)
    protected = models.PositiveIntegerField(_("protected"), default=0)
    failed = models.PositiveIntegerField(_("failed"), default=0)
    begun_at = models.DateTimeField(_("begun at"), default=timezone.now, editable=False)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("disconnection")
        verbose_name_plural = _("disconnections")

    def __str__(self) -> str:
        return str(self.connection)

    @property
    def choice(self) -> OnDisconnect:
        """What was chosen for the learners."""
        return OnDisconnect(self.learners)

    @property
    def is_finished(self) -> bool:
        """Whether every learner has been handled, be it in vain."""
        return self.finished_at is not None

    @property
    def is_done(self) -> bool:
        """Whether every learner has been handled, and nobody in vain."""
        return self.is_finished and not self.failed
