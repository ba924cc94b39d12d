"""What a membership is to somebody whom two connections send: another customer's is another row, the same customer's
the same one."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import QuerySet

from scim_provisioning.administration import connections, ownership
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.sso import may_sign_in
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.hosts.current import let_share, make_connection
from tests.hosts.membership.models import Membership
from tests.hosts.membership.scim import LearnerAdapter
from tests.leavers import OFF
from tests.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def beside(organization: Any) -> ScimClient:
    """A second connection of the same customer."""
    return ScimClient(TokenFactory(connection=make_connection("Beside", organization)).plaintext)


def both(first: ScimClient, second: ScimClient, name: str) -> tuple[str, str]:
    """The SCIM ids of somebody whom both connections send."""
    own: str = first.post("/Users", person()).json()["id"]
    let_share(person()["userName"], name)
    return own, second.post("/Users", person()).json()["id"]


class WithAdministrators(LearnerAdapter):
    """A host in which everybody with a membership that is on is an administrator of that customer."""

    @classmethod
    def administrators(cls, connection: SCIMConnection) -> QuerySet[Any]:
        on = Membership.objects.filter(organization=connection.sso.organization, is_active=True)
        return cls.all_accounts().filter(pk__in=on.values("user"))


@pytest.fixture
def with_administrators(settings: Any) -> None:
    adapter = f"{__name__}.WithAdministrators"
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": adapter}


def test_a_customers_last_administrator_is_not_let_go_because_another_customer_wants_them(
    scim: ScimClient, other: ScimClient, with_administrators: None
) -> None:
    own, _guest = both(scim, other, "Other")
    answer = scim.patch(f"/Users/{own}", OFF)
    assert answer.status_code == 403
    assert ProvisioningEvent.objects.latest("pk").error_code == "user.last_administrator"
    assert Membership.objects.filter(is_active=True).count() == 2


def test_a_customers_last_administrator_may_be_given_up_by_one_of_its_two_connections(
    scim: ScimClient, beside: ScimClient, with_administrators: None
) -> None:
    own, guest = both(scim, beside, "Beside")
    assert scim.patch(f"/Users/{own}", OFF).status_code == 200
    assert beside.patch(f"/Users/{guest}", OFF).status_code == 403
    assert Membership.objects.get().is_active


def test_a_guest_who_is_handed_back_keeps_the_membership_that_is_the_customers_own(
    scim: ScimClient, other: ScimClient
) -> None:
    own, _guest = both(scim, other, "Other")
    scim.patch(f"/Users/{own}", OFF)
    second = SCIMConnection.objects.get(name="Other")
    connections.disconnect(second, actor=None, learners="keep")
    assert Membership.objects.get(is_active=True).organization == second.sso.organization


def test_what_two_connections_have_together_goes_off_with_a_guest_who_alone_kept_it_on(
    scim: ScimClient, beside: ScimClient
) -> None:
    own, _guest = both(scim, beside, "Beside")
    scim.patch(f"/Users/{own}", OFF)
    assert Membership.objects.get().is_active
    connections.disconnect(SCIMConnection.objects.get(name="Beside"), actor=None, learners="keep")
    assert not Membership.objects.get().is_active


def test_single_sign_on_lets_in_by_the_connection_that_wants_them(
    scim: ScimClient, beside: ScimClient
) -> None:
    own, guest = both(scim, beside, "Beside")
    scim.patch(f"/Users/{own}", OFF)
    links = ProvisionedUser.objects.select_related("connection", "user")
    first, second = links.get(scim_id=own), links.get(scim_id=guest)
    assert not may_sign_in(first.user, first.connection)
    assert may_sign_in(second.user, second.connection)
    assert may_sign_in(second.user)
    beside.delete(f"/Users/{guest}")
    assert not may_sign_in(links.get(scim_id=own).user)


def test_whom_the_lms_has_switched_off_a_second_customer_does_not_switch_on(
    scim: ScimClient, other: ScimClient
) -> None:
    own = scim.post("/Users", person()).json()["id"]
    scim.patch(f"/Users/{own}", OFF)
    account = ProvisionedUser.objects.get().user
    second = SCIMConnection.objects.get(name="Other")
    Membership.objects.create(user=account, organization=second.sso.organization, is_active=False)
    assert ownership.allow_share(second, account, actor=None, name=person()["userName"])
    assert other.post("/Users", person()).status_code == 409
    assert ProvisioningEvent.objects.latest("pk").error_code == "user.switched_off"


def test_the_title_of_the_owner_stays_and_nobody_sends_the_other_ones_again(
    scim: ScimClient, beside: ScimClient
) -> None:
    own, guest = both(scim, beside, "Beside")
    title = [{"op": "Replace", "path": "title", "value": "Guest"}]
    assert beside.patch(f"/Users/{guest}", title).json()["title"] == "Guest"
    assert Membership.objects.get().job_role == person()["title"]
    events = ProvisioningEvent.objects.count()
    for client, scim_id, said in ((scim, own, person()["title"]), (beside, guest, "Guest")):
        seen = client.get(f"/Users/{scim_id}").json()
        assert seen["title"] == said
        client.patch(f"/Users/{scim_id}", [{"op": "Replace", "path": "title", "value": said}])
    assert ProvisioningEvent.objects.count() == events


def test_reading_somebody_whom_nobody_else_sends_asks_nothing_of_others(
    scim: ScimClient, django_assert_num_queries: Any
) -> None:
    made = scim.post("/Users", person()).json()
    scim.get(f"/Users/{made['id']}")
    # Token and connection, SSO row, link and account, membership, whether they were changed meanwhile.
    with django_assert_num_queries(5):
        scim.get(f"/Users/{made['id']}")
