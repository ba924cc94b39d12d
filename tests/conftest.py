"""What most tests start from: a customer, its SSO settings, a connection, a token, a client."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from hypothesis import settings as hypothesis_settings
from pytest_django import Settings

from scim_provisioning.models import SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.client import ScimClient
from tests.hosts.current import host

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
def organization(db: None) -> Any:
    """A customer of the LMS, of whatever model the host has for them."""
    return host().make_customer()


@pytest.fixture
def sso(organization: Any) -> Any:
    """That customer's SSO settings, switched on."""
    return host().make_sso(organization)


@pytest.fixture
def connection(sso: Any) -> SCIMConnection:
    return ConnectionFactory(name="Entra", sso_key=str(sso.pk))


@pytest.fixture
def token(connection: SCIMConnection) -> str:
    """The plaintext of a live token of `connection`."""
    return TokenFactory(connection=connection).plaintext


@pytest.fixture
def scim(token: str) -> ScimClient:
    """A client that holds `token`."""
    return ScimClient(token)
