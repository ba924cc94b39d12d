"""The host's admin pages: whether the mixins do there what they are for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import pytest
from django.contrib import admin
from django.db.models import Model, URLField
from django.test import Client
from django.test.utils import isolate_apps
from django.urls import path, reverse

from example_project.lms.models import Learner, Organization, SSOSettings
from scim_provisioning.admin import SCIMManagedAdminMixin, SCIMPanelMixin
from scim_provisioning.checks import faults
from tests.checks.project import configure, found, ours, urlconf

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


def register(
    monkeypatch: pytest.MonkeyPatch, bases: tuple[type, ...], model: type[Model] = SSOSettings
) -> type[Any]:
    """A page of the host's for this test, called `Page`."""
    page = type("Page", bases, {})
    monkeypatch.setitem(admin.site._registry, model, page(model, admin.site))
    return page


class Exporting:
    """A mixin of somebody else's."""


@pytest.mark.parametrize("mixin", [SCIMPanelMixin, SCIMManagedAdminMixin])
def test_a_mixin_behind_model_admin_shows_nothing_until_it_goes_before(
    mixin: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = SSOSettings if mixin is SCIMPanelMixin else Learner
    register(monkeypatch, (Exporting, admin.ModelAdmin, mixin), model)
    (message,) = found()
    assert message.id == faults.MIXIN_BEHIND_MODEL_ADMIN.id
    assert f"has {mixin.__name__} behind ModelAdmin" in message.msg
    assert f"Write class Page(Exporting, {mixin.__name__}, ModelAdmin)" in str(message.hint)
    register(monkeypatch, (Exporting, mixin, admin.ModelAdmin), model)
    assert found() == []


@pytest.mark.parametrize("before", [False, True])
def test_the_panel_is_on_the_page_only_when_the_mixin_goes_before(
    before: bool,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    admin_client: Client,
    sso: SSOSettings,
) -> None:
    bases = (SCIMPanelMixin, admin.ModelAdmin) if before else (admin.ModelAdmin, SCIMPanelMixin)
    monkeypatch.setattr("django.contrib.admin.sites.all_sites", WeakSet())
    site = admin.AdminSite()
    overrides = {URLField: {"assume_scheme": "https"}}
    site.register(SSOSettings, type("Page", bases, {"formfield_overrides": overrides}))
    urlconf(monkeypatch, settings, path("admin/", site.urls), ours())
    page = admin_client.get(reverse("admin:lms_ssosettings_change", args=(sso.pk,))).content.decode()
    assert ('id="scim-panel"' in page) is before
    assert [message.id for message in found()] == ([] if before else [faults.MIXIN_BEHIND_MODEL_ADMIN.id])


def test_the_class_that_has_to_be_corrected_is_named_when_a_page_inherits_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    base = type("ProviderAdmin", (admin.ModelAdmin, SCIMPanelMixin), {})
    register(monkeypatch, (base,))
    (message,) = found()
    assert "Write class ProviderAdmin(SCIMPanelMixin, ModelAdmin)" in str(message.hint)


def test_a_mixin_of_the_hosts_own_that_derives_from_ours_goes_before_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    branded = type("Branded", (SCIMPanelMixin,), {})
    register(monkeypatch, (admin.ModelAdmin, branded))
    (message,) = found()
    assert "Write class Page(Branded, ModelAdmin)" in str(message.hint)
    register(monkeypatch, (branded, admin.ModelAdmin))
    assert found() == []


def test_the_panel_on_another_page_than_that_of_the_sso_settings(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = register(monkeypatch, (SCIMPanelMixin, admin.ModelAdmin), Organization)
    (message,) = found()
    assert message.id == faults.PANEL_ON_ANOTHER_MODEL.id
    assert f"{page.__module__}.Page shows the SCIM panel on lms.Organization" in message.msg
    assert (
        message.hint
        == 'Move SCIMPanelMixin to the page of lms.SSOSettings, or set SSO_MODEL to "lms.Organization".'
    )
    register(monkeypatch, (admin.ModelAdmin,), Organization)
    assert found() == []


def test_the_other_half_of_that_hint(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, (SCIMPanelMixin, admin.ModelAdmin), Organization)
    register(monkeypatch, (admin.ModelAdmin,))
    configure(settings, SSO_MODEL="lms.Organization", SSO_ENABLED={"name": "Harborline"})
    assert found() == []


def test_the_panel_while_there_is_no_sso_model(settings: Settings) -> None:
    configure(settings, SSO_MODEL=None, SSO_ENABLED={})
    (message,) = found()
    assert message.id == faults.PANEL_ON_ANOTHER_MODEL.id
    assert "but SSO_MODEL is not set" in message.msg
    assert 'Set SSO_MODEL to "lms.SSOSettings"' in str(message.hint)
    configure(settings, SSO_MODEL="lms.SSOSettings", SSO_ENABLED={"enabled": True})
    assert found() == []


def test_a_proxy_of_the_sso_settings_may_have_the_panel(monkeypatch: pytest.MonkeyPatch) -> None:
    meta = type("Meta", (), {"proxy": True, "app_label": "lms"})
    with isolate_apps("example_project.lms"):
        proxy = type("EntraSettings", (SSOSettings,), {"__module__": __name__, "Meta": meta})
    register(monkeypatch, (SCIMPanelMixin, admin.ModelAdmin), proxy)
    assert found() == []
