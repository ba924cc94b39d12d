"""An administrator's word on an account that two connections send: one owns it, the other may share it.

Whoever asks must be allowed to see both connections; pages, API and commands check that (``may_see``). The texts that a
connection's own people read never name the other connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db import DatabaseError
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scim_provisioning import databases, events
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration import audit, permissions
from scim_provisioning.administration.connections import locked_current, notice
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.models import Action, ProvisionedUser, SCIMConnection, SharedAccount
from scim_provisioning.models.provisioned_user import user_name_key
from scim_provisioning.provisioning import moved
from scim_provisioning.provisioning.loading import lock_links_of
from scim_provisioning.provisioning.transactions import durable
from scim_provisioning.rules import ownership
from scim_provisioning.rules.customers import customer, is_lost, may_be
from scim_provisioning.rules.departed import had_elsewhere, left_by
from scim_provisioning.rules.shares import may_share

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django_stubs_ext import StrOrPromise

_SHARED_HERE: Final = gettext_lazy(
    "This connection may now link the account “%(name)s”, which another connection owns. It can switch the person "
    "on and off for its own part, and writes neither their name nor their address."
)
_SHARED_THERE: Final = gettext_lazy(
    "Another connection may now link the account of “%(name)s”. This connection goes on owning it."
)
_SHARED_AGAIN: Final = gettext_lazy(
    "Another connection may link the account of “%(name)s” again, whom this connection has let go."
)
_OWNS: Final = gettext_lazy(
    "This connection now owns the account of “%(name)s”: it writes their name and address."
)
_OWNS_NO_MORE: Final = gettext_lazy(
    "Another connection now owns the account of “%(name)s”. This connection goes on sharing it."
)


def allow_share(
    connection: SCIMConnection, account: Any, *, actor: AbstractBaseUser | None, name: str, address: str = ""
) -> bool:
    """Let ``connection`` link an account that another connection owns, or has let go, at its identity provider's next
    attempt. False when it may already. ``name`` is what the connection calls the person.

    Raises ``ConnectionRefused`` where nobody else owns the account or owned it last, or ``actor`` may not say so by now
    (``may_give``), this connection has it already and may switch it on, it is protected, or the connection is archived.
    """

    def work() -> bool:
        lock_links_of(account)
        locked_current(connection)
        owner = _last_owner(connection, account)
        if owner is None and may_share(connection, account):
            return False
        if owner is None or (actor is not None and not may_give(actor, connection, owner)):
            raise ConnectionRefused(_("No other connection owns this account."), "share.not_owned")
        mine = ProvisionedUser.objects.living().filter(connection=connection, user=account).first()
        if mine is not None and left_by(connection, account.pk, mine.created_at) is None:
            raise ConnectionRefused(_("This connection manages the account already."), "share.linked")
        _refuse_protected(account, connection)
        made = ownership.share(connection, account.pk, by=None if actor is None else actor.pk)
        if made:
            both = {"connections": [connection.pk, owner.connection_id]}
            told = _SHARED_AGAIN if owner.is_deleted or owner.connection.is_archived else _SHARED_THERE
            _decided(connection, None, Action.SHARED, actor, _SHARED_HERE, name, address, both)
            _decided(owner.connection, owner, Action.SHARED, actor, told, owner.user_name, address, both)
        return made

    return durable(work)


def _last_owner(connection: SCIMConnection, account: Any) -> ProvisionedUser | None:
    """Who owns the account, else who let it go, else who goes on sharing what nobody owns, else who had it."""
    holder = ownership.holder_beside(connection, account)
    if holder is not None and holder.owns_profile:
        return holder
    return left_by(connection, account.pk) or holder or _had(connection, account)


def may_give(user: Any, connection: SCIMConnection | int | None, link: ProvisionedUser) -> bool:
    """Whether ``user`` may let ``connection`` share the account of ``link``: who sees both, and whose connection owns
    it, or could. A guest gives nothing on; and nobody does whom the LMS has taken the account from."""
    if not may_see(user, connection, link.connection) or is_lost(link):
        return False
    return link.owns_profile or may_move(user, link)


def move_ownership(link: ProvisionedUser, *, actor: AbstractBaseUser | None, address: str = "") -> bool:
    """Let the connection of ``link``, a living link, own its account; whoever owned it goes on sharing it. False when
    it is the owner already.

    Raises ``ConnectionRefused`` for an account that is protected or gone, and where the connection is archived.
    """

    def work() -> bool:
        if link.user is None:
            raise ConnectionRefused(_("The account was deleted in this application."), "share.gone")
        # The links first, as everywhere: a request that holds them writes what names the connection in the end.
        account = link.user
        lock_links_of(account)
        locked_current(link.connection)
        link.refresh_from_db()
        if link.user_id != account.pk:
            # Joined with another in that moment, whose links are to be locked.
            raise databases.Overtaken
        _refuse_protected(link.user, link.connection)
        if not moved.still_here([link]):
            raise ConnectionRefused(moved.sentence(), "share.moved")
        former = moved.still_here(ProvisionedUser.objects.owners_of(link.user).select_related("connection"))
        link.refresh_from_db()
        if link.is_deleted or link in former:
            return False
        # First, so that the former owner is found to have no rows of the customer's besides.
        ownership.set_owner(link, True)
        both = {"connections": [link.connection_id, *(one.connection_id for one in former)]}
        for one in former:
            ownership.set_owner(one, False)
            ownership.share(one.connection, link.user.pk)
            _decided(
                one.connection, one, Action.OWNER_MOVED, actor, _OWNS_NO_MORE, one.user_name, address, both
            )
        if link.keeps_profile:
            link.keeps_profile = False
            link.save(update_fields=["keeps_profile"])
        _decided(link.connection, link, Action.OWNER_MOVED, actor, _OWNS, link.user_name, address, both)
        return True

    return durable(work)


def others(link: ProvisionedUser) -> list[ProvisionedUser]:
    """The living links of other connections to the same account, the owner first (one query)."""
    beside = ProvisionedUser.objects.beside(link.connection).filter(user=link.user_id, user__isnull=False)
    return list(beside.select_related("connection").order_by("-owns_profile", "pk"))


def may_see(user: Any, *connections: SCIMConnection | int | None) -> bool:
    """Whether ``user`` may see all of these connections."""
    keys = {c.pk if isinstance(c, SCIMConnection) else c for c in connections}
    known = [key for key in keys if key is not None]
    return permissions.visible_connections(user).filter(pk__in=known).count() == len(keys)


def may_move(user: Any, link: ProvisionedUser) -> bool:
    """Whether ``user`` may let the connection of ``link``, which they see, own its account: who sees the connection
    that owns it. Where the account is another customer's, or nobody knows whose the connection is, who sees all that
    have ever met the account, though they have let it go."""
    if _is_theirs(link):
        return may_see(user, *[other.connection for other in others(link) if other.owns_profile])
    met = ProvisionedUser.objects.filter(user=link.user_id).exclude(connection=link.connection)
    connections = set(met.values_list("connection", flat=True))
    return may_see(user, *connections) if connections else bool(user.is_superuser)


def _is_theirs(link: ProvisionedUser) -> bool:
    try:
        return may_be(get_adapter_class(), link.connection, link.user_id)
    except DatabaseError:
        raise
    except Exception:
        # The host's own code, asked of a connection whose SSO row is gone.
        return False


def owned_account(
    connection: SCIMConnection, user_name: str, *, seen_by: Any = None
) -> tuple[Any, ProvisionedUser]:
    """The account that ``connection`` would call ``user_name`` and another connection owns, or has let go, with the
    owner's link. With ``seen_by``, a member of staff, owners whom they do not see are not there.

    Raises ``ConnectionRefused`` when there is none, or more than one.
    """
    adapter = _adapter(None, connection)
    adapter.obj = adapter.new_account()
    named = {account.pk for account in adapter.accounts_spelled(user_name)}
    owners = ProvisionedUser.objects.beside(connection).filter(owns_profile=True, user__isnull=False)
    if seen_by is not None:
        owners = owners.filter(connection__in=permissions.visible_connections(seen_by).values("pk"))
    owners = owners.select_related("user", "connection")
    # Whom the LMS has moved to another customer, nobody there owns any more.
    held = [link for link in owners.filter(user__in=named) if not is_lost(link)]
    if not held:
        held = [link for link in owners.filter(user_name_key=user_name_key(user_name)) if not is_lost(link)]
    found = [(link.user, link) for link in held]
    if not found:
        found = _left(connection, named, user_name_key(user_name), seen_by)
    if len(found) != 1:
        several = _("Several connections own an account of this name.")
        none = _("No other connection owns an account of this name.")
        raise ConnectionRefused(several if found else none, "share.unknown")
    return found[0]


def _left(
    connection: SCIMConnection, named: set[Any], key: str, seen_by: Any
) -> list[tuple[Any, ProvisionedUser]]:
    """The accounts of this name that a link owned which has ended since this connection was allowed to use them, or
    had; each with that link."""
    owned = ProvisionedUser.objects.filter(owns_profile=True, user__isnull=False)
    by_name = owned.filter(Q(user_name_tombstone_key=key) | Q(user_name_key=key)).values("user")
    given = SharedAccount.objects.filter(Q(user__in=named) | Q(user__in=by_name), connection=connection)
    met = ProvisionedUser.objects.filter(Q(user__in=named) | Q(user__in=by_name), connection=connection)
    keys = {*named, *given.values_list("user", flat=True), *met.values_list("user", flat=True)}
    accounts = get_adapter_class().all_accounts().filter(pk__in=keys).order_by("pk")
    found = [(account, left_by(connection, account.pk) or _had(connection, account)) for account in accounts]
    known = [(account, link) for account, link in found if link is not None]
    return [one for one in known if seen_by is None or may_see(seen_by, one[1].connection)]


def _had(connection: SCIMConnection, account: Any) -> ProvisionedUser | None:
    """Who had an account that this connection does not use."""
    mine = ProvisionedUser.objects.living().filter(connection=connection, user=account)
    return None if mine.exists() else had_elsewhere(connection, account.pk)


def living_link(connection: SCIMConnection, user_name: str) -> ProvisionedUser:
    """The learner whom the connection calls ``user_name``. Raises ``ConnectionRefused`` when there is none."""
    links = ProvisionedUser.objects.living().filter(connection=connection, user__isnull=False)
    links = links.filter(customer(connection).has, user_name_key=user_name_key(user_name))
    link = links.select_related("user", "connection").first()
    if link is None:
        raise ConnectionRefused(_("This connection manages nobody of this name."), "share.unknown")
    return link


def _adapter(account: Any, connection: SCIMConnection) -> LearnerAdapter:
    return get_adapter_class()(account, link=ProvisionedUser(connection=connection), connection=connection)


def _refuse_protected(account: Any, connection: SCIMConnection) -> None:
    if _adapter(account, connection).is_protected(account):
        raise ConnectionRefused(
            _("The account is protected: provisioning never touches it."), "share.protected"
        )


def _decided(
    connection: SCIMConnection,
    link: ProvisionedUser | None,
    action: Action,
    actor: AbstractBaseUser | None,
    sentence: StrOrPromise,
    name: str,
    address: str,
    cause: dict[str, Any],
) -> None:
    write_down(connection, link, action, actor, str(sentence) % {"name": name}, address, cause)


def write_down(
    connection: SCIMConnection,
    link: ProvisionedUser | None,
    action: Action,
    actor: AbstractBaseUser | None,
    message: str,
    address: str,
    cause: dict[str, Any] | None = None,
) -> None:
    """Put what an administrator decided on an account into a connection's log, and tell its contacts."""
    events.admin(
        connection, action=action, actor=actor, link=link, detail=message, address=address, cause=cause or {}
    )
    tell(connection, actor, message, address)


def tell(connection: SCIMConnection, actor: AbstractBaseUser | None, message: str, address: str) -> None:
    """The same for what stands in the log already."""
    audit.log_entry(actor, connection, message)
    audit.tell_contacts(connection, *notice(connection, actor, message, address))
