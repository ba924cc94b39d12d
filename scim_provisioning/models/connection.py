"""A connection: one identity provider's access to one tenant of the host."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.core.exceptions import FieldDoesNotExist, FieldError, ValidationError
from django.db import models, router, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from scim_provisioning.conf import app_settings
from scim_provisioning.databases import prepared
from scim_provisioning.models.fields import ExactCharField
from scim_provisioning.models.policy import (
    ExistingLearners,
    NewUnits,
    OnDelete,
    PolicyChoice,
    PolicyNumber,
    SameAddress,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

_NOT_LOADED: Any = object()

RESTORE_DAYS: Final = 30


class ConnectionQuerySet(models.QuerySet["SCIMConnection"]):
    """Which connections count."""

    def current(self) -> ConnectionQuerySet:
        """Connections that are not archived; paused ones are among them."""
        return self.filter(archived_at__isnull=True)


class SCIMConnection(models.Model):
    """The tenant of everything else: tokens, links and events belong to exactly one connection.

    ``sso_key`` names the host's SSO settings row (the value of ``SSO_KEY_FIELD`` in ``SSO_MODEL``). It is no
    foreign key on purpose: this app's migrations must not depend on the host's. None: it stands alone.
    """

    name = models.CharField(_("name"), max_length=150)
    sso_key = ExactCharField(_("SSO settings key"), max_length=255, unique=True, null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    paused_at = models.DateTimeField(_("paused at"), null=True, blank=True)
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("paused by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    pause_reason = models.CharField(_("reason of the pause"), max_length=200, blank=True)
    archived_at = models.DateTimeField(_("archived at"), null=True, blank=True, editable=False)
    disconnected_at = models.DateTimeField(_("disconnected at"), null=True, blank=True, editable=False)
    disconnected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("disconnected by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    # What an administrator chose for this customer; read through the properties below.
    policies = models.JSONField(_("policies"), default=dict, blank=True, editable=False)
    # Whether a value of one of its learners is locked: who searches has to ask which only then.
    has_locks = models.BooleanField(default=False, db_default=False, editable=False)

    objects = ConnectionQuerySet.as_manager()

    # The host's SSO row once it was read. On the instance only: it must be read anew at every request.
    _sso: Any = _NOT_LOADED

    class Meta:
        verbose_name = _("SCIM connection")
        verbose_name_plural = _("SCIM connections")
        ordering = ("name", "id")
        permissions = (
            ("manage_policy", _("Can change provisioning policies")),
            ("approve_held", _("Can approve held changes")),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_paused(self) -> bool:
        """Whether an administrator paused it: requests are answered 503."""
        return self.paused_at is not None

    @property
    def is_archived(self) -> bool:
        """Whether it was disconnected or its SSO row is gone: tokens are dead, log and tombstones are kept."""
        return self.archived_at is not None

    @property
    def restorable_until(self) -> datetime | None:
        """Until when a disconnection can be taken back; None when it cannot (any more, or was none)."""
        if self.archived_at is None or self.disconnected_at is None:
            return None
        until = self.disconnected_at + timedelta(days=RESTORE_DAYS)
        return until if until > timezone.now() else None

    @property
    def contacts(self) -> list[str]:
        """E-mail addresses that are told about tokens and trouble."""
        return [str(address) for address in self.policies.get("contacts", [])]

    @property
    def default_networks(self) -> list[str]:
        """Networks that a new token is limited to unless its maker says otherwise; empty: any address."""
        return [str(network) for network in self.policies.get("networks", [])]

    def new_units(self, path: str) -> NewUnits | None:
        """What was chosen for names of companies, units or teams that are not known here, of the attribute at a path of
        the mapping; None where nothing was."""
        chosen = self.policies.get("new_units", {}).get(path)
        return NewUnits(chosen) if chosen is not None and chosen in NewUnits.values else None

    existing_learners = PolicyChoice(
        ExistingLearners.LINK,
        label=_("Existing learners"),
        help_text=_(
            "When the identity provider creates somebody who has an account here already. Weak evidence, such as "
            "the same user name, never links. What is not linked is refused, and stands in the log."
        ),
        unknown=ExistingLearners.REFUSE,
    )
    same_address = PolicyChoice(
        SameAddress.ASK,
        label=_("The same work e-mail address"),
        help_text=_(
            "When the identity provider creates somebody whose user name nobody has here, but whose work e-mail "
            "address an account has that nobody manages. Until an administrator says who it is, nobody is created."
        ),
    )
    on_delete = PolicyChoice(
        OnDelete.DEACTIVATE,
        label=_("What DELETE does"),
        help_text=_(
            "When the identity provider deletes somebody. Erasing cannot be taken back: whoever returns "
            "afterwards is a new learner without progress."
        ),
        needs={OnDelete.ERASE: "erase"},
    )
    leavers_at_least = PolicyNumber(
        25,
        least=1,
        most=1_000_000,
        label=_("Leavers within an hour that are never held"),
        help_text=_(
            "When more people than this, and than the share below, are deactivated or deleted within an hour, the "
            "others are held until an administrator looks. Everything else goes on."
        ),
    )
    leavers_percent = PolicyNumber(
        5,
        least=0,
        most=100,
        label=_("The same, in per cent of the active learners"),
        help_text=_("The larger of the two counts. 100: nobody is ever held."),
    )
    #: In the order in which the pages show them.
    policy_choices: ClassVar[tuple[PolicyChoice[Any], ...]] = (existing_learners, same_address, on_delete)
    policy_numbers: ClassVar[tuple[PolicyNumber, ...]] = (leavers_at_least, leavers_percent)

    def chosen_policies(self) -> dict[str, list[str] | str | int]:
        """Every policy as it stands, by its key in ``policies``: options by their value."""
        choices = {choice.name: str(choice.of(self)) for choice in self.policy_choices}
        numbers = {number.name: number.of(self) for number in self.policy_numbers}
        return {"contacts": self.contacts, "networks": self.default_networks, **choices, **numbers}

    @property
    def sso(self) -> Any:
        """The host's SSO row, read once for this instance; None without ``SSO_MODEL`` or when it is gone."""
        return self.load_sso() if self._sso is _NOT_LOADED else self._sso

    def load_sso(self) -> Any:
        """Read the host's SSO row now (one query; none without ``SSO_MODEL`` or key) and remember it.

        Returns the row, or None. Raises ``LookupError`` when ``SSO_MODEL`` names no model, ``FieldError``
        when ``SSO_KEY_FIELD`` names no field: both are also system checks.
        """
        self._sso = None
        if app_settings.sso_model is not None and self.sso_key is not None:
            model = apps.get_model(app_settings.sso_model)
            try:
                self._sso = _sso_row(model, app_settings.sso_key_field, self.sso_key)
            except FieldError:
                raise
            except (TypeError, ValueError, ValidationError):
                # A key of another kind than the field (text for a UUID) names no row.
                self._sso = None
        return self._sso

    @property
    def lacks_settings(self) -> bool:
        """Whether the host has SSO settings and none for this connection: then nobody knows whose its people are."""
        return app_settings.sso_model is not None and self.sso is None

    @property
    def sso_is_on(self) -> bool:
        """Whether single sign-on is on: the row is there and has every value that ``SSO_ENABLED`` names.

        Without ``SSO_MODEL`` there is nothing to switch off, and the answer is True.
        """
        if app_settings.sso_model is None:
            return True
        row = self.sso
        if row is None:
            return False
        return all(getattr(row, field) == value for field, value in app_settings.sso_enabled.items())

    def archive(self, *, by: AbstractBaseUser | None = None, restorable: bool = False) -> bool:
        """End the connection: revoke every token, keep log, links and tombstones. False when it has ended before.

        Tokens are revoked and not merely shadowed: should the connection come back, or an SSO row with the same key,
        they must stay dead. ``by`` is the administrator who ends it; ``restorable``, that it was disconnected and not
        lost with its SSO row.
        """
        now, actor = timezone.now(), None if by is None else by.pk
        ended: dict[str, Any] = {"archived_at": now}
        if restorable:
            ended |= {"disconnected_at": now, "disconnected_by_id": actor}
        with transaction.atomic(using=router.db_for_write(SCIMConnection)):
            # By a condition: of two who end it at the same moment one does, and neither waits for a POST that holds
            # on to the connection as it was (on PostgreSQL; see ``provisioning.loading``).
            current = SCIMConnection.objects.current().filter(pk=self.pk)
            if not current.update(**ended):
                return False
            self.tokens.filter(revoked_at__isnull=True).update(revoked_at=now, revoked_by=actor)
        for name, value in ended.items():
            setattr(self, name, value)
        return True

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        """Read the row again; the SSO row is read again at its next use."""
        super().refresh_from_db(*args, **kwargs)
        self._sso = _NOT_LOADED


def _sso_row(model: type[models.Model], field: str, key: str) -> models.Model | None:
    """The row of the host's SSO settings that ``field`` names, or None."""
    row: models.Model | None
    if prepared.is_plain(model._default_manager):
        row = prepared.first(_sso_rows, _as_column(model, field, key), given=(model, field))
    else:
        row = model._default_manager.filter(**{field: key}).first()
    return row


def _sso_rows(model: type[models.Model], field: str, key: object) -> models.QuerySet[models.Model]:
    rows = model._default_manager.filter(**{field: key})
    return (rows if rows.ordered else rows.order_by("pk"))[:1]


def _as_column(model: type[models.Model], field: str, key: str) -> object:
    """The key as its column has it: a number or a UUID, most often. Raises ``ValidationError`` for one that it cannot
    have."""
    try:
        column = model._meta.pk if field == "pk" else model._meta.get_field(field)
    except FieldDoesNotExist:
        # A path, or no field at all: that is for the query to say.
        return key
    value = column.to_python(key) if isinstance(column, models.Field) else key
    return value if isinstance(value, int | UUID) else key
