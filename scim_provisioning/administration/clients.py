"""Which identity provider calls, by its User-Agent: once for a text, and once as SQL for a list of connections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.db.models import Case, CharField, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Lower, Trim

from scim_provisioning.models import SCIMConnection, SCIMToken

#: Key, name, and what gives it away in a User-Agent; the first that fits. Entra's own agent is not documented.
KNOWN: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "okta": ("Okta", ("okta",)),
    "entra": ("Entra ID", ("entra", "microsoft", "azure")),
    "jumpcloud": ("JumpCloud", ("jumpcloud",)),
    "onelogin": ("OneLogin", ("onelogin",)),
    "google": ("Google", ("google",)),
    "ping": ("PingOne", ("pingidentity",)),
}
#: Keys of somebody whose agent is not known, and of nobody (yet).
OTHER, NOBODY = "other", "nobody"


def name_of(agent: str) -> str:
    """Who that is. A name that is not known is shown as it was sent; empty for an empty agent."""
    lowered = agent.lower()
    for name, marks in KNOWN.values():
        if any(mark in lowered for mark in marks):
            return name
    agent = agent.strip()
    return (agent.partition("/")[0].strip() or agent)[:30]


def called_by(connections: QuerySet[SCIMConnection], key: str) -> QuerySet[SCIMConnection]:
    """Those whose last request came from this identity provider: a key of ``KNOWN``, ``OTHER`` or ``NOBODY``.

    Decided in the database, token by token as ``facts`` does: the one used last speaks for the connection.
    """
    whens = [
        When(lowered__contains=mark, then=Value(k)) for k, (_n, marks) in KNOWN.items() for mark in marks
    ]
    # Lowered and "contains", for "icontains" finds more than it should under MariaDB's accent-blind collations.
    caller = Case(
        *whens,
        When(lowered="", then=Value(NOBODY)),
        default=Value(OTHER),
        output_field=CharField(),
    )
    used = SCIMToken.objects.filter(connection=OuterRef("pk"), last_used_at__isnull=False)
    named = used.alias(lowered=Lower(Trim("last_used_agent"))).annotate(caller=caller)
    last = named.order_by("-last_used_at", "created_at", "pk").values("caller")[:1]
    return connections.alias(caller=Coalesce(Subquery(last), Value(NOBODY))).filter(caller=key)
