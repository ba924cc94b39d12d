"""What a learner was called before: the only way to find somebody by an address that is no longer theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from scim_provisioning.models.connection import SCIMConnection
from scim_provisioning.models.fields import ExactCharField
from scim_provisioning.models.provisioned_user import (
    USER_NAME_KEY_LENGTH,
    USER_NAME_LENGTH,
    ProvisionedUser,
)

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

#: Sorts after every character that a key can go on with.
LAST_CHARACTER = "\U0010ffff"


class PrefixCharField(ExactCharField):
    """``ExactCharField`` that every database also sorts by code point, so that "begins with" is a range.

    ``LIKE 'ana%'`` uses an index on MariaDB only: SQLite's LIKE ignores case, and PostgreSQL needs an index of
    another kind. ``key >= 'ana' AND key < 'ana\\U0010ffff'`` uses a plain index everywhere.
    """

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        """The column's parameters; PostgreSQL would otherwise sort as the database's language does."""
        parameters: dict[str, Any] = {**super().db_parameters(connection)}
        if connection.vendor == "postgresql":
            parameters["collation"] = "C"
        return parameters


def begins_with(field: str, prefix: str) -> models.Q:
    """The condition that a :class:`PrefixCharField` begins with ``prefix``: a range of an index."""
    return models.Q(**{f"{field}__gte": prefix, f"{field}__lt": prefix + LAST_CHARACTER})


class FormerIdentifier(models.Model):
    """One userName, e-mail address or name that a learner had once. ``key`` is ``value`` folded.

    Written in the transaction that changes the value, by ``events``; gone when the link is.
    """

    class Kind(models.TextChoices):
        USER_NAME = "user_name", _("userName")
        EMAIL = "email", _("e-mail")
        NAME = "name", _("name")

    # The link's own, once more: a search begins with the connections that the administrator sees.
    connection = models.ForeignKey(
        SCIMConnection,
        verbose_name=_("connection"),
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
    )
    link = models.ForeignKey(
        ProvisionedUser,
        verbose_name=_("learner"),
        on_delete=models.CASCADE,
        related_name="former_identifiers",
        db_index=False,
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    value = models.CharField(_("value"), max_length=USER_NAME_LENGTH)
    key = PrefixCharField(max_length=USER_NAME_KEY_LENGTH, editable=False)
    noted_at = models.DateTimeField(_("until"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("former identifier")
        verbose_name_plural = _("former identifiers")
        constraints = (
            models.UniqueConstraint(fields=("link", "kind", "key"), name="scim_former_identifier_unique"),
        )
        indexes = (models.Index(fields=("connection", "key"), name="scim_former_identifier_key"),)

    def __str__(self) -> str:
        return self.value
