"""What becomes of the learners of a connection that ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scim_provisioning import events
from scim_provisioning.adapters.sql.columns import Columns
from scim_provisioning.administration import host
from scim_provisioning.models import Action, ProvisionedUser, ProvisionedUserQuerySet, SCIMConnection
from scim_provisioning.provisioning.loading import load_many_for_update
from scim_provisioning.provisioning.writing import end_access

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

    from scim_provisioning.adapters import LearnerAdapter

KEEP: Final = "keep"
SSO_ONLY: Final = "sso_only"
SUSPEND: Final = "suspend"

_BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class Tally:
    """What happened to how many: all who were managed, those who were changed, those who are protected."""

    choice: str
    managed: int
    changed: int = 0
    protected: int = 0

    def sentence(self) -> str:
        """The same for people."""
        number = {"n": self.managed if self.choice == KEEP else self.changed}
        if self.choice == SUSPEND:
            return (
                ngettext("%(n)d learner was suspended.", "%(n)d learners were suspended.", number["n"])
                % number
            )
        if self.choice == SSO_ONLY:
            return (
                ngettext(
                    "%(n)d learner lost a local password.",
                    "%(n)d learners lost a local password.",
                    number["n"],
                )
                % number
            )
        return (
            ngettext("%(n)d learner was handed back.", "%(n)d learners were handed back.", number["n"])
            % number
        )


def count(connection: SCIMConnection) -> tuple[int, int]:
    """How many learners the connection manages, and how many of them are shown as inactive (two queries)."""
    managed = ProvisionedUser.objects.living().filter(connection=connection).count()
    return managed, managed - active(connection).count()


def active(connection: SCIMConnection) -> ProvisionedUserQuerySet:
    """The learners whom SCIM shows as active: those who are on in the application."""
    try:
        adapter_class = host.adapter_class()
    except host.AdapterBroken:
        # Nobody can ask the host: what the identity provider wants is known all the same.
        return ProvisionedUser.objects.living().filter(connection=connection, active=True)
    columns = Columns(adapter_class.compiled(connection), connection)
    return adapter_class.links(connection).living().filter(columns.is_active())


def apply(connection: SCIMConnection, choice: str, *, actor: AbstractBaseUser | None) -> Tally:
    """Do to every managed learner what was chosen, in the caller's transaction. Protected ones are skipped.

    Raises ``ValueError`` for an unknown choice.
    """
    managed, _inactive = count(connection)
    if choice == KEEP:
        return Tally(KEEP, managed)
    if choice not in (SSO_ONLY, SUSPEND):
        raise ValueError(f"Unknown choice: {choice}")
    changed = protected = 0
    links = ProvisionedUser.objects.living().filter(connection=connection, user__isnull=False)
    keys = list(links.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), _BATCH):
        for adapter in load_many_for_update(connection, keys[start : start + _BATCH]):
            if adapter.is_protected(adapter.obj):
                protected += 1
            elif choice == SUSPEND:
                changed += _suspend(connection, adapter, actor)
            else:
                changed += _take_password(adapter)
    return Tally(choice, managed, changed, protected)


def _suspend(connection: SCIMConnection, adapter: LearnerAdapter, actor: AbstractBaseUser | None) -> bool:
    link = adapter.link
    if not (adapter.is_active and adapter.may_be_switched):
        return False
    adapter.remember_rows()
    adapter.set_active(False)
    adapter.save()
    link.changed()
    link.active, link.version = False, link.version + 1
    link.save(update_fields=["active", "modified_at", "version"])
    event = events.admin(
        connection,
        action=Action.DEACTIVATED,
        actor=actor,
        link=link,
        detail=_("Suspended when the connection was disconnected."),
        changes={"active": (True, False)},
    )
    end_access(adapter)
    adapter.on_deactivated(learner=adapter.learner, event=event)
    return True


def _take_password(adapter: LearnerAdapter) -> bool:
    account = adapter.obj
    if not account.has_usable_password():
        return False
    account.set_unusable_password()
    account.save(update_fields=["password"])
    return True
