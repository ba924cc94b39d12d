"""The dict SCIM_PROVISIONING: its keys, their kinds, their ranges, the Tenant URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from scim_provisioning.checks import faults
from tests.checks.project import configure, found

if TYPE_CHECKING:
    from pytest_django import Settings


@pytest.mark.parametrize("value", [None, [], "text"])
def test_a_setting_that_is_no_dict(value: object, settings: Settings) -> None:
    settings.SCIM_PROVISIONING = value
    assert faults.SETTING_IS_NO_DICT.at() in found()


def test_a_missing_setting(settings: Settings) -> None:
    del settings.SCIM_PROVISIONING
    assert {message.id for message in found()} == {"scim_provisioning.E001", "scim_provisioning.E004"}


@pytest.mark.parametrize(
    ("keys", "shown", "advice"),
    [
        ({"TOKEN_DEFAULT_DAY": 30}, "'TOKEN_DEFAULT_DAY'", "Did you mean 'TOKEN_DEFAULT_DAYS'?"),
        ({"site_url": "https://x"}, "'site_url'", "Did you mean 'SITE_URL'?"),
        ({"LIMITS": {"dept": 3}}, "LIMITS['dept']", "Did you mean 'depth'?"),
        ({"THROTTLE": {"write": 3}}, "THROTTLE['write']", "Did you mean 'writes'?"),
        ({"THROTTLE": {"x": 3}}, "THROTTLE['x']", "Remove it, or use one of: failures, reads, writes."),
        ({"RETENTION": {"event_day": 3}}, "RETENTION['event_day']", "Did you mean 'event_days'?"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(
    keys: dict[str, Any], shown: str, advice: str, settings: Settings
) -> None:
    configure(settings, **keys)
    assert found() == [faults.UNKNOWN_KEY.at(key=shown, advice=advice)]


@pytest.mark.parametrize(
    ("key", "value", "shown", "wanted", "said"),
    [
        ("PAGE_SIZE", "100", "PAGE_SIZE", "a whole number", "'100'"),
        ("PAGE_SIZE", True, "PAGE_SIZE", "a whole number", "True"),
        ("REQUIRE_SSO", "no", "REQUIRE_SSO", "True or False", "'no'"),
        ("SSO_ENABLED", ["enabled"], "SSO_ENABLED", "a dict", "['enabled']"),
        ("SSO_MODEL", 5, "SSO_MODEL", "a text", "5"),
        ("ADAPTER", 5, "ADAPTER", "a text", "5"),
        ("TRUSTED_PROXIES", "10.0.0.1", "TRUSTED_PROXIES", "a list", "'10.0.0.1'"),
        ("LIMITS", {"depth": "deep"}, "LIMITS['depth']", "a whole number", "'deep'"),
        ("TOKEN_PEPPERS", [b"secret" * 8], "TOKEN_PEPPERS[…]", "a text", "a bytes"),
    ],
)
def test_a_value_of_the_wrong_kind(
    key: str, value: object, shown: str, wanted: str, said: str, settings: Settings
) -> None:
    configure(settings, **{key: value})
    assert found() == [faults.WRONG_KIND.at(key=shown, wanted=wanted, value=said)]


@pytest.mark.parametrize(
    ("keys", "shown", "value"),
    [
        ({"TOKENS_LIVE_MAX": 0}, "TOKENS_LIVE_MAX", 0),
        ({"TOKENS_LIVE_MAX": 6}, "TOKENS_LIVE_MAX", 6),
        ({"TOKEN_MAX_DAYS": 0}, "TOKEN_MAX_DAYS", 0),
        ({"TOKEN_DEFAULT_DAYS": 731}, "TOKEN_DEFAULT_DAYS", 731),
        ({"PAGE_SIZE_MAX": 0}, "PAGE_SIZE_MAX", 0),
        ({"PAGE_SIZE": 201}, "PAGE_SIZE", 201),
        ({"LIMITS": {"depth": 0}}, "LIMITS['depth']", 0),
        ({"THROTTLE": {"reads": -1}}, "THROTTLE['reads']", -1),
    ],
)
def test_a_number_out_of_range(keys: dict[str, Any], shown: str, value: int, settings: Settings) -> None:
    configure(settings, **keys)
    (message,) = found()
    assert message.id == faults.OUT_OF_RANGE.id
    assert message.msg == f"SCIM_PROVISIONING: {shown} is {value}, which is out of range."
    assert message.hint is not None
    assert message.hint.startswith(f"Set {shown} to ")


@pytest.mark.parametrize(
    "url", ["help", "/help", "ftp://lms.example/help", "https://", "https://user@lms.example", "https://[x"]
)
def test_a_documentation_url_that_is_no_address(url: str, settings: Settings) -> None:
    configure(settings, DOCUMENTATION_URL=url)
    wanted = "an address such as https://lms.example.com/help/provisioning"
    assert found() == [faults.WRONG_KIND.at(key="DOCUMENTATION_URL", wanted=wanted, value=repr(url))]


@pytest.mark.parametrize(
    "url", [None, "", "https://lms.example/help?topic=scim#entra", "http://localhost/help"]
)
def test_a_documentation_url_that_is_one_or_none(url: str | None, settings: Settings) -> None:
    configure(settings, DOCUMENTATION_URL=url)
    assert found() == []


def test_a_proxy_that_is_no_network(settings: Settings) -> None:
    configure(settings, TRUSTED_PROXIES=["10.0.0.0/8", "proxy.internal"])
    assert found() == [faults.BAD_NETWORK.at(value="'proxy.internal'")]


@pytest.mark.parametrize("key", ["ADMIN_BASE", "METRICS"])
def test_a_dotted_path_that_leads_nowhere(key: str, settings: Settings) -> None:
    configure(settings, **{key: "nowhere.Class"})
    error = "No module named 'nowhere'"
    assert found() == [faults.PATH_NOT_IMPORTABLE.at(key=key, path="nowhere.Class", error=error)]


def test_weak_peppers_are_named_without_being_shown(settings: Settings) -> None:
    settings.SECRET_KEY = "the-secret-key-of-this-very-project"
    configure(settings, TOKEN_PEPPERS=["short", settings.SECRET_KEY, "l" * 32])
    messages = found()
    assert messages == [faults.SHORT_PEPPER.at(length=5), faults.PEPPER_IS_SECRET_KEY.at()]
    assert "short" not in str(messages)


@pytest.mark.parametrize(
    ("url", "debug", "fault"),
    [
        ("", False, faults.SITE_URL_MISSING),
        ("", True, None),
        ("https://lms.example", False, None),
        ("https://lms.example:8443/", False, None),
        ("http://lms.example", True, None),
        ("http://lms.example", False, faults.SITE_URL_WITHOUT_HTTPS),
        ("http://localhost.lms.example", False, faults.SITE_URL_WITHOUT_HTTPS),
        ("http://127.0.0.1:8000", False, None),
        ("https://lms.example/scim/v2", False, faults.SITE_URL_MALFORMED),
        ("https://lms.example?x=1", False, faults.SITE_URL_MALFORMED),
        ("https://user@lms.example", False, faults.SITE_URL_MALFORMED),
        ("lms.example", False, faults.SITE_URL_MALFORMED),
        ("lms.example", True, faults.SITE_URL_MALFORMED),
        ("ftp://lms.example", False, faults.SITE_URL_MALFORMED),
        ("https://", False, faults.SITE_URL_MALFORMED),
        ("https://[bad", False, faults.SITE_URL_MALFORMED),
        ("https://lms.example:port", False, faults.SITE_URL_MALFORMED),
    ],
)
def test_the_site_url_is_https_and_nothing_but_scheme_and_host(
    url: str, debug: bool, fault: faults.Fault | None, settings: Settings
) -> None:
    settings.DEBUG = debug
    configure(settings, SITE_URL=url)
    assert found() == ([] if fault is None else [fault.at(url=url)])
