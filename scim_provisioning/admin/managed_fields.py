"""Which fields of the host's own form are provisioning's: shown, with where they come from, and not to be edited."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib.admin import AdminSite
from django.db.models import Model
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.admin.pages import page_url_name
from scim_provisioning.administration import keeping, permissions, times
from scim_provisioning.models import ProvisionedUser
from scim_provisioning.rules.customers import is_lost

_KNOWN: Final = "_scim_managed_fields"
_SWITCHES: Final = "_scim_switches"
_WRITTEN: Final = "_scim_written"
_MADE_HERE: Final = gettext_lazy(
    "This application’s own name for the person: “%(sent)s”, which “%(connection)s” sends as the userName, was not "
    "free."
)


@dataclass(frozen=True, slots=True)
class Managed:
    """A field of a form: whether its value is provisioning's to write, and where it comes from, as HTML."""

    is_read_only: bool
    source: SafeString


def managed_fields(site: AdminSite, request: HttpRequest, row: Any, account: Any) -> dict[str, Managed]:
    """The fields of ``row`` that a connection in use writes, by name: asked once a request. Who may not see the
    connection is told that it is provisioning, and no more."""
    known: dict[Any, dict[str, Managed]] = request.__dict__.setdefault(_KNOWN, {})
    key = type(row), row.pk
    if key not in known:
        known[key] = _managed(site, request, row, account)
    return known[key]


def switches(site: AdminSite, request: HttpRequest, row: Any, account: Any) -> set[str]:
    """The fields of ``row`` by which a connection in use switches the account (no query beside ``managed_fields``)."""
    managed_fields(site, request, row, account)
    known: dict[Any, set[str]] = request.__dict__.get(_SWITCHES, {})
    return known.get((type(row), row.pk), set())


def is_written(request: HttpRequest, account: Any, model: type[Model]) -> bool:
    """Whether a connection in use writes rows of this model for an account: asked once a request (one query)."""
    known: dict[Any, set[type[Model]]] = request.__dict__.setdefault(_WRITTEN, {})
    if account.pk not in known:
        links = ProvisionedUser.objects.living().filter(user=account, connection__archived_at__isnull=True)
        known[account.pk] = {one for link in links.select_related("connection") for one in _models(link)}
    return model in known[account.pk]


def _models(link: ProvisionedUser) -> Iterator[type[Model]]:
    try:
        sources = [*get_adapter_class().compiled(link.connection).sources.values()]
    except Exception:
        # As below.
        return
    yield from (source.model for source in sources)


def _managed(site: AdminSite, request: HttpRequest, row: Any, account: Any) -> dict[str, Managed]:
    links = ProvisionedUser.objects.living().filter(user=account, connection__archived_at__isnull=True)
    found: dict[str, Managed] = {}
    for link in links.select_related("connection", "user").order_by("pk"):
        sees = permissions.sees(request.user, link.connection)
        acts = sees and permissions.may(request.user, permissions.MANAGE_POLICY, link.connection)
        known = request.__dict__.setdefault(_SWITCHES, {})
        known.setdefault((type(row), row.pk), set()).update(_switch(link, row))
        for value in _of_row(link, row):
            source = _source(site, link, value, sees=sees, acts=acts)
            found[value.field.name] = Managed(value.is_whole and value.lock is None, source)
    return found


def _of_row(link: ProvisionedUser, row: Any) -> Iterator[keeping.Value]:
    try:
        values = [] if is_lost(link) else keeping.values(link)
    except Exception:
        # The host's adapter does not load, or its rows are gone: the host's own page must not die of it.
        return
    for value in values:
        if type(value.row) is type(row) and value.row.pk == row.pk and value.field.editable:
            yield value


def _switch(link: ProvisionedUser, row: Any) -> Iterator[str]:
    try:
        switch = get_adapter_class().compiled(link.connection).active
    except Exception:
        # As above.
        return
    if switch is not None and isinstance(row, switch.source.model):
        yield switch.field.name


def _source(
    site: AdminSite, link: ProvisionedUser, value: keeping.Value, *, sees: bool, acts: bool
) -> SafeString:
    if not sees:
        return format_html("{}", _("Comes from SCIM provisioning."))
    facts = {"connection": link.connection, "attribute": value.name}
    if value.is_made_here:
        facts["sent"] = value.sent
        return format_html("{}", _MADE_HERE % facts)
    if value.lock is None:
        said = _("From “%(connection)s”: %(attribute)s.") % facts
        name, words, label = "lock", _("Lock this value"), _("Lock “%(attribute)s”")
    else:
        facts |= {"when": times.written(value.lock.locked_at), "reason": value.lock.reason}
        said = _("Locked on %(when)s against “%(connection)s”: %(reason)s") % facts
        name, words, label = "unlock", _("Unlock"), _("Unlock “%(attribute)s”")
    url = _url(site, name, link, value.path) if acts and (value.may_be_locked or value.lock) else ""
    if not url:
        return format_html("{}", said)
    link_to = '{} <a class="scim-inline" href="{}" aria-label="{}">{}</a>'
    return format_html(link_to, said, url, label % facts, words)


def _url(site: AdminSite, name: str, link: ProvisionedUser, path: str) -> str:
    """The address of the page; empty where the host does not register it."""
    keys = {"object_id": link.connection_id, "link_id": link.pk}
    try:
        return (
            f"{reverse(f'{site.name}:{page_url_name(name)}', kwargs=keys)}?{urlencode({'attribute': path})}"
        )
    except NoReverseMatch:
        return ""
