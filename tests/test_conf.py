"""The settings dict, read fresh every time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from scim_provisioning.conf import KNOWN_KEYS, Retention, app_settings, tenant_url
from scim_provisioning.protocol.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from pytest_django import Settings

DEFAULTS: dict[str, Any] = {
    "SSO_MODEL": None,
    "SSO_KEY_FIELD": "pk",
    "SSO_ENABLED": {},
    "REQUIRE_SSO": True,
    "TOKEN_DEFAULT_DAYS": 365,
    "TOKEN_MAX_DAYS": 730,
    "TOKENS_LIVE_MAX": 2,
    "ALLOW_NON_EXPIRING_TOKENS": False,
    "METRICS": None,
    "TOKEN_PEPPERS": (),
    "THROTTLE": {"reads": 500, "writes": 250, "failures": 60},
    "LIMITS": DEFAULT_LIMITS,
    "TRUSTED_PROXIES": (),
    "PAGE_SIZE": 100,
    "PAGE_SIZE_MAX": 200,
    "DOCUMENTATION_URL": None,
    "ADMIN_AUTOREGISTER": True,
    "ADMIN_BASE": "django.contrib.admin.ModelAdmin",
    "RETENTION": Retention(payload_days=30, payloads_per_connection=50_000, event_days=396, decided_days=90),
}

CHANGES: dict[str, tuple[Any, Any]] = {
    "ADAPTER": ("host.scim.Adapter", "host.scim.Adapter"),
    "SITE_URL": ("https://lms.example/", "https://lms.example"),
    "SSO_MODEL": ("lms.SSOSettings", "lms.SSOSettings"),
    "SSO_KEY_FIELD": ("entity_id", "entity_id"),
    "SSO_ENABLED": ({"enabled": True}, {"enabled": True}),
    "REQUIRE_SSO": (False, False),
    "TOKEN_DEFAULT_DAYS": (90, 90),
    "TOKEN_MAX_DAYS": (100, 100),
    "TOKENS_LIVE_MAX": (3, 3),
    "ALLOW_NON_EXPIRING_TOKENS": (True, True),
    "METRICS": ("host.metrics.Backend", "host.metrics.Backend"),
    "TOKEN_PEPPERS": (["new", "old"], ("new", "old")),
    "THROTTLE": ({"writes": 5}, {"reads": 500, "writes": 5, "failures": 60}),
    "LIMITS": ({"depth": 20}, None),
    "TRUSTED_PROXIES": (["10.0.0.0/8"], ("10.0.0.0/8",)),
    "PAGE_SIZE": (50, 50),
    "PAGE_SIZE_MAX": (500, 500),
    "DOCUMENTATION_URL": ("https://lms.example/help", "https://lms.example/help"),
    "ADMIN_AUTOREGISTER": (False, False),
    "ADMIN_BASE": ("unfold.admin.ModelAdmin", "unfold.admin.ModelAdmin"),
    "RETENTION": ({"event_days": 400}, Retention(event_days=400)),
}


@pytest.mark.parametrize("key", sorted(DEFAULTS))
def test_a_missing_key_has_the_documented_default(key: str, settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {}
    assert getattr(app_settings, key.lower()) == DEFAULTS[key]


@pytest.mark.parametrize("key", sorted(CHANGES))
def test_a_changed_key_counts_at_once(key: str, settings: Settings) -> None:
    written, read = CHANGES[key]
    settings.SCIM_PROVISIONING = {key: written}
    value = getattr(app_settings, key.lower())
    if key == "LIMITS":
        assert (value.depth, value.keys) == (20, DEFAULT_LIMITS.keys)
    else:
        assert value == read


def test_every_known_key_has_a_property_and_a_test() -> None:
    assert set(CHANGES) == set(KNOWN_KEYS)
    assert set(DEFAULTS) | {"ADAPTER", "SITE_URL"} == set(KNOWN_KEYS)


def test_an_adapter_has_no_default(settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {}
    with pytest.raises(ImproperlyConfigured, match="dotted path of your LearnerAdapter"):
        app_settings.adapter  # noqa: B018


def test_the_site_url_has_a_default_in_debug_only(settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {}
    settings.DEBUG = True
    assert app_settings.site_url == "http://localhost:8000"
    settings.DEBUG = False
    with pytest.raises(ImproperlyConfigured, match="SITE_URL"):
        app_settings.site_url  # noqa: B018


@pytest.mark.parametrize("value", [None, [], "text"])
def test_a_setting_that_is_no_dict_counts_as_empty(value: object, settings: Settings) -> None:
    settings.SCIM_PROVISIONING = value
    assert app_settings.page_size == 100


def test_the_tenant_url_is_built_from_site_url_only_and_ends_in_scim_v2(settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "SITE_URL": "https://lms.example/"}
    assert tenant_url() == "https://lms.example/scim/v2"
