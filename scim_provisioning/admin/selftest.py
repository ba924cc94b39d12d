"""The self-test's page: a button, its report, and what the identity provider has done so far."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern
from django.utils.translation import gettext as _

from scim_provisioning.admin.pages import ConnectionPages, PageLink
from scim_provisioning.administration import permissions, selftest
from scim_provisioning.administration.selftest import Result
from scim_provisioning.models import SCIMConnection

#: Mark, word and tone of a result: never by colour alone.
_SHOWN: Final = {
    Result.PASSED: ("✓", "good"),
    Result.WARNING: ("!", "warn"),
    Result.FAILED: ("✗", "bad"),
    Result.UNKNOWN: ("?", "idle"),
}


class SelfTestPages(ConnectionPages):
    """One page, and the little JSON by which it notices a first contact."""

    def connection_urls(self) -> list[URLPattern]:
        """Two routes."""
        return [
            *super().connection_urls(),
            self.connection_path("selftest/", self.selftest_view, "selftest"),
            self.connection_path("selftest/contact/", self.contact_view, "contact"),
        ]

    def connection_links(self, request: HttpRequest, connection: SCIMConnection) -> list[PageLink]:
        """The link to it."""
        link = PageLink(
            self.page_url("selftest", connection),
            _("Self-test and first contact"),
            _("Would it work? And what has the identity provider done so far?"),
        )
        return [*super().connection_links(request, connection), link]

    def selftest_view(self, request: HttpRequest, connection: SCIMConnection) -> HttpResponse:
        """GET shows the ticks; POST runs the self-test as well, and changes nothing either."""
        may_run = permissions.has_permission(request.user, permissions.CHANGE)
        if request.method == "POST" and not may_run:
            raise permissions.missing(permissions.CHANGE)
        lines = selftest.run(connection) if request.method == "POST" else None
        ticks = selftest.first_contact(connection)
        context: dict[str, Any] = {
            "title": _("Self-test and first contact"),
            "ticks": ticks,
            "done": _done(ticks),
            "is_waiting": _done(ticks) < len(ticks) and not connection.is_archived,
            "contact_url": f"{self.page_url('contact', connection)}?done={_done(ticks)}",
            "groups_seen_at": selftest.groups_seen_at(connection),
            "may_run": may_run,
            "lines": None if lines is None else [_line(line) for line in lines],
            "failed": lines is not None and selftest.failed(lines),
        }
        return self.render_page(request, "connection/selftest.html", connection, context)

    def contact_view(self, request: HttpRequest, connection: SCIMConnection) -> HttpResponse:
        """Whether something has happened since the page was made: the script then loads it again."""
        done = str(_done(selftest.first_contact(connection)))
        return JsonResponse({"state": "waiting" if request.GET.get("done") == done else "changed"})


def _done(ticks: list[selftest.Tick]) -> int:
    return sum(tick.at is not None for tick in ticks)


def _line(line: selftest.Line) -> dict[str, str]:
    words = {
        Result.PASSED: _("Passed"),
        Result.WARNING: _("Look at this"),
        Result.FAILED: _("Failed"),
        Result.UNKNOWN: _("Not known yet"),
    }
    mark, tone = _SHOWN[line.result]
    mend = "" if line.result is Result.PASSED else line.mend
    return {
        "what": line.what,
        "found": line.found,
        "mend": mend,
        "mark": mark,
        "tone": tone,
        "word": words[line.result],
    }
