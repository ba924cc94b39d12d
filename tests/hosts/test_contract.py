"""The adapter's contract, as each of our own hosts runs it; ``test_other_hosts.py`` runs it in the others."""

from __future__ import annotations

from scim_provisioning.models import SCIMConnection
from scim_provisioning.testing import AdapterContract
from scim_provisioning.testing.factories import ConnectionFactory
from tests.lms_factories import SSOSettingsFactory


class TestContract(AdapterContract):
    def make_connection(self) -> SCIMConnection:
        return ConnectionFactory(sso_key=str(SSOSettingsFactory().pk))

    make_other_connection = make_connection
