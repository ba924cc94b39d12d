"""Whom a POST would meet, of thousands of people and before anybody is sent: by the very rules that a POST goes by.

What these rules ask of one person is asked here of many in a statement where that is dear: whom the connection has met
already, whose account is linked, and who is called what where no index finds a name in any case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q, prefetch_related_objects

from scim_provisioning import databases, rules
from scim_provisioning.adapters import LearnerAdapter, many_names
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.adapters.same_address import unmanaged
from scim_provisioning.databases import indexes
from scim_provisioning.databases.indexes import NamedColumn
from scim_provisioning.models import ProvisionedUser, SameAddress, SCIMConnection
from scim_provisioning.models.provisioned_user import user_name_key
from scim_provisioning.protocol import spelling
from scim_provisioning.protocol.errors import SCIMError
from scim_provisioning.protocol.resources import Document
from scim_provisioning.provisioning import would_refuse
from scim_provisioning.provisioning.links import check_link
from scim_provisioning.provisioning.verdicts import Finding, Verdict
from scim_provisioning.rules import KnownStanding

#: So many people are asked about in one statement.
TOGETHER: Final = 500


def decide(
    connection: SCIMConnection, documents: Iterable[Document], standing: KnownStanding | None = None
) -> list[Verdict]:
    """A verdict on each canonical document, in their order. Changes nothing."""
    people = list(documents)
    with databases.primary():
        asked = _Asked(connection, standing or KnownStanding(connection))
        asked.know_names(people)
        waiting = iter(people)
        verdicts: list[Verdict] = []
        while several := list(islice(waiting, TOGETHER)):
            verdicts += asked.judge(several)
    return list(_without_rivals(verdicts))


def _without_rivals(verdicts: Sequence[Verdict]) -> Iterator[Verdict]:
    """Nobody is certain who would get an account that another one of the list would get too, and who is in it twice
    counts once."""
    claims = Counter(one.accounts[0].pk for one in verdicts if one.finding is Finding.CERTAIN)
    seen: set[str] = set()
    for verdict in verdicts:
        key = user_name_key(verdict.document["userName"])
        if key in seen:
            yield replace(verdict, finding=Finding.LOOK, reason="twice")
        elif verdict.finding is Finding.CERTAIN and claims[verdict.accounts[0].pk] > 1:
            yield replace(verdict, finding=Finding.DOUBLE, reason="one_account")
        else:
            yield verdict
        seen.add(key)


class _Asked:
    """What is known of one connection and the application's accounts while people are judged."""

    def __init__(self, connection: SCIMConnection, standing: KnownStanding) -> None:
        self.connection = connection
        self.standing = standing
        self.adapter_class = get_adapter_class()
        self.compiled = self.adapter_class.compiled(connection)
        self._names: dict[str, list[Any]] | None = None
        self._accounts_met: Mapping[Any, Any] = {}

    def know_names(self, people: Sequence[Document]) -> None:
        """Where no index finds a name in any case, read once who is called like one of these people; otherwise each
        would have all accounts read."""
        entry = self.compiled.account_name
        database = databases.connection()
        if entry is None or len(people) < 2 or indexes.for_any_case(NamedColumn(entry.field), database):
            return
        # What else a collation takes for a name, it alone knows; columns of MySQL's kin have their index.
        if database.vendor == "mysql":
            return
        asking = self._newcomer()
        names = dict.fromkeys(name for one in people for name in _looked_for(one, asking))
        self._names = many_names.called(self.adapter_class.all_accounts(), entry.field.attname, names)

    def judge(self, people: Sequence[Document]) -> list[Verdict]:
        """Of a few hundred."""
        met = self._met(people)
        adapters = [self._newcomer() for _one in people]
        holders = [
            account
            for one, adapter in zip(people, adapters, strict=True)
            for account in self._holders(one, adapter)
        ]
        holders += self._addressed(people, adapters)
        self._know({account.pk: account for account in holders}, adapters)
        found = [
            self._judged(one, adapter, is_met=bool(met & _keys(one)))
            for one, adapter in zip(people, adapters, strict=True)
        ]
        self._read_switches(found)
        found = [self._if_on(verdict) for verdict in found]
        return self._whose(found)

    def _know(self, holders: Mapping[Any, Any], adapters: Sequence[LearnerAdapter]) -> None:
        """Whose the accounts of these names are, as far as the host and the links say (two queries)."""
        self._accounts_met = holders
        self.standing.learn(holders)
        mine = self.adapter_class.tenant_users(self.connection).filter(pk__in=list(holders))
        customers: dict[Any, Any] = dict.fromkeys(holders)
        customers |= {account.pk: account for account in (mine if holders else ())}
        for adapter in adapters:
            adapter.know_customers(customers)

    def _addressed(self, people: Sequence[Document], adapters: Sequence[LearnerAdapter]) -> list[Any]:
        """Who has these people's work addresses, of the accounts that nobody manages (two queries)."""
        group = self.compiled.address
        if group is None:
            return []
        sent = [adapter.work_address(one) for one, adapter in zip(people, adapters, strict=True)]
        column = "__".join(filter(None, (group.first.source.query_name, group.first.field.name)))
        mine = unmanaged(self.adapter_class.tenant_users(self.connection))
        known = many_names.addressed(mine, column, dict.fromkeys(filter(None, sent)))
        for adapter in adapters:
            adapter.know_addresses(known)
        return [account for accounts in known.values() for account in accounts]

    def _newcomer(self) -> LearnerAdapter:
        """As ``newcomers`` makes one for a POST."""
        adapter = self.adapter_class(
            None, link=ProvisionedUser(connection=self.connection), connection=self.connection
        )
        adapter.obj = adapter.new_account()
        return adapter

    def _met(self, people: Sequence[Document]) -> set[tuple[str, str]]:
        """Which of these people's names and identifiers the connection's links have, living or not (one query)."""
        keys = set().union(*map(_keys, people))
        names = [value for kind, value in keys if kind == "name"]
        numbers = [value for kind, value in keys if kind == "id"]
        known = Q(user_name_key__in=names) | Q(user_name_tombstone_key__in=names)
        if numbers:
            known |= Q(external_id__in=numbers, deleted_at__isnull=False)
        links = ProvisionedUser.objects.filter(known, connection=self.connection)
        met: set[tuple[str, str]] = set()
        for living, gone, number in links.values_list(
            "user_name_key", "user_name_tombstone_key", "external_id"
        ):
            met |= {("name", living or ""), ("name", gone or ""), ("id", number or "")}
        return met

    def _holders(self, document: Document, adapter: LearnerAdapter) -> list[Any]:
        found = []
        if self._names is not None:
            for name in _looked_for(document, adapter):
                adapter.know_holders(name, self._names[name])
        for name in adapter.names_of(document):
            found += adapter.holders_of(name)
        return found

    def _judged(self, document: Document, adapter: LearnerAdapter, *, is_met: bool) -> Verdict:
        others: set[Any] = set()
        if is_met:
            try:
                past = rules.history(self.connection, document)
            except SCIMError:
                return Verdict(document, Finding.LINKED)
            if past.awaited is not None:
                return Verdict(document, Finding.LINKED, (past.awaited.user,))
            # Of accounts that were another connection's too, or the LMS's, nothing is shown.
            met = past.earlier if past.tombstone is None else (past.tombstone,)
            earlier = rules.owned_alone(met)
            if earlier or past.tombstone is not None:
                return Verdict(document, Finding.LOOK, tuple(one.user for one in earlier), "earlier")
            others = {one.user_id for one in met}
        try:
            account = rules.adopted(adapter, document, self.standing, others=others)
            if account is None and adapter.holders_of(name := adapter.names_of(document)[-1]):
                # Where people sign in by it nobody gets a second one: refused, whoever has it.
                adapter.account_name(name)
        except (SCIMError, PermissionDenied, ValidationError) as refusal:
            return would_refuse.verdict(document, adapter, refusal, self.standing, self._accounts_met)
        if account is None:
            return self._new(document, adapter)
        left = self._left_by(document, account)
        if left:
            shown = (account,) if rules.owned_alone(left) else ()
            return Verdict(document, Finding.LOOK, shown, "earlier")
        return Verdict(
            document, Finding.CERTAIN, (account,), would_refuse.written_otherwise(document, adapter, account)
        )

    def _left_by(self, document: Document, account: Any) -> list[ProvisionedUser]:
        """Who had the account until the identity provider deleted them, where its name is what leads to it."""
        return [
            link
            for link in self.standing.left_by(account)
            if self.adapter_class(account, link=link, connection=self.connection).signs_in_by(document)
        ]

    def _new(self, document: Document, adapter: LearnerAdapter) -> Verdict:
        """Somebody of whom a POST makes an account: where the policy is not to ask, perhaps a second one."""
        asks = self.connection.same_address is SameAddress.ASK
        is_new = asks or self.standing.is_somebody_new(document["userName"])
        accounts = () if is_new else tuple(adapter.same_address(document))
        if not accounts:
            return Verdict(document, Finding.NOBODY)
        finding = Finding.LOOK if len(accounts) == 1 else Finding.DOUBLE
        return Verdict(document, finding, accounts, "second", rules.BY_ADDRESS)

    def _read_switches(self, verdicts: Sequence[Verdict]) -> None:
        """The rows on which access is switched, at once (one query, none where it is the account's own)."""
        entry = self.compiled.active
        accounts = [one.accounts[0] for one in verdicts if one.finding is Finding.CERTAIN]
        if entry is not None and entry.source.accessor and accounts:
            prefetch_related_objects(accounts, entry.source.accessor)

    def _if_on(self, verdict: Verdict) -> Verdict:
        """Who was switched off or hidden by the application is not certain: a POST looks again before it links."""
        if verdict.finding is not Finding.CERTAIN:
            return verdict
        account = verdict.accounts[0]
        adapter = self.adapter_class(
            account, link=ProvisionedUser(connection=self.connection), connection=self.connection
        )
        if adapter.is_hidden(account):
            return replace(verdict, finding=Finding.LOOK, reason="user.hidden")
        try:
            rules.refuse_switched_off(adapter)
            check_link(verdict.document, adapter.link)
        except SCIMError as refusal:
            return replace(verdict, finding=Finding.LOOK, reason=refusal.code)
        return verdict

    def _whose(self, verdicts: list[Verdict]) -> list[Verdict]:
        """Note which of the accounts are another connection's to read (one query)."""
        keys = {account.pk for one in verdicts for account in one.accounts if account is not None}
        ours = rules.owned_alone([ProvisionedUser(connection=self.connection, user_id=key) for key in keys])
        foreign = frozenset(keys - {link.user_id for link in ours})
        return [replace(one, foreign=foreign) if foreign else one for one in verdicts]


def _looked_for(document: Document, adapter: LearnerAdapter) -> Iterator[str]:
    """Whose names are asked for: theirs, and what these are drawn like."""
    for name in adapter.names_of(document):
        yield name
        if not spelling.is_plain(name):
            yield spelling.looks_like(name)


def _keys(document: Document) -> set[tuple[str, str]]:
    """What the connection's history is asked for."""
    keys = {("name", user_name_key(document["userName"]))}
    return keys | ({("id", document["externalId"])} if document.get("externalId") else set())
