"""People of the LMS whom no connection manages: whoever asks why they have no account learns that they have one.

They are looked for among the accounts that the host counts among a connection's customer, and of connections whose
customer it does not name, not at all. Nobody is among them whom a connection in use manages, whether the reader sees
it or not. Everybody of a customer's is compared. Who may not see values finds an account by the whole of what it signs
in by, and is shown no more.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db.models import Exists, F, OuterRef, Q, QuerySet, prefetch_related_objects
from django.utils.translation import gettext as _

from scim_provisioning import databases
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.reading import complete
from scim_provisioning.administration import host, times
from scim_provisioning.administration.lms_names import account_fields, has_word
from scim_provisioning.administration.people import unseen
from scim_provisioning.administration.people.answer import DETACHED, UNMANAGED, Answer
from scim_provisioning.administration.people.search import AT_MOST, words_of
from scim_provisioning.events import reports
from scim_provisioning.events.identifiers import key_of
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.protocol.text import is_storable
from scim_provisioning.rules.customers import names_customer

logger = logging.getLogger("scim_provisioning.administration")

#: True of accounts that a connection in use manages.
_IN_USE: Final = Q(
    Exists(ProvisionedUser.objects.living().filter(user=OuterRef("pk"), connection__archived_at__isnull=True))
)
#: Of so many connections each customer's accounts are compared.
ASKED_ONE_BY_ONE: Final = 20


@dataclass(slots=True)
class Unmanaged:
    """An account, and the connections of its customer."""

    account: Any
    connections: list[SCIMConnection] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Found:
    """Accounts; ``is_skipped``: there are too many connections to look."""

    accounts: list[Unmanaged]
    is_skipped: bool = False


def find(term: str, connections: QuerySet[SCIMConnection], *, in_clear: bool) -> Found:
    """Whom ``term`` may mean (two queries for each connection at most)."""
    words = words_of(term) if is_storable(term) else []
    serving = list(
        connections.filter(archived_at__isnull=True).order_by("name", "pk")[: ASKED_ONE_BY_ONE + 1]
    )
    if not words or len(serving) > ASKED_ONE_BY_ONE:
        return Found([], is_skipped=len(serving) > ASKED_ONE_BY_ONE)
    found: dict[Any, Unmanaged] = {}
    for connection in serving:
        for account in _of_customer(connection, term, connections, in_clear=in_clear):
            found.setdefault(account.pk, Unmanaged(account)).connections.append(connection)
    return Found(list(found.values()))


def _of_customer(
    connection: SCIMConnection, term: str, visible: QuerySet[SCIMConnection], *, in_clear: bool
) -> list[Any]:
    try:
        adapter_class = host.adapter_class()
        if not names_customer(adapter_class, connection):
            return []
        called = _called(account_fields(adapter_class, connection), term, in_clear=in_clear)
        return _among(adapter_class.tenant_users(connection).filter(_is_free(visible), called))
    except Exception as error:
        if databases.fault_of(error) is not None:
            raise
        # The host's adapter does not load, or its own code fails: what else is known is told all the same.
        reports.failure(logger, "A customer's accounts could not be searched", exception=error)
        return []


def free(connection: SCIMConnection, keys: Iterable[Any]) -> list[Any]:
    """The accounts with these keys that are this customer's, as far as the host says whose they are, and that no
    connection in use manages (two queries). None while the host cannot be asked."""
    try:
        adapter_class = host.adapter_class()
        if not names_customer(adapter_class, connection):
            return []
        return _among(adapter_class.tenant_users(connection).filter(~_IN_USE, pk__in=list(keys)))
    except Exception as error:
        if databases.fault_of(error) is not None:
            raise
        # As above.
        reports.failure(logger, "A customer's accounts could not be read", exception=error)
        return []


def _among(mine: QuerySet[Any]) -> list[Any]:
    keys = mine.order_by().values_list("pk", flat=True).distinct()
    # Of the host's own manager, which hides whom it has deleted.
    known = get_user_model()._default_manager.filter(pk__in=list(keys[: AT_MOST + 1]))
    return list(known.order_by("pk"))


def _is_free(visible: QuerySet[SCIMConnection]) -> Q:
    """True of accounts that no connection in use manages, and of whom none of these has anything to say."""
    theirs = ProvisionedUser.objects.filter(
        user=OuterRef("pk"), connection__in=visible.order_by().values("pk")
    )
    return ~_IN_USE & ~Q(Exists(theirs))


def _called(fields: Sequence[str], term: str, *, in_clear: bool) -> Q:
    if not in_clear:
        return Q(**{f"{fields[0]}__iexact": term})
    condition = Q()
    for word in words_of(term):
        condition &= Q(has_word([F(name) for name in fields], word, in_clear=True))
    return condition


def without_detached(found: Iterable[Unmanaged], beside: Sequence[Answer]) -> list[Unmanaged]:
    """Those of whom no other answer says that they were detached."""
    detached = [one for one in beside if one.state == DETACHED]
    called = {key_of(one.user_name) for one in detached}
    keys = {one.account.pk for one in detached if one.account is not None}
    return [
        one
        for one in found
        if one.account.pk not in keys and key_of(one.account.get_username()) not in called
    ]


def told_of(found: Iterable[Unmanaged], beside: Sequence[Answer]) -> set[Any]:
    """The keys of those of whom another answer tells: somebody was refused for their account or their name."""
    refused = [one for one in beside if one.link is None]
    named = {str(key) for one in refused if one.event for key in one.event.cause.get("accounts") or ()}
    called = {key_of(one.user_name) for one in refused}
    return {
        one.account.pk
        for one in found
        if str(one.account.pk) in named or key_of(one.account.get_username()) in called
    }


def answers(found: Sequence[Unmanaged], beside: Sequence[Answer], *, in_clear: bool) -> list[Answer]:
    """An answer for each; ``beside``: who else is an answer to the same question."""
    if not found:
        return []
    connections = {one.pk: one for person in found for one in person.connections}
    told = told_of(found, beside)
    said = {one.connection.pk: one for one in unseen.of(list(connections.values()))}
    met = {answer.connection.pk for answer in beside}
    words = {key: _other_than_shown(one) if key in met else one.sentence for key, one in said.items()}
    adapters = read(found)
    shown = [_answer(one, words, adapters.get(one.account.pk), in_clear=in_clear) for one in found]
    return [replace(one, cause="", is_told_of=True) if one.account.pk in told else one for one in shown]


def _other_than_shown(one: unseen.Unseen) -> str:
    asked_at = one.health.facts.last_request_at
    if asked_at is None:
        return one.sentence
    facts = {"provider": unseen.provider(one.health), "ago": times.ago(asked_at)}
    return _("%(provider)s has sent nobody who is this account; it last asked %(ago)s.") % facts


def _answer(
    one: Unmanaged, words: dict[int, str], adapter: LearnerAdapter | None, *, in_clear: bool
) -> Answer:
    account, name = one.account, str(one.account.get_username())
    several = len(one.connections) > 1
    causes = [f"“{c}”: {words[c.pk]}" if several else words[c.pk] for c in one.connections]
    return Answer(
        UNMANAGED,
        (full_name(account) if in_clear else "") or name,
        name,
        one.connections[0],
        _sentence(account),
        " ".join(causes),
        _(
            "Assign the person to this application in the identity provider. It finds this account at its next try, or "
            "you are asked who it is: progress and certificates stay. In Entra ID, “Provision on demand” does it now."
        ),
        tuple(_notes(adapter)),
        learner=None if adapter is None else adapter.learner,
        account=account,
    )


def _sentence(account: Any) -> str:
    joined = getattr(account, "date_joined", None)
    if not isinstance(joined, datetime):
        return _("Has an account in this application that no connection manages.")
    words = _("In this application since %(when)s; not managed by any connection.")
    return words % {"when": times.written(joined, "day")}


def full_name(account: Any) -> str:
    """What the account is called beside its user name, where the host knows it."""
    called = getattr(account, "get_full_name", None)
    return str(called() or "") if callable(called) else ""


def _notes(adapter: LearnerAdapter | None) -> list[str]:
    if adapter is None:
        return []
    notes = []
    if adapter.has_access is False:
        notes.append(
            _("The account is switched off here: whoever is sent is not linked to it before it is on.")
        )
    if adapter.is_protected(adapter.obj):
        notes.append(_("The account is protected: provisioning never changes or deactivates it."))
    return notes


def read(found: Iterable[Unmanaged]) -> dict[Any, LearnerAdapter]:
    """The adapter of each account, with its rows read at once (a query for each kind of row and connection)."""
    together: dict[SCIMConnection, list[Any]] = {}
    for one in found:
        together.setdefault(one.connections[0], []).append(one.account)
    adapters: dict[Any, LearnerAdapter] = {}
    for connection, known in together.items():
        try:
            adapters |= {adapter.obj.pk: adapter for adapter in _with_rows(connection, known)}
        except Exception as error:
            if databases.fault_of(error) is not None:
                raise
            # The host's rows are gone: the account's own word serves.
            reports.failure(logger, "Rows of accounts could not be read", exception=error)
    return adapters


def _with_rows(connection: SCIMConnection, known: list[Any]) -> list[LearnerAdapter]:
    adapter_class = host.adapter_class()
    compiled = adapter_class.compiled(connection)
    accessors = [source.accessor for source in compiled.sources.values() if source.accessor]
    prefetch_related_objects(known, *accessors)
    links = [ProvisionedUser(connection=connection, user=account) for account in known]
    adapters = [adapter_class(link.user, link=link, connection=connection) for link in links]
    complete([adapter.person for adapter in adapters], compiled, connection)
    return adapters
