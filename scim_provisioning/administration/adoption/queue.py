"""The queue: people whom the identity provider sent and who were refused, and an administrator's word on each."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from scim_provisioning import events
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.adapters.naming import is_address
from scim_provisioning.administration import audit, catalogue, host
from scim_provisioning.administration.adoption.directory import (
    document_of,
    events_of,
    first_refused,
    person_called,
    unanswered,
)
from scim_provisioning.administration.adoption.whose import readable, refuse_protected, shown
from scim_provisioning.administration.connections import locked_current, notice
from scim_provisioning.administration.setting_up import ConnectionRefused, refuse_without_settings
from scim_provisioning.events import Caller
from scim_provisioning.models import (
    Action,
    AdoptionAnswer,
    IdentityQuestion,
    ProvisionedUser,
    ProvisionedUserQuerySet,
    ProvisioningEvent,
    SCIMConnection,
)
from scim_provisioning.models.provisioned_user import user_name_key
from scim_provisioning.protocol.errors import SCIMError, Unavailable
from scim_provisioning.protocol.resources import Document
from scim_provisioning.protocol.text import is_storable
from scim_provisioning.provisioning.adopting import link_one
from scim_provisioning.provisioning.evidence import decide
from scim_provisioning.provisioning.transactions import durable
from scim_provisioning.provisioning.verdicts import Verdict
from scim_provisioning.rules.customers import customer, offered

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

#: So many of the queue are looked at together.
PER_PAGE: Final = 100
#: So many accounts are offered for one person.
_OFFERED: Final = 10


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who was refused, and what is found of them now."""

    event: ProvisioningEvent
    verdict: Verdict


def waiting(connection: SCIMConnection, number: str | int | None = 1) -> Page[Waiting]:
    """That page of those who wait for an answer, the latest first. Raises ``host.AdapterBroken``, and
    ``ConnectionRefused`` where nobody can tell any more whose they may be."""
    _refuse_unasked(connection)
    pages: Any = Paginator([*unanswered(connection)], PER_PAGE)
    page = pages.get_page(number)
    found: list[tuple[ProvisioningEvent, Document]] = []
    for event in events_of([*page]):
        document = document_of(connection, event)
        if document is not None:
            found.append((event, document))
    verdicts = readable(connection, decide(connection, [document for _event, document in found]))
    judged = [Waiting(event, verdict) for (event, _doc), verdict in zip(found, verdicts, strict=True)]
    return Page(judged, page.number, pages)


def asked(connection: SCIMConnection, number: str | int | None = 1) -> Page[IdentityQuestion]:
    """That page of the questions of identity that are open."""
    return Paginator(open_questions(connection), PER_PAGE).get_page(number)


def waited(connection: SCIMConnection) -> list[datetime]:
    """Since when each of these people waits, and each question of identity is open, the earliest first (a few
    queries). While the adapter does not load, questions are left out."""
    since = first_refused(connection, unanswered(connection).values()).values()
    try:
        host.adapter_class()
    except host.AdapterBroken:
        # Whose the people of a question are, nobody can tell.
        return sorted(since)
    return sorted([*since, *open_questions(connection).values_list("asked_at", flat=True)])


def look(connection: SCIMConnection, event: ProvisioningEvent) -> Waiting:
    """The same of one refused operation. Raises ``ConnectionRefused``, where nobody can be made out any more too."""
    _refuse_unasked(connection)
    document = document_of(connection, event)
    if document is None:
        raise ConnectionRefused(_("What was sent is not kept any more."), "adoption.gone")
    return Waiting(event, readable(connection, decide(connection, [document]))[0])


def look_for(connection: SCIMConnection, name: str, keys: Collection[str] = ()) -> Verdict | None:
    """The same of somebody who has not been sent, of whom the userName is known, and ``keys`` of accounts that they may
    be, of this customer; None for what is no userName. Raises ``ConnectionRefused``."""
    _refuse_unasked(connection)
    document = person_called(connection, name)
    if document is None:
        return None
    verdict = readable(connection, decide(connection, [document]))[0]
    known = {str(account.pk): account for account in verdict.accounts if account is not None}
    mine = offered(get_adapter_class(), connection)
    for key in [key for key in keys if key not in known and is_storable(key)][:_OFFERED]:
        with suppress(ValueError, TypeError, OverflowError, ValidationError):
            known |= {str(account.pk): account for account in shown(connection, mine.filter(pk=key)[:1])}
    return replace(verdict, accounts=tuple(known.values()))


def accounts_called(connection: SCIMConnection, text: str) -> list[Any]:
    """The accounts of this customer that have ``text`` as their user name or e-mail address."""
    if not is_storable(text):
        return []
    adapter = _newcomer(connection)
    keys = {account.pk for account in adapter.accounts_named(text)}
    mine = offered(type(adapter), connection)
    column = getattr(get_user_model(), "EMAIL_FIELD", "")
    found = {one.pk: one for one in mine.filter(pk__in=keys)}
    if column:
        found |= {one.pk: one for one in mine.filter(**{f"{column}__iexact": text})[:_OFFERED]}
    return shown(connection, list(found.values())[:_OFFERED])


