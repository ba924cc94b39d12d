"""An administrator's answer to who a refused person is, wherever it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scim_provisioning.administration.adoption import queue
from scim_provisioning.administration.adoption.directory import REFUSALS
from scim_provisioning.models import AdoptionAnswer, Operation, ProvisioningEvent, SCIMConnection
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


def refusal(connection: SCIMConnection, event_id: int) -> ProvisioningEvent | None:
    """The refused operation that is asked about; None for any other."""
    return ProvisioningEvent.objects.filter(
        connection=connection, pk=event_id, error_code__in=REFUSALS, operation=Operation.CREATE
    ).first()


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
    document = verdict.document
    if answer in OF_ACCOUNTS:
        keeps = answer == "keep"
        if queue.is_linked(connection, document, account, keeps_profile=keeps):
            # Somebody pressed the button twice.
            return _("“%(name)s” is linked already.") % {"name": document["userName"]}
        queue.link(connection, document, account, keeps_profile=keeps, actor=actor, address=address)
        return " ".join([_("Linked."), str(TRY_NOW)])
    said = AdoptionAnswer.Verdict.SEPARATE if answer == "separate" else AdoptionAnswer.Verdict.IGNORED
    queue.answer(connection, document, said, actor=actor, address=address)
    if answer == "separate":
        return " ".join([_("A new account is made at the next try."), str(TRY_NOW)])
    return _("They are not asked about any more.")
