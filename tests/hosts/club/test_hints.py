"""The hints of the checks for rows of which an account may have several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import scim_provisioning.adapters as scim
from scim_provisioning.checks import faults
from tests.checks.mending import Host
from tests.hosts.club.models import Membership
from tests.hosts.club.scim import entry_role, tenant

if TYPE_CHECKING:
    from pytest_django import Settings


@pytest.fixture
def host(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(settings, monkeypatch, mapping=[scim.Text("title", "memberships.job_role")])


def test_rows_of_which_there_are_several_have_to_be_declared(host: Host) -> None:
    (message,) = host.messages()
    assert message.id == faults.MAPPED_FIELD_MISSING.id
    declared = '{"memberships": scim.RelatedRow("club.Membership", user_field="user", within={…})}'
    assert f"Declare the row on the adapter: rows = {declared}." in str(message.hint)
    row = scim.RelatedRow(
        "club.Membership", user_field="user", within={"club_id": tenant}, defaults={"role": entry_role}
    )
    assert host.messages(rows={"memberships": row}) == []


def test_what_a_new_row_needs_goes_into_defaults_and_the_customer_into_within(host: Host) -> None:
    """A role that the row was looked for by was no longer found once the LMS promoted somebody."""

    def hints(**options: Any) -> list[str]:
        messages = host.messages(rows={"memberships": scim.RelatedRow(Membership, **options)})
        assert {message.id for message in messages} <= {faults.ROW_CANNOT_BE_SAVED.id}
        return [str(message.hint) for message in messages]

    club, role = hints()
    assert club.startswith('Add within={"club_id": …} with a value or a callable of the connection')
    assert role.startswith('Add defaults={"role_id": …} with a value or a callable of the connection')
    assert "Only what names the customer belongs into within" in role
    assert hints(within={"club_id": tenant}, defaults={"role_id": 1}) == []
