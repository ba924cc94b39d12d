"""Checks of the settings dict itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage
from django.utils.module_loading import import_string

from scim_provisioning.checks import faults
from scim_provisioning.conf import KNOWN_KEYS, KNOWN_SUBKEYS, SETTING, app_settings
from scim_provisioning.telemetry import Metrics
from scim_provisioning.tokens import networks

_WORDS = {str: "a text", dict: "a dict", bool: "True or False", int: "a whole number", list: "a list"}
# Nobody but this machine can reach these, so there is no wire for a token to leak on.
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PEPPER_LENGTH = 32


def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """Unknown keys and wrong kinds first; the values are looked at only when those are right."""
    if not isinstance(getattr(settings, SETTING, None), Mapping):
        return [faults.SETTING_IS_NO_DICT.at()]
    shape = [*_keys(), *_kinds()]
    return shape or [*_site_url(), *_documentation_url(), *_ranges(), *_networks(), *_imports(), *_peppers()]


def _keys() -> Iterator[CheckMessage]:
    for key in app_settings.raw:
        if key not in KNOWN_KEYS:
            yield _unknown(repr(key), str(key).upper(), KNOWN_KEYS)
    for key, names in KNOWN_SUBKEYS.items():
        inner = app_settings.raw.get(key)
        for name in inner if isinstance(inner, Mapping) else ():
            if name not in names:
                yield _unknown(f"{key}[{name!r}]", str(name).lower(), names)


def _unknown(shown: str, name: str, known: Any) -> CheckMessage:
    near = get_close_matches(name, known, n=1)
    advice = (
        f"Did you mean {near[0]!r}?" if near else f"Remove it, or use one of: {', '.join(sorted(known))}."
    )
    return faults.UNKNOWN_KEY.at(key=shown, advice=advice)


def _kinds() -> Iterator[CheckMessage]:
    for key, kinds in KNOWN_KEYS.items():
        if key not in app_settings.raw:
            continue
        value = app_settings.raw[key]
        if not _is(value, kinds):
            yield faults.WRONG_KIND.at(key=key, wanted=_WORDS[kinds[0]], value=repr(value))
        elif key in KNOWN_SUBKEYS:
            for name, number in value.items():
                if not _is(number, (int,)):
                    shown = f"{key}[{name!r}]"
                    yield faults.WRONG_KIND.at(key=shown, wanted=_WORDS[int], value=repr(number))
        elif list in kinds:
            for element in value:
                if not isinstance(element, str):
                    # A pepper is a secret: its place is named, never its value.
                    kind = f"a {type(element).__name__}"
                    yield faults.WRONG_KIND.at(key=f"{key}[…]", wanted=_WORDS[str], value=kind)


def _is(value: object, kinds: tuple[type, ...]) -> bool:
    # True is an int to Python, and no number of days to anybody.
    return isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))


def _site_url() -> Iterator[CheckMessage]:
    url = app_settings.raw.get("SITE_URL", "")
    if not url:
        if not settings.DEBUG:
            yield faults.SITE_URL_MISSING.at()
        return
    try:
        parts = urlsplit(url)
        extra = parts.path.strip("/") or parts.query or parts.fragment or parts.username
        well_formed = parts.scheme in {"http", "https"} and parts.hostname and not extra and parts.port != 0
    except ValueError:
        well_formed = False
    if not well_formed:
        yield faults.SITE_URL_MALFORMED.at(url=url)
    elif parts.scheme == "http" and not settings.DEBUG and parts.hostname not in _LOOPBACK:
        yield faults.SITE_URL_WITHOUT_HTTPS.at(url=url)


def _documentation_url() -> Iterator[CheckMessage]:
    url = app_settings.documentation_url
    if url is None:
        return
    try:
        parts = urlsplit(url)
        well_formed = parts.scheme in {"http", "https"} and parts.hostname and not parts.username
    except ValueError:
        well_formed = False
    if not well_formed:
        wanted = "an address such as https://lms.example.com/help/provisioning"
        yield faults.WRONG_KIND.at(key="DOCUMENTATION_URL", wanted=wanted, value=repr(url))


def _ranges() -> Iterator[CheckMessage]:
    if not 1 <= app_settings.tokens_live_max <= 5:
        yield _range(
            "TOKENS_LIVE_MAX", app_settings.tokens_live_max, "a number from 1 to 5; 2 are enough to rotate"
        )
    if app_settings.token_max_days < 1:
        yield _range("TOKEN_MAX_DAYS", app_settings.token_max_days, "at least 1")
    elif not 1 <= app_settings.token_default_days <= app_settings.token_max_days:
        wanted = f"a number from 1 to TOKEN_MAX_DAYS ({app_settings.token_max_days})"
        yield _range("TOKEN_DEFAULT_DAYS", app_settings.token_default_days, wanted)
    if app_settings.page_size_max < 1:
        yield _range("PAGE_SIZE_MAX", app_settings.page_size_max, "at least 1")
    elif not 1 <= app_settings.page_size <= app_settings.page_size_max:
        wanted = f"a number from 1 to PAGE_SIZE_MAX ({app_settings.page_size_max})"
        yield _range("PAGE_SIZE", app_settings.page_size, wanted)
    for key in KNOWN_SUBKEYS:
        for name, number in app_settings.raw.get(key, {}).items():
            if number < 1:
                yield _range(f"{key}[{name!r}]", number, "at least 1")


def _range(key: str, value: int, wanted: str) -> CheckMessage:
    return faults.OUT_OF_RANGE.at(key=key, value=value, wanted=wanted)


def _networks() -> Iterator[CheckMessage]:
    for text in app_settings.trusted_proxies:
        try:
            networks.network(text)
        except ValueError:
            yield faults.BAD_NETWORK.at(value=repr(text))


def _imports() -> Iterator[CheckMessage]:
    for key in ("ADMIN_BASE", "METRICS"):
        path = app_settings.raw.get(key)
        if not path:
            continue
        try:
            found = import_string(path)
        except ImportError as error:
            yield faults.PATH_NOT_IMPORTABLE.at(key=key, path=path, error=error)
            continue
        if key == "METRICS" and not (isinstance(found, type) and issubclass(found, Metrics)):
            yield faults.METRICS_IS_NO_BACKEND.at(path=path)


def _peppers() -> Iterator[CheckMessage]:
    for pepper in app_settings.token_peppers:
        if pepper == settings.SECRET_KEY:
            yield faults.PEPPER_IS_SECRET_KEY.at()
        elif len(pepper) < _PEPPER_LENGTH:
            yield faults.SHORT_PEPPER.at(length=len(pepper))
