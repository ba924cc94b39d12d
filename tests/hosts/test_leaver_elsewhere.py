"""Somebody whom one customer's identity provider has deleted is nobody that another customer's takes over by a name, be
it that all customers share accounts, and be it that the application has switched the account on again."""

from __future__ import annotations

from typing import Any

import pytest

from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.hosts.current import make_connection
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db


def sent(number: str) -> dict[str, Any]:
    return {**person(externalId=number), ENTERPRISE: {}}


@pytest.fixture
def elsewhere(connection: SCIMConnection) -> ScimClient:
    """Another customer's identity provider."""
    return ScimClient(TokenFactory(connection=make_connection("Other")).plaintext)


@pytest.fixture
def ines(scim: ScimClient) -> Any:
    """The account of somebody who was deleted."""
    made = scim.post("/Users", sent("a")).json()["id"]
    account = ProvisionedUser.objects.select_related("user").get(scim_id=made).user
    assert scim.delete(f"/Users/{made}").status_code == 204
    return account


@pytest.mark.parametrize("is_on", [False, True], ids=["as they left", "switched on by hand"])
def test_no_account_of_a_leaver_is_taken_over_by_a_name(
    scim: ScimClient, elsewhere: ScimClient, ines: Any, is_on: bool
) -> None:
    if is_on and hasattr(ines, "is_active"):
        type(ines)._base_manager.filter(pk=ines.pk).update(is_active=True)
    answer = elsewhere.post("/Users", sent("b"))
    living = ProvisionedUser.objects.living().filter(user=ines)
    assert not living.exists()
    assert answer.status_code in (201, 409)
    back = scim.post("/Users", sent("a"))
    assert back.status_code == 201, back.content
    assert living.get().owns_profile
