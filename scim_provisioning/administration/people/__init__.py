"""Why somebody has an account, or has none: a person in answer to a name, with what to do about it.

Whom a name may mean says ``search``, and ``accounts`` of those whom no connection manages. Of each there is one state,
and a sentence; what else there is to them stands in notes. Of somebody whom nobody has asked for, each connection says
when it was last heard of.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from scim_provisioning.administration.people import (
    accounts,
    detached,
    formerly,
    learners,
    refused,
    search,
    unseen,
)
from scim_provisioning.administration.people.answer import ACTIVE, DETACHED, UNMANAGED, Answer
from scim_provisioning.administration.people.unseen import Unseen
from scim_provisioning.models import SCIMConnection


@dataclass(frozen=True, slots=True)
class Answers:
    """Everybody who may be meant, or else ``unseen``, and of how many connections more nothing is said. ``is_cut``:
    there are more than ``search.AT_MOST``. ``skips_accounts``: of so many connections nobody is looked for whom none of
    them manages."""

    people: list[Answer]
    unseen: list[Unseen]
    is_cut: bool = False
    skips_accounts: bool = False
    more_unseen: int = 0


def ask(term: str, connections: QuerySet[SCIMConnection], *, in_clear: bool) -> Answers:
    """The answer to ``term``, among ``connections`` alone. ``in_clear``: whether the reader may see values. How many
    queries it takes grows with the connections of those who are found, of whom there are ``search.AT_MOST``, and with
    those of which accounts are looked for, ``accounts.ASKED_ONE_BY_ONE`` at most."""
    found = search.find(term, connections, in_clear=in_clear)
    here = detached.told(learners.answers(found.links, in_clear=in_clear), in_clear=in_clear)
    known = formerly.told(term, here, in_clear=in_clear)
    were_refused = refused.answers(found.refusals, in_clear=in_clear)
    others = accounts.find(term, connections, in_clear=in_clear)
    beside = [*known, *were_refused]
    unmanaged = accounts.answers(
        accounts.without_detached(others.accounts, beside), beside, in_clear=in_clear
    )
    people = sorted([*known, *unmanaged, *were_refused], key=_order)
    asked, more = ([], 0) if people else unseen.first_of(connections)
    return Answers(
        people[: search.AT_MOST],
        asked,
        found.is_cut or len(people) > search.AT_MOST,
        others.is_skipped,
        more,
    )


def _order(person: Answer) -> tuple[int, str]:
    """Who has no access, or whose latest change was refused, stands first: that is who is asked after."""
    has_access = person.state in (ACTIVE, UNMANAGED, DETACHED) and not (person.link and person.cause)
    return int(has_access), person.name.casefold()
