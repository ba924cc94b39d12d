"""Finding the operations of a person in the provisioning log, by an index of the database.

A term matches, for people of the connections that the administrator sees:

* a userName, now or at any time, by its beginning;
* any former e-mail address or name, and the learner's own as the mapping holds them, each word by its beginning, as
  far as the connection may know them: a guest's what another one wrote is not theirs to find, and nobody's of whom the
  LMS has moved to another customer;
* an externalId, SCIM id or request id, as a whole.

Names and addresses are values, which not everybody may see: asked for letter by letter they would be told after
all. Who may not see them finds them as a whole only.

Nothing is searched in the middle of a word: that would read the whole log. Of an address a learner has, a part before
the ``@`` counts as a word.
"""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Q, QuerySet

from scim_provisioning.administration.lms_names import called, name_fields, still_customers
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

#: So many learners are followed at most; a term that fits more of them is too short to be of use.
MAX_LEARNERS: Final = 200
#: Of so many lines their learners are followed: all that fit a short term would be much of the log.
_LINES: Final = 5_000
_WORDS: Final = 5
# Statuses of a refusal that is about the look-up itself. Refused tokens, pauses and errors (401, 403, 429, 5xx)
# are problems of the connection, whatever was asked for: they are never hidden.
_REFUSED_LOOKUP: Final = (400, 404, 405, 406, 413, 415, 501)


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


def _by_user_name_at_any_time(key: str, connections: list[int]) -> list[int]:
    rows = ProvisioningEvent.objects.filter(begins_with("user_name_key", key), connection__in=connections)
    links = rows.filter(link__isnull=False).order_by().values_list("link", flat=True)
    # Not DISTINCT, for which the database would read all of them first.
    return list(dict.fromkeys(key for key in links[:_LINES] if key is not None))


def _by_name(
    term: str, connections: QuerySet[SCIMConnection], keys: list[int], in_clear: bool
) -> QuerySet[ProvisionedUser, Any] | list[int]:
    """Learners whose name or address, as the host holds it, has words that begin so, or is one of the words."""
    fields = name_fields(connections)
    if not fields:
        return []
    everybody = ProvisionedUser.objects.filter(connection__in=keys)
    condition = called(term.split()[:_WORDS], fields, in_clear=in_clear)
    return still_customers(everybody.filter(condition).values_list("pk", flat=True)[: MAX_LEARNERS + 1])
