"""One account, two customers: what the one's identity provider does must not reach into the other."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model

from tests.client import ScimClient
from tests.hosts.current import let_share
from tests.hosts.membership.models import Membership
from tests.people import person

pytestmark = pytest.mark.django_db


def test_a_person_of_two_customers_is_one_account_with_two_memberships(
    scim: ScimClient, other: ScimClient
) -> None:
    first = scim.post("/Users", person(title="Lead")).json()
    let_share(first["userName"])
    second = other.post("/Users", person(title="Guest")).json()
    assert first["id"] != second["id"]
    assert get_user_model().objects.filter(username=first["userName"]).count() == 1
    assert {m.job_role for m in Membership.objects.all()} == {"Lead", "Guest"}
    assert scim.get(f"/Users/{first['id']}").json()["title"] == "Lead"


def test_leaving_one_customer_is_not_leaving_the_other(scim: ScimClient, other: ScimClient) -> None:
    first = scim.post("/Users", person()).json()
    let_share(first["userName"])
    second = other.post("/Users", person()).json()
    scim.patch(f"/Users/{first['id']}", [{"op": "Replace", "path": "active", "value": "False"}])
    assert other.get(f"/Users/{second['id']}").json()["active"] is True
    assert sorted(Membership.objects.values_list("is_active", flat=True)) == [False, True]
    assert get_user_model().objects.get(username=first["userName"]).is_active


def test_a_second_customer_shares_an_account_by_an_administrators_word_and_changes_neither_name_nor_address(
    scim: ScimClient, other: ScimClient
) -> None:
    """What docs/recipes.md says of a shared login: an account has one owner."""
    made = scim.post("/Users", person()).json()
    refused = other.post("/Users", person(title="Guest"))
    assert (refused.status_code, refused.json()["scimType"]) == (409, "uniqueness")

    account = get_user_model().objects.get(username=made["userName"])
    let_share(made["userName"])
    second = other.post("/Users", person(title="Guest")).json()

    address = [{"op": "Replace", "path": 'emails[type eq "work"].value', "value": "theirs@other.example"}]
    answer = other.patch(f"/Users/{second['id']}", address)
    assert answer.json()["emails"][0]["value"] == "theirs@other.example"
    account.refresh_from_db()
    assert account.email == made["emails"][0]["value"]
    assert scim.get(f"/Users/{made['id']}").json() == made
