"""An administrator takes back that a connection may use an account that another one owns.

Whoever asks must be allowed to see both connections, as to allow it; pages, API and commands check that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration import catalogue, ownership
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.events import Caller
from scim_provisioning.models import Action, ProvisionedUser, SCIMConnection, SharedAccount
from scim_provisioning.models.provisioned_user import user_name_key
from scim_provisioning.protocol.errors import SCIMError, Unavailable
from scim_provisioning.provisioning.loading import lock_links_of
from scim_provisioning.provisioning.transactions import durable
from scim_provisioning.provisioning.withdrawing import end_shared
from scim_provisioning.rules.departed import left_by
from scim_provisioning.rules.ownership import holder_beside

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

_WITHDRAWN_HERE: Final = gettext_lazy(
    "This connection may no longer use the account of “%(name)s”. For its identity provider the person is deleted."
)
_WITHDRAWN_THERE: Final = gettext_lazy("Another connection may no longer use the account of “%(name)s”.")


def withdraw(share: SharedAccount, *, actor: AbstractBaseUser | None, address: str = "") -> bool:
    """Take the word back. A living link of the connection to the account ends, as by a DELETE of its identity provider,
    and the account's sessions with it. False where the word had been taken back before.

    Raises ``ConnectionRefused`` while the connection owns the account, and where the host's rules keep it on.
    """
    try:
        return durable(lambda: _withdraw(share, actor, address))
    except Unavailable:
        raise
    except SCIMError as refusal:
        raise ConnectionRefused(catalogue.title(refusal.code), "share.refused") from refusal


def _withdraw(share: SharedAccount, actor: AbstractBaseUser | None, address: str) -> bool:
    connection, account = share.connection, share.user
    lock_links_of(account)
    if not SharedAccount.objects.filter(pk=share.pk).exists():
        return False
    link = link_of(share)
    if link is not None and link.owns_profile:
        raise ConnectionRefused(
            _("This connection owns the account: let another one own it first."), "share.owner"
        )
    owner = owner_of(share)
    name = name_of(share)
    told = str(_WITHDRAWN_HERE) % {"name": name}
    if link is not None:
        end_shared(Caller(connection, None, address=address, actor=actor), link, detail=told)
        ownership.tell(connection, actor, told, address)
    # Not before: without the word the link would be one of another customer's account.
    SharedAccount.objects.filter(pk=share.pk).delete()
    if link is None:
        ownership.write_down(connection, None, Action.SHARE_WITHDRAWN, actor, told, address)
    if owner is not None:
        told = str(_WITHDRAWN_THERE) % {"name": owner.user_name}
        ownership.write_down(owner.connection, owner, Action.SHARE_WITHDRAWN, actor, told, address)
    return True


def link_of(share: SharedAccount) -> ProvisionedUser | None:
    """The living link that there is by this word (one query)."""
    living = ProvisionedUser.objects.living().filter(connection=share.connection_id, user=share.user_id)
    return living.select_related("user", "connection").first()


def owner_of(share: SharedAccount) -> ProvisionedUser | None:
    """The link of the connection that owns the account, or that has let it go since."""
    return holder_beside(share.connection, share.user_id) or left_by(share.connection, share.user_id)


def name_of(share: SharedAccount) -> str:
    """What the connection calls the person, else what the owner does (one query, and those of ``owner_of``)."""
    own = ProvisionedUser.objects.filter(connection=share.connection_id, user=share.user_id)
    link = own.order_by(F("deleted_at").desc(nulls_first=True), "-pk").first() or owner_of(share)
    return str(share.user) if link is None else link.user_name


def sees(user: Any, share: SharedAccount) -> bool:
    """Whether ``user`` may see both sides."""
    owner = owner_of(share)
    both = [share.connection, *([] if owner is None else [owner.connection])]
    return ownership.may_see(user, *both)


def shares_of(connections: QuerySet[SCIMConnection], account: int | None) -> QuerySet[SharedAccount]:
    """The words that these connections were given on an account."""
    found = SharedAccount.objects.filter(connection__in=connections.values("pk"), user=account)
    return found.select_related("connection", "user").order_by("pk")


def named(connection: SCIMConnection, user_name: str, *, seen_by: Any = None) -> SharedAccount:
    """The word on the account that the connection would call ``user_name``. With ``seen_by``, a member of staff, words
    of which they do not see both sides are not there. Raises ``ConnectionRefused`` when there is none, or several."""
    key = user_name_key(user_name)
    links = ProvisionedUser.objects.filter(Q(user_name_key=key) | Q(user_name_tombstone_key=key))
    own = links.filter(connection=connection, user__isnull=False)
    given = SharedAccount.objects.filter(connection=connection).select_related("connection", "user")
    found = list(given.filter(user__in=own.values("user"))) or list(
        given.filter(user__in=_accounts_named(connection, user_name))
    )
    if seen_by is not None:
        found = [share for share in found if sees(seen_by, share)]
    if len(found) != 1:
        raise ConnectionRefused(_("This connection shares no account of this name."), "share.unknown")
    return found[0]


def _accounts_named(connection: SCIMConnection, user_name: str) -> list[Any]:
    adapter = get_adapter_class()(None, link=ProvisionedUser(connection=connection), connection=connection)
    adapter.obj = adapter.new_account()
    return [account.pk for account in adapter.accounts_spelled(user_name)]
