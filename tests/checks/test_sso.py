"""The SSO settings model, its key and its switch."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pytest
from django.contrib import admin
from django.db import models

from example_project.lms.models import SSOSettings
from scim_provisioning.administration import connections
from scim_provisioning.checks import faults
from scim_provisioning.models import SCIMConnection
from tests.checks.project import configure, found

if TYPE_CHECKING:
    from pytest_django import Settings


@pytest.mark.parametrize("model", ["lms.NoSuchModel", "nowhere.SSOSettings", "SSOSettings"])
def test_an_sso_model_that_is_not_installed(model: str, settings: Settings) -> None:
    configure(settings, SSO_MODEL=model)
    assert found() == [faults.SSO_MODEL_MISSING.at(model=model)]


def test_without_an_sso_model_there_is_nothing_to_check(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(admin.site._registry, SSOSettings)
    configure(settings, SSO_MODEL=None, SSO_KEY_FIELD="anything", SSO_ENABLED={"anything": True})
    assert found() == []


def test_an_sso_key_field_that_is_not_there(settings: Settings) -> None:
    configure(settings, SSO_KEY_FIELD="entity")
    assert found() == [faults.SSO_KEY_FIELD_MISSING.at(field="entity", model="lms.SSOSettings")]


def test_an_sso_key_field_that_is_not_unique(settings: Settings) -> None:
    configure(settings, SSO_KEY_FIELD="name")
    assert found() == [faults.SSO_KEY_FIELD_NOT_UNIQUE.at(field="name", model="lms.SSOSettings")]


def test_an_sso_key_field_that_is_unique_together_with_others_only(settings: Settings) -> None:
    configure(settings, SSO_MODEL="lms.Company", SSO_KEY_FIELD="name", SSO_ENABLED={"id": 1})
    assert faults.SSO_KEY_FIELD_NOT_UNIQUE.at(field="name", model="lms.Company") in found()


@pytest.mark.parametrize("field", ["pk", "id"])
def test_an_sso_key_field_that_is_unique(field: str, settings: Settings) -> None:
    configure(settings, SSO_KEY_FIELD=field)
    assert found() == []


def test_an_sso_model_whose_rows_have_no_name(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SSOSettings, "__str__", models.Model.__str__)
    assert found() == [faults.SSO_WITHOUT_NAMES.at(model="lms.SSOSettings", name="SSO settings 1")]


def test_a_switch_that_the_sso_model_does_not_have(settings: Settings) -> None:
    configure(settings, SSO_ENABLED={"enabled": True, "is_on": True})
    assert found() == [faults.SSO_ENABLED_UNKNOWN.at(field="is_on", model="lms.SSOSettings")]


def test_no_switch_at_all_is_a_warning(settings: Settings) -> None:
    configure(settings, SSO_ENABLED={})
    (message,) = found()
    assert message == faults.SSO_ALWAYS_ON.at(model="lms.SSOSettings")
    assert message.is_serious(level=30)
    assert not message.is_serious()
    configure(settings, REQUIRE_SSO=False)
    assert found() == []


def column(name: str, monkeypatch: pytest.MonkeyPatch, **options: object) -> None:
    """Give a column of the SSO settings other options for this test."""
    for option, value in options.items():
        monkeypatch.setattr(SSOSettings._meta.get_field(name), option, value)


def test_a_key_field_that_may_be_null_is_a_warning(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    column("entity_id", monkeypatch, unique=True, null=True)
    configure(settings, SSO_KEY_FIELD="entity_id")
    assert found() == [faults.SSO_KEY_FIELD_NULLABLE.at(field="entity_id", model="lms.SSOSettings")]
    assert "null=False" in str(found()[0].hint)
    column("entity_id", monkeypatch, null=False)
    assert found() == []


def test_a_key_field_that_is_a_relation_names_the_column_instead(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, sso: SSOSettings
) -> None:
    column("organization", monkeypatch, unique=True)
    configure(settings, SSO_KEY_FIELD="organization")
    (message,) = found()
    assert message.id == faults.SSO_KEY_FIELD_IS_RELATION.id
    assert message.hint == 'Set SSO_KEY_FIELD to "organization_id".'
    assert SCIMConnection(sso_key=connections.key_of(sso)).sso is None, "which is what the check is about"
    configure(settings, SSO_KEY_FIELD="organization_id")
    assert found() == []
    assert SCIMConnection(sso_key=connections.key_of(sso)).sso == sso


@pytest.mark.parametrize(
    ("field", "value", "advice", "mended"),
    [
        ("enabled", "True", "Write True.", True),
        ("enabled", "yes", "Write True or False.", True),
        ("enabled", None, "Name a value: enabled cannot be None.", False),
        ("name", 5, "Write '5'.", "5"),
        ("id", "7", "Write 7.", 7),
        ("id", "seven", "Write a value that a BigAutoField holds.", 7),
    ],
)
def test_a_switch_whose_value_the_field_never_has(
    field: str, value: object, advice: str, mended: object, settings: Settings
) -> None:
    configure(settings, SSO_ENABLED={field: value})
    facts = {"field": field, "value": repr(value), "model": "lms.SSOSettings"}
    assert found() == [faults.SSO_NEVER_ON.at(**facts, advice=advice)]
    configure(settings, SSO_ENABLED={field: mended})
    assert found() == []


def test_a_switch_that_is_none_of_the_fields_choices_is_told_them(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, connection: SCIMConnection
) -> None:
    grouped = [("off", "Off"), ("On", [("saml", "SAML 2.0"), ("oidc", "OpenID Connect")])]
    column("name", monkeypatch, choices=grouped)
    configure(settings, SSO_ENABLED={"name": "SAML"})
    (message,) = found()
    assert message.id == faults.SSO_NEVER_ON.id
    assert message.hint == "Write one of its choices: 'off', 'saml', 'oidc'."
    SSOSettings.objects.update(name="saml")
    assert not connection.sso_is_on
    configure(settings, SSO_ENABLED={"name": "saml"})
    assert found() == []
    connection.refresh_from_db()
    assert connection.sso_is_on


def test_a_switch_that_names_a_relation_names_its_column_instead(settings: Settings) -> None:
    configure(settings, SSO_ENABLED={"organization": 1})
    (message,) = found()
    assert message.hint == "Name 'organization_id' instead, which holds the key of the row."
    configure(settings, SSO_ENABLED={"organization_id": 1})
    assert found() == []


def test_a_switch_that_is_a_method_has_to_become_a_property(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_on(row: SSOSettings) -> bool:
        return row.enabled

    monkeypatch.setattr(SSOSettings, "is_on", is_on, raising=False)
    configure(settings, SSO_ENABLED={"is_on": True})
    (message,) = found()
    assert message.hint == "Make is_on a property: a method is not called."
    monkeypatch.setattr(SSOSettings, "is_on", property(is_on))
    assert found() == []


@pytest.mark.parametrize(
    "choices", [None, [("saml", "SAML 2.0"), ("oidc", "OpenID Connect"), ("off", "Off")]]
)
@pytest.mark.parametrize("several", [["saml", "oidc"], ("saml", "oidc"), {"saml", "oidc"}])
def test_a_switch_with_several_values_is_told_to_become_a_property(
    choices: object,
    several: Iterable[str],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    connection: SCIMConnection,
) -> None:
    column("name", monkeypatch, choices=choices)
    configure(settings, SSO_ENABLED={"name": several})
    (message,) = found()
    assert message.id == faults.SSO_NEVER_ON.id
    body, switch = re.findall(r"return (.+), and write SSO_ENABLED = (.+)\.", str(message.hint))[0]
    for_property = property(lambda self: eval(body, {"self": self}))  # noqa: S307
    monkeypatch.setattr(SSOSettings, "sso_on", for_property, raising=False)
    configure(settings, SSO_ENABLED=eval(switch))  # noqa: S307
    assert found() == []
    for name, on in {"saml": True, "oidc": True, "off": False}.items():
        SSOSettings.objects.update(name=name)
        assert SCIMConnection.objects.get(pk=connection.pk).sso_is_on is on
