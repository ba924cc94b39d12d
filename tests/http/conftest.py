"""People whom the tests of queries ask for, and signals that the tests of hosts listen to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db.models.signals import ModelSignal

from tests.people import ENTERPRISE, person
from tests.sharing import Customer


@pytest.fixture(scope="module")
def people(shared_customer: Customer) -> dict[str, str]:
    """SCIM ids by name: Ana, Ben and Cleo differ in everything that the tests of a module ask for."""
    scim = shared_customer.scim
    ana = person(
        "ana.lee",
        title="Trainer",
        nickName="Annie",
        profileUrl="https://people.example/Ana",
        emails=[
            {"type": "work", "value": "Ana.Lee@harborline.example", "primary": True, "display": "Desk"},
            {"type": "home", "value": "ana@home.example"},
        ],
        phoneNumbers=[{"type": "work", "value": "111"}, {"type": "mobile", "value": "222", "primary": True}],
        **{ENTERPRISE: {"department": "Sales", "employeeNumber": "E-1"}},
    )
    ben = person("ben.kay", title="trainer", displayName=None, active=False, emails=None, phoneNumbers=None)
    ben[ENTERPRISE] = {"department": "Deck", "costCenter": "C-9"}
    cleo = person("cleo.ray", title=None, externalId=None, nickName='Q"C\\', addresses=None)
    del cleo[ENTERPRISE], cleo["name"]
    cleo["emails"] = [{"type": "home", "value": "cleo@home.example"}]
    made = {
        body["userName"].partition(".")[0]: scim.post("/Users", body).json()["id"]
        for body in (ana, ben, cleo)
    }
    scim.patch(
        f"/Users/{made['ben']}", [{"op": "add", "path": f"{ENTERPRISE}:manager", "value": made["ana"]}]
    )
    return made


@pytest.fixture
def receive() -> Iterator[Callable[..., None]]:
    """Connects a receiver to a model's signal for the length of a test."""
    connected: list[tuple[ModelSignal, Any, Any]] = []

    def connect(signal: ModelSignal, sender: Any, receiver: Callable[..., None]) -> None:
        signal.connect(receiver, sender=sender, weak=False)
        connected.append((signal, sender, receiver))

    yield connect
    for signal, sender, receiver in connected:
        signal.disconnect(receiver, sender=sender)
