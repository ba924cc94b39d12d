"""What most tests start from: a customer, its SSO settings, a connection, a token, a client."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from hypothesis import settings as hypothesis_settings
from pytest_django import Settings

from example_project.lms.models import Organization, SSOSettings
from scim_provisioning.models import SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.client import ScimClient
from tests.lms_factories import OrganizationFactory, SSOSettingsFactory

# The same examples in every run, so that a change is what makes a test fail; HYPOTHESIS_PROFILE=explore looks
# for new ones.
hypothesis_settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis_settings.register_profile("explore", max_examples=2000, deadline=None)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


@pytest.fixture(autouse=True)
def _fast_and_separate(settings: Settings) -> Iterator[None]:
    """Cheap password hashes, and no throttle counter left over from another test."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def organization(db: None) -> Organization:
    return OrganizationFactory()


@pytest.fixture
def sso(organization: Organization) -> SSOSettings:
    return SSOSettingsFactory(organization=organization)


@pytest.fixture
def connection(sso: SSOSettings) -> SCIMConnection:
    return ConnectionFactory(name="Entra", sso_key=str(sso.pk))


@pytest.fixture
def token(connection: SCIMConnection) -> str:
    """The plaintext of a live token of `connection`."""
    return TokenFactory(connection=connection).plaintext


@pytest.fixture
def scim(token: str) -> ScimClient:
    """A client that holds `token`."""
    return ScimClient(token)
