"""A row that is one-to-one with the account, deleted softly: it is written to, and shown again to whoever returns."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks
from django.utils import timezone

import scim_provisioning.adapters as adapters
from scim_provisioning.checks import faults
from scim_provisioning.models import ProvisioningEvent
from tests.client import ScimClient
from tests.hosts.signals.models import Desk
from tests.hosts.signals.scim import STAFF, LearnerAdapter
from tests.people import person
from tests.vendors.asking import create, patch

pytestmark = pytest.mark.django_db

PERSON = person(**{STAFF: {"room": "4.12"}})


def switched(active: bool) -> list[dict[str, Any]]:
    return [{"op": "replace", "path": "active", "value": active}]


@pytest.fixture
def ines(scim: ScimClient) -> str:
    """Somebody who has left, and has given back the desk."""
    scim_id: str = create(scim, PERSON)["id"]
    patch(scim, scim_id, switched(False))
    Desk.objects.update(given_back_at=timezone.now())
    return scim_id


def test_a_hidden_row_is_written_to_and_none_is_made_beside_it(scim: ScimClient, ines: str) -> None:
    patch(scim, ines, [{"op": "replace", "path": f"{STAFF}:room", "value": "5.01"}])
    assert not Desk.objects.exists()
    assert Desk.every.get().room == "5.01"


@pytest.mark.parametrize("how", ["patch", "post"])
def test_whoever_returns_is_seen_again_with_all_rows(how: str, scim: ScimClient, ines: str) -> None:
    if how == "patch":
        patch(scim, ines, switched(True))
    else:
        scim.delete(f"/Users/{ines}")
        assert create(scim, PERSON)["id"] == ines
    assert Desk.objects.get().user.is_active


def test_nobody_is_called_active_whose_row_stays_hidden(
    scim: ScimClient, ines: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LearnerAdapter, "restore", adapters.LearnerAdapter.restore)
    answer = scim.patch(f"/Users/{ines}", switched(True))
    assert (answer.status_code, answer.json()["scimType"]) == (409, "uniqueness")
    assert ProvisioningEvent.objects.latest("pk").error_code == "user.hidden"
    assert not Desk.every.get().user.is_active


def test_the_checks_ask_how_a_hidden_row_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    def found() -> list[Any]:
        return [message for message in run_checks() if message.id == faults.ROWS_ARE_HIDDEN.id]

    assert found() == []
    monkeypatch.setattr(LearnerAdapter, "restore", adapters.LearnerAdapter.restore)
    (message,) = found()
    assert message.msg.startswith("The default manager of signals.Desk (TakenDesks) leaves rows out")
    assert message.hint.startswith("Write restore(self, account) on the adapter")
    switch = adapters.OffSince("desk.given_back_at")
    monkeypatch.setattr(LearnerAdapter, "mapping", [*LearnerAdapter.mapping, switch])
    assert found() == []
