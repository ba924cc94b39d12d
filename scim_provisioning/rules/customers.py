"""Whose an account is, as far as the host says: by a ``tenant_users`` of its own, or by rows that are ``within`` one
customer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.db import DatabaseError
from django.db.models import Exists, OuterRef, QuerySet

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.customers import Customer, customer_of, is_anothers
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.adapters.rows import RowSource, resolve_scope
from scim_provisioning.models import Adoption, ProvisionedUser, SCIMConnection, SharedAccount


def customer(connection: SCIMConnection) -> Customer:
    """What tells a connection's people from those whom the LMS has moved to another customer."""
    return customer_of(get_adapter_class().compiled(connection).sources, connection)


def is_lost(link: ProvisionedUser) -> bool:
    """Whether the LMS has moved somebody to another customer than their link's (one query; none where nothing tells,
    and one more where the SSO row of the link's connection was not read yet)."""
    whose = customer(link.connection)
    return bool(whose.lookups) and ProvisionedUser.objects.filter(whose.lost, pk=link.pk).exists()


def is_counted(adapter_class: type[LearnerAdapter], connection: SCIMConnection, account: int | None) -> bool:
    """Whether the host counts an account among this customer's; True where nothing tells customers apart."""
    if not tells_apart(adapter_class, connection):
        return True
    return bool(adapter_class.tenant_users(connection).filter(pk=account).exists())


def may_be(adapter_class: type[LearnerAdapter], connection: SCIMConnection, account: int | None) -> bool:
    """Whether nothing says that an account is another customer's. An account without any profile is anybody's."""
    if _is_the_hosts_own(adapter_class):
        return is_counted(adapter_class, connection, account)
    return not any(
        _outside(source, connection, [account]).exists()
        for source in _scoped(adapter_class, connection)
        if source.belongs_to_account
    )


def is_contradicted(adapter: LearnerAdapter, account: int) -> bool:
    """Whether a host that finds newcomers' accounts in a way of its own offers one whose rows name another customer:
    linked, it would be lost at once (one query, of such a host)."""
    own: Any = type(adapter).find_learner
    finds_by_itself = own is not LearnerAdapter.find_learner or _is_the_hosts_own(type(adapter))
    return finds_by_itself and is_anothers(customer(adapter.connection), account)


def tells_apart(adapter_class: type[LearnerAdapter], connection: SCIMConnection) -> bool:
    """Whether the host says whose an account is at all."""
    return _is_the_hosts_own(adapter_class) or bool(_scoped(adapter_class, connection))


def names_customer(adapter_class: type[LearnerAdapter], connection: SCIMConnection) -> bool:
    """Whether the host says which accounts are this customer's, and knows whose the connection is: without, those of
    ``tenant_users`` may be anybody's."""
    if _is_the_hosts_own(adapter_class):
        return True
    asked = _asked(adapter_class, connection)
    try:
        return bool(asked) and all(value(connection) is not None for value in asked)
    except DatabaseError:
        raise
    except Exception:
        # Without its SSO row nobody knows whose the connection is.
        return False


def offered(adapter_class: type[LearnerAdapter], connection: SCIMConnection) -> QuerySet[Any]:
    """The accounts that administrators of this connection are shown as its customer's, and may link. Where the host
    does not say whose an account is, not those that another connection has or had, though it has ended since or an
    administrator there took them from it; until one who sees both lets this connection use them."""
    mine = adapter_class.tenant_users(connection)
    if names_customer(adapter_class, connection):
        return mine
    links = ProvisionedUser.objects.filter(user=OuterRef("pk")).exclude(connection=connection)
    taken = Adoption.objects.filter(user=OuterRef("pk"), undone_at__isnull=False).exclude(
        connection=connection
    )
    allowed = SharedAccount.objects.filter(user=OuterRef("pk"), connection=connection)
    return mine.filter((~Exists(links) & ~Exists(taken)) | Exists(allowed))


def is_given_to(connection: SCIMConnection, other: SCIMConnection, account: int) -> bool:
    """Whether the host says that an account that ``other`` has or had is the customer's of ``connection`` all the same:
    the two are one customer's, or none of its rows is anybody else's (a query for each kind of row, and one more)."""
    adapter_class = get_adapter_class()
    if are_one_customers(connection, other):
        return True
    if not _is_the_hosts_own(adapter_class):
        return account in counted_alone(connection, [account])
    # A host that counts in a way of its own may count an account for several.
    is_ours = is_counted(adapter_class, connection, account)
    return is_ours and not _goes_on_counting(adapter_class, other, account)


def are_one_customers(connection: SCIMConnection, other: SCIMConnection) -> bool:
    """Whether the host's mapping says that two connections are one customer's; never where no row asks whose it is,
    though a ``tenant_users`` of the host's own may know."""
    adapter_class = get_adapter_class()
    if not _asked(adapter_class, connection) or not names_customer(adapter_class, connection):
        return False
    ours = _scopes(adapter_class, connection)
    return bool(ours) and ours == _scopes(adapter_class, other)


