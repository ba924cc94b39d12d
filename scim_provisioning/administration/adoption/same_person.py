"""Whether somebody new is somebody who was deleted: an administrator's answer to a question of identity."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from scim_provisioning import databases, events
from scim_provisioning.administration import audit, catalogue, host
from scim_provisioning.administration.connections import locked_current, notice
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.events import Caller, reports
from scim_provisioning.models import Action, IdentityQuestion, ProvisionedUser
from scim_provisioning.protocol.errors import SCIMError, Unavailable
from scim_provisioning.protocol.resources import Document
from scim_provisioning.provisioning.merging import merge
from scim_provisioning.provisioning.transactions import durable

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

logger = logging.getLogger("scim_provisioning.administration")


def can_merge() -> bool:
    """Whether the host says how two accounts become one. Raises ``host.AdapterBroken``."""
    return host.adapter_class().overrides("merge")


def document_of(newcomer: ProvisionedUser) -> Document:
    """What was sent for a newcomer, to be laid beside an account."""
    return {**newcomer.document, "userName": newcomer.user_name}


def join(question: IdentityQuestion, *, actor: AbstractBaseUser | None, address: str = "") -> None:
    """They are the same person: the host joins the earlier account to the newcomer's, who keeps their SCIM id.

    Raises ``ConnectionRefused`` where the host has no ``merge``, or the two are not what they were.
    """
    if not can_merge():
        message = _(
            "This application does not say how two accounts become one. Its developers write merge(into, other) of "
            "the adapter; until then join them by hand, and answer that they are not to be joined."
        )
        raise ConnectionRefused(message, "adoption.merge")
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

    try:
        durable(work)
    except Unavailable:
        raise
    except SCIMError as refusal:
        raise ConnectionRefused(catalogue.title(refusal.code), "adoption.refused") from refusal
    except Exception as error:
        # Whatever the host's merge raises.
        if databases.fault_of(error) is not None:
            raise
        reports.failure(logger, "Two accounts could not be joined: question %s", question.pk, exception=error)
        failed = _("This application could not join the two (%(error)s). Nothing was changed.")
        raise ConnectionRefused(failed % {"error": type(error).__name__}, "adoption.merge") from error


def keep_apart(question: IdentityQuestion, *, actor: AbstractBaseUser | None, address: str = "") -> None:
    """They are two people, or stay two accounts. Raises ``ConnectionRefused`` for an archived connection."""
    message = _("“%(name)s” and the deleted “%(earlier)s” stay apart.") % {
        "name": question.newcomer.user_name,
        "earlier": question.earlier.user_name,
    }

    def work() -> None:
        locked_current(question.connection)
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
    question.answered_at, question.answered_by_id = timezone.now(), None if actor is None else actor.pk
    question.save(update_fields=["answered_at", "answered_by"])
    audit.log_entry(actor, question.connection, message)
    audit.tell_contacts(question.connection, *notice(question.connection, actor, message, address))
