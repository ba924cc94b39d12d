"""Reconciliation: who is here and not in the directory, there and not here, and who differs. It changes nobody."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from scim_provisioning import databases
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.administration import adoption, host
from scim_provisioning.administration.adoption import Directory, Finding
from scim_provisioning.administration.adoption import words as adoption_words
from scim_provisioning.administration.adoption.whose import readable
from scim_provisioning.administration.reconciliation import accounts, learners
from scim_provisioning.administration.reconciliation.findings import (
    DOUBTFUL,
    NAMED,
    Difference,
    Found,
    Line,
    Report,
)
from scim_provisioning.administration.setting_up import ConnectionRefused, refuse_without_settings
from scim_provisioning.models import ProvisionedUser, Reconciliation, SCIMConnection
from scim_provisioning.models.provisioned_user import user_name_key
from scim_provisioning.protocol.resources import Document
from scim_provisioning.provisioning.evidence import decide
from scim_provisioning.rules.customers import customer

__all__ = ["DOUBTFUL", "NAMED", "Found", "Line", "Report", "examine", "last", "refuse_many", "remember"]


def examine(
    connection: SCIMConnection, directory: Directory | None = None, *, most_refused: int | None = None
) -> Report:
    """Lay the connection beside a directory. Without one: what is known without, which are accounts that no connection
    manages, learners whose account is gone, and people who were sent and refused within 30 days, of whom so many are
    looked at.

    Changes nothing. Some 10,000 people take a few seconds. Raises ``ConnectionRefused`` for a connection that has
    ended, and ``host.AdapterBroken``.
    """
    host.adapter_class()
    if connection.is_archived:
        message = _("This connection has ended: nobody is managed by it any more.")
        raise ConnectionRefused(message, "connection.archived")
    refuse_without_settings(connection)
    known = directory or adoption.from_log(connection, most=most_refused)
    report = Report(
        with_directory=directory is not None, unreadable=directory.unreadable if directory else ()
    )
    with databases.primary():
        people = _People(known)
        seen = _add_learners(report, connection, people)
        _add_gone(report, connection, people, seen)
        named = _add_missing(report, connection, people)
        for line in accounts.unmanaged(connection, named):
            report.add(line)
    order = list(NAMED)
    report.lines.sort(key=lambda line: (order.index(line.found), line.name))
    return report


def refuse_many(connection: SCIMConnection, *, most: int) -> None:
    """Raise ``ConnectionRefused`` where more people than that would be read, learners or accounts of the customer: two
    queries, that count no further. Raises ``host.AdapterBroken``."""
    adapter_class = host.adapter_class()
    refuse_without_settings(connection)
    learners_here = adapter_class.links(connection).living().order_by()
    accounts_here = adapter_class.tenant_users(connection).order_by()
    if any(found[: most + 1].count() > most for found in (learners_here, accounts_here)):
        message = _(
            "There are more than %(most)s people here, which is too much for one page. Nobody was compared: "
            "“manage.py scim_reconcile” does it on the server, and this page shows its figures."
        )
        raise ConnectionRefused(message % {"most": most}, "connection.too_many")


def remember(connection: SCIMConnection, report: Report) -> None:
    """Keep the figures of a report for the pages that show them."""
    Reconciliation.objects.update_or_create(
        connection=connection,
        defaults={
            "made_at": timezone.now(),
            "with_directory": report.with_directory,
            "counts": {found.value: n for found, n in report.counts.items()},
            "compared": report.compared,
            "drifted": report.drifted,
        },
    )


def last(connection: SCIMConnection) -> Reconciliation | None:
    """The figures of the last report; None where there was none (one query, unless they were read with it)."""
    found: Reconciliation | None = getattr(connection, "reconciliation", None)
    return found


class _People:
    """The people of a directory, found by what a learner is called; each is somebody's once."""

    def __init__(self, directory: Directory) -> None:
        self.attributes = directory.attributes
        self._waiting: dict[int, Document] = dict(enumerate(directory.people))
        self._by_name: dict[str, int] = {}
        self._by_id: dict[str, int] = {}
        for number, document in self._waiting.items():
            self._by_name.setdefault(user_name_key(document["userName"]), number)
            if document.get("externalId"):
                self._by_id.setdefault(document["externalId"], number)

    def take(self, link: ProvisionedUser) -> Document | None:
        """The person whom a link stands for: by userName, else by externalId, for names change."""
        for number in (self._by_name.get(link.user_name_key or ""), self._by_id.get(link.external_id or "")):
            if number is not None and number in self._waiting:
                return self._waiting.pop(number)
        return None

    @property
    def left(self) -> Sequence[Document]:
        """Those whom nobody has taken."""
        return list(self._waiting.values())


