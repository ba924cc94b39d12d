"""Why somebody has an account, or has none: a person in answer to a name, with what to do about it.

Whom a name may mean says ``search``. Of each there is one state, and a sentence; what else there is to them stands in
notes. Of somebody whom nobody has asked for, each connection says when it was last heard of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from scim_provisioning.administration import health, times
from scim_provisioning.administration.people import learners, refused, search
from scim_provisioning.administration.people.answer import Answer
from scim_provisioning.conf import app_settings
from scim_provisioning.models import SCIMConnection

#: Of so many connections it is said when they last asked.
UNSEEN_AT_MOST: Final = 5


@dataclass(frozen=True, slots=True)
class Unseen:
    """A connection on which nobody like this was asked for, and how it is doing."""

    connection: SCIMConnection
    health: health.Health
    sentence: str


@dataclass(frozen=True, slots=True)
class Answers:
    """Everybody who may be meant, or else ``unseen``. ``is_cut``: there are more than ``search.AT_MOST``."""

    people: list[Answer]
    unseen: list[Unseen]
    is_cut: bool = False


def ask(term: str, connections: QuerySet[SCIMConnection], *, in_clear: bool) -> Answers:
    """The answer to ``term``, among ``connections`` alone. ``in_clear``: whether the reader may see values. How many
    queries it takes grows with the connections of those who are found, of whom there are ``search.AT_MOST``."""
    found = search.find(term, connections, in_clear=in_clear)
    people = [
        *sorted(learners.answers(found.links, in_clear=in_clear), key=lambda person: person.name.casefold()),
        *refused.answers(found.refusals, in_clear=in_clear),
    ]
    return Answers(people, [] if people else unseen(connections), found.is_cut)


def unseen(connections: QuerySet[SCIMConnection]) -> list[Unseen]:
    """What there is to say of connections that have not asked for somebody, the first by name (five queries)."""
    asked = list(connections.filter(archived_at__isnull=True).order_by("name", "pk")[:UNSEEN_AT_MOST])
    judged = health.of_connections(asked)
    return [Unseen(one, judged[one.pk], _unseen(judged[one.pk])) for one in asked]


def _unseen(found: health.Health) -> str:
    asked_at = found.facts.last_request_at
    if asked_at is None:
        return _("Nobody has asked for anybody on this connection yet.")
    return _(
        "%(provider)s has not asked for anybody like this in %(days)d days; it last asked %(ago)s. Check there that "
        "the person is assigned to this application."
    ) % {
        "provider": found.facts.identity_provider or _("The identity provider"),
        "days": app_settings.retention.payload_days,
        "ago": times.ago(asked_at),
    }
