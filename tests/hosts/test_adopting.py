"""People who are here already are recognised and linked before they are sent, whatever the host's shape.

These tests run in every host, where the user name is what people sign in by.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth import get_user_model

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration import adoption
from scim_provisioning.administration.adoption import Directory, Finding, queue, undoing
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.protocol import documents
from scim_provisioning.provisioning.undoing import kept
from tests.client import ScimClient
from tests.hosts.current import spelled
from tests.people import person

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"


@pytest.fixture(autouse=True)
def _user_names_are_what_people_sign_in_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_adapter_class(), "user_name_is_sso_subject", True)


def body(name: str = "ines.okafor") -> dict[str, Any]:
    made: dict[str, Any] = spelled(person(name))
    return made


@pytest.fixture
def ines(scim: ScimClient) -> Any:
    """Her account, which nobody manages, and which nobody has switched off."""
    scim.post("/Users", body())
    link = ProvisionedUser.objects.get()
    link.delete()
    return link.user


def examined(connection: SCIMConnection, *names: str) -> adoption.Report:
    schema = get_adapter_class().compiled(connection).schema
    people = [documents.normalise(body(name), schema).document for name in names]
    return adoption.examine(connection, Directory(people))


def test_who_is_here_is_told_from_who_is_new(connection: SCIMConnection, ines: Any) -> None:
    found = examined(connection, "ines.okafor", "rui.sousa")
    assert [(one.finding, [account.pk for account in one.accounts]) for one in found.verdicts] == [
        (Finding.CERTAIN, [ines.pk]),
        (Finding.NOBODY, []),
    ]


def test_who_is_linked_beforehand_is_found_and_written_to(
    scim: ScimClient, connection: SCIMConnection, ines: Any
) -> None:
    accounts = get_user_model()._base_manager.count()
    assert adoption.link(connection, examined(connection, "ines.okafor"), actor=None) == 1
    query = quote(f'userName eq "{INES}"')
    found = scim.get(f"/Users?filter={query}").json()["Resources"]
    assert [one["active"] for one in found] == [True]
    replaced = scim.put(f"/Users/{found[0]['id']}", {**body(), "title": "Lead"})
    assert (replaced.status_code, replaced.json()["title"]) == (200, "Lead")
    assert ProvisionedUser.objects.get().user == ines
    assert get_user_model()._base_manager.count() == accounts


def test_another_customers_people_are_nobodys(
    scim: ScimClient, other: ScimClient, connection: SCIMConnection
) -> None:
    other.post("/Users", body())
    found = examined(connection, "ines.okafor").verdicts[0]
    assert found.finding in (Finding.NOBODY, Finding.LOOK)
    assert found.accounts == ()
    answer = scim.post("/Users", body())
    assert (answer.status_code == 201) == (found.finding is Finding.NOBODY)


def test_the_same_work_address_under_another_name_is_asked_about_wherever_the_lms_keeps_it(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    mail = [{"type": "work", "value": INES, "primary": True}]
    assert scim.post("/Users", spelled(person("ines.bell", emails=mail))).status_code == 201
    link = ProvisionedUser.objects.get()
    link.delete()
    (found,) = examined(connection, "ines.okafor").verdicts
    answer = scim.post("/Users", body())
    if get_adapter_class().compiled(connection).address is None:
        # Accounts are named by addresses, or the LMS keeps none.
        assert (found.finding, answer.status_code) == (Finding.NOBODY, 201)
        return
    assert (found.finding, [one.pk for one in found.accounts]) == (Finding.LOOK, [link.user_id])
    assert (answer.status_code, answer.json()["scimType"]) == (409, "uniqueness")
    (waits,) = queue.waiting(connection)
    queue.link(connection, waits.verdict.document, link.user, keeps_profile=False, actor=None)
    assert scim.post("/Users", body()).status_code == 201
    assert ProvisionedUser.objects.get().user == link.user
    assert get_user_model()._base_manager.filter(scim_links__isnull=False).count() == 1


def test_an_adoption_undone_leaves_the_account_as_it_was(
    scim: ScimClient, connection: SCIMConnection, ines: Any
) -> None:
    adoption.link(connection, examined(connection, "ines.okafor"), actor=None)
    link = ProvisionedUser.objects.get()
    before = held(link)
    changed = spelled(person("ines.okafor", title="Lead", displayName="I. Bell", phoneNumbers=None))
    changed["active"] = False
    assert scim.put(f"/Users/{link.scim_id}", changed).status_code == 200
    assert held(link) != before
    undoing.undo(link, actor=None)
    account = ProvisionedUser(connection=connection, user=ines)
    assert held(account) == before
    assert not ProvisionedUser.objects.living().exists()


def held(link: ProvisionedUser) -> Any:
    """What the LMS has of somebody in the fields of the mapping, and whether they may come in."""
    account = get_user_model()._base_manager.get(pk=link.user_id)
    adapter = get_adapter_class()(account, link=link, connection=link.connection)
    return kept(adapter), adapter.has_access
