"""Connections: the list, and the page of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from scim_provisioning import moments
from scim_provisioning.admin import activity, csv_file, token_rows
from scim_provisioning.admin.adding import AddPage
from scim_provisioning.admin.adoption import AdoptionPages
from scim_provisioning.admin.adoption_queue import AdoptionQueuePages
from scim_provisioning.admin.connection_columns import ConnectionColumns, has_customer_to_tell
from scim_provisioning.admin.departures import DeparturesPage
from scim_provisioning.admin.disconnect import DisconnectPages
from scim_provisioning.admin.filters import HealthFilter, IdentityProviderFilter, StateFilter, TokenFilter
from scim_provisioning.admin.forget import ForgetPages
from scim_provisioning.admin.held import HeldPages
from scim_provisioning.admin.joining import JoiningPages
from scim_provisioning.admin.keeping import KeepingPages
from scim_provisioning.admin.lifecycle import LifecyclePages, choices_in_force
from scim_provisioning.admin.managers import ManagersPage
from scim_provisioning.admin.mapping import MappingPages
from scim_provisioning.admin.numbers import NumbersPages
from scim_provisioning.admin.ownership import OwnershipPages
from scim_provisioning.admin.pages import (
    TEMPLATES,
    PageLink,
    WithMedia,
    is_told_of_trouble,
    log_url,
    page_url_name,
    who,
)
from scim_provisioning.admin.privacy import PrivacyPage
from scim_provisioning.admin.reconcile import ReconcilePages, compare_url
from scim_provisioning.admin.rows_as_read import RowsAsRead
from scim_provisioning.admin.scoped import ConnectionScopedAdmin
from scim_provisioning.admin.selftest import SelfTestPages
from scim_provisioning.admin.steps import StepsPage
from scim_provisioning.admin.token import TokenPages
from scim_provisioning.admin.undo_adoption import UndoAdoptionPage
from scim_provisioning.admin.units import UnitsPages
from scim_provisioning.administration import (
    churn,
    connections,
    entra_rows,
    health,
    leaver_brake,
    name_indexes,
    permissions,
    reactivation,
    reconciliation,
    seats,
    setting_up,
    strangers,
)
from scim_provisioning.conf import app_settings, tenant_url_or_empty
from scim_provisioning.http.address import client_address
from scim_provisioning.models import SCIMConnection


class ConnectionAdminMixin(
    TokenPages,
    LifecyclePages,
    DisconnectPages,
    HeldPages,
    DeparturesPage,
    OwnershipPages,
    KeepingPages,
    UnitsPages,
    ReconcilePages,
    AdoptionPages,
    AdoptionQueuePages,
    JoiningPages,
    UndoAdoptionPage,
    ManagersPage,
    ForgetPages,
    MappingPages,
    SelfTestPages,
    NumbersPages,
    PrivacyPage,
    StepsPage,
    AddPage,
    ConnectionColumns,
    RowsAsRead,
    WithMedia,
    ConnectionScopedAdmin,
):
    """The admin of ``SCIMConnection``; goes before a ``ModelAdmin``."""

    connection_lookup = "pk"
    change_form_template = f"{TEMPLATES}/connection/change_form.html"
    change_list_template = f"{TEMPLATES}/connection/change_list.html"
    fields = ("name",)
    list_filter = (HealthFilter, IdentityProviderFilter, TokenFilter, StateFilter)
    search_fields = ("name", "sso_key")
    actions = ("pause_selected", "resume_selected", "export_selected")

    def get_urls(self) -> list[URLPattern | URLResolver]:  # type: ignore[override]
        """The pages under a connection come first: the admin's own last route takes everything."""
        return [*self.connection_urls(), *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """As Django asks, of those who may look: *Add* leads to the SSO settings from which a connection is set up."""
        return permissions.may_view(request.user) and super().has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: a connection is disconnected, and its log stays."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[SCIMConnection]:
        """With what the last comparison found, which the page of each shows."""
        return super().get_queryset(request).select_related("reconciliation")

    # --- the list

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Django's list; above it what superusers should know of calls that belong to no connection."""
        numbers = reverse(f"{self.admin_site.name}:{page_url_name('all_numbers')}")
        own = {"scim_strangers": strangers.sentences(request.user), "scim_numbers_url": numbers}
        return super().changelist_view(request, {**own, **(extra_context or {})})

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The page of the list, each connection with its health: the same few queries for all of them."""
        changelist = super().get_changelist_instance(request)
        judged = health.known_to(request, changelist.result_list)
        went = [row for row in changelist.result_list if judged[row.pk].facts.left]
        left = reactivation.counts(went, max(reactivation.HOURS))
        for connection in changelist.result_list:
            connection.scim_health = judged[connection.pk]
            urls = self._urls(request.user, connection)
            connection.scim_log_url = self._log_url(request, connection)
            connection.scim_held_url = urls.get("held", "")
            connection.scim_undo_url = activity.departures(urls)
            connection.scim_left = left.get(connection.pk, 0)
        if not any(map(has_customer_to_tell, changelist.result_list)):
            changelist.list_display = [name for name in changelist.list_display if name != "customer"]
        return changelist

    @admin.action(description=_("Pause provisioning"), permissions=["change"])
    def pause_selected(self, request: HttpRequest, queryset: QuerySet[SCIMConnection]) -> None:
        """Pause each one that is not archived."""
        rows = queryset.filter(archived_at__isnull=True)
        done = _each(request, rows, connections.pause)
        text = ngettext("%(n)d connection was paused.", "%(n)d connections were paused.", done)
        messages.success(request, text % {"n": done})

    @admin.action(description=_("Resume provisioning"), permissions=["change"])
    def resume_selected(self, request: HttpRequest, queryset: QuerySet[SCIMConnection]) -> None:
        """Resume each one that is paused."""
        rows = queryset.filter(archived_at__isnull=True)
        done = _each(request, rows, connections.resume)
        text = ngettext("%(n)d connection was resumed.", "%(n)d connections were resumed.", done)
        messages.success(request, text % {"n": done})

    @admin.action(description=_("Export CSV"), permissions=["view"])
    def export_selected(self, request: HttpRequest, queryset: QuerySet[SCIMConnection]) -> HttpResponseBase:
        """The list as a file that a spreadsheet opens without running anything."""
        rows = list(queryset)
        judged = health.of_connections(rows)
        columns = (_("name"), _("health"), _("live tokens"), _("next expiry"), _("last request"))
        header = [*columns, _("last 24 hours")]
        return csv_file.response("scim-connections", header, [_cells(row, judged[row.pk]) for row in rows])

    # --- the page of one

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """The page with everything around the form."""
        connection = context.get("original")
        if connection is not None:
            context["scim"] = self._page(request, connection)
            # Another one begins at SSO settings of its own.
            context["show_save_and_add_another"] = app_settings.sso_model is None
        return super().render_change_form(request, context, *args, **kwargs)

    def _page(self, request: HttpRequest, connection: SCIMConnection) -> dict[str, Any]:
        """What the templates show; the number of queries does not grow with tokens or log."""
        found: health.Health = health.of(connection)
        connection.scim_health = found  # type: ignore[attr-defined]
        urls, hold = self._urls(request.user, connection), leaver_brake.of(connection)
        problems = self._problems_url(request, connection)
        return {
            "health": found,
            "slow": name_indexes.slow(connection),
            "rows_to_add": entra_rows.to_add(connection),
            "rows_to_keep": entra_rows.to_keep(connection),
            "never_arrived": self._never_arrived(connection),
            "tenant_url": tenant_url_or_empty(),
            "is_blocked": app_settings.require_sso and not connection.sso_is_on,
            "tokens": token_rows.of(request, connection, self.page_url),
            "seats": None if connection.is_archived else seats.of(connection),
            "activity": activity.of_last_day(
                connection, activity.leads(problems, urls, is_held=hold is not None)
            ),
            "policies": choices_in_force(connection),
            "urls": urls,
            "hold": hold,
            "churn": churn.recent(connection),
            "reconciled": reconciliation.last(connection),
            "reconcile_url": compare_url(self, request, connection),
            "unfinished": self.unfinished(request, connection),
            "links": self.connection_links(request, connection),
            "problems_url": problems,
        }

    def _urls(self, user: Any, connection: SCIMConnection) -> dict[str, str]:
        """The pages to which the buttons lead that this person may press."""
        may_change, may_decide = (
            permissions.has_permission(user, codename)
            for codename in (permissions.CHANGE, permissions.APPROVE_HELD)
        )
        offered = {
            "pause": may_change and not connection.is_paused,
            "resume": may_change and connection.is_paused,
            "disconnect": may_change,
            "generate": permissions.has_permission(user, permissions.GENERATE),
            "policies": permissions.has_permission(user, permissions.MANAGE_POLICY),
            "steps": True,
            "held": may_decide,
            "undo": may_decide,
        }
        names = [name for name, is_offered in offered.items() if is_offered and not connection.is_archived]
        if may_change and connection.restorable_until is not None:
            names.append("restore")
        return {name: self.page_url(name, connection) for name in names}

    def _never_arrived(self, connection: SCIMConnection) -> list[str]:
        missing = [] if connection.is_archived else entra_rows.never_arrived(connection)
        return [entra_rows.sentence(row) for row in missing]

    def connection_links(self, request: HttpRequest, connection: SCIMConnection) -> list[PageLink]:
        """The log first, then what the families of pages offer: what is asked every day before what is asked once."""
        log = self._log_url(request, connection)
        links = super().connection_links(request, connection)[::-1]
        if not log:
            return links
        return [PageLink(log, _("Provisioning log"), _("What happened to whom, and why.")), *links]

    def _log_url(self, request: HttpRequest, connection: SCIMConnection) -> str:
        """The log of a connection, for those who may read it; else empty."""
        return log_url(self.admin_site.name, connection) if permissions.may_read_log(request.user) else ""

    def _problems_url(self, request: HttpRequest, connection: SCIMConnection) -> str:
        log = self._log_url(request, connection)
        return log and f"{log}&problems=only"

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool) -> None:
        """Save, and write into the provisioning log who did what. Whoever has paused the connection meanwhile, or ended
        it, has done so."""
        # As it stands: somebody else may have given it another name since the page was read.
        row = SCIMConnection.objects.select_for_update().filter(pk=obj.pk)
        before = row.values_list("name", flat=True).first() if change else None
        super().save_model(request, obj, form, change)
        user: Any = request.user
        address = client_address(request)
        if before is None:
            setting_up.note_made(obj, actor=user, address=address)
        elif before != obj.name:
            connections.note_renamed(obj, actor=user, before=before, address=address)


def _each(request: HttpRequest, rows: QuerySet[SCIMConnection], verb: Callable[..., bool]) -> int:
    """Do it to one after the other; returns for how many there was something to do. A database in the way ends it, and
    the person is told; one where somebody else was quicker keeps nobody from the others."""
    done = 0
    for row in rows:
        try:
            done += verb(row, **who(request))
        except setting_up.ConnectionRefused as refusal:
            messages.error(request, refusal.message)
        except Exception as error:
            if not is_told_of_trouble(request, error):
                raise
            break
    return done


def _cells(connection: SCIMConnection, found: health.Health) -> list[object]:
    """A line of the exported list: times in ISO 8601, whatever the language."""
    facts = found.facts
    times = [at and moments.utc(at).isoformat() for at in (facts.next_expiry, facts.last_request_at)]
    return [connection.name, found.label, len(facts.live), *times, facts.refused]
