"""The contract of each adapter in ``broken_adapters``; ``test_contract_notices.py`` runs single tests of it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings

from example_project.lms.models import Team
from scim_provisioning.models import SCIMConnection
from scim_provisioning.testing import AdapterContract
from scim_provisioning.testing.factories import ConnectionFactory
from tests.lms_factories import SSOSettingsFactory
from tests.testing import broken_adapters
from tests.testing.broken_adapters import PicksByCustomer, Sound


class _Contract(AdapterContract):
    adapter: ClassVar[type[Sound]] = Sound

    @classmethod
    def compiled_mapping(cls, adapter_class: Any) -> Any:
        return super().compiled_mapping(cls.adapter)

    def set_up(self) -> None:
        named = f"{self.adapter.__module__}.{self.adapter.__name__}"
        settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": named}
        super().set_up()

    def make_connection(self) -> SCIMConnection:
        return ConnectionFactory(sso_key=str(SSOSettingsFactory().pk))

    make_other_connection = make_connection


def _adapters() -> list[type[Sound]]:
    found = [value for value in vars(broken_adapters).values() if isinstance(value, type)]
    return [value for value in found if issubclass(value, Sound) and value not in (Sound, PicksByCustomer)]


class TestPicksByCustomer(_Contract):
    adapter = PicksByCustomer
    mapping = Sound.mapping[:5]


for _adapter in _adapters():
    globals()[f"Test{_adapter.__name__}"] = type(
        f"Test{_adapter.__name__}", (_Contract,), {"adapter": _adapter}
    )


class TestDemandingWithSamples(_Contract):
    adapter = broken_adapters.Demanding
    samples = {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department": ["Ropes", "Sails"]}

    def make_connection(self) -> SCIMConnection:
        connection = super().make_connection()
        for name in ("Ropes", "Sails"):
            Team.objects.create(organization_id=connection.sso.organization_id, name=name)
        return connection

    make_other_connection = make_connection


class TestLocksLeavers(_Contract):
    adapter = broken_adapters.LocksLeavers

    def has_access(self, account: Any) -> bool:
        return account.is_active and not account.groups.filter(name="Locked").exists()


class TestNothingWritten(AdapterContract):
    """A host that has just begun."""


class TestNoSecondCustomer(_Contract):
    make_other_connection = AdapterContract.make_other_connection


class TestSingleCustomer(_Contract):
    """One customer for good, and one test that its developer has left out."""

    single_customer = True
    make_other_connection = AdapterContract.make_other_connection
    test_the_mapping_has_no_problems = None
