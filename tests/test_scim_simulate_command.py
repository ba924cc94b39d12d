"""``manage.py scim_simulate``, as an operator types it: in this process, and against a server."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from example_project.lms.models import Learner, SSOSettings
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection, SCIMToken
from scim_provisioning.testing.factories import TokenFactory
from tests.databases import shared_by_threads

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def unhurried(settings: Settings) -> None:
    """Without throttling: how fast this machine is decides nothing here."""
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "THROTTLE": {"reads": 10**6, "writes": 10**6}}


def simulate(*arguments: str) -> str:
    out = StringIO()
    call_command("scim_simulate", "--connection", "Entra", *arguments, stdout=out)
    return out.getvalue()


def table(said: str) -> dict[str, tuple[int, int, int]]:
    """Count, ok and faults of each operation of the printed table."""
    rows = re.findall(r"^(\S.*?)\s+(\d+)\s+(\d+)\s+\d+\s+\d+\s+(\d+)$", said, re.M)
    return {operation: (int(count), int(ok), int(faults)) for operation, count, ok, faults in rows}


@pytest.mark.parametrize(
    ("dialect", "operations"),
    [
        ("default", {"look up", "groups", "create", "read", "change (PATCH)", "delete"}),
        ("flagged", {"look up", "groups", "create", "read", "change (PATCH)", "delete"}),
        ("okta", {"list", "look up", "create", "read", "change (PUT)", "change (PATCH)", "delete"}),
    ],
)
def test_each_dialect_plays_whole_lives_without_a_fault(
    connection: SCIMConnection, dialect: str, operations: set[str]
) -> None:
    found = table(simulate("--in-process", "--people", "4", "--dialect", dialect))
    assert set(found) == operations
    assert found["create"] == (4, 4, 0)
    assert found["delete"] == (4, 4, 0)
    assert all(count == ok for count, ok, _faults in found.values())


def test_the_people_are_deleted_as_an_identity_provider_deletes(connection: SCIMConnection) -> None:
    said = simulate("--in-process", "--people", "2")
    assert "their accounts are switched off and stay" in said
    assert ProvisionedUser.objects.living().count() == 0
    assert [learner.user.is_active for learner in Learner.objects.all()] == [False, False]
    assert all(one.user.email.endswith("@scim-simulation.invalid") for one in Learner.objects.all())


def test_keep_leaves_the_people(connection: SCIMConnection) -> None:
    said = simulate("--in-process", "--people", "2", "--keep")
    assert "They were kept." in said
    assert "delete" not in table(said)
    assert ProvisionedUser.objects.living().filter(active=True).count() == 2


def test_its_token_is_short_lived_revoked_and_in_the_log(connection: SCIMConnection) -> None:
    simulate("--in-process", "--people", "1")
    token = SCIMToken.objects.get()
    assert token.is_revoked
    assert token.label == "scim_simulate"
    assert token.expires_at is not None
    assert (token.expires_at - timezone.now()).total_seconds() <= 3600
    actions = ProvisioningEvent.objects.filter(operation="admin").values_list("action", flat=True)
    assert sorted(actions) == ["token_generated", "token_revoked"]


def test_faults_are_named_counted_and_end_with_an_error(
    connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Any, user: Any) -> bool:
        return True

    monkeypatch.setattr("example_project.lms.scim.LearnerAdapter.is_protected", refuse)
    out = StringIO()
    with pytest.raises(CommandError, match=r"^\d+ of \d+ requests went wrong\.$"):
        call_command("scim_simulate", "--connection", "Entra", "--in-process", "--people", "1", stdout=out)
    assert table(out.getvalue())["change (PATCH)"][2] >= 1
    assert "This account cannot be managed by provisioning." in out.getvalue()
    assert SCIMToken.objects.get().is_revoked


def test_a_paused_connection_is_refused_with_what_to_do(connection: SCIMConnection) -> None:
    SCIMConnection.objects.update(paused_at=timezone.now())
    with pytest.raises(CommandError, match=r"(?i)paused.*resume"):
        simulate("--in-process")
    assert not SCIMToken.objects.exists()


def test_a_disabled_customer_is_refused_in_whole_sentences(
    connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("example_project.lms.scim.LearnerAdapter.tenant_enabled", lambda connection: False)
    with pytest.raises(CommandError) as refused:
        simulate("--in-process")
    assert str(refused.value) == (
        "The customer is disabled. Enable the customer again, or pause provisioning in the identity provider."
    )


def test_a_connection_without_single_sign_on_is_refused(connection: SCIMConnection, sso: SSOSettings) -> None:
    SSOSettings.objects.update(enabled=False)
    with pytest.raises(CommandError, match=r"(?i)single sign-on"):
        simulate("--in-process")
    assert not SCIMToken.objects.exists()


def test_two_live_tokens_leave_no_room_for_a_third(connection: SCIMConnection) -> None:
    for _number in range(2):
        TokenFactory(connection=connection)
    with pytest.raises(CommandError, match="Two tokens are already live"):
        simulate("--in-process")


@pytest.mark.parametrize("arguments", [("--people", "0"), ("--people", "10001"), ("--parallel", "33")])
def test_a_run_has_bounds(connection: SCIMConnection, arguments: tuple[str, str]) -> None:
    with pytest.raises(CommandError, match="a number from 1 to"):
        simulate(*arguments)


def test_nobody_at_the_address_is_one_fault_and_no_more(connection: SCIMConnection) -> None:
    out = StringIO()
    with pytest.raises(CommandError, match=r"^2 of 2 requests"):
        call_command(
            "scim_simulate", "--connection", "Entra", "--url", "http://127.0.0.1:9/scim/v2", stdout=out
        )
    assert "no answer" in out.getvalue()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("dialect", ["default", "okta"])
def test_it_plays_against_a_server_over_http(
    live_server: LiveServer, connection: SCIMConnection, dialect: str
) -> None:
    url = live_server.url + reverse("scim_provisioning:root")
    found = table(simulate("--url", url, "--people", "4", "--dialect", dialect))
    assert found["create"] == (4, 4, 0)
    assert found["delete"] == (4, 4, 0)


@pytest.mark.django_db(transaction=True)
def test_several_are_played_at_once(
    transactional_db: None, connection: SCIMConnection, tmp_path: Path
) -> None:
    with shared_by_threads(tmp_path):
        found = table(simulate("--in-process", "--people", "7", "--parallel", "3"))
    assert found["create"] == (7, 7, 0)
    assert found["delete"] == (7, 7, 0)
