"""Somebody left whose account the academy calls otherwise than their directory did: whoever is sent under that name is
somebody new, and finds neither their account nor what they have learnt."""

from __future__ import annotations

from typing import Any

import pytest

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration import adoption
from scim_provisioning.administration.adoption import queue
from scim_provisioning.models import IdentityQuestion, ProvisionedUser, SCIMConnection
from scim_provisioning.protocol import documents
from scim_provisioning.provisioning.verdicts import Finding
from tests.client import ScimClient
from tests.hosts.academy.models import Customer, User
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"
JOSE = "jose.muller@harborline.example"


def sent(name: str, number: str) -> dict[str, Any]:
    return {**person(userName=name, externalId=number, emails=None), ENTERPRISE: {}}


def link_of(name: str) -> ProvisionedUser:
    return ProvisionedUser.objects.select_related("user").get(user_name=name)


@pytest.mark.parametrize("renamed", ["before", "after"])
def test_an_account_that_the_academy_renamed_steps_aside_for_a_newcomer_of_that_name(
    scim: ScimClient, renamed: str
) -> None:
    old = scim.post("/Users", sent(JOSE, "j")).json()["id"]
    jose = link_of(JOSE).user
    if renamed == "before":
        User.everybody.filter(pk=jose.pk).update(email=INES)
    assert scim.delete(f"/Users/{old}").status_code == 204
    if renamed == "after":
        User.everybody.filter(pk=jose.pk).update(email=INES)
    answer = scim.post("/Users", sent(INES, "i"))
    assert answer.status_code == 201, answer.content
    ines = link_of(INES)
    assert ines.user != jose
    assert ines.user.email == INES
    jose = User.everybody.get(pk=jose.pk)
    assert jose.email != INES
    assert jose.deleted_at is not None
    # Whether they are one person is for an administrator to say.
    assert [(one.newcomer, one.earlier.scim_id) for one in IdentityQuestion.objects.all()] == [(ines, old)]


def test_an_account_whose_profile_the_academy_keeps_is_not_inherited_and_keeps_its_name(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    account = User(email=INES, customer=Customer.objects.get())
    account.set_unusable_password()
    account.save()
    document = documents.normalise(sent(JOSE, "j"), get_adapter_class().compiled(connection).schema).document
    queue.link(connection, document, account, keeps_profile=True, actor=None)
    old = scim.post("/Users", sent(JOSE, "j")).json()["id"]
    assert scim.delete(f"/Users/{old}").status_code == 204
    refused = scim.post("/Users", sent(INES, "i"))
    assert (refused.status_code, refused.json()["scimType"]) == (409, "uniqueness")
    assert not ProvisionedUser.objects.living().exists()
    assert User.everybody.get(pk=account.pk).email == INES
    # The preview says so beforehand, and links nobody.
    report = adoption.examine(connection, adoption.from_log(connection))
    assert [one.finding for one in report.verdicts] == [Finding.LOOK]
    assert adoption.link(connection, report, actor=None) == 0


def test_whom_an_administrator_links_to_the_account_has_it(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    old = scim.post("/Users", sent(JOSE, "j")).json()["id"]
    jose = link_of(JOSE).user
    assert scim.delete(f"/Users/{old}").status_code == 204
    User.everybody.filter(pk=jose.pk).update(email=INES, deleted_at=None, is_active=True)
    document = documents.normalise(sent(INES, "i"), get_adapter_class().compiled(connection).schema).document
    queue.link(connection, document, User.everybody.get(pk=jose.pk), keeps_profile=False, actor=None)
    assert scim.post("/Users", sent(INES, "i")).status_code == 201
    assert link_of(INES).user == jose
    assert User.everybody.get(pk=jose.pk).email == INES
