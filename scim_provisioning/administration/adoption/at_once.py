"""People of the queue who are linked at once: of whom there is nothing to weigh but that they are the same person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration import troubles
from scim_provisioning.administration.adoption import answers, queue, tell_linked
from scim_provisioning.administration.adoption.comparing import risks_of
from scim_provisioning.administration.adoption.queue import Waiting
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.models import SCIMConnection
from scim_provisioning.rules import KnownStanding

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

#: Why somebody waits of whom nothing is known but that the evidence is no certain one, or that the policy forbids it.
_PLAIN: Final = frozenset({"", "weak", "address", "written", "user.exists_unmanaged"})

#: So many of those who were linked are named.
_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Plain:
    """Somebody who waits, and the one account that they may be."""

    waiting: Waiting
    account: Any

    @property
    def key(self) -> str:
        """What names both: whom an administrator saw is linked, and nobody else."""
        return f"{self.waiting.event.pk}-{self.account.pk}"


def plain(connection: SCIMConnection, people: Iterable[Waiting], *, in_clear: bool) -> list[Plain]:
    """Those of these people who may be one account alone, which nobody else of them may be and of which an
    administrator has nothing to beware. Without ``in_clear`` nobody whom an address led to: whose account it is, is not
    shown. (Some six queries, and what the host's own
    ``is_protected`` asks.)"""
    people = [*people]
    claims = Counter(account.pk for one in people for account in one.verdict.accounts if account is not None)
    found = [
        Plain(one, one.verdict.accounts[0])
        for one in people
        if one.verdict.reason in _PLAIN
        and len(one.verdict.accounts) == 1
        and claims[one.verdict.accounts[0].pk] == 1
        and (in_clear or not one.verdict.is_by_address)
    ]
    if not found:
        return []
    standing = KnownStanding(connection)
    standing.learn(one.account.pk for one in found)
    entry = get_adapter_class().compiled(connection).active
    if entry is not None and entry.source.accessor:
        # The rows on which access is switched, at once.
        prefetch_related_objects([one.account for one in found], entry.source.accessor)
    return [one for one in found if not risks_of(connection, one.account, standing)]


def link(
    connection: SCIMConnection,
    people: Sequence[Plain],
    *,
    actor: AbstractBaseUser | None,
    address: str = "",
) -> tuple[list[str], list[tuple[str, str]]]:
    """Link each of them, in a transaction of their own; the contacts are told once. Returns what those are called who
    are linked, and of whom not: what they are called, and why."""
    done: list[str] = []
    failed: list[tuple[str, str]] = []
    try:
        for one in people:
            document = one.waiting.verdict.document
            with troubles.in_parts():
                try:
                    if not queue.is_linked(connection, document, one.account, keeps_profile=False):
                        queue.link(
                            connection,
                            document,
                            one.account,
                            keeps_profile=False,
                            actor=actor,
                            address=address,
                            mails=False,
                        )
                    done.append(document["userName"])
                except ConnectionRefused as refusal:
                    failed.append((document["userName"], refusal.message))
    finally:
        if done:
            # They are linked, whether or not that can be told.
            with troubles.in_parts():
                tell_linked(connection, len(done), actor, address)
    return done, failed


def try_now(done: Sequence[str]) -> str:
    """What is said to whoever has linked these: of more than a few how many more they are."""
    named, more = ", ".join(f"“{name}”" for name in done[:_NAMED]), len(done) - _NAMED
    if more > 0:
        named = ngettext("%(names)s and %(n)d other person", "%(names)s and %(n)d other people", more) % {
            "names": named,
            "n": more,
        }
    return " ".join([_("Linked: %(names)s.") % {"names": named}, str(answers.TRY_NOW)])
