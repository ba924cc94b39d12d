"""Existing learners: whom an identity provider's people are here already, and linking them before it sends anybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scim_provisioning.administration import audit, host, log_words, troubles
from scim_provisioning.administration.adoption import doubles, words
from scim_provisioning.administration.adoption.csv_export import from_csv
from scim_provisioning.administration.adoption.directory import Directory, from_log
from scim_provisioning.administration.adoption.doubles import Double
from scim_provisioning.administration.adoption.whose import readable
from scim_provisioning.administration.connections import notice
from scim_provisioning.administration.setting_up import ConnectionRefused, refuse_without_settings
from scim_provisioning.events import Caller
from scim_provisioning.models import SCIMConnection
from scim_provisioning.protocol.errors import SCIMError
from scim_provisioning.provisioning.adopting import TOGETHER, link_certain
from scim_provisioning.provisioning.evidence import decide
from scim_provisioning.provisioning.transactions import durably
from scim_provisioning.provisioning.verdicts import Finding, Verdict
from scim_provisioning.rules import NoSeat

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

__all__ = [
    "DOUBTFUL",
    "Directory",
    "Double",
    "Finding",
    "Report",
    "Verdict",
    "called",
    "double_rows",
    "examine",
    "from_csv",
    "from_log",
    "header",
    "link",
    "named",
    "rows",
    "tell_linked",
]

#: What an administrator should look at before the first sync.
DOUBTFUL: Final = (Finding.LOOK, Finding.DOUBLE, Finding.SPELLING, Finding.PROTECTED)


@dataclass(frozen=True, slots=True)
class Report:
    """What was found of each person, those to be looked at first."""

    verdicts: Sequence[Verdict]
    unreadable: Sequence[tuple[str, str]] = ()
    #: Accounts of this customer that may be one person's, whether or not the directory has them.
    doubles: Sequence[Double] = ()

    @property
    def counts(self) -> dict[Finding, int]:
        """How many of each, in the order in which they are shown."""
        counted = Counter(one.finding for one in self.verdicts)
        return {finding: counted[finding] for finding in words.FINDINGS}

    @property
    def doubtful(self) -> int:
        """How many somebody should look at: lines that could not be read are among them, and doubles that are more than
        namesakes, each once."""
        counted = [{account.pk for account in one.accounts if account} for one in self.of(Finding.DOUBLE)]
        more = [
            double
            for double in self.doubles
            if double.is_sure and not any(double.keys <= accounts for accounts in counted)
        ]
        return sum(self.counts[finding] for finding in DOUBTFUL) + len(self.unreadable) + len(more)

    def of(self, *findings: Finding) -> list[Verdict]:
        """Those of these kinds."""
        return [one for one in self.verdicts if one.finding in findings]


def examine(connection: SCIMConnection, directory: Directory) -> Report:
    """Look at everybody, and at all accounts for doubles; changes nothing. Some 10,000 people take a few seconds."""
    host.adapter_class()
    refuse_without_settings(connection)
    order = list(words.FINDINGS)
    verdicts = readable(connection, decide(connection, directory.people))
    found = sorted(verdicts, key=lambda one: order.index(one.finding))
    return Report(found, directory.unreadable, doubles.among(connection))


def link(
    connection: SCIMConnection,
    report: Report,
    *,
    actor: AbstractBaseUser | None,
    address: str = "",
    said: Callable[[int], None] = lambda done: None,
) -> int:
    """Link everybody who is certain, some hundred in a transaction; return how many. ``said`` is told how far it is.

    Raises ``ConnectionRefused`` where the connection has ended, no seat is left for some, or the database was in their
    way: who is linked by then stays so.
    """
    caller, done = Caller(connection, None, address=address, actor=actor), 0
    waiting = iter(report.of(Finding.CERTAIN))
    try:
        while some := list(islice(waiting, TOGETHER)):
            with troubles.in_parts():
                try:
                    done += link_certain(caller, some)
                except NoSeat as full:
                    done += link_certain(caller, some[: full.left])
                    raise
            said(done)
    except NoSeat as refusal:
        message = ngettext(
            "No seat is left: %(n)d account was linked, and nobody else.",
            "No seat is left: %(n)d accounts were linked, and nobody else.",
            done,
        )
        raise ConnectionRefused(message % {"n": done}, "adoption.refused") from refusal
    except SCIMError as refusal:
        raise ConnectionRefused(refusal.detail, "adoption.refused") from refusal
    finally:
        if done:
            # They are linked, whether or not that can be told.
            with troubles.in_parts():
                tell_linked(connection, done, actor, address)
    return done


@durably
def tell_linked(connection: SCIMConnection, done: int, actor: AbstractBaseUser | None, address: str) -> None:
    """In Django's own log, and to the contacts: so many were linked."""
    message = ngettext(
        "%(n)d account that was here already was linked.",
        "%(n)d accounts that were here already were linked.",
        done,
    ) % {"n": done}
    audit.log_entry(actor, connection, message)
    audit.tell_contacts(connection, *notice(connection, actor, message, address))


def header() -> list[str]:
    """The columns of ``rows``."""
    return [_("userName"), _("Found"), _("Account"), _("Why")]


def rows(verdicts: Sequence[Verdict], *, in_clear: bool = True) -> Iterator[tuple[str, str, str, str]]:
    """What is found of each, as cells: userName, finding, accounts, the reason. Without ``in_clear`` an account's
    address is masked, and of one that an address led to the name as well: whoever may bring any file could ask for
    them."""
    for one in verdicts:
        accounts = called(one, in_clear=in_clear)
        yield one.document["userName"], str(words.FINDINGS[one.finding]), ", ".join(accounts), words.why(one)


def double_rows(found: Sequence[Double], *, in_clear: bool = True) -> Iterator[tuple[str, str, str, str]]:
    """The same of doubles, by the userName of the one that is managed, or what it is called here."""
    call = named if in_clear else _name
    for double in found:
        one = double.one.name if double.one.link is None else double.one.link.user_name
        kind = str(words.FINDINGS[Finding.DOUBLE])
        yield one, kind, call(double.other.account), "; ".join(double.reasons)


def called(verdict: Verdict, *, in_clear: bool = True) -> list[str]:
    """The accounts of a verdict, as administrators know them; of those that another connection owns what they sign in
    by alone. The address is what the other one wrote. ``in_clear`` as for ``rows``."""
    if not in_clear:
        call = _hidden if verdict.is_by_address else _name
        return [call(account) for account in verdict.accounts if account is not None]
    return [(_name if a.pk in verdict.foreign else named)(a) for a in verdict.accounts if a is not None]


def _name(account: Any) -> str:
    return str(account.get_username())


def _hidden(account: Any) -> str:
    return str(log_words.MASK)


def named(account: Any) -> str:
    """An account as administrators know it: what it signs in by, and its address."""
    name = _name(account)
    address = str(getattr(account, getattr(type(account), "EMAIL_FIELD", "") or "", "") or "")
    return f"{name} <{address}>" if address and address.casefold() != name.casefold() else name
