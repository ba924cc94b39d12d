"""Accounts that sign in by an address which is not the directory's user name: docs/adapter.md says how to map them."""

from __future__ import annotations

from typing import Any

import pytest

import scim_provisioning.adapters as scim_adapters
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent
from tests.client import ScimClient
from tests.hosts.academy.host import make_customer
from tests.hosts.academy.models import User
from tests.hosts.academy.scim import LearnerAdapter as Academy
from tests.people import CORE

pytestmark = pytest.mark.django_db


class LearnerAdapter(Academy):
    mapping = [
        *(line for line in Academy.mapping if line.path != "userName"),
        scim_adapters.Email("emails", "email", required=True),
    ]


@pytest.fixture(autouse=True)
def by_address(settings: Any) -> None:
    path = f"{__name__}.LearnerAdapter"
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": path}


def body(user_name: str, address: str | None) -> dict[str, Any]:
    emails = {} if address is None else {"emails": [{"type": "work", "value": address}]}
    return {"schemas": [CORE], "userName": user_name, **emails}


def test_the_user_name_is_kept_for_the_directory_and_the_address_names_the_account(scim: ScimClient) -> None:
    made = scim.post("/Users", body("io-17", "ines@x.example"))
    assert made.status_code == 201, made.content
    assert made.json()["userName"] == "io-17"
    assert User.objects.get().email == "ines@x.example"
    assert scim.get('/Users?filter=userName+eq+"IO-17"').json()["totalResults"] == 1


def test_an_address_that_somebody_signs_in_with_is_refused(scim: ScimClient, other: ScimClient) -> None:
    other.post("/Users", body("io-17", "ines@x.example"))
    answer = scim.post("/Users", body("io-18", "Ines@x.example"))
    assert (answer.status_code, answer.json()["scimType"]) == (409, "uniqueness")
    assert ProvisionedUser.objects.count() == 1


def test_an_address_is_called_so_where_nobody_provisioned_the_account_that_has_it(scim: ScimClient) -> None:
    User.objects.create_user("ines@x.example", customer=make_customer())
    answer = scim.post("/Users", body("io-18", "Ines@x.example"))
    assert (answer.status_code, answer.json()["scimType"]) == (409, "uniqueness")
    assert answer.json()["detail"] == "Another account of this application already signs in by this address."
    assert ProvisioningEvent.objects.latest("pk").error_code == "user.address_taken"


def test_somebody_without_an_address_is_refused_by_name(scim: ScimClient) -> None:
    answer = scim.post("/Users", body("io-17", None))
    assert (answer.status_code, answer.json()["detail"]) == (400, "emails is required.")
    assert not User.everybody.exists()


def test_somebody_of_that_address_here_is_the_same_person(scim: ScimClient, organization: Any) -> None:
    veteran = User.objects.create_user("ines@x.example", customer=organization, job_title="Founder")
    assert scim.post("/Users", body("io-17", "INES@x.example")).status_code == 201
    assert User.objects.get().pk == veteran.pk


def test_an_address_that_changes_is_asked_what_a_name_is_asked(scim: ScimClient, organization: Any) -> None:
    """The account is named by it: it must not come to look like somebody else's, nor be that of an account of the same
    customer which nobody provisioned."""
    ines = scim.post("/Users", body("io-17", "ines@x.example")).json()["id"]
    User.objects.create_user("kate@x.example", customer=organization)
    for address, code in (
        ("kate\uff20x.example", "user.look_alike"),
        ("\u212aate@x.example", "user.look_alike"),
        ("Kate@x.example", "user.exists_unmanaged"),
    ):
        change = [{"op": "replace", "path": 'emails[type eq "work"].value', "value": address}]
        assert scim.patch(f"/Users/{ines}", change).status_code == 409, address
        assert ProvisioningEvent.objects.latest("pk").error_code == code
    assert sorted(user.email for user in User.everybody.all()) == ["ines@x.example", "kate@x.example"]
