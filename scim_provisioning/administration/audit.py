"""Who is told of what an administrator did: Django's own log, the provisioning log, the contacts.

The provisioning log is written by ``events.admin``; here are the other two. Nothing in this module is ever
given a secret.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.mail import EmailMessage
from django.db import transaction

from scim_provisioning import databases
from scim_provisioning.events import reports
from scim_provisioning.models import SCIMConnection

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.db.models import Model

logger = logging.getLogger("scim_provisioning")

ADDITION, CHANGE = 1, 2


def log_entry(actor: AbstractBaseUser | None, row: Model, message: str, *, flag: int = CHANGE) -> None:
    """Write ``message`` into Django's own history of ``row`` (one insert).

    Does nothing for a command on the server (no actor) or where Django's admin is not installed.
    """
    if actor is None or not apps.is_installed("django.contrib.admin"):
        return
    entries: Any = apps.get_model("admin", "LogEntry")._default_manager
    content_type = apps.get_model("contenttypes", "ContentType")._default_manager
    entries.create(
        user_id=actor.pk,
        content_type_id=content_type.get_for_model(row).pk,
        object_id=str(row.pk),
        object_repr=str(row)[:200],
        action_flag=flag,
        change_message=message,
    )


def rewrite(row: Model, reworded: Callable[[str], str]) -> int:
    """Have each message of Django's own history of ``row`` reworded; returns how many were (two queries, and one for
    each). Does nothing where Django's admin is not installed."""
    if not apps.is_installed("django.contrib.admin"):
        return 0
    entries: Any = apps.get_model("admin", "LogEntry")._default_manager
    content_type = apps.get_model("contenttypes", "ContentType")._default_manager.get_for_model(row)
    changed = 0
    for entry in entries.filter(content_type=content_type, object_id=str(row.pk)).order_by("pk"):
        if (said := reworded(entry.change_message)) != entry.change_message:
            changed += entries.filter(pk=entry.pk).update(change_message=said)
    return changed


def tell_contacts(connection: SCIMConnection, subject: str, body: str) -> None:
    """Mail the connection's contacts once the transaction is committed. Each contact gets their own mail.

    A mail server in trouble is logged and changes nothing: what was done stays done.
    """
    contacts = connection.contacts
    if not contacts:
        return

    def send() -> None:
        for contact in contacts:
            try:
                EmailMessage(subject=" ".join(subject.split()), body=body, to=[contact]).send()
            except Exception as error:
                # Whatever a mail back-end may raise.
                message = "A contact could not be told: connection %s"
                reports.failure(logger, message, connection.pk, exception=error, sent=contact)

    transaction.on_commit(send, using=databases.alias(), robust=True)
