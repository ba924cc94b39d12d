"""Finding the operations of a person in the provisioning log, by an index of the database.

A term matches, for people of the connections that the administrator sees:

* a userName, now or at any time, by its beginning;
* any former e-mail address or name, and the learner's own as the mapping holds them, each word by its beginning, as
  far as the connection may know them: a guest's what another one wrote is not theirs to find, and nobody's of whom the
  LMS has moved to another customer;
* an externalId, SCIM id or request id, as a whole.

Names and addresses are values, which not everybody may see: asked for letter by letter they would be told after
all. Who may not see them finds them as a whole only.

Nothing is searched in the middle of a word: that would read the whole log.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.db import models
from django.db.models import Q, QuerySet

from scim_provisioning.administration import host
from scim_provisioning.events.identifiers import key_of
from scim_provisioning.models import (
    FormerIdentifier,
    Operation,
    Outcome,
    ProvisionedUser,
    ProvisioningEvent,
    SCIMConnection,
)
from scim_provisioning.models.former_identifier import begins_with
from scim_provisioning.models.provisioned_user import user_name_key
from scim_provisioning.rules.customers import customer

#: So many learners are followed at most; a term that fits more of them is too short to be of use.
MAX_LEARNERS: Final = 200
# Connections may have mappings of their own; more of them than this share the first ones' fields anyhow.
_MAX_MAPPINGS: Final = 20
# Statuses of a refusal that is about the look-up itself. Refused tokens, pauses and errors (401, 403, 429, 5xx)
# are problems of the connection, whatever was asked for: they are never hidden.
_REFUSED_LOOKUP: Final = (400, 404, 405, 406, 413, 415, 501)
_NAME_ATTRIBUTES: Final = frozenset({"name", "displayName", "nickName", "emails", "employeeNumber"})


def matching(term: str, connections: QuerySet[SCIMConnection], *, in_clear: bool) -> Q:
    """The condition on ``ProvisioningEvent`` that ``term`` means; five queries at most.

    ``in_clear``: whether the reader may see values.
    """
    term = term.strip()
    key = key_of(term)
    if not key:
        return Q()
    keys = list(connections.order_by("pk").values_list("pk", flat=True))
    learners: set[int] = set()
    for found in (
        _by_identifier(term, keys),
        _by_former_identifier(key, keys, in_clear),
        _by_user_name_at_any_time(key, keys),
        _by_name(term, connections, keys, in_clear),
    ):
        learners.update(found[: MAX_LEARNERS - len(learners)])
    condition = begins_with("user_name_key", key) | Q(external_id=term) | Q(request_id=term)
    return condition | Q(link__in=sorted(learners)) if learners else condition


def lookups() -> Q:
    """The condition that an operation is a look-up that was refused; accepted ones leave no row at all."""
    reading = Q(operation__in=(Operation.READ, Operation.SEARCH)) | Q(
        operation=Operation.GROUP, method__in=("GET", "HEAD")
    )
    return reading & Q(outcome=Outcome.REFUSED, status__in=_REFUSED_LOOKUP)


def _by_identifier(term: str, connections: list[int]) -> QuerySet[Any, int]:
    key = user_name_key(term)
    same = Q(user_name_key=key) | Q(user_name_tombstone_key=key) | Q(external_id=term) | Q(scim_id=term)
    return ProvisionedUser.objects.filter(same, connection__in=connections).values_list("pk", flat=True)


def _by_former_identifier(key: str, connections: list[int], in_clear: bool) -> QuerySet[Any, int]:
    # A userName stands in the log for every reader.
    known = begins_with("key", key) & Q(kind=FormerIdentifier.Kind.USER_NAME) | Q(key=key)
    rows = FormerIdentifier.objects.filter(
        begins_with("key", key) if in_clear else known, connection__in=connections
    )
    return rows.order_by().values_list("link", flat=True).distinct()


def _by_user_name_at_any_time(key: str, connections: list[int]) -> QuerySet[Any, Any]:
    rows = ProvisioningEvent.objects.filter(begins_with("user_name_key", key), connection__in=connections)
    return rows.filter(link__isnull=False).order_by().values_list("link", flat=True).distinct()


def _by_name(
    term: str, connections: QuerySet[SCIMConnection], keys: list[int], in_clear: bool
) -> QuerySet[Any, int] | list[int]:
    """Learners whose name or address, as the host holds it, has words that begin so, or is one of the words."""
    fields = name_fields(connections)
    if not fields:
        return []
    condition = Q()
    for word in term.split()[:5]:
        one_of = Q()
        for field, condition_of_it in fields.items():
            one_of |= condition_of_it & Q(**{f"{field}__{'istartswith' if in_clear else 'iexact'}": word})
        condition &= one_of
    found = ProvisionedUser.objects.filter(condition, connection__in=keys)
    return still_customers(found.values_list("pk", flat=True)[: MAX_LEARNERS + 1])


def still_customers(keys: Iterable[int]) -> list[int]:
    """Those of some links whose people the LMS has not moved to another customer: what they are called there is not for
    their first one to find (a query, and one for each connection that the host tells customers apart by)."""
    found: dict[int, list[int]] = {}
    keys = list(keys)
    links = ProvisionedUser.objects.filter(pk__in=keys)
    for link, connection in links.values_list("pk", "connection") if keys else ():
        found.setdefault(connection, []).append(link)
    lost: set[int] = set()
    try:
        host.adapter_class()
    except host.AdapterBroken:
        return keys
    for whom in SCIMConnection.objects.filter(pk__in=found):
        whose = customer(whom)
        if whose.lookups:
            gone = links.filter(whose.lost, connection=whom)
            lost.update(gone.values_list("pk", flat=True))
    return [key for key in keys if key not in lost]


def name_fields(connections: Iterable[SCIMConnection]) -> dict[str, Q]:
    """The ORM paths of what the mapping calls a name, an e-mail address or a number of the employer's, seen from the
    link; and of which links it is what their own connection wrote: an account's is its owner's."""
    try:
        adapter_class = host.adapter_class()
    except host.AdapterBroken:
        # The log must stay readable while the host's adapter does not load.
        return {}
    fields: dict[str, Q] = {}
    for connection in list(connections)[:_MAX_MAPPINGS]:
        for entry in adapter_class.compiled(connection).entries:
            attribute = entry.path.attribute
            is_text = isinstance(entry.field, models.CharField | models.TextField)
            if attribute is not None and attribute.name in _NAME_ATTRIBUTES and is_text:
                owned = Q(owns_profile=True) if entry.source.belongs_to_account else Q()
                fields[entry.source.lookup(entry.field.name)] = owned
    return fields
