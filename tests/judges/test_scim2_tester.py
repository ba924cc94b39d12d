"""scim2-tester, the conformance suite of python-scim, against the running example."""

from __future__ import annotations

import random
import uuid
from types import SimpleNamespace

import pytest
from scim2_models import EnterpriseUser, ResourceType, ScimProvider, User
from scim2_tester import CheckResult, Status, check_server, filling

from tests.judges.conftest import ClientOf

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_same_dice")]


@pytest.fixture
def _same_dice(monkeypatch: pytest.MonkeyPatch) -> None:
    """scim2-tester makes its values up as it goes; with this it makes up the same ones every time."""
    dice = random.Random(7643)  # noqa: S311 -- no secret hangs on it
    monkeypatch.setattr(filling, "random", dice)
    monkeypatch.setattr(
        filling,
        "uuid",
        SimpleNamespace(uuid4=lambda: uuid.UUID(int=dice.getrandbits(128), version=4)),
    )


def failed(results: list[CheckResult]) -> list[str]:
    """What did not succeed, a check that was skipped included."""
    return [f"{r.status.name} {r.title}: {r.reason}" for r in results if r.status is not Status.SUCCESS]


def test_every_check_passes_with_the_schemas_that_the_server_publishes(client_of: ClientOf) -> None:
    results = check_server(client_of(None))

    assert failed(results) == []
    assert len(results) >= 112


def test_every_check_passes_with_the_models_of_the_rfc(client_of: ClientOf) -> None:
    user = ResourceType.from_resource(User[EnterpriseUser])
    results = check_server(client_of(ScimProvider([User, EnterpriseUser], [user])))

    assert failed(results) == []
    assert len(results) >= 114
