"""A host's own tests need its tables: they are collected only inside that host (``test_other_hosts.py``)."""

from __future__ import annotations

import os

import pytest

from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.hosts.current import make_connection

HOSTS = {"custom_user", "membership", "academy", "signals", "club", "every_kind", "zoneless"}

collect_ignore = sorted(HOSTS - {os.environ.get("HOST", "")})


@pytest.fixture
def other(db: None) -> ScimClient:
    """The identity provider of another customer."""
    return ScimClient(TokenFactory(connection=make_connection("Other")).plaintext)
