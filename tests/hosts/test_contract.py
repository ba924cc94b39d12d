"""The adapter's contract, as each of our own hosts runs it; ``test_other_hosts.py`` runs it in the others."""

from __future__ import annotations

from scim_provisioning.models import SCIMConnection
from scim_provisioning.testing import AdapterContract
from tests.hosts.current import make_connection


class TestContract(AdapterContract):
    def make_connection(self) -> SCIMConnection:
        return make_connection()

    def make_other_connection(self) -> SCIMConnection:
        return make_connection("Other")
