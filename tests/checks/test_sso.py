"""The SSO settings model, its key and its switch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scim_provisioning.checks import faults
from tests.checks.project import configure, found

if TYPE_CHECKING:
    from pytest_django import Settings


@pytest.mark.parametrize("model", ["lms.NoSuchModel", "nowhere.SSOSettings", "SSOSettings"])
def test_an_sso_model_that_is_not_installed(model: str, settings: Settings) -> None:
    configure(settings, SSO_MODEL=model)
    assert found() == [faults.SSO_MODEL_MISSING.at(model=model)]


def test_without_an_sso_model_there_is_nothing_to_check(settings: Settings) -> None:
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
