"""Somebody is found by a part of what they sign in by, or of their address: ``okafor@harb`` in
``ines.okafor@harborline.example``. Learners, whoever was called so before, and people whom no connection manages."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from scim_provisioning.administration.lms_names import beginning
from tests.admin.conftest import Administrator
from tests.client import ScimClient
from tests.lms_factories import LearnerFactory
from tests.people import person

pytestmark = pytest.mark.django_db

PEOPLE = reverse("admin:scim_provisioning_provisioningevent_people")
LOG = reverse("admin:scim_provisioning_provisioningevent_changelist")
INES = "ines.okafor@harborline.example"
#: Nothing but the userName and the address says Okafor.
OTHERWISE = {"displayName": "A B", "name": {"givenName": "A", "familyName": "B"}}


def names(client: Client, term: str) -> set[str]:
    answer = client.get(PEOPLE, {"q": term})
    assert answer.status_code == 200
    return {card.answer.user_name for card in answer.context["cards"]}


@pytest.fixture
def ines(scim: ScimClient) -> Any:
    answer = scim.post("/Users", person() | OTHERWISE)
    assert answer.status_code == 201
    return answer.json()["id"]


@pytest.mark.parametrize(
    "term", ["okafor", "OKAFOR@", "okafor@harb", "Ókafor@harborline.example", "a okafor@harb", "oka"]
)
def test_a_learner_is_found_by_a_part_of_their_user_name(
    admin_client: Client, ines: str, scim: ScimClient, term: str
) -> None:
    scim.post("/Users", person("ada.roth"))
    assert names(admin_client, term) == {INES}


@pytest.mark.parametrize(
    "term",
    [
        "example",
        "harborline",
        "kafor",
        "kafor@harb",
        "@harb",
        "okafor@arb",
        "okafor@harb.",
        "afor@",
        "okafor@@",
    ],
)
def test_what_is_everybodys_and_the_middle_of_a_part_find_nobody(
    admin_client: Client, ines: str, term: str
) -> None:
    assert names(admin_client, term) == set()


def test_every_sign_that_parts_an_address_does(admin_client: Client, scim: ScimClient) -> None:
    for sign in "._+-":
        scim.post(
            "/Users", {**person(), **OTHERWISE, "userName": f"ab{sign}berg@x.example", "externalId": sign}
        )
    assert names(admin_client, "berg@x") == {f"ab{sign}berg@x.example" for sign in "._+-"}


def test_a_part_of_a_former_user_name_leads_to_who_had_it(
    admin_client: Client, ines: str, scim: ScimClient
) -> None:
    emails = [{"type": "work", "value": "ab@x.example", "primary": True}]
    values = {"userName": "ab@x.example", "emails": emails}
    assert scim.patch(f"/Users/{ines}", [{"op": "Replace", "value": values}]).status_code == 200
    assert names(admin_client, "okafor@harb") == {"ab@x.example"}


def test_a_part_of_an_address_leads_to_whom_no_connection_manages(
    admin_client: Client, scim: ScimClient, organization: Any
) -> None:
    LearnerFactory(organization=organization, user__username="ab", user__email=INES, user__last_name="B")
    assert names(admin_client, "okafor@harb") == {"ab"}


def test_the_log_is_searched_alike_by_a_learners_address(admin_client: Client, ines: str) -> None:
    assert User.objects.get(username=INES).email == INES
    found = admin_client.get(LOG, {"q": "okafor@harb"}).context["cl"].result_list
    assert [event.user_name for event in found] == [INES]


def test_who_may_not_see_values_finds_beginnings_of_user_names_and_no_parts(
    administrator: Administrator, ines: str
) -> None:
    client = administrator("view_scimconnection", "view_provisioningevent")
    assert names(client, "ines.oka") == {INES}
    assert names(client, "okafor@harb") == names(client, "okafor") == set()


def test_a_word_of_any_length_with_an_at_sign_is_answered(admin_client: Client, ines: str) -> None:
    for word in ("a@" * 160, "okafor@" + "a" * 300, "ines.okafor@harborline.example.and.more.of.it"):
        assert names(admin_client, word) == set()


def test_of_a_long_text_that_is_no_address_not_all_is_read_again_for_each_of_its_parts() -> None:
    # Engines that go back would read 8,000 characters a thousand times, of everybody whom somebody sends so.
    pattern = re.compile(beginning("ines"))
    longest = "max.ines" + "x" * 64
    assert pattern.search(f" {longest}@harborline.example ")
    assert not pattern.search(f" {longest}x@harborline.example ")
