"""Of people who were refused, whose account here is protected: no better evidence would have linked it."""

from __future__ import annotations

from collections.abc import Sequence

from scim_provisioning import databases
from scim_provisioning.administration import host
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent


def of(events: Sequence[ProvisioningEvent]) -> set[int]:
    """The keys of the operations (one query, none where no account was met, and what the host's ``is_protected`` asks).
    None while the host cannot be asked."""
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
                if adapter_class(account, link=link, connection=event.connection).is_protected(account):
                    found.add(event.pk)
    except Exception as error:
        if databases.fault_of(error) is not None:
            raise
        # The host's adapter does not load, or its own code fails: the log's word serves.
        return set()
    return found
