"""An administrator's answer to who a refused person is, wherever it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scim_provisioning.administration.adoption import queue
from scim_provisioning.administration.adoption.directory import REFUSALS
from scim_provisioning.administration.times import written
from scim_provisioning.models import (
    Action,
    AdoptionAnswer,
    Operation,
    ProvisionedUser,
    ProvisioningEvent,
    SCIMConnection,
)
from scim_provisioning.models.provisioned_user import user_name_key
from scim_provisioning.provisioning.verdicts import Verdict

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

#: The answers, those that name an account first.
OF_ACCOUNTS: Final = ("link", "keep")
ANSWERS: Final = (*OF_ACCOUNTS, "separate", "ignore")
#: How to have the identity provider find them at once.
TRY_NOW: Final = gettext_lazy(
    "Their identity provider finds the account at its next try, usually within 40 minutes. To have it try now in "
    "Entra: Provisioning, Provision on demand, and choose the person."
)
_MADE_ANEW: Final = gettext_lazy(
    "A new account is made for “%(name)s” at the identity provider’s next try, usually within 40 minutes. To have it "
    "try now in Entra: Provisioning, Provision on demand, and choose the person."
)


def refusal(connection: SCIMConnection, event_id: int) -> ProvisioningEvent | None:
    """The refused operation that is asked about; None for any other."""
    return ProvisioningEvent.objects.filter(
        connection=connection, pk=event_id, error_code__in=REFUSALS, operation=Operation.CREATE
    ).first()


def linked(connection: SCIMConnection, name: str) -> ProvisionedUser | None:
    """The learner whom this userName means by now: there is nothing to answer any more (one query)."""
    living = ProvisionedUser.objects.living().filter(connection=connection, user__isnull=False)
    found = living.filter(user_name_key=user_name_key(name)).select_related("user", "connection")
    return found.first() if name else None


def by_whom(link: ProvisionedUser) -> str:
    """Since when the connection manages somebody, and by which administrator's word (one query)."""
    adopted = ProvisioningEvent.objects.filter(link=link, action=Action.ADOPTED, operation=Operation.ADMIN)
    event = adopted.select_related("actor").order_by("-pk").first()
    if event is None:
        since = written(link.adopted_at or link.created_at)
        return _("This connection manages them since %(when)s.") % {"when": since}
    name = _("an administrator") if event.actor is None else event.actor.get_username()
    return _("Linked on %(when)s by %(name)s.") % {"when": written(event.created_at), "name": name}


def accounts(connection: SCIMConnection, verdict: Verdict, called: str = "") -> dict[Any, Any]:
    """The accounts that the person may be, by key: those that were found, and those of this name or address."""
    found = {account.pk: account for account in verdict.accounts if account is not None}
    if called:
        found |= {account.pk: account for account in queue.accounts_called(connection, called)}
    return found


def give(
    connection: SCIMConnection,
    verdict: Verdict,
    answer: str,
    account: Any,
    *,
    actor: AbstractBaseUser | None,
    address: str = "",
) -> str:
    """Do what was answered; ``account`` is needed by those of ``OF_ACCOUNTS``. Returns what to say of it. Raises
    ``ConnectionRefused``."""
    document, named = verdict.document, {"name": verdict.document["userName"]}
    if answer in OF_ACCOUNTS:
        keeps = answer == "keep"
        if queue.is_linked(connection, document, account, keeps_profile=keeps):
            # Somebody pressed the button twice.
            return _("“%(name)s” is linked already.") % named
        queue.link(connection, document, account, keeps_profile=keeps, actor=actor, address=address)
        return " ".join([_("Linked: %(names)s.") % {"names": f"“{named['name']}”"}, str(TRY_NOW)])
    said = AdoptionAnswer.Verdict.SEPARATE if answer == "separate" else AdoptionAnswer.Verdict.IGNORED
    queue.answer(connection, document, said, actor=actor, address=address)
    if answer == "separate":
        return str(_MADE_ANEW) % named
    return _("“%(name)s” is not asked about any more.") % named
