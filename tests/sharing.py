"""What several tests read is made once, in a transaction around them that is rolled back in the end.

Each test runs in a savepoint of its own within that transaction, so that whatever it changes is gone before the next
one starts. Tests that commit for real (``transaction=True``) cannot share.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from scim_provisioning.models import SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.client import ScimClient
from tests.hosts.current import host


@dataclass(frozen=True)
class Customer:
    """A customer who is ready to provision; ``token`` is the plaintext of a live one."""

    organization: Any
    sso: Any
    connection: SCIMConnection
    token: str

    @classmethod
    def make(cls) -> Customer:
        organization = host().make_customer()
        sso = host().make_sso(organization)
        connection = ConnectionFactory(name="Entra", sso_key=str(sso.pk))
        return cls(organization, sso, connection, TokenFactory(connection=connection).plaintext)

    @property
    def scim(self) -> ScimClient:
        """A client that holds the token."""
        return ScimClient(self.token)


@contextmanager
def rolled_back() -> Iterator[None]:
    """Rows that are made inside are seen by all tests that run inside, and gone afterwards."""
    around = transaction.atomic()
    # A TestCase's own mark: code that asks for a durable transaction is content inside a test's.
    around._from_testcase = True
    with around:
        yield
        transaction.set_rollback(True)
