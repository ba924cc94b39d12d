"""Accounts of a customer that no identity provider manages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from operator import attrgetter
from typing import Any, Final

from django.db.models import Exists, OuterRef, prefetch_related_objects
from django.utils.translation import gettext as _

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.administration import adoption, host
from scim_provisioning.administration.reconciliation.findings import Found, Line
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.rules.customers import is_staff_of_several, offered

#: So many accounts are read together.
_TOGETHER: Final = 500


def unmanaged(connection: SCIMConnection, named: set[object]) -> Iterator[Line]:
    """The customer's accounts that no connection in use manages, without those that are ``named`` already (by key) and
    those that the application hides: who can sign in, and who has left. A few queries for some hundred of them."""
    in_use = ProvisionedUser.objects.living().filter(connection__archived_at__isnull=True)
    mine = offered(host.adapter_class(), connection)
    free = mine.filter(~Exists(in_use.filter(user=OuterRef("pk")))).order_by("pk")
    # An account with several rows of the customer's comes as often.
    once = (next(same) for _key, same in groupby(free.iterator(chunk_size=_TOGETHER), key=attrgetter("pk")))
    waiting = (account for account in once if account.pk not in named)
    while some := list(islice(waiting, _TOGETHER)):
        yield from _described(connection, some)


def _described(connection: SCIMConnection, found: Sequence[Any]) -> Iterator[Line]:
    keys = [account.pk for account in found]
    visible = set(type(found[0])._default_manager.filter(pk__in=keys).values_list("pk", flat=True))
    deleted = ProvisionedUser.objects.tombstones().filter(connection=connection, user__in=keys)
    once_here = set(deleted.values_list("user", flat=True))
    _read_switches(connection, found)
    for account in found:
        if account.pk not in visible:
            continue
        name, called = str(account.get_username()), adoption.named(account)
        adapter = _adapter(connection, account)
        if is_staff_of_several(adapter):
            continue
        if adapter.has_access is False:
            yield Line(Found.LEFT, name)
        else:
            why = _why(adapter, was_here=account.pk in once_here)
            yield Line(Found.UNMANAGED, name, called, why, accounts=(account,))


def _why(adapter: LearnerAdapter, *, was_here: bool) -> str:
    if adapter.is_protected(adapter.obj):
        return _("Staff, or protected otherwise: provisioning never touches the account.")
    if was_here:
        return _("The identity provider has deleted this person, and the account is on.")
    return ""


def _read_switches(connection: SCIMConnection, found: Sequence[Any]) -> None:
    """The rows on which access is switched, at once (one query, none where it is the account's own)."""
    entry = host.adapter_class().compiled(connection).active
    if entry is not None and entry.source.accessor:
        prefetch_related_objects(list(found), entry.source.accessor)


def _adapter(connection: SCIMConnection, account: Any) -> LearnerAdapter:
    link = ProvisionedUser(connection=connection, user=account)
    return host.adapter_class()(account, link=link, connection=connection)
