"""Whether a connection would work: what has to be right beforehand, and Entra's typical requests played for real.

The requests run through the whole stack, middleware and the host's adapter included, against a made-up learner
and inside a transaction that is rolled back. The adapter's hooks run too: what they do outside the database
(mail, other systems) belongs into ``transaction.on_commit``, which a rollback forgets.
"""

from __future__ import annotations

from scim_provisioning.administration.report import Line, Result
from scim_provisioning.administration.selftest import prerequisites, sequence
from scim_provisioning.administration.selftest.contact import Tick, first_contact, groups_seen_at
from scim_provisioning.models import SCIMConnection

__all__ = ["Line", "Result", "Tick", "failed", "first_contact", "groups_seen_at", "run"]


def run(connection: SCIMConnection, *, reach: bool = True) -> list[Line]:
    """Every check, in the order in which it helps to mend things. Nothing is changed.

    ``reach`` False leaves out the one request that goes over the network.
    """
    lines = prerequisites.of_the_adapter(connection)
    if not any(line.result == Result.FAILED for line in lines):
        lines += sequence.play(connection)
        lines += prerequisites.of_the_people(connection)
    lines += prerequisites.of_the_server(connection)
    if reach:
        lines += prerequisites.of_the_tenant_url()
    return lines


def failed(lines: list[Line]) -> bool:
    """Whether something must be mended before provisioning can work."""
    return any(line.result == Result.FAILED for line in lines)
