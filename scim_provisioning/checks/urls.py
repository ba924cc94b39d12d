"""Checks of the include: once, at a place that can be named and that nothing else answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from scim_provisioning.checks import faults

APP = "scim_provisioning"


def check_urls(**kwargs: Any) -> list[CheckMessage]:
    """The URLs are included once, at a place that can be named."""
    urlconf = getattr(settings, "ROOT_URLCONF", None)
    if not urlconf:
        return []
    count = _inclusions(get_resolver().url_patterns)
    if count == 0:
        return [faults.URLS_NOT_INCLUDED.at(urlconf=urlconf)]
    if count > 1:
        return [faults.URLS_INCLUDED_TWICE.at(count=count)]
    try:
        reverse(f"{APP}:root")
    except NoReverseMatch as error:
        return [faults.URLS_NOT_REVERSIBLE.at(error=error)]
    return []


def _inclusions(patterns: Iterable[URLPattern | URLResolver]) -> int:
    resolvers = [pattern for pattern in patterns if isinstance(pattern, URLResolver)]
    return sum(1 if one.app_name == APP else _inclusions(one.url_patterns) for one in resolvers)
