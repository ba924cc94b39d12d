"""Whether somebody new is somebody who was deleted: an administrator's answer to a question of identity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from scim_provisioning import events
from scim_provisioning.administration import audit
from scim_provisioning.administration.adoption import joining, queue
from scim_provisioning.administration.connections import locked_current, notice
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.events import Caller
from scim_provisioning.models import Action, IdentityQuestion, ProvisionedUser
from scim_provisioning.protocol.resources import Document
from scim_provisioning.provisioning.merging import merge
from scim_provisioning.provisioning.transactions import durable

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


def document_of(newcomer: ProvisionedUser) -> Document:
    """What was sent for a newcomer, to be laid beside an account."""
    return {**newcomer.document, "userName": newcomer.user_name}


def join(question: IdentityQuestion, *, actor: AbstractBaseUser | None, address: str = "") -> None:
    """They are the same person: the host joins the earlier account to the newcomer's, who keeps their SCIM id.

    Raises ``ConnectionRefused`` where the host has no ``merge``, the two are not what they were, or somebody else has
    answered.
    """
    if not joining.can_merge():
        raise ConnectionRefused(joining.without_merge(), "adoption.merge")
    connection = question.connection
    message = _(
        "“%(name)s” and the deleted “%(earlier)s” are the same person: their accounts were joined."
    ) % {
        "name": question.newcomer.user_name,
        "earlier": question.earlier.user_name,
    }
    caller = Caller(connection, None, address=address, actor=actor)

    def work() -> None:
        merge(caller, question.newcomer, question.earlier, detail=message)
        _answered(question, message, actor, address)

    with joining.refusals(f"question {question.pk}"):
        durable(work)


def keep_apart(question: IdentityQuestion, *, actor: AbstractBaseUser | None, address: str = "") -> None:
    """They are two people, or stay two accounts. Raises ``ConnectionRefused`` for an archived connection, and where the
    question is open no more: somebody else has answered, or the two are one by now."""
    message = _("“%(name)s” and the deleted “%(earlier)s” stay apart.") % {
        "name": question.newcomer.user_name,
        "earlier": question.earlier.user_name,
    }

    def work() -> None:
        # Whoever joins two accounts holds on to the connection until they are one.
        locked_current(question.connection)
        if not queue.open_questions(question.connection).filter(pk=question.pk).exists():
            raise queue.answered_meanwhile()
        events.admin(
            question.connection,
            action=Action.ANSWERED,
            actor=actor,
            link=question.newcomer,
            detail=message,
            address=address,
        )
        _answered(question, message, actor, address)

    durable(work)


def _answered(question: IdentityQuestion, message: str, actor: AbstractBaseUser | None, address: str) -> None:
    still_open = IdentityQuestion.objects.filter(pk=question.pk, answered_at__isnull=True)
    by = None if actor is None else actor.pk
    if not still_open.update(answered_at=timezone.now(), answered_by_id=by):
        raise queue.answered_meanwhile()
    audit.log_entry(actor, question.connection, message)
    audit.tell_contacts(question.connection, *notice(question.connection, actor, message, address))