def counted_alone(connection: SCIMConnection, accounts: Collection[Any]) -> set[Any]:
    """The keys of those of these accounts that have rows of this customer's, and none of anybody else's; nobody's where
    no row says so (a query for each kind of row, and one more)."""
    adapter_class = get_adapter_class()
    if _is_the_hosts_own(adapter_class) or not names_customer(adapter_class, connection):
        return set()
    mine = set(adapter_class.tenant_users(connection).filter(pk__in=accounts).values_list("pk", flat=True))
    for source in _scoped(adapter_class, connection):
        mine -= set(_outside(source, connection, mine).values_list(source.user_field or "pk", flat=True))
    return mine


def _asked(
    adapter_class: type[LearnerAdapter], connection: SCIMConnection
) -> list[Callable[[SCIMConnection], Any]]:
    """What of the mapping asks whose the connection is: constants tell no customers apart."""
    scopes = [source.within for source in _scoped(adapter_class, connection)]
    return [value for scope in scopes for value in scope.values() if callable(value)]


def _scopes(adapter_class: type[LearnerAdapter], connection: SCIMConnection) -> list[dict[str, Any]]:
    """What says of each row that it is this customer's; nothing while nobody knows whose the connection is."""
    try:
        scopes = [resolve_scope(one.within, connection) for one in _scoped(adapter_class, connection)]
    except DatabaseError:
        raise
    except Exception:
        # Without its SSO row nobody knows whose the connection is.
        return []
    return [] if any(None in scope.values() for scope in scopes) else scopes


def _goes_on_counting(adapter_class: type[LearnerAdapter], connection: SCIMConnection, account: int) -> bool:
    try:
        return is_counted(adapter_class, connection, account)
    except DatabaseError:
        raise
    except Exception:
        # As above: of a customer whom nobody knows any more the host counts nobody.
        return False


def _outside(source: RowSource, connection: SCIMConnection, accounts: Collection[Any]) -> QuerySet[Any]:
    """The rows of this kind that these accounts have and that are not this customer's."""
    rows = source.model._default_manager.filter(**{f"{source.user_field or 'pk'}__in": accounts})
    return rows.exclude(**resolve_scope(source.within, connection))


def may_be_known(adapter: LearnerAdapter) -> bool:
    """Whether this connection's administrators may know of an account that it has never linked, and link it (one query,
    and one for a protected one)."""
    mine = offered(type(adapter), adapter.connection)
    return mine.filter(pk=adapter.obj.pk).exists() and not is_staff_of_several(adapter)


def is_staff_of_several(adapter: LearnerAdapter) -> bool:
    """Whether an account is protected, as the staff's are, in a host of several customers that does not say whose it
    is: no customer's administrator is to know of it, and no customer's identity provider lets it in (one query for such
    an account)."""
    if names_customer(type(adapter), adapter.connection) or not adapter.is_protected(adapter.obj):
        return False
    return SCIMConnection.objects.current().exclude(pk=adapter.connection.pk).exists()


def all_are(
    adapter_class: type[LearnerAdapter], connection: SCIMConnection, accounts: QuerySet[Any, Any]
) -> bool:
    """Whether these accounts (a queryset of their keys) are this customer's: some are, by what the host says, and none
    is another's. An account without any row that would say so is anybody's."""
    counted = adapter_class.tenant_users(connection)
    if not counted.filter(pk__in=accounts).exists():
        return False
    if _is_the_hosts_own(adapter_class):
        return (
            not adapter_class.all_accounts()
            .filter(pk__in=accounts)
            .exclude(pk__in=counted.values("pk"))
            .exists()
        )
    return not any(
        _foreign(source, resolve_scope(source.within, connection), accounts)
        for source in _scoped(adapter_class, connection)
    )


def _foreign(source: RowSource, scope: Mapping[str, Any], accounts: QuerySet[Any, Any]) -> bool:
    """Whether one of these accounts has rows of this kind, and none of this customer."""
    account = source.user_field or "pk"
    rows = source.model._default_manager.filter(**{f"{account}__in": accounts})
    ours = source.model._default_manager.filter(**scope, **{account: OuterRef(account)})
    return bool(rows.filter(~Exists(ours)).exists())


def _is_the_hosts_own(adapter_class: type[LearnerAdapter]) -> bool:
    return bool(adapter_class.tenant_users.__func__ is not LearnerAdapter.tenant_users.__func__)  # type: ignore[attr-defined]


def _scoped(adapter_class: type[LearnerAdapter], connection: SCIMConnection) -> list[RowSource]:
    return [source for source in adapter_class.compiled(connection).sources.values() if source.within]
