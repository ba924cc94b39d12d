"""Settings of a host's that must not reach into the SCIM endpoints."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, ClassVar

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.db import connections, transaction
from django.http import HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.test import Client
from django.urls import include, path
from django.views.generic import RedirectView
from pytest_django import Settings

from example_project.lms.models import Learner, Team
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.models import ProvisioningEvent, SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.client import ScimClient
from tests.lms_factories import SSOSettingsFactory
from tests.people import ENTERPRISE, person

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


@pytest.mark.django_db(transaction=True)
def test_atomic_requests_neither_keeps_half_a_change_nor_loses_the_log(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connections["default"].settings_dict, "ATOMIC_REQUESTS", True)
    created = scim.post("/Users", person()).json()
    answer = scim.patch(
        f"/Users/{created['id']}",
        [
            {"op": "Replace", "path": f"{ENTERPRISE}:department", "value": "Half Written"},
            {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "no address"},
        ],
    )
    assert answer.status_code == 400
    assert not Team.objects.filter(name="Half Written").exists()
    assert [event.outcome for event in ProvisioningEvent.objects.order_by("id")] == ["applied", "refused"]


@pytest.mark.django_db
def test_the_hosts_rest_framework_settings_do_not_apply(scim: ScimClient, settings: Settings) -> None:
    settings.REST_FRAMEWORK = {
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.BasicAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.BrowsableAPIRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.FormParser"],
        "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.AnonRateThrottle"],
        "DEFAULT_THROTTLE_RATES": {"anon": "1/day"},
        "EXCEPTION_HANDLER": "rest_framework.views.exception_handler",
        "DEFAULT_VERSIONING_CLASS": "rest_framework.versioning.AcceptHeaderVersioning",
        "UNAUTHENTICATED_USER": None,
    }
    for _ in range(2):
        assert scim.get("/Users").headers["Content-Type"] == "application/scim+json; charset=utf-8"
    assert scim.post("/Users", person()).status_code == 201
    assert scim.get("/Users/unknown").json()["status"] == "404"
    assert ScimClient("no-token").get("/Users").headers["WWW-Authenticate"].startswith("Bearer")
    assert Learner.objects.count() == 1


@pytest.mark.django_db
def test_plain_http_is_refused_and_never_redirected_once_the_site_is_https(
    scim: ScimClient, settings: Settings
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "SITE_URL": "https://lms.example"}
    answer = scim.get("/Users")
    assert answer.status_code == 403
    assert answer.json()["detail"].startswith("Use https: ")
    assert "SECURE_PROXY_SSL_HEADER" in answer.json()["detail"]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert scim.get("/Users", x_forwarded_proto="https").status_code == 200


# --- middleware that answers, or changes an answer, before or after the view


def add(settings: Settings, middleware: type | str, first: bool = False) -> None:
    dotted = (
        middleware if isinstance(middleware, str) else f"{middleware.__module__}.{middleware.__qualname__}"
    )
    settings.MIDDLEWARE = [dotted, *settings.MIDDLEWARE] if first else [*settings.MIDDLEWARE, dotted]


def urls(settings: Settings, monkeypatch: pytest.MonkeyPatch, *patterns: Any) -> None:
    """Let the host have these URLs for this test."""
    module = ModuleType("urls_of_a_host")
    module.urlpatterns = list(patterns)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "urls_of_a_host", module)
    settings.ROOT_URLCONF = "urls_of_a_host"


def every_kind_of_request(scim: ScimClient) -> list[tuple[str, HttpResponse]]:
    """One request of each kind, and what each of them must answer, whatever the host has around it."""
    created = scim.post("/Users", person())
    address = f"/Users/{created.json()['id']}"
    return [
        ("201", created),
        ("200", scim.get(address)),
        ("200", scim.get(f"{address}/")),
        ("200", scim.get("/Users")),
        ("200", scim.get("/Users/")),
        ("200", scim.patch(address, [{"op": "replace", "path": "active", "value": False}])),
        ("200", scim.put(address, person())),
        ("200", scim.get("/ServiceProviderConfig")),
        ("200", scim.post("/Bulk", {"schemas": [BULK], "Operations": []})),
        ("501", scim.get("/Me")),
        ("501", scim.post("/Groups", {"displayName": "Deck"})),
        ("404", scim.get("/Users/unknown")),
        ("404", scim.get("/Nowhere")),
        ("404", scim.get("/Nowhere/")),
        ("204", scim.delete(address)),
        ("401", ScimClient("no-token").get("/Users")),
        ("401", ScimClient("no-token").post("/Users", person())),
    ]


def assert_undisturbed(scim: ScimClient) -> None:
    for status, answer in every_kind_of_request(scim):
        request = f"{answer.request['REQUEST_METHOD']} {answer.request['PATH_INFO']}"
        assert str(answer.status_code) == status, request
        if status != "204":
            assert answer.headers["Content-Type"] == "application/scim+json; charset=utf-8", request


class HostsCsrf(CsrfViewMiddleware):
    """A host's own, derived from Django's."""


@pytest.mark.django_db
@pytest.mark.parametrize(
    "middleware",
    [
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
        HostsCsrf,
        "django.middleware.gzip.GZipMiddleware",
        "django.middleware.http.ConditionalGetMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django.middleware.common.BrokenLinkEmailsMiddleware",
    ],
)
def test_no_middleware_of_djangos_answers_instead_of_the_view(
    middleware: type | str, scim: ScimClient, settings: Settings
) -> None:
    add(settings, middleware)
    assert_undisturbed(scim)


@pytest.mark.django_db
def test_whoever_must_sign_in_to_the_lms_does_not_have_to_for_scim(
    scim: ScimClient, settings: Settings, client: Client
) -> None:
    add(settings, "django.contrib.auth.middleware.LoginRequiredMiddleware")
    assert client.get("/").status_code == 302, "the middleware is on"
    assert scim.post("/Users", person()).status_code == 201


@pytest.mark.django_db
@pytest.mark.parametrize("append_slash", [True, False])
@pytest.mark.parametrize("debug", [True, False])
def test_append_slash_redirects_nothing_of_scim(
    append_slash: bool, debug: bool, scim: ScimClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = path("<path:page>/", RedirectView.as_view(url="/elsewhere/"))
    urls(settings, monkeypatch, path("", include("scim_provisioning.urls")), everything)
    settings.APPEND_SLASH, settings.DEBUG = append_slash, debug
    assert_undisturbed(scim)


@pytest.mark.django_db
def test_a_404_is_not_redirected_to_the_same_path_in_a_language(
    scim: ScimClient, settings: Settings, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    """A CMS inside i18n_patterns answers every path, so Django takes a SCIM 404 for a missing language."""
    everything = path("<path:page>", RedirectView.as_view(url="/elsewhere/"))
    urls(settings, monkeypatch, path("", include("scim_provisioning.urls")), *i18n_patterns(everything))
    add(settings, "django.middleware.locale.LocaleMiddleware")
    assert client.get("/courses").headers["Location"] == "/en/courses", "the middleware is on"
    assert_undisturbed(scim)


@pytest.mark.django_db
def test_a_cache_of_the_whole_site_keeps_nothing_of_scim(scim: ScimClient, settings: Settings) -> None:
    """One customer's answer would be the next one's, and be served without asking who calls."""
    add(settings, "django.middleware.cache.UpdateCacheMiddleware", first=True)
    add(settings, "django.middleware.cache.FetchFromCacheMiddleware")
    assert scim.get("/Users").json()["totalResults"] == 0
    assert scim.get("/ServiceProviderConfig").status_code == 200
    scim.post("/Users", person())
    assert scim.get("/Users").json()["totalResults"] == 1
    elsewhere = ConnectionFactory(sso_key=str(SSOSettingsFactory().pk))
    other = ScimClient(TokenFactory(connection=elsewhere).plaintext)
    assert other.get("/Users").json()["totalResults"] == 0
    assert ScimClient(None).get("/ServiceProviderConfig").status_code == 401


@pytest.mark.django_db
def test_views_answer_in_english_whatever_language_the_host_chose(
    scim: ScimClient, settings: Settings
) -> None:
    settings.LANGUAGE_CODE = "de"
    add(settings, "django.middleware.locale.LocaleMiddleware")
    detail = scim.get("/Users/unknown", accept_language="de").json()["detail"]
    assert detail == scim.get("/Users/unknown", accept_language="en").json()["detail"]


class WatchingAdapter(LearnerAdapter):
    """The example's, noting whether it is asked inside a transaction before any verb has begun."""

    in_transaction: ClassVar[list[bool]] = []

    @classmethod
    def tenant_enabled(cls, connection: SCIMConnection) -> bool:
        cls.in_transaction.append(transaction.get_connection().in_atomic_block)
        return True


@pytest.mark.django_db(transaction=True)
def test_atomic_requests_do_not_wrap_the_views(
    scim: ScimClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = f"{__name__}.{WatchingAdapter.__name__}"
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": adapter}
    monkeypatch.setitem(connections["default"].settings_dict, "ATOMIC_REQUESTS", True)
    WatchingAdapter.in_transaction.clear()
    assert_undisturbed(scim)
    assert set(WatchingAdapter.in_transaction) == {False}
