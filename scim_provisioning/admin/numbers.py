"""Pages of numbers: of one connection, and of all that somebody sees. Drawn by the server, with the same figures in
tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.translation import gettext as _

from scim_provisioning.admin import denied
from scim_provisioning.admin.pages import TEMPLATES, ConnectionPages, PageLink, page_url_name
from scim_provisioning.admin.reconcile import compare_url
from scim_provisioning.administration import (
    facts,
    host,
    leaver_brake,
    numbers,
    permissions,
    reconciliation,
    suspension,
    totals,
)
from scim_provisioning.administration.numbers import ARRIVED, HELP, LABELS, LEFT, REFUSED, Numbers, Span
from scim_provisioning.models import SCIMConnection

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

BAR_WIDTH, BAR_GAP, HEIGHT = 14, 4, 44
#: So many connections at most are laid beside one another.
_COMPARED: Final = 50
#: What is said of each of them, beside how it stands.
_OF_EACH: Final = (ARRIVED, LEFT, REFUSED)


@dataclass(frozen=True, slots=True)
class Bar:
    """One day or month of a picture."""

    span: Span
    n: int
    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Picture:
    """The bars of one kind of figure."""

    kind: str
    label: StrOrPromise
    help: StrOrPromise
    total: int
    bars: list[Bar]

    @property
    def width(self) -> int:
        """In pixels, as the bars have them."""
        return len(self.bars) * (BAR_WIDTH + BAR_GAP)

    @property
    def is_bad(self) -> bool:
        """Whether it is drawn in the colour of refusals."""
        return self.kind == REFUSED


class NumbersPages(ConnectionPages):
    """``numbers/`` under a connection, and beside the list of connections."""

    def connection_urls(self) -> list[URLPattern]:
        """Two routes: the list's own comes first, as it looks like the key of a connection."""
        everything = self.admin_site.admin_view(self.all_numbers_view)
        return [
            path("numbers/", everything, name=page_url_name("all_numbers")),
            *super().connection_urls(),
            self.connection_path("numbers/", self.numbers_view, "numbers"),
        ]

    def connection_links(self, request: HttpRequest, connection: SCIMConnection) -> list[PageLink]:
        """After what stands there already."""
        link = PageLink(
            self.page_url("numbers", connection),
            _("Numbers"),
            _("Who arrived, left and was refused: 30 days, 12 months."),
        )
        return [*super().connection_links(request, connection), link]

    def numbers_view(self, request: HttpRequest, connection: SCIMConnection) -> HttpResponse:
        """One connection."""
        found = numbers.of([connection])
        known = facts.gather([connection.pk])[connection.pk]
        facts.count_learners(connection, known)
        hold = leaver_brake.of(connection)
        context = {
            "title": _("Numbers"),
            "facts": known,
            "waiting": 0 if hold is None else hold.waiting,
            "drifted": _drifted(connection),
            "reconciled": reconciliation.last(connection),
            "reconcile_url": compare_url(self, request, connection),
            "log": self._log(request, f"?connection={connection.pk}&error="),
            **_drawn(found),
        }
        return self.render_page(request, "connection/numbers.html", connection, context)

    def all_numbers_view(self, request: HttpRequest) -> HttpResponse:
        """All connections that this person sees, archived ones too: they were refused and left as well."""
        return denied.in_words(self, request, self._all_numbers, request)

    def _all_numbers(self, request: HttpRequest) -> HttpResponse:
        if not permissions.may_view(request.user):
            raise permissions.missing(permissions.VIEW)
        seen = permissions.visible_connections(request.user)
        is_everything = not seen.query.has_filters() and not seen.query.is_sliced
        found = numbers.of(None if is_everything else list(seen), of_each=True)
        stand = totals.of(seen)
        site = self.admin_site
        request.current_app = site.name
        context = {
            **site.each_context(request),
            "opts": SCIMConnection._meta,
            "media": self.media,
            "title": _("Numbers of all connections"),
            "is_popup": False,
            "list_url": reverse(f"{site.name}:{page_url_name('changelist')}"),
            "totals": stand,
            "each": self._each(seen, found, stand),
            "each_labels": [LABELS[kind] for kind in _OF_EACH],
            "log": self._log(request, "?error="),
            **_drawn(found),
        }
        return TemplateResponse(request, f"{TEMPLATES}/connection/numbers.html", context)

    def _each(
        self, seen: QuerySet[SCIMConnection], found: Numbers, stand: totals.Totals
    ) -> list[tuple[SCIMConnection, str, list[int]]]:
        """Each connection with where its numbers are, and how many are managed, active, arrived, left and were refused
        (one query). None of one alone, or of too many to be compared."""
        rows = list(seen.filter(archived_at__isnull=True).order_by("name", "pk")[: _COMPARED + 1])
        if not 1 < len(rows) <= _COMPARED:
            return []
        places = [list(LABELS).index(kind) for kind in _OF_EACH]
        return [
            (
                row,
                self.page_url("numbers", row),
                [
                    *stand.each.get(row.pk, (0, 0)),
                    *(found.each[row.pk][place] if row.pk in found.each else 0 for place in places),
                ],
            )
            for row in rows
        ]

    def _log(self, request: HttpRequest, query: str) -> str:
        """Where refusals are found by their reason, which goes behind it; empty for those who may not read the log, and
        where the host does not register it."""
        if not permissions.may_read_log(request.user):
            return ""
        try:
            log = reverse(f"{self.admin_site.name}:scim_provisioning_provisioningevent_changelist")
        except NoReverseMatch:
            return ""
        return log + query


def _drifted(connection: SCIMConnection) -> int | None:
    try:
        return suspension.drifted(connection)
    except host.AdapterBroken:
        return None


def _drawn(found: Numbers) -> dict[str, Any]:
    return {
        "numbers": found,
        "labels": list(LABELS.values()),
        "by_day": list(_pictures(found.days)),
        "by_month": list(_pictures(found.months)),
        "height": HEIGHT,
        "bar_width": BAR_WIDTH,
    }


def _pictures(spans: Sequence[Span]) -> Iterator[Picture]:
    for number, (kind, label) in enumerate(LABELS.items()):
        counts = [span.figures[number] for span in spans]
        highest = max(counts, default=0)
        bars = [
            _bar(place, span, n, highest) for place, (span, n) in enumerate(zip(spans, counts, strict=True))
        ]
        yield Picture(kind, label, HELP[kind], sum(counts), bars)


def _bar(place: int, span: Span, n: int, highest: int) -> Bar:
    # What happened once is seen, however busy another day was.
    height = max(2, round(HEIGHT * n / highest)) if n else 0
    return Bar(span, n, place * (BAR_WIDTH + BAR_GAP), HEIGHT - height, height)
