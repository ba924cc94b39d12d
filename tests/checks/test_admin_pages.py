"""The host's admin pages: whether the mixins do there what they are for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib import admin

from example_project.lms.models import SSOSettings
from scim_provisioning.checks import faults
from tests.checks.project import found

if TYPE_CHECKING:
    from pytest_django import Settings


def test_an_admin_page_without_the_panel_is_a_warning(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = type("SSOSettingsAdmin", (admin.ModelAdmin,), {})
    monkeypatch.setitem(admin.site._registry, SSOSettings, page(SSOSettings, admin.site))
    (message,) = found()
    assert message.id == faults.NO_PANEL.id
    assert "class SSOSettingsAdmin(SCIMPanelMixin, admin.ModelAdmin)" in str(message.hint)
    monkeypatch.delitem(admin.site._registry, SSOSettings)
    assert found() == []
