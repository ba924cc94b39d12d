"""The include: once, at a place that can be named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.urls import include, path

from scim_provisioning.checks import faults
from tests.checks.project import found, ours, urlconf

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
