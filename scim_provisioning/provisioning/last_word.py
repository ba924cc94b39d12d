"""Whom another identity provider had switched off, and who stayed on by the wish of a connection alone that ends: that
was answered as done, and is sent by nobody again. Now it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Final

from django.utils.translation import gettext_lazy

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.provisioning.leaving import switch_off
from scim_provisioning.provisioning.loading import read_locked
from scim_provisioning.rules import has_one_switch
from scim_provisioning.rules.customers import is_lost

DETAIL: Final = gettext_lazy(
    "Switched off by the identity provider before. Another connection, which has ended, had wanted the account on."
)


def unwanted(ended: SCIMConnection, accounts: Collection[int | None]) -> list[LearnerAdapter]:
    """Those of these accounts, on by the wish of a connection that ends, that the connections beside it want off, and
    none of them on: as the people of one that does. Their links are locked (one query, and some four for each)."""
    beside: dict[int | None, list[ProvisionedUser]] = defaultdict(list)
    links = ProvisionedUser.objects.beside(ended).filter(
        user__in=[key for key in accounts if key is not None]
    )
    for link in links.select_related("connection").order_by("user_id", "-owns_profile", "pk"):
        if has_one_switch(ended, link.connection) and not is_lost(link):
            beside[link.user_id].append(link)
    found = []
    for wishes in beside.values():
        if not any(link.active for link in wishes):
            found += read_locked(wishes[0].connection, [wishes[0].pk])
    for adapter in found:
        # The connection that ends may not have ended yet.
        adapter.person.active_elsewhere = adapter.person.row_active_elsewhere = False
    return [adapter for adapter in found if not adapter.is_protected(adapter.obj)]


def follow(ended: SCIMConnection, account: int) -> None:
    """Switch such a person off. Raises what the host's hooks raise."""
    for adapter in unwanted(ended, [account]):
        switch_off(adapter, actor=None, detail=str(DETAIL))
