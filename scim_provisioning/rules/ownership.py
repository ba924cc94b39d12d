"""An account has one owner: the connection whose link may write its name, its address and its user name.

Who owns is decided here and kept on the links. What an administrator's word allows a second connection says
``shares``, who has let the person go ``departed``; the word is given in ``administration.ownership``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from scim_provisioning.adapters import LearnerAdapter, shared_rows
from scim_provisioning.adapters.customers import named_by
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.adapters.person import AWAITS_MANAGER, LOCKED, MEANT, WISHED_OFF
from scim_provisioning.adapters.sql.searchable import asks_document, search_copy
from scim_provisioning.models import ProvisionedUser, ProvisionedUserQuerySet, SCIMConnection, SharedAccount
from scim_provisioning.protocol.errors import Uniqueness
from scim_provisioning.rules.customers import customer, is_lost, may_be
from scim_provisioning.rules.departed import left_by
from scim_provisioning.rules.shares import customer_lookups, may_link, may_share


def holder_beside(connection: SCIMConnection, account: Any) -> ProvisionedUser | None:
    """The link of another connection that owns the account; where nobody does, the oldest one that shares it. Not that
    of a customer from whom the LMS has moved the account away."""
    beside = ProvisionedUser.objects.beside(connection).filter(user=account).select_related("connection")
    return next(
        (link for link in beside.order_by("-owns_profile", "created_at", "pk") if not is_lost(link)), None
    )


def _unless_shared(
    connection: SCIMConnection, account: Any, holder: ProvisionedUser | None
) -> ProvisionedUser | None:
    if holder is not None and not may_share(connection, account):
        raise owned_elsewhere(account, holder)
    return holder


def share(connection: SCIMConnection, account: int, *, by: int | None = None) -> bool:
    """Write down that the connection may use the account, as it is now: once more where it has been moved since, or its
    owner or the connection itself has let the person go. False where it may already (four queries at most)."""
    if may_link(connection, account) and left_by(connection, account) is None:
        return False
    said = {"customer": named_by(customer_lookups(connection), account), "allowed_by_id": by}
    SharedAccount.objects.update_or_create(
        connection=connection, user_id=account, defaults={**said, "allowed_at": timezone.now()}
    )
    return True


def owned_alone(links: Iterable[ProvisionedUser]) -> list[ProvisionedUser]:
    """Those of the links of one connection that own their accounts, or did when they ended, and no other connection's
    with them, not by a tombstone either. What becomes of such an account, its name first of all, is the connection's
    alone to say; of every other one it is somebody else's (one query, and two for each other owner there is)."""
    own = [
        link for link in links if link.owns_profile and not link.keeps_profile and link.user_id is not None
    ]
    if not own:
        return []
    beside = ProvisionedUser.objects.filter(owns_profile=True, user__in=[link.user_id for link in own])
    # Whom an archived connection has deleted, it brings back no more.
    beside = beside.exclude(deleted_at__isnull=False, connection__archived_at__isnull=False)
    others = beside.exclude(connection=own[0].connection_id).select_related("connection")
    theirs = {other.user_id for other in others if not is_lost(other)}
    return [link for link in own if link.user_id not in theirs]


def owned_elsewhere(account: Any, owner: ProvisionedUser) -> Uniqueness:
    """The 409; the client is told nothing of the other side, the log all of it."""
    return Uniqueness(
        "This person's account is managed through another connection of the application.",
        code="user.owned_elsewhere",
        params=_both_sides(account, owner),
    )


def owner_left(account: Any, owner: ProvisionedUser) -> Uniqueness:
    """The 409 for an account that another connection has or had, and for a guest who would let somebody in again whom
    the owner has let go: what became of the person there, and whether the account is on, is not told."""
    return Uniqueness(
        "This person's account belongs to another connection of the application, or did. "
        "An administrator there has to allow it.",
        code="user.owner_left",
        params=_both_sides(account, owner),
    )


def unmanaged(params: Mapping[str, object]) -> Uniqueness:
    """The 409 for an account that is here and was not linked."""
    return Uniqueness(
        "An account with this identifier exists and is not managed by this connection.",
        code="user.exists_unmanaged",
        params=params,
    )


def _both_sides(account: Any, owner: ProvisionedUser) -> dict[str, object]:
    return {"accounts": [account.pk], "owner_connection": owner.connection_id, "owner": owner.scim_id}


def claim(link: ProvisionedUser, account: Any) -> None:
    """Say on a new or returning link whether it owns its account, which is locked. Raises ``Uniqueness`` when it may
    not even share. Whoever returns to an account that was theirs, and that nobody owns since, owns it again; a guest of
    another customer's stays one, whoever has let go of it, and so does whoever was told to keep the profile."""
    holder = holder_beside(link.connection, account)
    if holder is not None and not holder.owns_profile and not link._state.adding:
        holder = None
    is_guest = _unless_shared(link.connection, account, holder) is not None
    was_guest = may_share(link.connection, account) if link._state.adding else not link.owns_profile
    link.owns_profile = (
        not is_guest and not link.keeps_profile and (not was_guest or _may_own(link, account.pk))
    )


def _may_own(link: ProvisionedUser, account: int | None) -> bool:
    return not link.keeps_profile and may_be(get_adapter_class(), link.connection, account)


