"""Taking an adoption back, by an administrator's word."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from scim_provisioning.administration import audit, catalogue, host
from scim_provisioning.administration.connections import notice
from scim_provisioning.administration.keeping import held, refuse_guest
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.events import Caller
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent
from scim_provisioning.protocol.errors import SCIMError, Unavailable
from scim_provisioning.provisioning import undoing
from scim_provisioning.provisioning.transactions import durable

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


def preview(link: ProvisionedUser) -> dict[str, Any]:
    """The changes that undoing would make, as its event would say them. Raises ``ConnectionRefused``."""
    host.adapter_class()
    refuse_guest(link)
    with _refusals():
        return undoing.preview(Caller(link.connection, None), link)


def undo(link: ProvisionedUser, *, actor: AbstractBaseUser | None, address: str = "") -> ProvisioningEvent:
    """Do it. Raises ``ConnectionRefused`` where it cannot be done (any more)."""

    def work() -> ProvisioningEvent:
        refuse_guest(held(link))
        event = _undone(link, actor, address)
        message = event.detail
        audit.log_entry(actor, link.connection, message)
        audit.tell_contacts(link.connection, *notice(link.connection, actor, message, address))
        return event

    return durable(work)


def _undone(link: ProvisionedUser, actor: AbstractBaseUser | None, address: str) -> ProvisioningEvent:
    message = _("The link of “%(name)s” was taken back: the account is what it was before.")
    caller = Caller(link.connection, None, address=address, actor=actor)
    with _refusals():
        return undoing.undo(caller, link, detail=message % {"name": link.user_name})


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except Unavailable:
        raise
    except SCIMError as refusal:
        raise ConnectionRefused(catalogue.title(refusal.code), "adoption.undo") from refusal
