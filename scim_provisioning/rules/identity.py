"""Who a newcomer is, and which names people may have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Case, Q, QuerySet, Value, When

from scim_provisioning import databases
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.customers import lost
from scim_provisioning.adapters.refusals import hidden_account
from scim_provisioning.databases import prepared
from scim_provisioning.models import ExistingLearners, ProvisionedUser, SCIMConnection
from scim_provisioning.models.provisioned_user import user_name_key
from scim_provisioning.protocol import spelling
from scim_provisioning.protocol.errors import Uniqueness
from scim_provisioning.rules import ownership
from scim_provisioning.rules.customers import customer
from scim_provisioning.rules.legibility import legible
from scim_provisioning.rules.standing import Standing

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
    another's certificates. Links whose account is gone, or another customer's by now, cannot be inherited and do not
    count. Few are read, of however many.
    """
    key, external_id = user_name_key(document["userName"]), document.get("externalId")
    whose = customer(connection)
    found: list[Any] = prepared.rows(
        _met_before, connection, key, external_id, *whose.values, given=(whose.lookups,)
    )
    met = [link for link in found if link.user_id is not None and link.is_here]
    for link in met:
        if not link.is_deleted:
            if link.is_awaited:
                return History(None, awaited=link)
            raise user_name_taken(link)
    vacant = tuple(link for link in found if link not in met and not link.is_deleted)
    agreeing = [
        link for link in met if link.user_name_tombstone_key == key and link.external_id == external_id
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


def user_name_taken(link: ProvisionedUser | None = None) -> Uniqueness:
    """The 409 that every SCIM client knows how to read."""
    return Uniqueness(
        "userName is already in use in this directory.",
        code="user.username_taken",
        params={"link": link.scim_id} if link else {},
    )


def name_is_reused(tombstone: ProvisionedUser) -> Uniqueness:
    """The 409 for a name that a deleted person's account holds and does not give up."""
    return Uniqueness(
        "This identifier belonged to another account and needs review in the application.",
        code="user.identity_conflict",
        params={"links": [tombstone.scim_id]},
    )


def deleted_namesakes(adapter: LearnerAdapter, user_name: str) -> list[ProvisionedUser]:
    """The tombstones of other people who had this userName in this connection, as ``history`` finds them."""
    links = ProvisionedUser.objects.filter(customer(adapter.connection).has, user__isnull=False)
    links = links.filter(connection=adapter.connection)
    found = links.filter(user_name_tombstone_key=user_name_key(user_name)).exclude(user=adapter.obj)
    return list(found.order_by("-deleted_at", "pk")[:EARLIER_AT_MOST])


def deleted_holders(adapter: LearnerAdapter, document: Mapping[str, Any]) -> list[ProvisionedUser]:
    """The tombstones of this connection that had an identifier of ``document`` and whose account still has a name of
    it: a few, however many had the identifier (two queries or three)."""
    names = adapter.names_of(document)
    accounts = [account.pk for name in names for account in adapter.accounts_named(name, exactly=True)]
    had = Q(user_name_tombstone_key=user_name_key(document["userName"]))
    if (external_id := document.get("externalId")) is not None:
        had |= Q(external_id=external_id)
    tombstones = ProvisionedUser.objects.tombstones().filter(customer(adapter.connection).has)
    return list(tombstones.filter(had, connection=adapter.connection, user__in=accounts))


def told_apart(adapter: LearnerAdapter, document: Mapping[str, Any], names: Iterable[str]) -> None:
    """Refuse a new name of ``document`` that merely looks like that of an account of this customer. Raises
    ``Uniqueness``, and ``InvalidValue`` for one that may look like anybody's.

    Three queries, for the few names with characters that normalisation makes others. Another customer's account of
    the same letters, composed otherwise, has the same name: who gets it is decided as between any two of one name.
    """
    for name in names:
        if not spelling.is_plain(name) and _looks_like_somebody(adapter, spelling.looks_like(name)):
            raise Uniqueness(
                "userName looks like that of another account, but is written with other characters.",
                code="user.look_alike",
                params={
                    "code_points": spelling.odd_characters(name),
                    "looks_like": spelling.looks_like(name),
                },
            )
        legible(name, "userName" if name == document["userName"] else adapter.sign_in_attribute)


def _looks_like_somebody(adapter: LearnerAdapter, name: str) -> bool:
    living = (
        ProvisionedUser.objects.living().filter(connection=adapter.connection).exclude(pk=adapter.link.pk)
    )
    if living.filter(user_name_key=name).exists():
        return True
    keys = [account.pk for account in adapter.accounts_named(name, exactly=True)]
    if not keys:
        return False
    mine = adapter.tenant_users(adapter.connection).filter(pk__in=keys)
    return living.filter(user__in=keys).exists() or mine.exists()


def adopted(
    adapter: LearnerAdapter, document: Mapping[str, Any], standing: Standing | None = None
) -> Any | None:
    """The existing account that a newcomer is, or None for somebody new. ``standing``: what is known of accounts, where
    thousands of people are asked about.

    Exactly one strong candidate is linked, unless the connection's policy is never to, or another connection owns the
    account. Weak or ambiguous evidence never links by itself, and never makes a second account for what may be the
    same person: 409, which Entra shows and tries again, until an administrator says that it is somebody new. An
    administrator's word that an account may be shared is evidence enough; a protected account is nobody's whatever the
    word.
    """
    standing = standing or Standing(adapter.connection)
    shared = _shared_account(adapter, document["userName"], standing)
    if shared is not None and _is_free(shared, adapter, standing):
        return shared
    told_apart(adapter, document, adapter.names_of(document))
    candidates = list(adapter.find_learner(document))
    if not candidates:
        _refuse_owned_name(adapter, document, standing)
        return None
    params: dict[str, object] = {"accounts": [candidate.user.pk for candidate in candidates]}
    strong = [candidate.user for candidate in candidates if candidate.strong]
    likely = strong if len(strong) == 1 else [candidate.user for candidate in candidates]
    if len(likely) == 1 and _is_free(likely[0], adapter, standing):
        _refuse_owned(likely[0], standing)
        if standing.may_share(likely[0]):
            return likely[0]
    if len(strong) == 1 and _is_free(strong[0], adapter, standing):
        policy = adapter.connection.existing_learners
        if policy is not ExistingLearners.LINK:
            params["policy"] = policy.value
        elif not standing.is_refuted(strong[0]):
            return strong[0]
    if standing.is_somebody_new(document["userName"]):
        return None
    if all(adapter.is_hidden(candidate.user) for candidate in candidates):
        raise hidden_account(params)
    raise _unmanaged(params)


def _shared_account(adapter: LearnerAdapter, user_name: str, standing: Standing) -> Any | None:
    """The account of that name that an administrator allowed this connection to share, or None."""
    accounts = adapter.holders_of(user_name)
    allowed = standing.shared(accounts) if accounts else set()
    return next((account for account in accounts if account.pk in allowed), None)


def _refuse_owned(account: Any, standing: Standing) -> None:
    """Refuse an account that another connection uses, whatever the evidence, unless an administrator who may see both
    has allowed a shared link. Raises ``Uniqueness``."""
    holder = standing.holder(account)
    if holder is not None and not standing.may_share(account):
        raise ownership.owned_elsewhere(account, holder)


def _unmanaged(params: Mapping[str, object]) -> Uniqueness:
    """The 409 for an account that is here and was not linked."""
    return Uniqueness(
        "An account with this identifier exists and is not managed by this connection.",
        code="user.exists_unmanaged",
        params=params,
    )


def refuse_protected(adapter: LearnerAdapter) -> None:
    """Ask again about an account that is to be linked, once it is locked. Raises ``Uniqueness``."""
    if adapter.is_protected(adapter.obj):
        raise _unmanaged({"accounts": [adapter.obj.pk]})


def refuse_linked(tombstone: ProvisionedUser) -> None:
    """Refuse to bring somebody back whose account this connection has linked to somebody else since. Raises
    ``Uniqueness`` (one query)."""
    living = ProvisionedUser.objects.living().filter(connection=tombstone.connection, user=tombstone.user_id)
    if living.exists():
        raise name_is_reused(tombstone)


def _refuse_owned_name(adapter: LearnerAdapter, document: Mapping[str, Any], standing: Standing) -> None:
    """Where people sign in by the name there is no second one to give: say whose account it is, if it is somebody's."""
    if adapter.user_name_is_sso_subject:
        for name in adapter.names_of(document):
            for account in adapter.holders_of(name):
                _refuse_owned(account, standing)


def refuse_switched_off(adapter: LearnerAdapter) -> None:
    """However strong the evidence: who was switched off by the LMS is not switched on by a sync. Raises
    ``Uniqueness``.

    Of a shared account it may have been the owner's identity provider, which switches off for its own people only;
    while any of them wants it on, it was the LMS.
    """
    if not adapter.is_switched_off or adapter.is_hidden(adapter.obj):
        return
    if adapter.link.owns_profile or adapter.is_wanted_elsewhere:
        raise Uniqueness(
            "An account with this identifier exists and was deactivated in the application.",
            code="user.switched_off",
            params={"accounts": [adapter.obj.pk]},
        )


def allow_rename(adapter: LearnerAdapter, document: Mapping[str, Any]) -> None:
    """Refuse to rename somebody to the name of an account of this customer that nobody provisioned.

    A POST of that name is refused for the same reason: the account may be the same person's, and SSO that goes by
    the name would sign the renamed one in to it. The accounts of people known here are in nobody's way: theirs is
    told apart by ``account_name``, unless they are protected. Those of deleted people have stepped aside.
    """
    found = {c.user.pk: c.user for c in adapter.find_learner(document) if c.user.pk != adapter.obj.pk}
    known = ProvisionedUser.objects.filter(connection=adapter.connection, user__in=list(found))
    mine = set(known.values_list("user", flat=True)) if found else set()
    accounts = [key for key, user in found.items() if key not in mine or adapter.is_protected(user)]
    if accounts:
        raise _unmanaged({"accounts": accounts})


def _is_free(user: Any, adapter: LearnerAdapter, standing: Standing) -> bool:
    """Whether this connection may link the account at all: not a protected one, nor one that it has linked."""
    return not adapter.is_protected(user) and not standing.is_linked(user)
