"""The hints of the checks for relations of the account itself, and for accounts that are deleted softly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import scim_provisioning.adapters as scim
from scim_provisioning.adapters.hooks import HostHooks
from scim_provisioning.checks import faults
from tests.checks.mending import Host
from tests.hosts.academy.scim import ACADEMY, LearnerAdapter

if TYPE_CHECKING:
    from pytest_django import Settings


@pytest.fixture
def host(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Host:
    members = {"restore": LearnerAdapter.restore, "new_account": LearnerAdapter.new_account}
    return Host(settings, monkeypatch, **members)


@pytest.mark.parametrize(
    ("target", "what", "hint"),
    [
        (
            "teams.name",
            "a many-to-many relation",
            f"Write scim.References('{ACADEMY}:it', 'teams', by=\"name\").",
        ),
        ("customer.name", "a foreign key", f"Write scim.Reference('{ACADEMY}:it', 'customer', by=\"name\")."),
        ("manager.email", "a foreign key", "Write scim.Manager('manager')."),
    ],
)
def test_what_stands_behind_a_relation_of_the_account(target: str, what: str, hint: str, host: Host) -> None:
    (message,) = host.messages(mapping=[scim.Text(f"{ACADEMY}:it", target)])
    assert message.id == faults.MAPPED_FIELD_MISSING.id
    assert f"is {what}, which is not one row of its own" in message.msg
    assert message.hint == hint


def test_a_key_of_a_json_value_of_the_account(host: Host) -> None:
    better = host.mended(scim.Text(f"{ACADEMY}:it", "preferences.cost_centre"))
    assert (type(better), better.target) == (scim.Json, "preferences.cost_centre")


def test_accounts_that_are_deleted_softly_need_a_way_back(host: Host) -> None:
    lines = LearnerAdapter.mapping
    assert host.messages(mapping=lines) == []
    (message,) = host.messages(mapping=lines, restore=HostHooks.restore)
    assert message.id == faults.ACCOUNTS_ARE_HIDDEN.id
    assert "The default manager of academy.User (UserManager) leaves accounts out" in message.msg
