"""The latest operations of the log: what is counted beside its filters, and grouped above it."""

from __future__ import annotations

from typing import Final

from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest

from scim_provisioning.events import log_order
from scim_provisioning.models import ProvisioningEvent

Events = QuerySet[ProvisioningEvent]

#: Counts, and the grouping of failures, look at so many of the latest operations.
RECENT: Final = 10_000


def recent(events: Events, request: HttpRequest, everything: Events) -> Events:
    """``events`` among the latest ``RECENT`` of ``everything`` (one query a request)."""
    if not hasattr(request, "_scim_log_since"):
        newest = log_order.newest_first(pinned(request))
        oldest = everything.order_by(*newest).values_list("pk", flat=True)[RECENT : RECENT + 1].first()
        request._scim_log_since = oldest  # type: ignore[attr-defined]
    since = request._scim_log_since  # type: ignore[attr-defined]
    return events if since is None else events.filter(pk__gt=since)


def pinned(request: HttpRequest) -> set[str]:
    """The columns of which the list shows one value, as far as ``recent`` and its order know: by who looks."""
    found: set[str] = request.__dict__.setdefault("_scim_log_pinned", set())
    return found


class RecentFacets:
    """Mixin of filters: their counts are of the latest operations."""

    def get_facet_queryset(self, changelist: ChangeList) -> dict[str, int]:
        """As Django's, over ``recent`` operations only."""
        filtered = changelist.get_queryset(
            self.request,  # type: ignore[attr-defined]
            exclude_parameters=self.expected_parameters(),  # type: ignore[attr-defined]
        )
        filtered = recent(filtered, self.request, changelist.root_queryset)  # type: ignore[attr-defined]
        counts = self.get_facet_counts(changelist.pk_attname, filtered)  # type: ignore[attr-defined]
        return filtered.aggregate(**counts)
