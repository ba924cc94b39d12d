"""What a connection remembers: who had a name or an identifier before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Case, Q, QuerySet, Value, When

from scim_provisioning import databases
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.customers import lost
from scim_provisioning.databases import prepared
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.models.provisioned_user import user_name_key
from scim_provisioning.protocol.spelling import same_letters
from scim_provisioning.rules.customers import customer
from scim_provisioning.rules.identity import user_name_taken

#: Of so many deleted people it is asked whether a newcomer is one of them: the last who were. Any number may have had
#: an identifier, and no request may cost more than its size.
EARLIER_AT_MOST: Final = 10


@dataclass(frozen=True, slots=True)
class History:
    """What a connection remembers of somebody it is asked to create."""

    #: The tombstone of the person who returns.
    tombstone: ProvisionedUser | None
    #: Living links of that name whose account the host deleted: nobody's, and in the way.
    vacant: tuple[ProvisionedUser, ...] = ()
    #: Tombstones that agree in one identifier only: other people, until an administrator says otherwise.
    earlier: tuple[ProvisionedUser, ...] = ()
    #: The link of an account that an administrator linked before the identity provider sent the person.
    awaited: ProvisionedUser | None = None


def history(connection: SCIMConnection, document: Mapping[str, Any]) -> History:
    """Decide a POST against this connection's own history, in one query.

    A living link of the same userName, active or not: 409, unless it waits for the identity provider. A tombstone that
    agrees in userName *and* externalId (or where both lack one): that person returns under the same SCIM id. Whoever
    agrees in one of them only is somebody new at once (RFC 7644 section 3.6): names are reused, and nobody may inherit
    another's certificates. Where the name alone says who it is, it must be spelled alike: Strasse is not Straße. Links
    whose account is gone, or another customer's by now, cannot be inherited and do not count. Few are read, of however
    many.
    """
    key, external_id = user_name_key(document["userName"]), document.get("externalId")
    whose = customer(connection)
    found: list[Any] = prepared.rows(
        _met_before, connection, key, external_id, *whose.values, given=(whose.lookups,)
    )
    met = [link for link in found if link.user_id is not None and link.is_here]
    for link in met:
        if not link.is_deleted:
            if link.is_awaited and same_letters(link.user_name, document["userName"]):
                return History(None, awaited=link)
            raise user_name_taken(link)
    vacant = tuple(link for link in found if link not in met and not link.is_deleted)
    agreeing = [
        link
        for link in met
        if link.user_name_tombstone_key == key
        and link.external_id == external_id
        and (external_id is not None or same_letters(link.user_name, document["userName"]))
    ]
    if agreeing:
        return History(agreeing[0], vacant)
    return History(None, vacant, tuple(met[:EARLIER_AT_MOST]))


def _met_before(
    lookups: tuple[str, ...], connection: SCIMConnection, key: str, external_id: str | None, *customer: Any
) -> QuerySet[ProvisionedUser]:
    # The connection stands in each part, not before them: SQLite would read all its links, by the index of the list.
    here = Q(connection=connection)
    met = (here & Q(user_name_key=key)) | (here & Q(user_name_tombstone_key=key, user__isnull=False))
    if external_id is not None:
        met |= here & Q(external_id=external_id, deleted_at__isnull=False, user__isnull=False)
    is_here: Any = Case(When(lost(lookups, customer), then=Value(False)), default=Value(True))
    links = ProvisionedUser.objects.filter(met).annotate(is_here=is_here if lookups else Value(True))
    if databases.connection().vendor == "sqlite":
        links = links.filter(pk__in=_with_keys(connection, key, external_id))
    agrees = {"external_id__isnull": True} if external_id is None else {"external_id": external_id}
    # A living link of the name, of which there is one at most; who returns; the others.
    decides = Case(
        When(user_name_key=key, then=Value(0)),
        When(user_name_tombstone_key=key, **agrees, then=Value(1)),
        default=Value(2),
    )
    return links.order_by(decides, "-deleted_at", "pk")[: EARLIER_AT_MOST + 1]


def _with_keys(
    connection: SCIMConnection, key: str, external_id: str | None
) -> QuerySet[ProvisionedUser, Any]:
    """Whoever has, or had, one of these keys, each by an index that holds all that is asked. Where statistics were
    gathered SQLite takes a column that is empty for nearly everybody for one that leads to everybody, and would read
    the whole table. MariaDB would do so here, and not there."""
    here = ProvisionedUser.objects.filter(connection=connection)
    parts = [here.filter(user_name_key=key), here.filter(user_name_tombstone_key=key)]
    if external_id is not None:
        parts.append(here.filter(external_id=external_id))
    first, *others = (part.values("pk") for part in parts)
    return first.union(*others, all=True)


def deleted_namesakes(adapter: LearnerAdapter, user_name: str) -> list[ProvisionedUser]:
    """The tombstones of other people who had this userName in this connection, as ``history`` finds them."""
    links = ProvisionedUser.objects.filter(customer(adapter.connection).has, user__isnull=False)
    links = links.filter(connection=adapter.connection)
    found = links.filter(user_name_tombstone_key=user_name_key(user_name)).exclude(user=adapter.obj)
    return list(found.order_by("-deleted_at", "pk")[:EARLIER_AT_MOST])


def deleted_holders(adapter: LearnerAdapter, document: Mapping[str, Any]) -> list[ProvisionedUser]:
    """The tombstones of other people of this connection whose account has a name of ``document``, whatever they were
    called themselves: the LMS may have renamed it (two queries or three)."""
    names = adapter.names_of(document)
    accounts = [account.pk for name in names for account in adapter.accounts_named(name, exactly=True)]
    tombstones = ProvisionedUser.objects.tombstones().filter(customer(adapter.connection).has)
    others = tombstones.filter(connection=adapter.connection, user__in=accounts)
    return list(others.exclude(user=adapter.obj.pk) if adapter.obj.pk else others)
