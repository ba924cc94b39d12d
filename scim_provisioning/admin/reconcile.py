"""The page on which an administrator compares a connection with its directory: what ``manage.py scim_reconcile`` says.

Nobody is changed; GET shows the figures of the last time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import URLPattern
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scim_provisioning.admin import csv_file
from scim_provisioning.admin.export_form import REFUSED, ExportFields
from scim_provisioning.admin.host_pages import row_page
from scim_provisioning.admin.pages import ConnectionPages, PageLink, posted
from scim_provisioning.administration import permissions, reconciliation
from scim_provisioning.administration.attribute_words import in_words
from scim_provisioning.administration.reconciliation import Found, Line, Report, words
from scim_provisioning.models import SCIMConnection
from scim_provisioning.templatetags.scim_admin import people_url

#: The people whom one request compares, some ten seconds of work at most; the command compares all.
_MOST: Final = 20_000
#: So many people of each kind are shown; the file holds all.
_SHOWN: Final = 100


class ReconcileForm(ExportFields):
    """An export of the directory, and what is wanted."""

    verb = forms.ChoiceField(
        label=gettext_lazy("What shall be done?"),
        choices=[
            ("show", gettext_lazy("Show what is found")),
            ("file", gettext_lazy("The same as a CSV file")),
        ],
        initial="show",
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].help_text = _(
            "In Entra: Users, All users, Download users. Without a file you see which learners no identity provider "
            "manages, and whose account is gone. The file is read and not kept."
        )


class ReconcilePages(ConnectionPages):
    """``reconcile/`` under a connection."""

    def connection_urls(self) -> list[URLPattern]:
        """One route."""
        policy = permissions.MANAGE_POLICY
        return [
            *super().connection_urls(),
            self.connection_path("reconcile/", self.reconcile_view, "reconcile", permission=policy),
        ]

    def connection_links(self, request: HttpRequest, connection: SCIMConnection) -> list[PageLink]:
        """The link to it."""
        links, url = super().connection_links(request, connection), compare_url(self, request, connection)
        if not url:
            return links
        help_text = _(
            "Which learners the identity provider does not know, whom it has and you have not, who differs."
        )
        return [
            *links,
            PageLink(url, _("Compare with the directory"), help_text),
        ]

    def reconcile_view(
        self, request: HttpRequest, connection: SCIMConnection
    ) -> HttpResponse | StreamingHttpResponse:
        """Show the form; with POST what is found, as a page or a file. Values only for those who may see payloads."""
        form = ReconcileForm(posted(request), request.FILES if request.method == "POST" else None)
        in_clear = permissions.has_permission(request.user, permissions.VIEW_PAYLOAD)
        report: Report | None = None
        compared: list[str] = []
        if form.is_valid():
            reconciliation.refuse_many(connection, most=_MOST)
            directory = form.directory(connection)
            report = reconciliation.examine(connection, directory, most_refused=REFUSED)
            compared = sorted(map(in_words, directory.attributes)) if directory else []
            reconciliation.remember(connection, report)
            if form.cleaned_data["verb"] == "file":
                rows = words.everything(report, in_clear=in_clear)
                return csv_file.response("scim-reconciliation", words.header(), rows)
            # No browser sends a file twice: the form begins anew, with the columns that were named.
            form = ReconcileForm(initial={**form.cleaned_data, "file": None})
        context = {
            "title": _("Compare with the directory"),
            "form": form,
            "report": report,
            "compared": compared,
            "last": reconciliation.last(connection),
            "in_clear": in_clear,
            "people_url": people_url(request, self.admin_site.name),
            "counts": [] if report is None else _counts(report),
            "groups": [] if report is None else list(self._groups(request, connection, report)),
            "unreadable": [] if report is None else report.unreadable[:_SHOWN],
        }
        return self.render_page(request, "connection/reconcile.html", connection, context)

    def _groups(
        self, request: HttpRequest, connection: SCIMConnection, report: Report
    ) -> Iterator[dict[str, Any]]:
        """The people of each kind that should be looked at."""
        in_clear = permissions.has_permission(request.user, permissions.VIEW_PAYLOAD)
        for found in reconciliation.NAMED:
            lines = [line for line in report.lines if line.found is found]
            if lines:
                rows = [
                    row
                    for line in lines[:_SHOWN]
                    for row in self._compared(request, connection, line, in_clear)
                ]
                told = words.told(found, with_directory=report.with_directory)
                yield {
                    "key": found.value,
                    "label": told[0] if told else "",
                    "is_differing": found in (Found.DIFFERS, Found.LOCKED),
                    "rows": rows,
                    "has_why": any(row["why"] for row in rows),
                    "has_leads": any(row["lead"] for row in rows),
                    "more": max(0, len(lines) - _SHOWN),
                }

    def _compared(
        self, request: HttpRequest, connection: SCIMConnection, line: Line, in_clear: bool
    ) -> Iterator[dict[str, Any]]:
        """One for each attribute in which somebody differs; the first one with what to do about them."""
        lead, url = self._lead_of(request, connection, line, in_clear), ""
        if len(line.accounts) == 1 and (in_clear or line.found is Found.UNMANAGED):
            url = row_page(self.admin_site, request, line.accounts[0])
        for name, _found, account, attribute, here, there, why in words.rows([line], in_clear=in_clear):
            known = {"name": name, "account": account, "url": url, "why": why, "lead": lead}
            yield {**known, "attribute": attribute, "here": here, "there": there}
            lead = None

    def _lead_of(
        self, request: HttpRequest, connection: SCIMConnection, line: Line, in_clear: bool
    ) -> PageLink | None:
        """The page on which something is done about somebody."""
        if line.found is Found.NOT_HERE:
            # An address of the file may have led to them, which who may not see values is not told.
            found = [account.pk for account in line.accounts if in_clear]
            asked = {"name": line.name, "account": found}
            page = self.page_url("person", connection)
            return PageLink(f"{page}?{urlencode(asked, doseq=True)}", _("Who is it?"))
        if line.found is Found.UNMANAGED:
            page, keys = self.page_url("doubles", connection), {"account": line.accounts[0].pk}
            return PageLink(f"{page}?{urlencode(keys)}", _("Compare with another account"))
        if line.found in (Found.DIFFERS, Found.LOCKED):
            page = self.page_url("values", connection, link_id=line.link)
            return PageLink(page, _("Whose values are these?"))
        history = self.history_url(request, line.link)
        return PageLink(history, _("What happened to this learner?")) if history else None


def compare_url(pages: ConnectionPages, request: HttpRequest, connection: SCIMConnection) -> str:
    """Where a connection is compared; empty for those who may not, and for one that has ended."""
    may = permissions.has_permission(request.user, permissions.MANAGE_POLICY)
    return pages.page_url("reconcile", connection) if may and not connection.is_archived else ""


def _counts(report: Report) -> list[tuple[str, Any, int, Any]]:
    """Each kind, with the part of the page on which its people are named."""
    told = {found: words.told(found, with_directory=report.with_directory) for found in report.counts}
    return [
        (found.value if n and found in reconciliation.NAMED else "", words_of[0], n, words_of[1])
        for found, n in report.counts.items()
        if (words_of := told[found]) is not None
    ]
