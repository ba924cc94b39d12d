"""People whom the tests of queries ask for, and signals that the tests of hosts listen to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db.models.signals import ModelSignal

from tests.http.directory import make_people
from tests.sharing import Customer


@pytest.fixture(scope="module")
def people(shared_customer: Customer) -> dict[str, str]:
    """Ana, Ben and Cleo, for all tests of a module."""
    return make_people(shared_customer.scim)


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
