"""Checks of the include: once, at a place that can be named and that nothing else answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage
from django.urls import (
    NoReverseMatch,
    URLPattern,
    URLResolver,
    get_resolver,
    get_script_prefix,
    resolve,
    reverse,
)
from django.urls.resolvers import LocalePrefixPattern
from django.utils.functional import Promise

from scim_provisioning.checks import faults

APP = "scim_provisioning"

Way = tuple[URLResolver, ...]


def check_urls(**kwargs: Any) -> list[CheckMessage]:
    """The URLs are included once, at a place that can be named in one way only."""
    urlconf = getattr(settings, "ROOT_URLCONF", None)
    if not urlconf:
        return []
    ways = list(_inclusions(get_resolver().url_patterns))
    if not ways:
        return [faults.URLS_NOT_INCLUDED.at(urlconf=urlconf)]
    if len(ways) > 1:
        return [faults.URLS_INCLUDED_TWICE.at(count=len(ways))]
    return list(_language(ways[0])) or list(_answer())


def _inclusions(patterns: Iterable[URLPattern | URLResolver], way: Way = ()) -> Iterator[Way]:
    """The resolvers that lead to each inclusion, from the outermost to our own."""
    for one in patterns:
        if isinstance(one, URLResolver):
            here = (*way, one)
            yield from [here] if one.app_name == APP else _inclusions(one.url_patterns, here)


def _language(way: Way) -> Iterator[CheckMessage]:
    for resolver in way:
        if isinstance(resolver.pattern, LocalePrefixPattern):
            yield faults.URLS_DEPEND_ON_LANGUAGE.at(where="i18n_patterns(…)")
        elif isinstance(_written(resolver.pattern), Promise):
            yield faults.URLS_DEPEND_ON_LANGUAGE.at(where=f"the translated path '{resolver.pattern}'")


def _written(pattern: object) -> object:
    """The route or regular expression of a pattern as the host wrote it: a text, or one to be translated."""
    return getattr(pattern, "_route", getattr(pattern, "_regex", ""))


def _answer() -> Iterator[CheckMessage]:
    """The Tenant URL can be built, and leads to us."""
    try:
        root = reverse(f"{APP}:root")
    except NoReverseMatch as error:
        yield faults.URLS_NOT_REVERSIBLE.at(error=error)
        return
    path = f"{root}/Users"
    match = resolve(path.removeprefix(get_script_prefix().rstrip("/")))
    if APP not in match.app_names:
        yield faults.URLS_ANSWERED_BY_ANOTHER.at(path=path, view=match.view_name, pattern=match.route)