def refuse_left(adapter: LearnerAdapter) -> None:
    """Refuse a guest who would let somebody in whom the owner has let go since an administrator allowed the guest, by
    whatever verb: who has left stays off until the owner or an administrator says otherwise. An account that somebody
    has switched on meanwhile may be used as before; after a withdrawal only by who may own it. Where the owner's link
    is nobody's any more, the word that a guest had is gone with it. Before ``claim``, of a locked account. Raises
    ``Uniqueness``."""
    link, account = adapter.link, adapter.obj
    is_new = link._state.adding
    is_on = bool(adapter.has_access) and not adapter.is_hidden(account)
    if adapter.compiled_mapping.active is None or (is_on if is_new else link.owns_profile):
        return
    is_allowed = may_share(adapter.connection, account.pk)
    if is_new and not is_allowed:
        return
    if is_on and (is_allowed or _may_own(link, account.pk)):
        return
    since = None if is_new else link.created_at
    owner = left_by(adapter.connection, account.pk, since, of_switch=True)
    if owner is not None:
        raise owner_left(account, owner)
    if adapter.switches_account and not is_allowed and _is_ownerless(link, account):
        raise unmanaged({"accounts": [account.pk]})


def _is_ownerless(link: ProvisionedUser, account: Any) -> bool:
    """Whether a guest's account is nobody's any more; that of a link that keeps the profile is the LMS's own."""
    return not link.keeps_profile and holder_beside(link.connection, account) is None


def set_owner(link: ProvisionedUser, owns: bool) -> None:
    """Give a living link its account, or take it (one update, and a query where it is taken). What filters find of
    it follows: an owner's values are the account's, those of the others are what they sent."""
    if link.owns_profile == owns:
        return
    link.owns_profile = owns
    compiled = get_adapter_class().compiled(link.connection)
    others = frozenset() if owns else shared_rows.elsewhere(link, compiled)
    link.search = search_copy(
        link.document,
        compiled,
        awaits_manager=bool(link.search.get(AWAITS_MANAGER)),
        owns=lambda source: owns or not (source.belongs_to_account or source.name in others),
        meant=link.search.get(MEANT),
        locked=link.search.get(LOCKED, {}).values(),
        wished_off=link.search.get(WISHED_OFF, ""),
    )
    link.asks_document = asks_document(link.search, owns_account=owns)
    link.version += 1
    link.save(update_fields=["owns_profile", "search", "asks_document", "version"])


def hand_on(links: ProvisionedUserQuerySet) -> int:
    """Let go of the accounts that these links own: each goes to the oldest living link that shares it, if there is one
    of whose customer the account is. Where only another customer shares it, what this one wrote stays as it is, and
    nobody's, until an administrator moves the ownership. Returns how many went (one query, and two more and two for
    each that goes where any does)."""
    held = links.filter(owns_profile=True, user__isnull=False)
    others = _in_use().filter(user__in=held.values("user")).exclude(pk__in=held.values("pk"))
    sharing: dict[int | None, list[ProvisionedUser]] = {}
    for link in _locked(list(others.values_list("pk", flat=True))):
        sharing.setdefault(link.user_id, []).append(link)
    # Somebody else may have taken it over already, as of an account that nobody in use owned any more.
    heirless = [found for found in sharing.values() if not any(link.owns_profile for link in found)]
    heirs = [heir for heir in map(_heir, heirless) if heir is not None]
    for heir in heirs:
        set_owner(heir, True)
    return len(heirs)


def _heir(sharing: list[ProvisionedUser]) -> ProvisionedUser | None:
    """Of those who share an account that nobody owns, who is to own it."""
    oldest = sorted(sharing, key=lambda link: (link.created_at, link.pk))
    return next((link for link in oldest if _may_own(link, link.user_id)), None)


def settle(connection: SCIMConnection) -> None:
    """Make every account of a connection that comes back one owner's: whoever owns it by now goes on owning it, and the
    returning link shares it. Before the connection is current again, in the same transaction.

    All its links are locked before anybody is asked who owns what. Whoever takes an account over has to lock them too.
    """
    links = connection.links.living().filter(user__isnull=False)
    lock_links(links)
    links = links.filter(customer(connection).has)
    elsewhere = ProvisionedUser.objects.beside(connection).filter(owns_profile=True, user=OuterRef("user"))
    judged = links.annotate(is_taken=Exists(elsewhere))
    wrong = judged.filter(
        Q(owns_profile=True, is_taken=True) | Q(owns_profile=False, keeps_profile=False, is_taken=False)
    )
    for link in wrong.select_related("connection").order_by("user_id", "pk"):
        if link.owns_profile or _may_own(link, link.user_id):
            set_owner(link, not link.owns_profile)
    for account in list(judged.filter(is_taken=True).values_list("user", flat=True)):
        if account is not None:
            share(connection, account)


def lock_links(links: ProvisionedUserQuerySet) -> list[int]:
    """Lock these links; return their keys (one query)."""
    return [link.pk for link in links.locked()]


def _in_use() -> ProvisionedUserQuerySet:
    return ProvisionedUser.objects.living().filter(connection__archived_at__isnull=True)


def _locked(keys: list[int]) -> list[ProvisionedUser]:
    """Links in use as they stand once they are locked; who has ended meanwhile is left out."""
    if not keys:
        return []
    locked = lock_links(ProvisionedUser.objects.filter(pk__in=keys))
    return list(_in_use().filter(pk__in=locked).select_related("connection").order_by("user_id", "pk"))
