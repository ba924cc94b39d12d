"""The link between a SCIM user of a connection and a learner of the host."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any, Final

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from scim_provisioning import databases
from scim_provisioning.models.connection import SCIMConnection
from scim_provisioning.models.fields import ExactCharField
from scim_provisioning.protocol.text import fold

#: Of these one changes with every change of a link.
_STATE: Final = ("version", "active", "deleted_at")
#: The version of a link that was made before its identity provider said anything; every write counts from there.
AWAITED_VERSION: Final = 0
#: How a name begins that stands in the place of one that was erased.
FORGOTTEN: Final = "forgotten-"
USER_NAME_LENGTH = 320
# Folding can lengthen a text ("ß" becomes "ss"), so a key has twice the room. More would not fit an index of
# InnoDB's.
USER_NAME_KEY_LENGTH = 640
EXTERNAL_ID_LENGTH = 320
SCIM_ID_LENGTH = 36


def new_scim_id() -> str:
    """A random id that says nothing about the learner and cannot be guessed."""
    return str(uuid.uuid4())


def user_name_key(user_name: str) -> str:
    """What makes two userNames one: case does not count, nor does the Unicode form (RFC 7643 section 4.1.1)."""
    return fold(user_name)


class ProvisionedUserQuerySet(models.QuerySet["ProvisionedUser"]):
    """Which links count."""

    def living(self) -> ProvisionedUserQuerySet:
        """Links that the identity provider has not deleted."""
        return self.filter(deleted_at__isnull=True)

    def granting(self) -> ProvisionedUserQuerySet:
        """Links whose identity provider wants access, of connections that were not disconnected or archived."""
        return self.living().filter(active=True, connection__archived_at__isnull=True)

    def beside(self, connection: SCIMConnection) -> ProvisionedUserQuerySet:
        """The living links of other connections that were not disconnected or archived."""
        return self.living().filter(connection__archived_at__isnull=True).exclude(connection=connection)

    def owners_of(self, account: Any) -> ProvisionedUserQuerySet:
        """The living link, of a connection that was not disconnected or archived, that owns the account."""
        in_use = self.living().filter(connection__archived_at__isnull=True)
        return in_use.filter(user=account, owns_profile=True)

    def locked(self, *, skip_locked: bool = False) -> list[ProvisionedUser]:
        """Lock these links in the order in which everybody does, by account and key; return them with what is locked of
        them (one query).

        By ``user_id``: ``user`` would be the order of a host's account model, if it has one, and join its table. Where
        what is read under a lock may be older than what was locked, one query more: raises ``Overtaken`` if it is.
        """
        locked = list(self.locking(skip_locked=skip_locked))
        refuse_overtaken(locked)
        return locked

    def locking(self, *, skip_locked: bool = False) -> ProvisionedUserQuerySet:
        """What ``locked`` evaluates."""
        locking = self.select_for_update(skip_locked=skip_locked).order_by("user_id", "pk")
        return locking.only("connection", *_STATE)

    def states(self) -> set[tuple[object, ...]]:
        """The ``state`` of each link, as it stands (one query)."""
        return set(self.order_by().values_list("pk", *_STATE))

    def tombstones(self) -> ProvisionedUserQuerySet:
        """Links that it has deleted; they keep their learner for the day of their return."""
        return self.filter(deleted_at__isnull=False)


def refuse_overtaken(locked: Iterable[ProvisionedUser]) -> None:
    """Raise ``Overtaken`` where what is read now of links that were just locked is older than what was locked: one
    query, none where that cannot be."""
    if databases.reads_the_past():
        seen = ProvisionedUser.objects.filter(pk__in=[link.pk for link in locked])
        if seen.states() != {link.state for link in locked}:
            raise databases.Overtaken


class ProvisionedUser(models.Model):
    """One SCIM resource of one connection, and the account it stands for.

    ``document`` is the canonical SCIM resource as the identity provider last left it; ``search`` is what of
    it must be found by a filter, folded. ``user`` is empty when the host deleted the account. ``awaited_manager`` is
    the beginning of what was sent for a manager who is not here, and all of it where it is a SCIM id.

    ``user_name_key`` is the folded ``user_name``, unique among the living of a connection. It is NULL on a
    tombstone, whose key moves to ``user_name_tombstone_key``: MariaDB has no conditional unique constraint,
    and NULLs never collide.
    """

    connection = models.ForeignKey(
        SCIMConnection,
        verbose_name=_("connection"),
        on_delete=models.CASCADE,
        related_name="links",
        db_index=False,
    )
    scim_id = ExactCharField(
        _("SCIM id"), max_length=SCIM_ID_LENGTH, unique=True, default=new_scim_id, editable=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="scim_links",
    )
    user_name = models.CharField(_("userName"), max_length=USER_NAME_LENGTH)
    user_name_key = ExactCharField(max_length=USER_NAME_KEY_LENGTH, null=True, blank=True, editable=False)
    user_name_tombstone_key = ExactCharField(
        max_length=USER_NAME_KEY_LENGTH, null=True, blank=True, editable=False
    )
    external_id = ExactCharField(_("externalId"), max_length=EXTERNAL_ID_LENGTH, null=True, blank=True)
    active = models.BooleanField(_("active"), default=True)
    # An account has one owner: see SharedAccount.
    owns_profile = models.BooleanField(_("owns the profile"), default=True)
    # An administrator's word that the account stays as the LMS has it, whoever comes back or lets go of it: the
    # identity provider switches it on and off, and writes nothing else of it.
    keeps_profile = models.BooleanField(default=False, db_default=False, editable=False)
    document = models.JSONField(_("SCIM document"), default=dict, blank=True)
    search = models.JSONField(default=dict, blank=True, editable=False)
    awaited_manager = ExactCharField(max_length=SCIM_ID_LENGTH, null=True, blank=True, editable=False)
    # Whether a look-up by a column of the host's has to ask ``search`` too: an e-mail address may be there alone, or
    # another connection owns the account. Of links that were written before this column, nothing is known: True.
    asks_document = models.BooleanField(default=True, db_default=True, editable=False)
    version = models.PositiveIntegerField(_("version"), default=1)
    # When an account that was here before was linked; NULL for one that was made for this person.
    adopted_at = models.DateTimeField(_("adopted at"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    modified_at = models.DateTimeField(_("modified at"), default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(_("deleted at"), null=True, blank=True, editable=False)

    objects = ProvisionedUserQuerySet.as_manager()

    class Meta:
        verbose_name = _("provisioned user")
        verbose_name_plural = _("provisioned users")
        permissions = (("forget_learner", _("Can have people forgotten: erase what is kept of them")),)
        constraints = (
            models.UniqueConstraint(
                fields=("connection", "user_name_key"), name="scim_link_user_name_unique"
            ),
        )
        indexes = (
            models.Index(fields=("connection", "deleted_at", "id"), name="scim_link_listing"),
            models.Index(fields=("connection", "external_id"), name="scim_link_external_id"),
            models.Index(fields=("connection", "user_name_tombstone_key"), name="scim_link_tombstone"),
            models.Index(fields=("connection", "awaited_manager"), name="scim_link_awaited_manager"),
            models.Index(fields=("connection", "asks_document"), name="scim_link_asks_document"),
        )

    def __str__(self) -> str:
        return self.user_name

    def _do_update(self, base_qs: models.QuerySet[Any], *args: Any, **kwargs: Any) -> Any:
        # Every statement on links names the tenant, also the one that save() writes by primary key.
        return super()._do_update(base_qs.filter(connection_id=self.connection_id), *args, **kwargs)

    def changed(self) -> None:
        """Date a change now. Where the clock has gone back it is dated as the last one: who asks for what changed since
        then must find it, and ``lastModified`` is never before ``created``."""
        self.modified_at = max(timezone.now(), self.modified_at, self.created_at)

    @property
    def state(self) -> tuple[object, ...]:
        """What differs whenever somebody has changed the link."""
        return self.pk, *(getattr(self, name) for name in _STATE)

    @property
    def is_awaited(self) -> bool:
        """Whether an administrator linked the account and the identity provider has not written to it yet."""
        return self.version == AWAITED_VERSION and self.deleted_at is None

    @property
    def is_deleted(self) -> bool:
        """Whether it is a tombstone."""
        return self.deleted_at is not None

    @property
    def is_forgotten(self) -> bool:
        """Whether what was kept of the person was erased, by name."""
        is_nobodys = self.is_deleted and self.user_id is None and not self.document
        return is_nobodys and self.user_name.startswith(FORGOTTEN)
