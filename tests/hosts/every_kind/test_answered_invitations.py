"""The state that nobody but the person ends stands on the account's own row, which two connections switch."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from example_project.lms.models import Organization
from scim_provisioning.administration import connections, ownership
from scim_provisioning.events import Caller
from scim_provisioning.models import OnDisconnect, ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.provisioning import merging
from scim_provisioning.sso import may_reset_password, may_sign_in
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.hosts.current import let_share, make_connection
from tests.hosts.every_kind.models import Dossier
from tests.hosts.every_kind.scim import LearnerAdapter
from tests.people import CORE

pytestmark = pytest.mark.django_db

SENT = {"schemas": [CORE], "userName": "ines@x.example", "title": "Safety"}
OFF = [{"op": "replace", "path": "active", "value": False}]
TITLE = [{"op": "replace", "path": "displayName", "value": "Ines"}]


@pytest.fixture
def ines(scim: ScimClient) -> str:
    """Provisioned, and invited by the LMS since."""
    made: str = scim.post("/Users", SENT).json()["id"]
    Dossier.objects.update(status="invited")
    return made


@pytest.fixture
def beside(organization: Organization) -> SCIMConnection:
    """A second connection of the same customer."""
    return make_connection("Beside", organization)


def answers() -> User:
    Dossier.objects.filter(status="invited").update(status="active")
    return User.objects.get(username="ines@x.example")


def notify() -> str:
    call_command("scim_notify", stdout=StringIO(), stderr=StringIO())
    return Dossier.objects.get().status


@pytest.mark.parametrize("also", [[], TITLE], ids=["alone", "with a change"])
def test_whoever_was_switched_off_while_invited_stays_out(
    scim: ScimClient, ines: str, connection: SCIMConnection, also: Any
) -> None:
    scim.patch(f"/Users/{ines}", [*OFF, *also])
    user = answers()
    assert {may_sign_in(user), may_sign_in(user, connection), may_reset_password(user)} == {False}
    assert ProvisioningEvent.objects.latest("pk").cause["wished_off"] is True
    assert notify() == "suspended"
    assert ProvisioningEvent.objects.latest("pk").action == "deactivated"


def test_what_was_wished_before_they_were_invited_is_not_said_of_their_answer(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    """The LMS has invited them since: as everywhere, its word on who is on is the last one."""
    made = scim.post("/Users", SENT).json()["id"]
    scim.patch(f"/Users/{made}", OFF)
    Dossier.objects.update(status="invited")
    assert may_sign_in(answers(), connection)
    assert notify() == "active"


def test_the_wish_is_known_whatever_else_is_changed_until_they_answer(scim: ScimClient, ines: str) -> None:
    scim.patch(f"/Users/{ines}", OFF)
    scim.patch(f"/Users/{ines}", TITLE)
    scim.put(f"/Users/{ines}", {**SENT, "nickName": "B-17"})
    assert not may_sign_in(answers())


def test_whom_a_second_connection_wants_on_stays_until_neither_does(
    scim: ScimClient, ines: str, connection: SCIMConnection, beside: SCIMConnection
) -> None:
    other = ScimClient(TokenFactory(connection=beside).plaintext)
    let_share(SENT["userName"], "Beside")
    second = other.post("/Users", SENT).json()["id"]
    scim.patch(f"/Users/{ines}", OFF)
    user = answers()
    assert notify() == "active"
    assert (may_sign_in(user), may_sign_in(user, beside), may_sign_in(user, connection)) == (
        True,
        True,
        False,
    )
    assert scim.get(f"/Users/{ines}").json()["active"] is False
    other.patch(f"/Users/{second}", OFF)
    assert notify() == "suspended"
    assert not may_sign_in(User.objects.get())


def test_the_wish_outlasts_that_another_connection_owns_the_account(
    scim: ScimClient, ines: str, connection: SCIMConnection, beside: SCIMConnection
) -> None:
    other = ScimClient(TokenFactory(connection=beside).plaintext)
    let_share(SENT["userName"], "Beside")
    second = other.post("/Users", SENT).json()["id"]
    scim.patch(f"/Users/{ines}", OFF)
    other.patch(f"/Users/{second}", OFF)
    link = ProvisionedUser.objects.get(scim_id=second)
    assert ownership.move_ownership(link, actor=None)
    user = answers()
    assert {may_sign_in(user), may_sign_in(user, beside), may_sign_in(user, connection)} == {False}
    assert notify() == "suspended"


def test_a_host_that_fails_keeps_nobody_else_on(
    scim: ScimClient, ines: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scim.post("/Users", {**SENT, "userName": "ben@x.example"})
    Dossier.objects.update(status="invited")
    for link in ProvisionedUser.objects.all():
        scim.patch(f"/Users/{link.scim_id}", OFF)
    answers()

    def revoke(self: LearnerAdapter, learner: Any, **_event: object) -> None:
        if self.link.scim_id == ines:
            raise RuntimeError

    monkeypatch.setattr(LearnerAdapter, "revoke_access", revoke)
    call_command("scim_notify", stdout=StringIO(), stderr=StringIO())
    by_name = dict(Dossier.objects.values_list("user__username", "status"))
    assert by_name["ben@x.example"] == "suspended"


@pytest.mark.parametrize("why", ["protected", "last administrator"])
def test_whom_no_identity_provider_may_let_go_stays(
    scim: ScimClient, ines: str, connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    scim.patch(f"/Users/{ines}", OFF)
    user = answers()
    if why == "protected":
        User.objects.update(is_staff=True)
    else:
        everybody = classmethod(lambda cls, connection: User.objects.all())
        monkeypatch.setattr(LearnerAdapter, "administrators", everybody)
    user.refresh_from_db()
    assert may_sign_in(user, connection)
    assert notify() == "active"
    # Only for as long as that is so.
    User.objects.update(is_staff=False)
    monkeypatch.undo()
    assert notify() == "suspended"


def test_whose_account_was_joined_to_another_is_off_there_at_once_and_not_once_more(
    scim: ScimClient,
    ines: str,
    connection: SCIMConnection,
    organization: Organization,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(LearnerAdapter, "merge", lambda self, into, other: None)
    scim.patch(f"/Users/{ines}", OFF)
    theirs = User.objects.get()
    topic = Dossier.objects.get().main_topic
    other = User.objects.create_user("i.okafor")
    Dossier.objects.create(user=other, organization=organization, main_topic=topic, status="active")
    met = ProvisionedUser.objects.get().pk
    merging.join(Caller(connection, None), other, theirs, met=met, detail="")
    assert dict(Dossier.objects.values_list("user", "status")) == {
        theirs.pk: "invited",
        other.pk: "suspended",
    }
    Dossier.objects.filter(user=other).update(status="active")
    call_command("scim_notify", stdout=StringIO(), stderr=StringIO())
    assert Dossier.objects.get(user=other).status == "active"
    assert may_sign_in(User.objects.get(pk=other.pk), connection)


def test_whom_another_connection_has_wanted_since_stays_though_both_have_ended(
    scim: ScimClient, ines: str, connection: SCIMConnection, beside: SCIMConnection
) -> None:
    scim.patch(f"/Users/{ines}", OFF)
    connections.disconnect(connection, actor=None, learners=OnDisconnect.KEEP)
    let_share(SENT["userName"], "Beside")
    made = ScimClient(TokenFactory(connection=beside).plaintext).post("/Users", SENT)
    assert made.status_code == 201, made.json()
    user = answers()
    assert notify() == "active"
    connections.disconnect(beside, actor=None, learners=OnDisconnect.KEEP)
    assert may_sign_in(user)
    assert notify() == "active"


def test_whom_a_connection_suspended_when_it_ended_no_other_one_of_the_customer_lets_in(
    ines: str, connection: SCIMConnection, beside: SCIMConnection
) -> None:
    connections.disconnect(connection, actor=None, learners=OnDisconnect.SUSPEND)
    assert not may_sign_in(answers(), beside)
    assert notify() == "suspended"


def test_whom_an_administrator_suspended_goes_though_they_are_the_last_administrator(
    ines: str, connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections.disconnect(connection, actor=None, learners=OnDisconnect.SUSPEND)
    everybody = classmethod(lambda cls, connection: User.objects.all())
    monkeypatch.setattr(LearnerAdapter, "administrators", everybody)
    assert not may_sign_in(answers())
    assert notify() == "suspended"
