"""What the host's sign-in asks: whether somebody may come in, or have a new password, as far as provisioning knows.

A just-in-time pipeline would otherwise bring back whom SCIM has removed, and a reset by mail let in whoever reads an
address that SCIM has written.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from scim_provisioning.adapters import LearnerAdapter, shared_rows
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.adapters.person import WISHED_OFF
from scim_provisioning.events import lines
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.rules.customers import (
    customer,
    is_counted,
    is_lost,
    is_staff_of_several,
    names_customer,
)
from scim_provisioning.rules.departed import has_one_switch, was_met_elsewhere
from scim_provisioning.rules.late_wishes import is_to_go


def may_sign_in(user: Any, connection: SCIMConnection | None = None) -> bool:
    """Whether ``user``, an account that the host has identified, may sign in.

    False for somebody whom the identity provider has switched off or deleted, also while they were in a state that
    they have ended since by themselves (``rules.late_wishes``), even if its connection has ended too, and for the
    people of a customer whom the host does not let in (``LearnerAdapter.tenant_may_sign_in``). With ``connection``
    (the one that belongs to the SSO settings in use) its link counts alone, and who is another customer's is False:
    one customer's identity provider may assert any name. So is whom the LMS has moved to another customer. Without,
    one link that lets them in is enough. True for an account that provisioning does not know and the host does not
    count as another customer's (``LearnerAdapter.tenant_users``; where it tells none apart, it is that of the
    connection that has or had it, and where there are several, a protected one is no customer's), and for one that is
    not saved yet (a just-in-time pipeline is about to make it): whether those may come in is the host's business. Why
    somebody was refused is written to the log ``scim_provisioning.security``. One query for a person in one
    connection, one more where the SSO row of ``connection`` was not read yet, and where what ``active`` switches is
    in a row of its own; three for an account without a link in ``connection``, and two more where the host tells no
    customers apart; without ``connection`` one more for each link of an account of several, and for one that lets
    nobody in; a few for who has ended such a state.
    """
    if user is None or user.pk is None:
        return True
    links = (
        ProvisionedUser.objects.filter(user=user).select_related("connection").order_by("deleted_at", "pk")
    )
    if connection is not None:
        links = links.filter(customer(connection).has, connection=connection)
    met = list(links)
    known = [link for link in met if not link.connection.is_archived]
    if not known and connection is not None and _is_strange(user, connection):
        return _refused(user, "of another customer")
    reasons = set()
    for link in known:
        reason = _refusal(user, link)
        # A customer whose person the LMS has moved to another one says nothing of them any more, neither way.
        if connection is None and (reason or len(known) > 1) and is_lost(link):
            continue
        if not reason:
            return True
        reasons.add(reason)
    if not reasons:
        ended = met if connection is None else _of_ended_connections(user)
        reasons |= {"inactive"} if _is_off_since_the_end(user, connection, ended) else set()
    return not reasons or _refused(user, ", ".join(sorted(reasons)))


def may_reset_password(user: Any) -> bool:
    """Whether ``user`` may be given a new password by a mail to their address.

    False for whoever has a living link of a connection whose people sign in by single sign-on
    (``LearnerAdapter.tenant_signs_in_by_sso``): a password would be a way in beside it, and the address is what the
    identity provider has written. False too for whoever may not sign in (``may_sign_in``): switched off, deleted, of a
    customer who is not let in. True for an account that provisioning does not know, or that is not saved yet. Why
    somebody was refused is written to the log ``scim_provisioning.security``. Two queries, and for a person in one
    connection one for its SSO settings.
    """
    if not may_sign_in(user):
        return False
    if user is None or user.pk is None:
        return True
    links = ProvisionedUser.objects.living().filter(user=user, connection__archived_at__isnull=True)
    adapter_class: type[LearnerAdapter] = get_adapter_class()
    for link in links.select_related("connection").order_by("pk"):
        if adapter_class.tenant_signs_in_by_sso(link.connection) and not is_lost(link):
            return _refused(user, "signs in by single sign-on", action="password_reset_refused")
    return True


def _is_strange(user: Any, connection: SCIMConnection) -> bool:
    """Whether an account that has no link in this connection is somebody else's: another connection's, or, where the
    host tells its customers' accounts apart, none of this customer's."""
    elsewhere = ProvisionedUser.objects.filter(user=user, connection__archived_at__isnull=True)
    elsewhere = elsewhere.exclude(connection=connection).select_related("connection")
    met = [link for link in elsewhere if not is_lost(link)]
    if any(not link.is_deleted for link in met):
        return True
    adapter_class: type[LearnerAdapter] = get_adapter_class()
    # Whom another one has deleted is off for this one as well, where the switch is one.
    here = ProvisionedUser(connection=connection, user=user, user_name=user.get_username())
    if met and adapter_class(user, link=here, connection=connection).has_access is False:
        return True
    if not is_counted(adapter_class, connection, user.pk):
        return True
    if names_customer(adapter_class, connection):
        return False
    # Nothing else tells whose it is; and no customer's identity provider is to let anybody in as the staff of all.
    is_known = bool(met) or was_met_elsewhere(connection, user.pk)
    return is_known or is_staff_of_several(adapter_class(user, link=here, connection=connection))


def _of_ended_connections(user: Any) -> list[ProvisionedUser]:
    links = ProvisionedUser.objects.filter(user=user, connection__archived_at__isnull=False)
    return list(links.select_related("connection").order_by("pk"))


def _is_off_since_the_end(
    user: Any, connection: SCIMConnection | None, links: Iterable[ProvisionedUser]
) -> bool:
    """Whether somebody is to be off by a link of a connection that has ended (``rules.late_wishes``), by whose switch
    the one that is asked about goes too (some queries where such a wish waits)."""
    for link in links:
        if link.active or not link.connection.is_archived or WISHED_OFF not in link.search:
            continue
        if connection is not None and not has_one_switch(connection, link.connection):
            continue
        # Without the settings nobody can say whose the switch was.
        if not (link.connection.lacks_settings or is_lost(link)) and is_to_go(_adapter(user, link)):
            return True
    return False


def _refused(user: Any, reason: str, *, action: str = "sign_in_refused") -> bool:
    """Write down why somebody may not come in; False."""
    lines.security({"action": action, "account": user.pk, "reason": reason})
    return False


def _refusal(user: Any, link: ProvisionedUser) -> str:
    """Why this link lets nobody in; empty when it does."""
    adapter_class: type[LearnerAdapter] = get_adapter_class()
    if link.is_deleted:
        return "deleted by the identity provider"
    if not adapter_class.tenant_may_sign_in(link.connection):
        return "the customer may not sign in"
    adapter = _adapter(user, link)
    return "" if adapter.is_active and not is_to_go(adapter) else "inactive"


def _adapter(user: Any, link: ProvisionedUser) -> LearnerAdapter:
    """The person, with what keeps them on beside this link (one query, of who is on although it is off)."""
    adapter: LearnerAdapter = get_adapter_class()(user, link=link, connection=link.connection)
    if adapter.has_access and not link.active:
        others = ProvisionedUser.objects.granting().exclude(connection=link.connection)
        beside = others.filter(user=user).select_related("connection")
        here = [one for one in beside if not is_lost(one)]
        adapter.person.active_elsewhere = bool(here)
        shared_rows.note(adapter.person, adapter.compiled_mapping, here)
    return adapter
