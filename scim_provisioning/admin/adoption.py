"""The page on which an administrator sees whom an identity provider's people are here already, and links those who are
certain. What ``manage.py scim_adopt`` does; GET shows who was refused, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import URLPattern
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from scim_provisioning.admin import csv_file, joining
from scim_provisioning.admin.export_form import REFUSED, ExportFields
from scim_provisioning.admin.identity_form import IdentityForm
from scim_provisioning.admin.pages import ConnectionPages, PageLink, posted, who
from scim_provisioning.admin.provisioned_user import account_admin
from scim_provisioning.administration import adoption, permissions
from scim_provisioning.administration.adoption import Report, Verdict, words
from scim_provisioning.administration.log_words import MASK
from scim_provisioning.models import SCIMConnection
from scim_provisioning.templatetags.scim_admin import scim_number

#: So many people are shown; the file holds all.
_SHOWN: Final = 200


class DirectoryForm(ExportFields, IdentityForm):
    """An export of the directory, and what is to be done."""

    VERBS: Final = {
        "show": gettext_lazy("Show who is here; change nothing"),
        "file": gettext_lazy("The same as a CSV file"),
        "link": gettext_lazy("Link those who are certain"),
    }

    verb = forms.ChoiceField(
        label=gettext_lazy("What shall be done?"),
        choices=list(VERBS.items()),
        initial="show",
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, request=request, **kwargs)
        self.fields["file"].help_text = _(
            "In Entra: Users, All users, Download users. Without a file those are meant who were refused in the last "
            "30 days. The file is read and not kept."
        )
        if self.is_bound and self.data.get("verb") != "link":
            # Who only looks confirms nothing.
            self.fields.pop("password", None)

    def clean(self) -> dict[str, Any]:
        """The password is asked for where something is changed."""
        return super().clean() if self.cleaned_data.get("verb") == "link" else self.cleaned_data


class AdoptionPages(ConnectionPages):
    """Whom a directory's people are."""

    def connection_urls(self) -> list[URLPattern]:
        """One route."""
        policy = permissions.MANAGE_POLICY
        return [
            *super().connection_urls(),
            self.connection_path("adopt/", self.adopt_view, "adopt", permission=policy),
        ]

    def connection_links(self, request: HttpRequest, connection: SCIMConnection) -> list[PageLink]:
        """The link to it."""
        links = super().connection_links(request, connection)
        if connection.is_archived or not permissions.has_permission(request.user, permissions.MANAGE_POLICY):
            return links
        help_text = _(
            "Which accounts the identity provider's people have already; link them before the first sync."
        )
        return [
            *links,
            PageLink(self.page_url("adopt", connection), _("People who are here already"), help_text),
        ]

    def adopt_view(
        self, request: HttpRequest, connection: SCIMConnection
    ) -> HttpResponse | StreamingHttpResponse:
        """Show the form; with POST what is found, as a page or a file, and link on confirmation."""
        files = request.FILES if request.method == "POST" else None
        form = DirectoryForm(posted(request), files, request=request)
        report: Report | None = None
        if form.is_valid():
            people = form.directory(connection)
            if people is None:
                people = adoption.from_log(connection, most=REFUSED)
            report = adoption.examine(connection, people)
            if form.cleaned_data["verb"] == "file":
                everybody = _everybody(report, in_clear=_sees_values(request))
                return csv_file.response("scim-existing-learners", adoption.header(), everybody)
            if form.cleaned_data["verb"] == "link":
                done = adoption.link(connection, report, **who(request))
                told = ngettext("%(n)s account was linked.", "%(n)s accounts were linked.", done)
                messages.success(request, told % {"n": scim_number(done)})
                return HttpResponseRedirect(self.page_url("adopt", connection))
            # No browser sends a file twice: the form begins anew, with the columns that were named.
            form = DirectoryForm(initial={**form.cleaned_data, "file": None}, request=request)
        return self._adoption_page(request, connection, form, report)

    def _adoption_page(
        self, request: HttpRequest, connection: SCIMConnection, form: forms.Form, report: Report | None
    ) -> HttpResponse:
        context: dict[str, Any] = {"title": _("People who are here already"), "form": form, "report": report}
        if report is not None:
            doubtful = report.of(*adoption.DOUBTFUL)
            context |= {
                "counts": [
                    (words.FINDINGS[finding], count, words.MEANINGS[finding])
                    for finding, count in report.counts.items()
                ],
                "header": adoption.header(),
                "rows": self._rows(request, connection, doubtful[:_SHOWN]),
                "more": max(0, len(doubtful) - _SHOWN),
                "doubles": [
                    (double, joining.join_page(self.admin_site, connection, double))
                    for double in report.doubles[:_SHOWN]
                ],
                "unreadable": report.unreadable[:_SHOWN],
            }
        return self.render_page(request, "connection/adopt.html", connection, context)

    def _rows(
        self, request: HttpRequest, connection: SCIMConnection, verdicts: Sequence[Verdict]
    ) -> list[dict[str, Any]]:
        """Each with the accounts in the LMS, and where to say who it is."""
        in_clear = _sees_values(request)
        told = adoption.rows(verdicts, in_clear=in_clear)
        rows = []
        for verdict, (name, finding, _accounts, why) in zip(verdicts, told, strict=True):
            labels = adoption.called(verdict, in_clear=in_clear)
            accounts = [account for account in verdict.accounts if account is not None]
            urls = [
                "" if label == MASK else account_admin(self.admin_site, request, account)
                for label, account in zip(labels, accounts, strict=True)
            ]
            asked = {"name": name, "account": [account.pk for account in accounts]}
            url = f"{self.page_url('person', connection)}?{urlencode(asked, doseq=True)}"
            found = list(zip(labels, urls, strict=True))
            rows.append({"name": name, "finding": finding, "accounts": found, "why": why, "url": url})
        return rows


def _sees_values(request: HttpRequest) -> bool:
    return permissions.has_permission(request.user, permissions.VIEW_PAYLOAD)


def _everybody(report: Report, *, in_clear: bool) -> list[tuple[str, str, str, str]]:
    unreadable = [(where, _("Not readable"), "", why) for where, why in report.unreadable]
    doubles = adoption.double_rows(report.doubles, in_clear=in_clear)
    return [*adoption.rows(report.verdicts, in_clear=in_clear), *doubles, *unreadable]
