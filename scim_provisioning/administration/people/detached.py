"""Whose account is the application's own again, by an administrator's word: no link leads to it any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from scim_provisioning.administration.people import accounts
from scim_provisioning.administration.people.accounts import Unmanaged
from scim_provisioning.administration.people.answer import DETACHED, Answer
from scim_provisioning.models import Adoption, ProvisionedUser, SCIMConnection


def told(people: Sequence[Answer], *, in_clear: bool) -> list[Answer]:
    """The same answers; of whoever was detached with the account, while it is this customer's and no connection in use
    manages it, and with what it is called, for who may see values (a query, none where nobody was detached; two for
    each connection, and what its rows take)."""
    links = [one.link for one in people if one.state == DETACHED and one.link is not None]
    found = _accounts(links) if links else {}
    adapters = accounts.read(found.values())
    shown = []
    for one in people:
        own = found.get(one.link.pk) if one.link is not None else None
        if own is not None:
            name = (accounts.full_name(own.account) if in_clear else "") or one.name
            adapter = adapters.get(own.account.pk)
            learner = None if adapter is None else adapter.learner
            one = replace(one, name=name, account=own.account, learner=learner)
        shown.append(one)
    return shown


def _accounts(links: Sequence[ProvisionedUser]) -> dict[int, Unmanaged]:
    known = {link.pk: link.connection for link in links}
    undone = Adoption.objects.filter(link__in=links, undone_at__isnull=False, user__isnull=False)
    together: dict[SCIMConnection, dict[Any, int]] = {}
    # Of one that was moved before it was detached, the account that it had last.
    last = dict(undone.order_by("undone_at", "pk").values_list("link", "user"))
    for link, account in last.items():
        together.setdefault(known[link], {})[account] = link
    return {
        keys[account.pk]: Unmanaged(account, [connection])
        for connection, keys in together.items()
        for account in accounts.free(connection, keys)
    }