def link(
    connection: SCIMConnection,
    document: Document,
    account: Any,
    *,
    keeps_profile: bool,
    actor: AbstractBaseUser | None,
    address: str = "",
    mails: bool = True,
) -> ProvisionedUser:
    """Link the person to an account of this customer, at once; the identity provider's next try finds them.
    ``keeps_profile``: it switches the person on and off, and writes nothing of the account. ``mails``: whether the
    contacts are told of this one.

    Raises ``ConnectionRefused`` where the account is another customer's, somebody else's, or switched off, and where it
    is protected and ``actor`` no superuser (None: the application's own code).
    """
    caller = Caller(connection, None, address=address, actor=actor)

    def work() -> ProvisionedUser:
        if not offered(type(_newcomer(connection)), connection).filter(pk=account.pk).exists():
            raise ConnectionRefused(_("This account is none of this customer's."), "adoption.account")
        linked = link_one(
            caller,
            document,
            account,
            keeps_profile=keeps_profile,
            admit=lambda locked: refuse_protected(connection, locked, actor),
        )
        message = _("“%(name)s” was linked to an account that was here already.") % {"name": linked.user_name}
        _tell(connection, message, actor, address, mails=mails)
        return linked

    try:
        return durable(work)
    except Unavailable:
        raise
    except SCIMError as refusal:
        raise ConnectionRefused(catalogue.title(refusal.code), "adoption.refused") from refusal


def is_linked(connection: SCIMConnection, document: Document, account: Any, *, keeps_profile: bool) -> bool:
    """Whether the person has that account already. Raises ``ConnectionRefused`` where they have it otherwise:
    ``keeps_profile`` is to hold, and another administrator's link writes it; or the other way round."""
    link = _links_called(connection, document).filter(user=account.pk).first()
    if link is not None and link.keeps_profile != keeps_profile:
        raise answered_meanwhile()
    return link is not None


def _links_called(connection: SCIMConnection, document: Document) -> ProvisionedUserQuerySet:
    mine = ProvisionedUser.objects.living().filter(connection=connection, user__isnull=False)
    return mine.filter(user_name_key=user_name_key(document["userName"]))


def answer(
    connection: SCIMConnection,
    document: Document,
    verdict: AdoptionAnswer.Verdict,
    *,
    actor: AbstractBaseUser | None,
    address: str = "",
) -> None:
    """Write down that the person is somebody new, or is to be left alone. Raises ``ConnectionRefused`` where there can
    be no second account of that name, or an administrator has linked the person meanwhile."""
    name = document["userName"]
    if verdict is AdoptionAnswer.Verdict.SEPARATE:
        _refuse_second(connection, document)
        message = _("“%(name)s” is somebody new: a separate account is made at the next try.")
    else:
        message = _("“%(name)s” is not asked about any more.")
    message %= {"name": name}

    def work() -> None:
        # Whoever links somebody holds on to the connection until they are linked.
        locked_current(connection)
        if verdict is AdoptionAnswer.Verdict.SEPARATE and _links_called(connection, document).exists():
            raise ConnectionRefused(_("“%(name)s” is linked already.") % {"name": name}, "adoption.refused")
        AdoptionAnswer.objects.update_or_create(
            connection=connection,
            user_name_key=user_name_key(name),
            defaults={
                "user_name": name,
                "verdict": verdict,
                "answered_by_id": None if actor is None else actor.pk,
            },
        )
        events.admin(connection, action=Action.ANSWERED, actor=actor, detail=message, address=address)
        _tell(connection, message, actor, address)

    durable(work)


def answered_meanwhile() -> ConnectionRefused:
    """The refusal for who answers what another administrator has answered since."""
    return ConnectionRefused(_("Somebody else has answered this meanwhile. Look again."), "adoption.refused")


def _refuse_second(connection: SCIMConnection, document: Document) -> None:
    adapter = _newcomer(connection)
    entry = adapter.compiled_mapping.account_name
    signs_in_by_it = adapter.user_name_is_sso_subject or (entry is not None and is_address(entry.field))
    if signs_in_by_it and any(adapter.holders_of(name) for name in adapter.names_of(document)):
        message = _(
            "People sign in by this name here, so there can be no second account of it: rename the one that is here, "
            "or correct the identity provider."
        )
        raise ConnectionRefused(message, "adoption.name")


def open_questions(connection: SCIMConnection) -> QuerySet[IdentityQuestion]:
    """Who may be the same person as somebody deleted, unanswered, the latest first. None where the LMS has moved one of
    them to another customer, nor of accounts that are or were another connection's: they are not joined from here."""
    asked = IdentityQuestion.objects.filter(
        connection=connection,
        answered_at__isnull=True,
        newcomer__user__isnull=False,
        earlier__user__isnull=False,
    )
    asked = asked.filter(newcomer__deleted_at__isnull=True, earlier__deleted_at__isnull=False)
    asked = asked.filter(newcomer__owns_profile=True, earlier__owns_profile=True)
    beside = ProvisionedUser.objects.filter(owns_profile=True, user=OuterRef("earlier__user"))
    beside = beside.exclude(deleted_at__isnull=False, connection__archived_at__isnull=False)
    asked = asked.exclude(Exists(beside.exclude(connection=connection)))
    whose = customer(connection)
    if whose.lookups:
        here = ProvisionedUser.objects.filter(whose.has, connection=connection).values("pk")
        asked = asked.filter(newcomer__in=here, earlier__in=here)
    return asked.select_related("newcomer__user", "earlier__user", "connection").order_by("-pk")


def _refuse_unasked(connection: SCIMConnection) -> None:
    """Raises as ``waiting``."""
    host.adapter_class()
    refuse_without_settings(connection)


def _newcomer(connection: SCIMConnection) -> LearnerAdapter:
    adapter = get_adapter_class()(None, link=ProvisionedUser(connection=connection), connection=connection)
    adapter.obj = adapter.new_account()
    return adapter


def _tell(
    connection: SCIMConnection,
    message: str,
    actor: AbstractBaseUser | None,
    address: str,
    *,
    mails: bool = True,
) -> None:
    audit.log_entry(actor, connection, message)
    if mails:
        audit.tell_contacts(connection, *notice(connection, actor, message, address))
