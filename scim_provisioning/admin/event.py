"""The provisioning log: its list, the page of one operation, and the export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Final

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.forms import Media
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scim_provisioning.admin import log_export
from scim_provisioning.admin.log_filters import LIST_FILTERS, RECENT, order_of_list, pinned, recent
from scim_provisioning.admin.pages import MEDIA, TEMPLATES, page_url_name
from scim_provisioning.admin.people import PeoplePage
from scim_provisioning.admin.provisioned_user import managed_by
from scim_provisioning.administration import (
    catalogue,
    log_order,
    log_search,
    log_words,
    permissions,
    reactivation,
)
from scim_provisioning.administration.permissions import visible_connections
from scim_provisioning.events import lines, reports
from scim_provisioning.http.address import client_address
from scim_provisioning.models import Action, Outcome, ProvisionedUser, ProvisioningEvent
from scim_provisioning.models.token import display
from scim_provisioning.templatetags.scim_admin import scim_time

Events = QuerySet[ProvisioningEvent]

#: The URL name of the CSV export, for ``reverse("admin:" + ...)``.
EXPORT_URL: Final = "scim_provisioning_provisioningevent_export"
_GROUPS: Final = 5
#: How an action is coloured, beside its words; those that are not named are "good".
_TONES: Final[Mapping[str, str]] = {
    Action.REFUSED: "bad",
    Action.HELD: "warn",
    Action.SKIPPED: "warn",
    Action.DEACTIVATED: "idle",
    Action.DELETED: "idle",
}


class LatestPaginator(Paginator):  # type: ignore[type-arg]
    """Pages over the latest operations only, so that counting never reads the whole log."""

    @cached_property
    def count(self) -> int:
        """Hits, at most ``RECENT``."""
        latest: Any = self.object_list[:RECENT]
        return int(latest.count())


class EventAdminMixin(PeoplePage):
    """The admin of ``ProvisioningEvent``; goes before a ``ModelAdmin``. Nothing here can be changed."""

    change_list_template = f"{TEMPLATES}/event_list.html"
    list_display: Any = ("moment", "learner", "result", "attributes", "token_used", "took", "request_ref")
    list_display_links: Any = ("moment",)
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

    @property
    def media(self) -> Media:
        """The admin's own, and the app's stylesheet and script."""
        return super().media + MEDIA

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
                visible_connections(request.user),
                in_clear=self.may(request, permissions.VIEW_PAYLOAD),
            )
        return queryset.filter(known[search_term]), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Django's list, with failures of one kind grouped above it."""
        reports.keep_quiet(request)
        query = request.GET.urlencode()
        may_export = self.has_view_permission(request) and self.may(request, permissions.EXPORT_LOG)
        own = {
            "title": capfirst(self.opts.verbose_name_plural),
            "export_url": f"{reverse(self.url_name('export'))}?{query}" if may_export else "",
        }
        answer = super().changelist_view(request, {**own, **(extra_context or {})})
        changelist = (getattr(answer, "context_data", None) or {}).get("cl")
        if isinstance(answer, TemplateResponse) and isinstance(changelist, ChangeList):
            context: dict[str, Any] = answer.context_data  # type: ignore[assignment]
            context["similar"] = self._similar_failures(request, changelist)
            context["is_cut"] = changelist.result_count >= RECENT
            context["recent"] = RECENT
            context |= self._history(request)
            context["undoable"] = self._undoable(request, changelist)
        return answer

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """The list as CSV, with the filters and the search that are in the URL."""
        reports.keep_quiet(request)
        if not (self.has_view_permission(request) and self.may(request, permissions.EXPORT_LOG)):
            raise PermissionDenied
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
        return log_export.response(events, with_values=in_clear)

    def _similar_failures(self, request: HttpRequest, changelist: ChangeList) -> list[dict[str, Any]]:
        """The most frequent causes in the list, each with a link to its operations."""
        if "error" in request.GET:
            return []
        refused = recent(
            changelist.queryset.filter(outcome=Outcome.REFUSED), request, changelist.root_queryset
        )
        counted = refused.order_by().values_list("error_code").annotate(number=Count("pk"))
        most = counted.filter(number__gt=1).order_by("-number", "error_code")[:_GROUPS]
        return [
            {
                "count": number,
                "title": catalogue.title(code),
                "url": changelist.get_query_string({"error": code}, ["p"]),
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

    # --- columns ------------------------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("time"))
    def moment(self, event: ProvisioningEvent) -> SafeString | str:
        """The time in the administrator's zone; in UTC when they point at it."""
        return scim_time(event.created_at, "seconds")

    @admin.display(description=gettext_lazy("learner"), empty_value="—")
    def learner(self, event: ProvisioningEvent) -> SafeString | str | None:
        """The name at the time, with a link to all that happened to that learner."""
        if event.link_id is None:
            return event.user_name or None
        url = self.list_url(learner=event.link_id)
        return format_html('<a href="{}">{}</a>', url, event.user_name or event.scim_id)

    @admin.display(description=gettext_lazy("changed attributes"), empty_value="—")
    def attributes(self, event: ProvisioningEvent) -> str | None:
        """Their names, the first few; never their values."""
        return log_words.attributes_in_short(event) or None

    @admin.display(description=gettext_lazy("result"))
    def result(self, event: ProvisioningEvent) -> SafeString:
        """The action, in words and a colour; of a refusal also what was asked for, and the reason."""
        badge = format_html(
            '<span class="scim-badge scim-{}"><span class="scim-dot" aria-hidden="true"></span>{}</span>',
            _TONES.get(event.action, "good"),
            event.get_action_display(),
        )
        if event.outcome != Outcome.REFUSED:
            return badge
        asked, reason = event.get_operation_display(), catalogue.title(event.error_code)
        if event.times > 1:
            reason = f"{reason} ({log_words.how_often(event.times)})"
        return format_html('{} <span class="scim-reason">{}: {}</span>', badge, asked, reason)

    @admin.display(description=gettext_lazy("token"), empty_value="—")
    def token_used(self, event: ProvisioningEvent) -> SafeString | str | None:
        """Its label; its prefix when they point at it."""
        if event.token is not None:
            return format_html('<span title="{}">{}</span>', event.token.display_prefix, event.token.label)
        return display(event.token_prefix) if event.token_prefix else None

    @admin.display(description=gettext_lazy("duration"), empty_value="—")
    def took(self, event: ProvisioningEvent) -> str | None:
        """Milliseconds."""
        return None if event.duration_ms is None else _("%(ms)s ms") % {"ms": event.duration_ms}

    @admin.display(description=gettext_lazy("request id"), empty_value="—")
    def request_ref(self, event: ProvisioningEvent) -> SafeString | None:
        """Shortened; the link shows everything of that request."""
        if not event.request_id:
            return None
        url = self.list_url(q=event.request_id, lookups="show")
        short = event.request_id if len(event.request_id) <= 12 else f"{event.request_id[:8]}…"
        return format_html('<a href="{}" title="{}"><code>{}</code></a>', url, event.request_id, short)
