"""The include: once, at a place that can be named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path, re_path
from django.utils import translation
from django.utils.translation import gettext_lazy
from django.views.generic import RedirectView

from scim_provisioning.checks import faults
from scim_provisioning.conf import tenant_url
from tests.checks.project import found, ours, urlconf
from tests.client import ScimClient

if TYPE_CHECKING:
    from pytest_django import Settings


def test_urls_that_are_not_included(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    urlconf(monkeypatch, settings)
    assert found() == [faults.URLS_NOT_INCLUDED.at(urlconf="urls_of_a_check")]


def test_urls_that_are_included_twice(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    urlconf(monkeypatch, settings, ours(), path("deep/", include([ours("api/")])))
    assert found() == [faults.URLS_INCLUDED_TWICE.at(count=2)]


def test_urls_that_are_included_once_somewhere_deep(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    urlconf(monkeypatch, settings, path("deep/", include([ours("api/")])))
    assert found() == []


def test_urls_under_a_path_with_a_parameter(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    urlconf(monkeypatch, settings, ours("<slug:tenant>/"))
    (message,) = found()
    assert message.id == faults.URLS_NOT_REVERSIBLE.id


def test_urls_under_a_namespace_of_the_hosts_own(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    urlconf(monkeypatch, settings, path("", include("scim_provisioning.urls", namespace="provisioning")))
    assert found() == []


def test_a_project_without_urls_has_none_to_include(settings: Settings) -> None:
    del settings.ROOT_URLCONF
    assert found() == []


def tenant_urls() -> set[str]:
    """The Tenant URL in each language of the site."""
    urls = set()
    for language in ("en", "de"):
        with translation.override(language):
            urls.add(tenant_url())
    return urls


@pytest.mark.parametrize("prefix_default_language", [True, False])
def test_urls_inside_i18n_patterns_have_to_go_beside_them(
    prefix_default_language: bool, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = path("", RedirectView.as_view(pattern_name="admin:index"))
    inside = i18n_patterns(home, ours("lms/"), prefix_default_language=prefix_default_language)
    urlconf(monkeypatch, settings, *inside)
    assert found() == [faults.URLS_DEPEND_ON_LANGUAGE.at(where="i18n_patterns(…)")]
    assert "*i18n_patterns(…)]" in str(found()[0].hint)
    assert len(tenant_urls()) == 2, "which is what the check is about"
    beside = i18n_patterns(home, prefix_default_language=prefix_default_language)
    urlconf(monkeypatch, settings, ours(), *beside)
    assert found() == []
    assert tenant_urls() == {"https://lms.example/scim/v2"}


@pytest.mark.parametrize("route", [path, re_path])
def test_urls_under_a_translated_path(
    route: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    urlconf(monkeypatch, settings, route(gettext_lazy("Users"), include("scim_provisioning.urls")))
    (message,) = found()
    assert message.id == faults.URLS_DEPEND_ON_LANGUAGE.id
    assert "inside the translated path 'Users'" in message.msg
    urlconf(monkeypatch, settings, route("users/", include("scim_provisioning.urls")))
    assert found() == []


def test_a_pattern_before_ours_that_answers_everything(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, scim: ScimClient
) -> None:
    catch_all = re_path(r"^(?P<page>.*)$", RedirectView.as_view(url="/maintenance/"), name="pages")
    urlconf(monkeypatch, settings, catch_all, ours())
    (message,) = found()
    assert message.id == faults.URLS_ANSWERED_BY_ANOTHER.id
    assert "/scim/v2/Users is answered by another view, pages: its pattern '^(?P<page>.*)$'" in message.msg
    assert scim.get("/Users").status_code == 302, "which is what the check is about"
    urlconf(monkeypatch, settings, ours(), catch_all)
    assert found() == []
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert scim.get("/Users", x_forwarded_proto="https").status_code == 200
