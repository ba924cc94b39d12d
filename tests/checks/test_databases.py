"""Where the tables live, and what only the database can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scim_provisioning.checks import faults
from tests.checks.project import found

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
