"""A host's project as a check finds it: settings, adapter and URLs, each changed for one test."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from django.core.checks import CheckMessage, run_checks
from django.urls import include, path

from scim_provisioning.checks import TAG

if TYPE_CHECKING:
    from pytest_django import Settings


def configure(settings: Settings, **keys: object) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, **keys}


def use(adapter: type, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("host_of_a_check")
    module.Adapter = adapter  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "host_of_a_check", module)
    configure(settings, ADAPTER="host_of_a_check.Adapter")


def found() -> list[CheckMessage]:
    return run_checks(tags=[TAG])


def urlconf(monkeypatch: pytest.MonkeyPatch, settings: Settings, *patterns: Any) -> None:
    module = ModuleType("urls_of_a_check")
    module.urlpatterns = list(patterns)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "urls_of_a_check", module)
    settings.ROOT_URLCONF = "urls_of_a_check"


def ours(prefix: str = "") -> Any:
    return path(prefix, include("scim_provisioning.urls"))
