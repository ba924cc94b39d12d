"""Pages under a connection's own admin page: ``…/scimconnection/<id>/<route>/``.

A family of pages is a mixin with ``connection_urls`` and, for those that a person should find, with
``connection_links``. Both are cooperative: they extend what ``super()`` answers. ``ConnectionAdminMixin``
inherits from every family.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite, ModelAdmin
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse

from scim_provisioning import databases
from scim_provisioning.admin import denied
from scim_provisioning.administration import host, permissions, setting_up, troubles
from scim_provisioning.events import reports
from scim_provisioning.http.address import client_address
from scim_provisioning.models import SCIMConnection
from scim_provisioning.protocol.text import is_storable

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    _Base = ModelAdmin[Any]
else:
    _Base = object

logger = logging.getLogger("scim_provisioning")

ConnectionView = Callable[..., HttpResponse | StreamingHttpResponse]

_NAMED: Final = 5
TEMPLATES: Final = "scim_provisioning/admin"
#: The one stylesheet and the one script of all pages; each page works without the script.
MEDIA: Final = forms.Media(css={"all": ["scim_provisioning/admin.css"]}, js=["scim_provisioning/admin.js"])


class WithMedia(_Base):
    """Before a ``ModelAdmin``: its pages have the app's stylesheet and script."""

    @property
    def media(self) -> forms.Media:
        """The admin's own, and the app's."""
        return super().media + MEDIA


@dataclass(frozen=True, slots=True)
class PageLink:
    """A link on the connection page: where to, what it is called, and one sentence on why to go there."""

    url: str
    label: StrOrPromise
    help: StrOrPromise = ""


def log_url(site: str, connection: SCIMConnection) -> str:
    """The provisioning log of one connection; empty where the host does not register it."""
    return _in_the_log(site, connection=connection.pk)


def _in_the_log(site: str, **chosen: int) -> str:
    try:
        log = reverse(f"{site}:scim_provisioning_provisioningevent_changelist")
    except NoReverseMatch:
        return ""
    return f"{log}?{urlencode(chosen)}"


def page_url_name(name: str) -> str:
    """The URL name of a page under a connection, for ``reverse("admin:" + ...)``."""
    return f"scim_provisioning_scimconnection_{name}"


def as_written(site: AdminSite, view: Callable[..., Any]) -> Callable[..., Any]:
    """A page of ours as ``site`` shows it. Whatever is read for it is read where it would be written: a replica that is
    behind would offer administrators what is not so any more, and refuse what is."""
    shown: Callable[..., Any] = databases.primary()(site.admin_view(view))
    return shown


def posted(request: HttpRequest) -> Any:
    """What a form was sent with; None where it is only asked for."""
    return request.POST if request.method == "POST" else None


def who(request: HttpRequest) -> dict[str, Any]:
    """Who acts, for a verb."""
    return {"actor": request.user, "address": client_address(request)}


def few_named(names: Iterable[str]) -> str:
    """ " (ann, bob)", to say behind how many they are who that is; empty where they are too many, or nobody."""
    known = list(names)
    return f" ({', '.join(known)})" if 0 < len(known) <= _NAMED else ""


def is_told_of_trouble(request: HttpRequest, error: Exception) -> bool:
    """Whether ``error`` says that the database is in the way, or the application's own code; then the person is told,
    and whether it was done."""
    if told := troubles.words(error, reads=request.method in ("GET", "HEAD")):
        reports.failure(logger, "An administrator met the database in trouble", exception=error)
    else:
        told = troubles.of_host(error, request.user)
    if told:
        messages.error(request, told)
    return bool(told)


class ConnectionPages(_Base):
    """What every family of pages builds on."""

    def connection_urls(self) -> list[URLPattern]:
        """The routes of this family; extend ``super().connection_urls()``."""
        return []

    def connection_links(self, request: HttpRequest, connection: SCIMConnection) -> list[PageLink]:
        """Links that the connection page shows this person; extend ``super().connection_links(...)``."""
        return []

    def connection_path(
        self, route: str, view: ConnectionView, name: str, *, permission: str = permissions.VIEW
    ) -> URLPattern:
        """A route under the connection. ``view(request, connection, **rest)`` runs for staff who see it.

        ``permission`` is a codename of this app; those who lack it get a 403, strangers a 404. What fails on the
        way is reported without what was typed: passwords, and payloads with people in them.
        """

        def guarded(
            request: HttpRequest, object_id: str, **rest: Any
        ) -> HttpResponse | StreamingHttpResponse:
            reports.keep_quiet(request)
            return denied.in_words(self, request, answered, request, object_id, **rest)

        def answered(
            request: HttpRequest, object_id: str, **rest: Any
        ) -> HttpResponse | StreamingHttpResponse:
            connection = permissions.get_connection(request, object_id, permission)
            if not all(map(is_storable, map(str, rest.values()))):
                raise Http404("The address holds what no database can store.")
            try:
                return view(request, connection, **rest)
            except (setting_up.ConnectionRefused, host.AdapterBroken) as refusal:
                # Somebody else was quicker, what it was to come back to is gone, or the host cannot be asked.
                messages.error(request, refusal.message)
                return self.back(connection)
            except Exception as error:
                if not is_told_of_trouble(request, error):
                    raise
                return self.back(connection)

        # Never inside a host's ATOMIC_REQUESTS: each verb has its own transaction, and a disconnection many.
        wrapped = transaction.non_atomic_requests(as_written(self.admin_site, update_wrapper(guarded, view)))
        return path(f"<str:object_id>/{route}", wrapped, name=page_url_name(name))

    def page_url(self, name: str, connection: SCIMConnection, **rest: Any) -> str:
        """The address of a page of this connection; ``name="change"`` is the connection page itself."""
        return reverse(
            f"{self.admin_site.name}:{page_url_name(name)}", kwargs={"object_id": connection.pk, **rest}
        )

    def history_url(self, request: HttpRequest, link: int | None) -> str:
        """What happened to a learner, by the key of their link; empty for who may not read the log, or where the host
        does not register it."""
        if link is None or not permissions.may_read_log(request.user):
            return ""
        return _in_the_log(self.admin_site.name, learner=link)

    def back(self, connection: SCIMConnection) -> HttpResponse:
        """To the connection's own page."""
        return HttpResponseRedirect(self.page_url("change", connection))

    def render_page(
        self,
        request: HttpRequest,
        template: str,
        connection: SCIMConnection,
        context: Mapping[str, Any],
        *,
        status: int = 200,
    ) -> TemplateResponse:
        """A page in the admin's frame. ``template`` extends ``scim_provisioning/admin/page.html``.

        ``context`` should hold ``title``. The answer is never kept by a browser (``admin_view``: no-store).
        """
        request.current_app = self.admin_site.name
        frame = {
            **self.admin_site.each_context(request),
            "opts": SCIMConnection._meta,
            "original": connection,
            "connection": connection,
            "connection_url": self.page_url("change", connection),
            "media": self.media,
            "is_popup": False,
        }
        return TemplateResponse(request, f"{TEMPLATES}/{template}", {**frame, **context}, status=status)
