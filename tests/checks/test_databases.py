"""Where the tables live, and what only the database can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from django.core.checks import CheckMessage, run_checks
from django.utils import timezone

import scim_provisioning.adapters as scim
from example_project.lms.models import Learner
from scim_provisioning.checks import TAG, faults
from scim_provisioning.models import SCIMConnection, SCIMToken
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.checks.project import configure, found, use
from tests.client import ScimClient

if TYPE_CHECKING:
    from pytest_django import Settings


class AccountsElsewhere:
    """A router that keeps the accounts in a database of their own."""

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        return "people" if model._meta.app_label == "auth" else None


def test_tables_and_accounts_in_different_databases(settings: Settings) -> None:
    settings.DATABASE_ROUTERS = [AccountsElsewhere()]
    (message,) = found()
    assert message.id == faults.SEVERAL_DATABASES.id
    assert "auth.User in 'people'" in message.msg
    assert "scim_provisioning.SCIMToken in 'default'" in message.msg


class ApartBy:
    """A router that has one model of the LMS in another database than all others."""

    def __init__(self, label: str) -> None:
        self.label = label

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        return "elsewhere" if model._meta.label == self.label else None


@pytest.mark.parametrize("label", ["lms.Learner", "lms.Team"])
def test_mapped_rows_in_another_database(settings: Settings, label: str) -> None:
    """A profile, and a row that it refers to."""
    settings.DATABASE_ROUTERS = [ApartBy(label)]
    (message,) = found()
    assert message.id == faults.SEVERAL_DATABASES.id
    assert f"{label} in 'elsewhere'" in message.msg


def test_sso_settings_in_another_database(settings: Settings) -> None:
    settings.DATABASE_ROUTERS = [ApartBy("lms.SSOSettings")]
    (message,) = found()
    assert (message.id, message.is_serious()) == (faults.SSO_MODEL_APART.id, False)
    assert "'elsewhere'" in message.msg


def found_in_rows() -> list[CheckMessage]:
    return run_checks(tags=[TAG], databases=["default"])


class PerCustomer(scim.LearnerAdapter):
    """A host whose customers may have mappings of their own, in one list each."""

    mapping: ClassVar[list[Any]] = [scim.Text("name.givenName", "first_name")]
    of_acme: ClassVar[Any] = mapping

    @classmethod
    def mapping_for(cls, connection: SCIMConnection) -> Any:
        if connection.name != "Acme":
            return cls.mapping
        return cls.of_acme() if callable(cls.of_acme) else cls.of_acme


def raising() -> None:
    raise KeyError("acme")


@pytest.fixture
def acme(settings: Settings, monkeypatch: pytest.MonkeyPatch, db: None) -> SCIMConnection:
    use(PerCustomer, settings, monkeypatch)
    ConnectionFactory(name="Harborline")
    return ConnectionFactory(name="Acme")


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (
            raising,
            f"KeyError: 'acme' (tests/checks/test_databases.py:{raising.__code__.co_firstlineno + 1})",
        ),
        (None, "The adapter's mapping is None, where a list is expected."),
        (
            [("title", "first_name")],
            "The adapter's mapping[0] is ('title', 'first_name'), where a line such as scim.Text(path, target) is "
            "expected.",
        ),
        ([scim.Text("title", "job")], "title: field 'job' does not exist on User"),
    ],
)
def test_what_mapping_for_returns_is_checked_for_each_customer_once_a_database_is_named(
    returned: object, message: str, acme: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PerCustomer, "of_acme", staticmethod(returned) if returned is raising else returned)
    expected = faults.MAPPING_FOR_FAILS.at(
        obj=PerCustomer, path="host_of_a_check.Adapter", connections="'Acme'", message=message
    )
    assert found_in_rows() == [expected]
    assert found() == [], "without a database nobody's rows are read"
    monkeypatch.setattr(PerCustomer, "of_acme", [scim.Text("title", "last_name")])
    assert found_in_rows() == []


def test_customers_of_one_fault_are_one_message_and_archived_ones_none(
    acme: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PerCustomer, "of_acme", None)
    for _ in range(6):
        ConnectionFactory(name="Acme")
    (message,) = found_in_rows()
    assert "'Acme', 'Acme', 'Acme', 'Acme', 'Acme' and 2 more" in message.msg
    SCIMConnection.objects.update(archived_at=timezone.now())
    assert found_in_rows() == []


def test_what_new_people_of_one_customer_would_lack_is_a_warning_as_for_all(
    acme: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The profile's customer, which must not be NULL (W004), or may be (W014)."""
    team = scim.Reference(f"{scim.ENTERPRISE}:department", "learner.team", within={"organization_id": 1})
    monkeypatch.setattr(PerCustomer, "of_acme", [team])
    ConnectionFactory(name="Acme")
    (message,) = found_in_rows()
    assert message.id == faults.ROW_CANNOT_BE_SAVED.id
    assert "a new lms.Learner has no organization" in message.msg
    monkeypatch.setattr(Learner._meta.get_field("organization"), "null", True)
    monkeypatch.setattr(PerCustomer, "of_acme", [team, scim.Text("title", "learner.job_role")])
    assert [message.id for message in found_in_rows()] == [faults.ROW_WITHOUT_CUSTOMER.id]
    monkeypatch.setattr(PerCustomer, "mapping", [team])
    assert [message.id for message in found_in_rows()] == [faults.ROW_WITHOUT_CUSTOMER.id], "said once"
    monkeypatch.setattr(
        PerCustomer, "rows", {"learner": scim.RelatedRow(Learner, within={"organization_id": 1})}
    )
    assert found_in_rows() == []


@pytest.mark.django_db
def test_an_adapter_that_cannot_be_used_is_reported_once(settings: Settings) -> None:
    configure(settings, ADAPTER="nowhere.Adapter")
    assert [message.id for message in found_in_rows()] == [faults.ADAPTER_NOT_IMPORTABLE.id]
    configure(settings, ADAPTER="")
    assert [message.id for message in found_in_rows()] == [faults.ADAPTER_MISSING.id]


def test_tokens_limited_to_networks_behind_a_proxy_that_nobody_named(
    settings: Settings, connection: SCIMConnection
) -> None:
    token = TokenFactory(connection=connection, allowed_networks=["203.0.113.0/24"])
    TokenFactory(connection=connection)
    assert found_in_rows() == []
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert found_in_rows() == [faults.NETWORKS_BEHIND_PROXY.at(count=1)]
    from_entra = {"x_forwarded_for": "203.0.113.9", "x_forwarded_proto": "https"}
    client = ScimClient(token.plaintext)
    assert client.get("/Users", **from_entra).status_code == 403, "which is what the check is about"
    configure(settings, TRUSTED_PROXIES=["127.0.0.1"])
    assert found_in_rows() == []
    assert client.get("/Users", **from_entra).status_code == 200


def test_tokens_that_ended_are_not_counted(settings: Settings, connection: SCIMConnection) -> None:
    TokenFactory(connection=connection, allowed_networks=["203.0.113.0/24"], revoked_at=timezone.now())
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert found_in_rows() == []


@pytest.mark.django_db(transaction=True)
def test_before_the_first_migrate_there_is_nothing_to_look_at(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`migrate` runs these checks before it has made a table, and must not be stopped by them."""
    use(PerCustomer, settings, monkeypatch)
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    for model in (SCIMConnection, SCIMToken):
        monkeypatch.setattr(model._meta, "db_table", f"{model._meta.db_table}_to_come")
    assert found_in_rows() == []
