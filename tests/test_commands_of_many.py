"""Commands that serve one connection after the other: where the application's own code fails for one customer, the
others need not wait for it."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from example_project.lms import scim as lms
from scim_provisioning.administration import units
from scim_provisioning.models import CommandRun, ProvisionedUser, ReferenceKey, SCIMConnection
from scim_provisioning.provisioning import managers
from scim_provisioning.provisioning.units import lines
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.hosts.current import make_connection
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

DEPARTMENT = f"{ENTERPRISE}:department"
POLICIES = {"contacts": ["it@harborline.example"], "new_units": {DEPARTMENT: "review"}}


def whose(connection: SCIMConnection) -> int:
    """The application's own code, which fails for the customer of one connection."""
    key: int = connection.sso.organization_id // (connection.name != "Broken")
    return key


@pytest.fixture
def clients() -> list[ScimClient]:
    """Of two customers, the first of whom the application's own code is about to fail for."""
    found = []
    for name in ("Broken", "Whole"):
        connection = make_connection(name)
        SCIMConnection.objects.filter(pk=connection.pk).update(policies=POLICIES)
        found.append(ScimClient(TokenFactory(connection=connection).plaintext))
    return found


def run(name: str) -> tuple[str, str]:
    """What the command says of those that it served, and of the others, once it has ended as failed commands do."""
    with pytest.raises((CommandError, ZeroDivisionError)):
        call_command(name, stdout=(out := StringIO()), stderr=(said := StringIO()))
    assert CommandRun.objects.count() == 1
    return out.getvalue(), said.getvalue()


def join(scim: ScimClient) -> None:
    """Somebody of a team that nobody knows yet."""
    body = person(**{ENTERPRISE: {"department": "Locks"}})
    assert scim.post("/Users", body).status_code == 201


def test_the_others_have_their_teams(clients: list[ScimClient], monkeypatch: pytest.MonkeyPatch) -> None:
    for scim, connection in zip(clients, SCIMConnection.objects.order_by("pk"), strict=True):
        join(scim)
        (line,) = [one for one in lines(connection) if one.path == DEPARTMENT]
        units.create(line, ReferenceKey.objects.get(digest=line.rows.digest("Locks")), actor=None)
    monkeypatch.setattr(lms.tenant, "__code__", whose.__code__)
    assert "Broken: ZeroDivisionError, " in run("scim_units")[1]
    people = ProvisionedUser.objects.select_related("user__learner__team").order_by("connection")
    assert [getattr(link.user.learner.team, "name", None) for link in people] == [None, "Locks"]


def test_the_others_have_their_managers(clients: list[ScimClient], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(managers, "settle", whose)
    out, said = run("scim_managers")
    assert "Broken: ZeroDivisionError, " in said
    assert out == f"Gave {whose(SCIMConnection.objects.get(name='Whole'))} people their manager.\n"


def test_the_contacts_of_the_others_are_told(
    clients: list[ScimClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    for scim in clients:
        join(scim)
    monkeypatch.setattr(lms.tenant, "__code__", whose.__code__)
    assert "Broken: ZeroDivisionError, " in run("scim_notify")[1]
    assert [message.subject for message in mail.outbox] == ["SCIM provisioning of Whole: 1 notice"]
