"""The provisioning log: its list, the page of one operation, and the export."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Final

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth import get_user_model
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scim_provisioning.admin import csv_file, denied
from scim_provisioning.admin.log_columns import ACTOR, SENT_AS, LogColumns, Worded
from scim_provisioning.admin.log_days import DAYS
from scim_provisioning.admin.log_filters import LIST_FILTERS, looked_through, order_of_list
from scim_provisioning.admin.log_recent import RECENT, pinned, recent
from scim_provisioning.admin.managed_by import managed_by
from scim_provisioning.admin.pages import TEMPLATES, WithMedia, page_url_name
from scim_provisioning.admin.people import PeoplePage
from scim_provisioning.administration import (
    catalogue,
    log_export,
    log_search,
    permissions,
    reactivation,
)
from scim_provisioning.administration.people import refused
from scim_provisioning.administration.permissions import visible_connections
from scim_provisioning.events import lines, log_order, reports
from scim_provisioning.http.address import client_address
from scim_provisioning.models import Outcome, ProvisionedUser, ProvisioningEvent, SCIMConnection

Events = QuerySet[ProvisioningEvent]

#: The URL name of the CSV export, for ``reverse("admin:" + ...)``.
EXPORT_URL: Final = "scim_provisioning_provisioningevent_export"
_GROUPS: Final = 5


class LatestPaginator(Paginator):  # type: ignore[type-arg]
    """Pages over the latest operations only, so that counting never reads the whole log."""

    @cached_property
    def count(self) -> int:
        """Hits, at most ``RECENT``."""
        latest: Any = self.object_list[:RECENT]
        return int(latest.count())


class EventAdminMixin(LogColumns, PeoplePage, WithMedia):
    """The admin of ``ProvisioningEvent``; goes before a ``ModelAdmin``. Nothing here can be changed."""

    change_list_template = f"{TEMPLATES}/event_list.html"
    list_filter: ClassVar[Any] = LIST_FILTERS
    list_select_related: ClassVar[Any] = ("token",)
    linked_lookups: ClassVar[frozenset[str]] = frozenset({"connection__id__exact"})
    list_per_page = 100
    list_max_show_all = 0
    show_facets = admin.ShowFacets.ALWAYS
    show_full_result_count = False
    sortable_by: ClassVar[Any] = ()
    ordering: ClassVar[Any] = ("-id",)
    paginator = LatestPaginator
    actions: Any = None
    # The list has a search box; what it matches is in log_search.
    search_fields: ClassVar[Any] = ("user_name_key",)
    search_help_text = gettext_lazy(
        "The beginning of a name, e-mail address or userName, former ones too; or a whole externalId, SCIM id "
        "or request id. Who may not see values writes a whole name or e-mail address."
    )

    def get_urls(self) -> list[URLPattern | URLResolver]:  # type: ignore[override]
        """The export and the search for people come first: the admin's own last route takes everything."""
        export = path("export/", self.admin_site.admin_view(self.export_view), name=EXPORT_URL)
        return [export, *self.people_urls(), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> Events:
        """Rows of visible connections; which those are is asked once a request, though every filter counts."""
        if "_scim_log_rows" not in request.__dict__:
            request.__dict__["_scim_log_rows"] = super().get_queryset(request)
        rows: Events = request.__dict__["_scim_log_rows"]
        return rows.all()

    def visible(self, request: HttpRequest, rows: Events) -> Events:
        """As everywhere; the rows of one connection as its index finds them."""
        key = permissions.only_key(visible_connections(request.user))
        if key is None:
            return super().visible(request, rows)
        pinned(request).add("connection_id")
        return rows.filter(log_order.exactly(connection_id=key))

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """The newest first, in the order of the index that the filters leave."""
        return order_of_list(request)

    def get_search_results(
        self, request: HttpRequest, queryset: Events, search_term: str
    ) -> tuple[Events, bool]:
        """Narrow to what ``log_search`` finds; it is asked once a request, though every filter counts."""
        known: dict[str, Q] = request.__dict__.setdefault("_scim_log_search", {})
        if search_term not in known:
            known[search_term] = log_search.matching(
                search_term,
                looked_through(request),
                in_clear=self.may(request, permissions.VIEW_PAYLOAD),
            )
        return queryset.filter(known[search_term]), False

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Django's list, which counts operations."""
        changelist = super().get_changelist_instance(request)
        changelist.opts = Worded(changelist.opts)  # type: ignore[assignment]
        # Not by a join: with it PostgreSQL reads the log in another order than its index has.
        shown = [event for event in changelist.result_list if event.connection_id is not None]
        known = SCIMConnection.objects.in_bulk({event.connection_id for event in shown})
        told = refused.sent_as(shown) if self.may(request, permissions.VIEW_PAYLOAD) else {}
        acted = {event.actor_id for event in shown if event.actor_id is not None}
        actors = get_user_model()._base_manager.in_bulk(acted)
        for event in shown:
            event.connection = known[event.connection_id]
            event.__dict__ |= {SENT_AS: told.get(event.pk), ACTOR: str(actors.get(event.actor_id, ""))}
        return changelist

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Django's list, with failures of one kind grouped above it."""
        reports.keep_quiet(request)
        query = request.GET.urlencode()
        may_export = self.has_view_permission(request) and self.may(request, permissions.EXPORT_LOG)
        own = {
            "title": capfirst(self.opts.verbose_name_plural),
            "opts": self.opts,
            "export_url": f"{reverse(self.url_name('export'))}?{query}" if may_export else "",
        }
        answer = super().changelist_view(request, {**own, **(extra_context or {})})
        changelist = (getattr(answer, "context_data", None) or {}).get("cl")
        if isinstance(answer, TemplateResponse) and isinstance(changelist, ChangeList):
            context: dict[str, Any] = answer.context_data  # type: ignore[assignment]
            context["similar"] = self._similar_failures(request, changelist)
            context["is_cut"] = changelist.result_count >= RECENT
            context["recent"] = RECENT
            context["range"] = _range(request)
            context |= _departures(request) | self._history(request)
            context["undoable"] = self._undoable(request, changelist)
        return answer

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """The list as CSV, with the filters and the search that are in the URL."""
        return denied.in_words(self, request, self._export, request)

    def _export(self, request: HttpRequest) -> HttpResponseBase:
        reports.keep_quiet(request)
        if not (self.has_view_permission(request) and self.may(request, permissions.EXPORT_LOG)):
            raise permissions.first_missing(request.user, *self.needed, permissions.EXPORT_LOG)
        self.refuse_unstorable(request)
        try:
            events = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return HttpResponseRedirect(reverse(self.url_name("changelist")))
        in_clear = self.may(request, permissions.VIEW_PAYLOAD)
        lines.audit(
            {
                "action": "log_exported",
                "actor": request.user.pk,
                "address": client_address(request),
                "values": in_clear,
            }
        )
        return csv_file.response("scim-log", log_export.header(in_clear), log_export.latest(events, in_clear))

    def _similar_failures(self, request: HttpRequest, changelist: ChangeList) -> list[dict[str, Any]]:
        """The most frequent causes in the list, each with what to do and a link to its operations, where these are not
        all that is listed."""
        failed = recent(
            changelist.queryset.filter(outcome=Outcome.REFUSED), request, changelist.root_queryset
        )
        counted = failed.order_by().values_list("error_code").annotate(number=Count("pk"))
        most = counted.filter(number__gt=1).order_by("-number", "error_code")[:_GROUPS]
        return [
            {
                "count": number,
                "title": catalogue.title(code),
                "todo": catalogue.explain(code).todo,
                "url": changelist.get_query_string({"error": code}, ["p"])
                if number < changelist.result_count
                else "",
            }
            for code, number in most
        ]

    def _undoable(self, request: HttpRequest, changelist: ChangeList) -> list[dict[str, Any]]:
        """Of the departures in the list: how many of which connection, and the page that takes them back."""
        hours = request.GET.get("left", "")
        if hours not in map(str, reactivation.HOURS) or not self.may(request, permissions.APPROVE_HELD):
            return []
        listed = changelist.queryset.filter(connection__archived_at__isnull=True).order_by()
        counted = listed.values_list("connection", "connection__name").annotate(number=Count("pk"))
        page = f"{self.admin_site.name}:{page_url_name('undo')}"
        return [
            {"count": number, "connection": name, "url": f"{reverse(page, args=(key,))}?hours={hours}"}
            for key, name, number in counted.order_by("-number")[:_GROUPS]
        ]

    def _history(self, request: HttpRequest) -> dict[str, Any]:
        """The heading of the list while it is one learner's history."""
        key = request.GET.get("learner", "")
        if not key.isdecimal() or len(key) > 18:
            return {}
        links = permissions.within(
            ProvisionedUser.objects.all(), "connection", visible_connections(request.user)
        )
        link = links.select_related("connection").filter(pk=key).first()
        if link is None:
            return {}
        in_clear = self.may(request, permissions.VIEW_PAYLOAD)
        former = link.former_identifiers.order_by("-noted_at", "-pk")[:10] if in_clear else ()
        title = _("What happened to %(learner)s?") % {"learner": link.user_name}
        state = managed_by(self.admin_site, request, link)
        return {
            "title": title,
            "history_of": link,
            "history_state": replace(state, history_url=""),
            "former_identifiers": former,
        }


def _departures(request: HttpRequest) -> dict[str, Any]:
    """The heading of the list while it is of who went and is still off."""
    words = {
        "1": _("Who was switched off in the last hour"),
        "24": _("Who was switched off in the last 24 hours"),
    }
    chosen = request.GET.get("left", "")
    return {"title": words[chosen], "is_of_departures": True} if chosen in words else {}


def _range(request: HttpRequest) -> dict[str, Any]:
    """The form of the days: what is chosen, and what else of the address stays as it is."""
    days = {name: request.GET.get(name, "") for name in DAYS}
    replaced = {*days, "p"}
    kept = [
        (name, value)
        for name, values in request.GET.lists()
        for value in values
        if name not in replaced and not name.startswith("created_at__")
    ]
    return {**days, "kept": kept}
