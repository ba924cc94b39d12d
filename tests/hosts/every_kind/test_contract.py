"""The contract of an adapter that has a line of every kind."""

from __future__ import annotations

from scim_provisioning.models import SCIMConnection
from scim_provisioning.testing import AdapterContract
from tests.hosts.current import make_connection


class TestContract(AdapterContract):
    # A badge has a form of its own.
    samples = {"nickName": lambda number: f"B-{number}"}

    def make_connection(self) -> SCIMConnection:
        return make_connection()

    def make_other_connection(self) -> SCIMConnection:
        return make_connection("Other")
