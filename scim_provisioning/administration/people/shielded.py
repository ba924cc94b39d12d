"""Of people who were refused, whose account here is protected: no better evidence would have linked it. Said of those
of which the connection's administrators may know."""

from __future__ import annotations

from collections.abc import Sequence

from scim_provisioning import databases
from scim_provisioning.administration import host
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent
from scim_provisioning.rules.customers import may_be_known


def of(events: Sequence[ProvisioningEvent]) -> set[int]:
    """The keys of the operations (one query, none where no account was met, what the host's ``is_protected`` asks, and
    two for each that is protected). None while the host cannot be asked."""
    met = {
        event.pk: [*map(str, event.cause.get("accounts") or ())]
        for event in events
        if event.error_code == "user.exists_unmanaged"
    }
    keys = {key for named in met.values() for key in named}
    if not keys:
        return set()
    try:
        adapter_class = host.adapter_class()
        accounts = {str(one.pk): one for one in adapter_class.all_accounts().filter(pk__in=keys)}
        found = set()
        for event in events:
            for account in filter(None, map(accounts.get, met.get(event.pk, ()))):
                link = ProvisionedUser(connection=event.connection, user=account)
                adapter = adapter_class(account, link=link, connection=event.connection)
                if adapter.is_protected(account) and may_be_known(adapter):
                    found.add(event.pk)
    except Exception as error:
        if databases.fault_of(error) is not None:
            raise
        # The host's adapter does not load, or its own code fails: the log's word serves.
        return set()
    return found
