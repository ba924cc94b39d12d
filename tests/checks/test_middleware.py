"""Django's own middleware: what would answer a SCIM request before its view does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.middleware.common import CommonMiddleware
from django.middleware.security import SecurityMiddleware

from scim_provisioning.checks import faults
from tests.checks.project import configure, found, ours, urlconf
from tests.client import ScimClient
from tests.people import person

if TYPE_CHECKING:
    from pytest_django import Settings

pytestmark = pytest.mark.django_db


class HostsSecurity(SecurityMiddleware):
    """A host's own, derived from Django's."""


class HostsCommon(CommonMiddleware):
    """A host's own, derived from Django's."""


def using(settings: Settings, *middleware: Any) -> None:
    settings.MIDDLEWARE = [
        one if isinstance(one, str) else f"{one.__module__}.{one.__qualname__}" for one in middleware
    ]


def without(settings: Settings, middleware: type) -> None:
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if not one.endswith(middleware.__name__)]


@pytest.mark.parametrize("prefix", ["", "lms-2/api.v1/"])
def test_a_redirect_to_https_is_taken_back_by_what_the_hint_says(
    prefix: str, settings: Settings, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    urlconf(monkeypatch, settings, ours(prefix))
    settings.SECURE_SSL_REDIRECT = True
    (message,) = found()
    assert message.id == faults.SSL_REDIRECT_LOSES_BODY.id
    assert ScimClient(token).post("/Users", person()).status_code == 301, "which is what the check is about"
    pattern = re.search(r'r"(.+)" to SECURE_REDIRECT_EXEMPT', str(message.hint))
    assert pattern is not None
    settings.SECURE_REDIRECT_EXEMPT = [pattern[1]]
    assert found() == []
    answer = ScimClient(token).post("/Users", person())
    assert (answer.status_code, answer.json()["status"]) == (403, "403")
    assert answer.json()["detail"].startswith("Use https: ")
    configure(settings, SITE_URL="http://127.0.0.1")
    assert ScimClient(token).post("/Users", person()).status_code == 201


def test_another_path_is_redirected_as_before(settings: Settings, token: str) -> None:
    settings.SECURE_SSL_REDIRECT = True
    (message,) = found()
    settings.SECURE_REDIRECT_EXEMPT = [re.findall(r'r"(.+?)"', str(message.hint))[0]]
    client = ScimClient(token)
    client.base = "/admin/scim/"
    assert client.get("v2/Users").status_code == 301


@pytest.mark.parametrize("exempt", [r"^scim", r"^scim/v2/", r"scim/", r".*"])
def test_an_exemption_of_the_hosts_own_counts(exempt: str, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_REDIRECT_EXEMPT = [r"^health$", exempt]
    assert found() == []


def test_the_redirect_is_looked_for_where_it_is_made(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    using(settings, *(one for one in settings.MIDDLEWARE if "Security" not in one), HostsSecurity)
    assert [message.id for message in found()] == [faults.SSL_REDIRECT_LOSES_BODY.id]
    without(settings, HostsSecurity)
    assert found() == []


def test_a_www_that_django_prepends_has_to_stand_in_the_site_url(settings: Settings, token: str) -> None:
    settings.PREPEND_WWW = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    (message,) = found()
    assert message.id == faults.SITE_URL_WITHOUT_WWW.id
    assert message.hint == 'Set SITE_URL to "https://www.lms.example".'
    there = {"x_forwarded_proto": "https"}
    assert ScimClient(token).post("/Users", person(), host="lms.example", **there).status_code == 301
    configure(settings, SITE_URL="https://www.lms.example")
    assert found() == []
    answer = ScimClient(token).post("/Users", person(), host="www.lms.example", **there)
    assert answer.status_code == 201
    assert answer.headers["Location"].startswith("https://www.lms.example/scim/v2/Users/")


def test_the_www_is_prepended_by_common_middleware_only(settings: Settings) -> None:
    settings.PREPEND_WWW = True
    using(settings, *(one for one in settings.MIDDLEWARE if "Common" not in one), HostsCommon)
    assert [message.id for message in found()] == [faults.SITE_URL_WITHOUT_WWW.id]
    without(settings, HostsCommon)
    assert found() == []


@pytest.mark.parametrize(
    ("url", "allowed", "host"),
    [
        ("https://lms.example", ["lms.internal"], "lms.example"),
        ("https://lms.example:8443", ["lms.internal"], "lms.example"),
        ("https://[2001:db8::7]", [], "[2001:db8::7]"),
    ],
)
def test_the_host_of_the_site_url_is_one_that_django_serves(
    url: str, allowed: list[str], host: str, settings: Settings, token: str
) -> None:
    configure(settings, SITE_URL=url)
    settings.ALLOWED_HOSTS = allowed
    assert found() == [faults.HOST_NOT_ALLOWED.at(host=host)]
    there = {"x_forwarded_proto": "https", "host": host}
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert ScimClient(token).get("/Users", **there).status_code == 400
    assert f'Add "{host}" to ALLOWED_HOSTS.' in str(found()[0].hint)
    settings.ALLOWED_HOSTS = [*allowed, host]
    assert found() == []
    assert ScimClient(token).get("/Users", **there).status_code == 200


@pytest.mark.parametrize("url", ["http://localhost:8000", "http://127.0.0.1", "http://[::1]:8000"])
def test_what_django_serves_while_debugging_needs_no_line(url: str, settings: Settings) -> None:
    settings.DEBUG, settings.ALLOWED_HOSTS = True, []
    configure(settings, SITE_URL=url)
    assert found() == []


def test_a_middleware_that_cannot_be_imported_is_none_of_ours(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = settings.PREPEND_WWW = True
    using(settings, "nowhere.Middleware", "scim_provisioning.sessions.SessionKeyMiddleware")
    assert found() == []
