"""New SSO settings take over the connection whose own are gone: the same learners under the same SCIM ids, new tokens.

Without it whoever is known already would be refused for ever: their accounts belong to the connection that ended. It is
the connection of the same customer or of nobody: that the learners are this customer's the host's own rows say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from scim_provisioning import events
from scim_provisioning.administration import audit, connections, host, permissions
from scim_provisioning.administration.setting_up import (
    ConnectionRefused,
    is_taken,
    key_of,
    no_such_sso,
    taking_the_key,
)
from scim_provisioning.conf import app_settings
from scim_provisioning.models import Action, Disconnection, ProvisionedUser, SCIMConnection
from scim_provisioning.provisioning import moved
from scim_provisioning.provisioning.transactions import durable, durably
from scim_provisioning.rules import customers, ownership

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.db.models import Model

#: So many that ended last are looked at.
_LOOKED_AT: Final = 25


def ended(rows: QuerySet[SCIMConnection]) -> QuerySet[SCIMConnection]:
    """Of these connections those that have ended and have learners, the last one first."""
    living = ProvisionedUser.objects.living().filter(connection=OuterRef("pk"))
    return rows.filter(Exists(living), archived_at__isnull=False).order_by("-archived_at", "-pk")


def is_offered(user: Any) -> bool:
    """Whether this person sees any connection that has ended and has learners (two queries at most)."""
    return ended(permissions.visible_connections(user)).exists()


def candidates(user: Any, sso: Model) -> list[tuple[SCIMConnection, int]]:
    """The connections that this person sees and that these settings may take over, each with its number of learners.

    Raises ``host.AdapterBroken``.
    """
    rows = ended(permissions.visible_connections(user))[:_LOOKED_AT]
    found = [row for row in rows if _why_not(row, sso) is None]
    counted = SCIMConnection.objects.filter(pk__in=[row.pk for row in found]).order_by()
    living = Count("links", filter=Q(links__deleted_at__isnull=True))
    numbers = dict(counted.annotate(n=living).values_list("pk", "n"))
    return [(row, numbers[row.pk]) for row in found]


def take_over(
    connection: SCIMConnection, sso: Model, *, actor: AbstractBaseUser | None, address: str = ""
) -> SCIMConnection:
    """Give a connection that has ended these SSO settings, and open it again; its tokens stay revoked. A connection of
    these settings that has no learners yet ends for it.

    Raises ``ConnectionRefused``: ``connection.current`` (it has not ended, or its own settings are there),
    ``connection.foreign`` (its learners are another customer's, or nothing says whose), ``connection.used`` (these
    settings have learners of their own), ``connection.disconnected`` (these settings can be restored); and
    ``host.AdapterBroken``.
    """
    host.adapter_class()

    def bring_back() -> SCIMConnection:
        Disconnection.objects.filter(connection=connection).delete()
        # The links, and the connection last, as everywhere.
        moved.leave(connection)
        ownership.lock_links(connection.links.living().filter(user__isnull=False))
        locked = SCIMConnection.objects.select_for_update().get(pk=connection.pk)
        if (refusal := _why_not(locked, sso)) is not None:
            raise refusal
        _make_room(locked, sso, actor, address)
        locked.sso_key, locked._sso = key_of(sso), sso
        with taking_the_key():
            locked.save(update_fields=["sso_key"])
        ownership.settle(locked)
        locked.archived_at = locked.disconnected_at = locked.disconnected_by = None
        locked.save(update_fields=["archived_at", "disconnected_at", "disconnected_by"])
        _write_down(locked, sso, actor, address)
        return locked

    return durable(bring_back)


@durably
def take_over_for(
    user: AbstractBaseUser, connection: SCIMConnection, sso: Model, *, address: str = ""
) -> SCIMConnection:
    """As ``take_over``, by somebody who has to see the connection also afterwards: the settings of another customer are
    answered as if there were none (``connection.unknown``), and nothing is done that they would not see."""
    try:
        taken = take_over(connection, sso, actor=user, address=address)
    except ConnectionRefused as refusal:
        raise (no_such_sso(key_of(sso)) if refusal.code == "connection.foreign" else refusal) from None
    if not permissions.sees(user, taken):
        raise no_such_sso(key_of(sso))
    return taken


def _why_not(connection: SCIMConnection, sso: Model) -> ConnectionRefused | None:
    """Why these settings may not take this connection over; None when they may."""
    is_own = connection.sso_key == key_of(sso)
    if not connection.is_archived or (connection.load_sso() is not None and not is_own):
        sentence = _("Only a connection whose SSO settings are gone can be taken over.")
        return ConnectionRefused(sentence, "connection.current")
    if not _is_this_customers(connection, sso):
        sentence = _("Its learners are not those of this customer, or nothing in the application says so.")
        return ConnectionRefused(sentence, "connection.foreign")
    return None


def _is_this_customers(connection: SCIMConnection, sso: Model) -> bool:
    """Whether the learners of a connection are those of the customer whose settings these are."""
    adapter_class = host.adapter_class()
    # As it would be: what the host asks of a connection is asked of its settings.
    wanted = SCIMConnection(
        pk=connection.pk, name=connection.name, sso_key=key_of(sso), policies=connection.policies
    )
    wanted._sso = sso
    accounts = connection.links.living().filter(user__isnull=False).order_by().values("user")
    if customers.names_customer(adapter_class, wanted):
        return customers.all_are(adapter_class, wanted, accounts)
    # Nothing tells customers apart: then there must be no other.
    rows = apps.get_model(app_settings.sso_model or "")._default_manager
    return not rows.exclude(**{app_settings.sso_key_field: key_of(sso)}).exists()


def _make_room(connection: SCIMConnection, sso: Model, actor: AbstractBaseUser | None, address: str) -> None:
    """Take the key from another connection of these settings, which may have no learners."""
    rows = SCIMConnection.objects.select_for_update().filter(sso_key=key_of(sso)).exclude(pk=connection.pk)
    other = rows.first()
    if other is None:
        return
    if other.is_archived and is_taken(other):
        sentence = _("These settings have a connection that was disconnected. Restore that one instead.")
        raise ConnectionRefused(sentence, "connection.disconnected")
    if not other.is_archived and other.links.living().exists():
        sentence = _("These settings have a connection with learners of its own. Disconnect it first.")
        raise ConnectionRefused(sentence, "connection.used")
    if other.archive(by=actor):
        message = _("Archived: its SSO settings took over “%(other)s”.") % {"other": connection}
        events.admin(other, action=Action.ARCHIVED, actor=actor, detail=message, address=address)
        audit.log_entry(actor, other, message)
    other.sso_key = None
    other.save(update_fields=["sso_key"])


def _write_down(connection: SCIMConnection, sso: Model, actor: AbstractBaseUser | None, address: str) -> None:
    message = _("Taken over by the SSO settings “%(sso)s”: the same learners, new tokens.") % {"sso": sso}
    events.admin(connection, action=Action.RESTORED, actor=actor, detail=message, address=address)
    audit.log_entry(actor, connection, message)
    audit.tell_contacts(connection, *connections.notice(connection, actor, message, address))
