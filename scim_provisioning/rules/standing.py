"""What is known of accounts beside the evidence: who has linked them, and who may share them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from scim_provisioning.adapters.customers import is_anothers
from scim_provisioning.models import Adoption, AdoptionAnswer, ProvisionedUser, SCIMConnection
from scim_provisioning.models.provisioned_user import user_name_key
from scim_provisioning.protocol.spelling import same_letters
from scim_provisioning.rules import ownership
from scim_provisioning.rules.customers import customer
from scim_provisioning.rules.departed import ended_elsewhere, had_elsewhere, may_have_ended_elsewhere
from scim_provisioning.rules.shares import judged_shares, may_link


class Standing:
    """Asks the database about each account, at the moment: for one person."""

    def __init__(self, connection: SCIMConnection) -> None:
        self.connection = connection
        self._links: dict[Any, list[ProvisionedUser]] = {}

    def is_linked(self, account: Any) -> bool:
        """Whether a living link of this connection has the account already."""
        here = (link for link in self._links_of(account) if link.connection_id == self.connection.pk)
        return any(not link.is_deleted for link in here)

    def left_by(self, account: Any) -> list[ProvisionedUser]:
        """The people of this connection who had the account until they were deleted."""
        return [
            link
            for link in self._links_of(account)
            if link.is_deleted and link.connection_id == self.connection.pk
        ]

    def left_elsewhere(self, account: Any) -> ProvisionedUser | None:
        """The link of another connection that had the account until its identity provider deleted the person, or until
        the connection ended, where the LMS has not moved it since: a name is not enough to take it over, be it that all
        customers share accounts."""
        return ended_elsewhere(self.connection, self._links_of(account))

    def had_elsewhere(self, account: Any) -> ProvisionedUser | None:
        """The link of another connection that had the account, while the host does not say that it is this customer's:
        what this customer's administrators alone may not link."""
        return had_elsewhere(self.connection, account.pk)

    def _links_of(self, account: Any) -> list[ProvisionedUser]:
        if account.pk not in self._links:
            links = ProvisionedUser.objects.filter(user=account).select_related("connection")
            self._links[account.pk] = list(links.order_by("pk"))
        return self._links[account.pk]

    def holder(self, account: Any) -> ProvisionedUser | None:
        """The link of another connection that uses the account, its owner first."""
        return ownership.holder_beside(self.connection, account)

    def may_share(self, account: Any) -> bool:
        """Whether an administrator has allowed this connection to link somebody new to an account of another one's."""
        return may_link(self.connection, account)

    def is_somebody_new(self, user_name: str) -> bool:
        """Whether an administrator has said that whoever is sent under this name gets an account of their own."""
        said = self._said_new().filter(user_name_key=user_name_key(user_name)).first()
        return said is not None and same_letters(said.user_name, user_name)

    def is_refuted(self, account: Any) -> bool:
        """Whether an administrator has taken the account from a connection by hand: from this one, or from another one
        of a customer whose it is still. What a sync took back would be taken out in vain (one query)."""
        return any(self._concerns_us(taken, account.pk) for taken in _taken_back().filter(user=account))

    def _concerns_us(self, taken: Adoption, account: int) -> bool:
        is_own = taken.connection_id == self.connection.pk
        return is_own or not is_anothers(customer(taken.connection), account)

    def _said_new(self) -> QuerySet[AdoptionAnswer]:
        separate = AdoptionAnswer.Verdict.SEPARATE
        return AdoptionAnswer.objects.filter(connection=self.connection, verdict=separate)

    def shared(self, accounts: Iterable[Any]) -> set[Any]:
        """The keys of those of these accounts that this connection may share."""
        shares = judged_shares(self.connection).filter(user__in=[one.pk for one in accounts], is_used=False)
        return set(shares.values_list("user", flat=True))


def _taken_back() -> QuerySet[Adoption]:
    taken = Adoption.objects.filter(undone_at__isnull=False, user__isnull=False)
    return taken.select_related("connection")


class KnownStanding(Standing):
    """Answers the same for thousands of people from what was asked once: four queries, one for each ``learn``, and one
    for each who was taken out by hand."""

    def __init__(self, connection: SCIMConnection) -> None:
        super().__init__(connection)
        links = ProvisionedUser.objects.filter(connection=connection, user__isnull=False)
        self._linked: set[Any] = set()
        self._left: set[Any] = set()
        for account, deleted_at in links.values_list("user", "deleted_at").iterator():
            (self._linked if deleted_at is None else self._left).add(account)
        self._is_used = dict(judged_shares(connection).values_list("user", "is_used"))
        self._shared = {account for account, is_used in self._is_used.items() if not is_used}
        self._new = dict(self._said_new().values_list("user_name_key", "user_name"))
        self._refuted = set(_taken_back().values_list("user", flat=True))
        self._asked: set[Any] = set()
        self._beside: set[Any] = set()
        self._left_elsewhere: set[Any] = set()

    def learn(self, accounts: Iterable[Any]) -> None:
        """Ask at once which of the accounts with these keys another connection uses, or used (two queries, and
        some where connections have ended that used any)."""
        new = set(accounts) - self._asked
        if new:
            beside = ProvisionedUser.objects.beside(self.connection)
            self._asked |= new
            self._beside |= set(beside.filter(user__in=new).values_list("user", flat=True))
            self._left_elsewhere |= may_have_ended_elsewhere(self.connection, new)

    def are_beside(self, accounts: Iterable[Any]) -> set[Any]:
        """Those of the accounts with these keys, which were learnt, that another connection uses, or has lost."""
        return self._beside & set(accounts)

    def was_shared(self, account: Any) -> bool:
        """Whether an administrator has allowed this connection to use the account, for whomever."""
        return account.pk in self._is_used

    def is_linked(self, account: Any) -> bool:
        """See ``Standing``."""
        return account.pk in self._linked

    def left_by(self, account: Any) -> list[ProvisionedUser]:
        """See ``Standing``."""
        return super().left_by(account) if account.pk in self._left else []

    def left_elsewhere(self, account: Any) -> ProvisionedUser | None:
        """See ``Standing``."""
        is_free = account.pk in self._asked and account.pk not in self._left_elsewhere
        return None if is_free else super().left_elsewhere(account)

    def had_elsewhere(self, account: Any) -> ProvisionedUser | None:
        """See ``Standing``."""
        is_free = account.pk in self._asked and account.pk not in self._left_elsewhere
        is_free = is_free and account.pk not in self._refuted
        return None if is_free else super().had_elsewhere(account)

    def holder(self, account: Any) -> ProvisionedUser | None:
        """See ``Standing``."""
        is_free = account.pk in self._asked and account.pk not in self._beside
        return None if is_free else super().holder(account)

    def may_share(self, account: Any) -> bool:
        """See ``Standing``."""
        return account.pk in self._shared

    def is_somebody_new(self, user_name: str) -> bool:
        """See ``Standing``."""
        said = self._new.get(user_name_key(user_name))
        return said is not None and same_letters(said, user_name)

    def is_refuted(self, account: Any) -> bool:
        """See ``Standing``."""
        return account.pk in self._refuted and super().is_refuted(account)

    def shared(self, accounts: Iterable[Any]) -> set[Any]:
        """See ``Standing``."""
        return {one.pk for one in accounts} & self._shared