def _add_learners(report: Report, connection: SCIMConnection, people: _People) -> set[int]:
    """Everybody whose account is here; returns the keys of their links."""
    seen = set()
    for adapter in learners.everybody(connection):
        link = adapter.link
        seen.add(link.pk)
        report.compared += 1
        report.drifted += learners.has_drifted(adapter)
        document, is_active = people.take(link), adapter.is_active
        if document is not None and report.with_directory:
            differing = learners.differences(adapter, document, people.attributes)
            line = Line(_of(differing), link.user_name, _called(adapter), differences=differing, link=link.pk)
            report.add(line)
        elif document is not None or not report.with_directory:
            report.add(Line(Found.AGREES, link.user_name))
        else:
            found = Found.NOT_THERE if is_active else Found.LEFT
            report.add(Line(found, link.user_name, _called(adapter), link=link.pk))
    return seen


def _of(differing: Sequence[Difference]) -> Found:
    """What is said of somebody whom both sides have."""
    if all(one.is_locked for one in differing):
        return Found.LOCKED if differing else Found.AGREES
    return Found.DIFFERS


def _called(adapter: LearnerAdapter) -> str:
    """The account; of a guest's what they were sent as, as the rest is what its owner wrote."""
    is_theirs = adapter.person.owns_account or adapter.link.keeps_profile
    return adoption.named(adapter.obj) if is_theirs else adapter.link.user_name


def _add_gone(report: Report, connection: SCIMConnection, people: _People, seen: set[int]) -> None:
    """Living links behind which there is nobody of this customer any more."""
    living = ProvisionedUser.objects.living().filter(connection=connection)
    lost = living.filter(customer(connection).lost)
    # Who was not seen and is here has come a moment ago.
    gone = living.filter(Q(user__isnull=True) | Q(pk__in=lost.values("pk"))).order_by("pk")
    for link in gone.only("connection", "user_id", "user_name", "user_name_key", "external_id").iterator():
        if link.pk in seen:
            continue
        people.take(link)
        deleted, moved = _("The application has deleted the account."), _("It is another customer’s now.")
        why = deleted if link.user_id is None else moved
        report.add(Line(Found.GONE, link.user_name, why=why, link=link.pk))


def _add_missing(report: Report, connection: SCIMConnection, people: _People) -> set[object]:
    """Whoever is in the directory and managed by nobody; returns the keys of the accounts that they may be."""
    named: set[object] = set()
    for verdict in readable(connection, decide(connection, people.left)):
        accounts_met = [account for account in verdict.accounts if account is not None]
        if verdict.finding is Finding.LINKED:
            continue
        if verdict.finding is Finding.NOBODY and not verdict.document.get("active", True):
            # Nobody is made for somebody who is switched off.
            report.add(Line(Found.LEFT, verdict.document["userName"]))
            continue
        named |= {account.pk for account in accounts_met}
        why = adoption_words.why(verdict) or str(adoption_words.MEANINGS[verdict.finding])
        called = ", ".join(adoption.called(verdict))
        report.add(Line(Found.NOT_HERE, verdict.document["userName"], called, why, accounts=accounts_met))
    return named
