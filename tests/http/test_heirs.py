"""Who owns an account after its owner has let go: never another customer, who would read what the first one wrote."""

from __future__ import annotations

from typing import Any

import pytest

from example_project.lms.models import Learner
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import connections, ownership
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.hosts.current import let_share, make_connection
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"


@pytest.fixture(autouse=True)
def _user_names_are_what_people_sign_in_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)


def shared(scim: ScimClient, second: SCIMConnection) -> tuple[dict[str, Any], ScimClient, dict[str, Any]]:
    """Ines of the first connection, and the second one's client with its own link to her account."""
    ines = scim.post(
        "/Users", person(title="Head of Secrets", **{ENTERPRISE: {"department": "Vault"}})
    ).json()
    let_share(INES, second.name)
    other = ScimClient(TokenFactory(connection=second).plaintext)
    answer = other.post("/Users", person(title="Guest", **{ENTERPRISE: {"department": "Visitors"}}))
    assert answer.status_code == 201, answer.content
    return ines, other, answer.json()


def test_another_customer_who_shares_an_account_never_comes_to_own_it_by_itself(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    ines, other, hers = shared(scim, make_connection("Other"))
    assert scim.delete(f"/Users/{ines['id']}").status_code == 204
    assert other.get(f"/Users/{hers['id']}").json()["title"] == "Guest"
    change = [{"op": "Replace", "path": "title", "value": "Taken"}]
    assert other.patch(f"/Users/{hers['id']}", change).status_code == 200
    learner = Learner.objects.get(user__username=INES)
    assert (learner.job_role, learner.team.name) == ("Head of Secrets", "Vault")
    assert not ProvisionedUser.objects.living().filter(owns_profile=True).exists()


def test_nor_when_the_first_connection_ends(scim: ScimClient, connection: SCIMConnection) -> None:
    _ines, other, hers = shared(scim, make_connection("Other"))
    connections.disconnect(connection, actor=None, learners="keep")
    assert other.get(f"/Users/{hers['id']}").json()["title"] == "Guest"
    assert (
        not ProvisionedUser.objects.living().filter(owns_profile=True, connection__archived_at=None).exists()
    )


def test_a_second_connection_of_the_same_customer_owns_it_from_then_on(
    scim: ScimClient, connection: SCIMConnection, organization: Any
) -> None:
    ines, other, hers = shared(scim, make_connection("Other", organization))
    scim.delete(f"/Users/{ines['id']}")
    assert other.get(f"/Users/{hers['id']}").json()["title"] == "Head of Secrets"
    assert ProvisionedUser.objects.living().get(owns_profile=True).scim_id == hers["id"]


def test_an_administrator_may_still_say_so(scim: ScimClient, connection: SCIMConnection) -> None:
    ines, _other, hers = shared(scim, make_connection("Other"))
    scim.delete(f"/Users/{ines['id']}")
    assert ownership.move_ownership(ProvisionedUser.objects.get(scim_id=hers["id"]), actor=None)
    assert ProvisionedUser.objects.living().get(owns_profile=True).scim_id == hers["id"]


def test_whoever_is_not_the_same_person_does_not_get_it_while_another_customer_uses_it(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    ines, _other, _hers = shared(scim, make_connection("Other"))
    scim.delete(f"/Users/{ines['id']}")
    assert scim.post("/Users", person(externalId="somebody-else")).status_code == 409


def test_the_first_owner_who_returns_owns_it_again(scim: ScimClient, connection: SCIMConnection) -> None:
    ines, _other, _hers = shared(scim, make_connection("Other"))
    scim.delete(f"/Users/{ines['id']}")
    assert scim.post("/Users", person(title="Back")).json()["id"] == ines["id"]
    assert ProvisionedUser.objects.living().get(owns_profile=True).scim_id == ines["id"]
