"""Where an administrator finds a learner: the host's own page about them, their history, where they are forgotten."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.admin.host_pages import row_page
from scim_provisioning.admin.pages import page_url_name
from scim_provisioning.administration import permissions
from scim_provisioning.models import ProvisionedUser

_LOG: Final = "scim_provisioning_provisioningevent_changelist"


def address_of(site: AdminSite, name: str, keys: dict[str, Any]) -> str:
    """The address of a page of the app; empty where the host does not register it."""
    try:
        return reverse(f"{site.name}:{name}", kwargs=keys)
    except NoReverseMatch:
        return ""


def history_page(site: AdminSite, link: ProvisionedUser) -> str:
    """The address of everything that happened to one learner; empty where the log is not registered."""
    try:
        return f"{reverse(f'{site.name}:{_LOG}')}?{urlencode({'learner': link.pk, 'lookups': 'show'})}"
    except NoReverseMatch:
        return ""


def learner_page(
    site: AdminSite, request: HttpRequest, link: ProvisionedUser | None, learner: Any = None
) -> str:
    """The address of the host's own admin page about a learner, else about the account; empty without one. ``learner``
    is the row, where it has been read."""
    if link is None or link.user is None:
        return ""
    for row in (learner or _learner(link), link.user):
        if row is not None and (url := row_page(site, request, row)):
            return url
    return ""


def _learner(link: ProvisionedUser) -> Any:
    try:
        return get_adapter_class()(link.user, link=link, connection=link.connection).learner
    except Exception:
        # The host's adapter does not load, or its rows are gone: the log stays readable.
        return None


def forget_page(site: AdminSite, request: HttpRequest, link: ProvisionedUser) -> str:
    """The address of the page on which a learner is forgotten; empty for whoever may not, and of those who were."""
    if link.is_forgotten or not permissions.has_permission(request.user, permissions.FORGET):
        return ""
    return address_of(site, page_url_name("forget"), {"object_id": link.connection_id, "link_id": link.pk})
