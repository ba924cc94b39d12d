"""Checks of Django's own middleware and settings that could answer a SCIM request before its view does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage
from django.http.request import validate_host
from django.middleware.common import CommonMiddleware
from django.middleware.security import SecurityMiddleware
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from scim_provisioning.checks import faults
from scim_provisioning.conf import app_settings


def check_middleware(**kwargs: Any) -> list[CheckMessage]:
    """No request that is sent to the Tenant URL is redirected or refused on the way to its view."""
    url = app_settings.raw.get("SITE_URL") or ""
    host = _host(url) if isinstance(url, str) else ""
    return [*_https(), *(_www(url, host) or _allowed(host) if host else ())]


def _host(url: str) -> str:
    with suppress(ValueError):
        return urlsplit(url).hostname or ""
    return ""  # that it is malformed is said by check_settings


def uses(middleware: type[Any]) -> bool:
    """Whether the host runs this middleware, or one of its own that derives from it."""
    for path in settings.MIDDLEWARE:
        with suppress(ImportError):
            found = import_string(path)
            if isinstance(found, type) and issubclass(found, middleware):
                return True
    return False


def _https() -> Iterator[CheckMessage]:
    """A redirect to https loses the body of a POST; SCIM's own refusal says what to do."""
    if not (settings.SECURE_SSL_REDIRECT and uses(SecurityMiddleware)):
        return
    try:
        root = reverse("scim_provisioning:root").lstrip("/")
    except NoReverseMatch:
        return  # check_urls says so
    if not any(re.search(pattern, f"{root}/Users") for pattern in settings.SECURE_REDIRECT_EXEMPT):
        pattern = f"^{re.escape(root.removesuffix('v2'))}"
        yield faults.SSL_REDIRECT_LOSES_BODY.at(pattern=pattern)


def _www(url: str, host: str) -> list[CheckMessage]:
    if not settings.PREPEND_WWW or host.startswith("www.") or not uses(CommonMiddleware):
        return []
    return [faults.SITE_URL_WITHOUT_WWW.at(url=url, better=url.replace("://", "://www.", 1))]


def _allowed(host: str) -> list[CheckMessage]:
    allowed = settings.ALLOWED_HOSTS
    if settings.DEBUG and not allowed:
        allowed = [".localhost", "127.0.0.1", "[::1]"]  # what Django allows then
    spelled = f"[{host}]" if ":" in host else host
    return [] if validate_host(spelled, allowed) else [faults.HOST_NOT_ALLOWED.at(host=spelled)]
