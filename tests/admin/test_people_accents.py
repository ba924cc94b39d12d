"""Somebody is found by their name as people type it: without accents, with two letters for one, and with accents where
there are none. Learners, what only the document holds of them, former names, and those who were refused."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from scim_provisioning.models import ProvisioningPayload, RefusedName
from tests.admin.conftest import Administrator
from tests.client import ScimClient
from tests.lms_factories import LearnerFactory
from tests.people import person

pytestmark = pytest.mark.django_db

PEOPLE = reverse("admin:scim_provisioning_provisioningevent_people")
LOG = reverse("admin:scim_provisioning_provisioningevent_changelist")
READS_LOG = ("view_scimconnection", "view_provisioningevent")
KEY = "x.y@harborline.example"

#: What is written, and how people type it.
TYPED = [
    ("Żak", "zak"),
    ("Zak", "Żak"),
    ("Müller", "muller"),
    ("Müller", "Mueller"),
    ("Mueller", "müller"),
    ("Mu\u0308ller", "MULLER"),
    ("Łódź", "lodz"),
    ("Jørgensen", "jorgensen"),
    ("Jørgensen", "Joergensen"),
    ("Groß", "gross"),
    ("Strasse", "Straße"),
    ("Çelik", "celik"),
    ("İnan", "inan"),
    ("Nguyễn", "nguyen"),
    ("Παπαδόπουλος", "παπαδοπουλος"),
    ("Королёв", "королев"),
    ("Nowak-Żak", "zak"),
    ("O’Neill", "o’n"),
]


def names(client: Client, term: str, **parameters: Any) -> set[str]:
    answer = client.get(PEOPLE, {"q": term, **parameters})
    assert answer.status_code == 200
    return {card.answer.user_name for card in answer.context["cards"]}


def called(family: str, **changes: Any) -> dict[str, Any]:
    name = {"givenName": "Ines", "familyName": family}
    return {**person("x.y"), "displayName": "Ines", "name": name, **changes}


@pytest.fixture
def taken(organization: Any) -> None:
    """Whoever is sent under this name is refused."""
    LearnerFactory(organization=organization, user__username=KEY, user__email="other@x.example")


@pytest.mark.parametrize(("written", "typed"), TYPED)
def test_a_learner_is_found(admin_client: Client, scim: ScimClient, written: str, typed: str) -> None:
    assert scim.post("/Users", called(written)).status_code == 201
    assert User.objects.get(username=KEY).last_name
    for term in (typed, typed.upper(), f"ines {typed}", f"{typed}, Ines"):
        assert names(admin_client, term) == {KEY}, term


@pytest.mark.parametrize(("written", "typed"), TYPED)
def test_somebody_who_was_refused_is_found(
    admin_client: Client, scim: ScimClient, taken: None, written: str, typed: str
) -> None:
    assert scim.post("/Users", called(written)).status_code == 409
    for term in (typed, typed.upper(), f"ines {typed}", f"{typed}, Ines"):
        assert names(admin_client, term) == {KEY}, term


@pytest.mark.parametrize(("written", "typed"), TYPED)
def test_what_only_the_document_holds_is_found(
    admin_client: Client, scim: ScimClient, written: str, typed: str
) -> None:
    assert scim.post("/Users", called("Other", displayName=f"Ines {written}")).status_code == 201
    assert names(admin_client, typed) == {KEY}


@pytest.mark.parametrize(("written", "typed"), TYPED)
def test_a_former_name_is_found(admin_client: Client, scim: ScimClient, written: str, typed: str) -> None:
    scim_id = scim.post("/Users", called(written)).json()["id"]
    scim.patch(f"/Users/{scim_id}", [{"op": "Replace", "path": "name.familyName", "value": "Berg"}])
    assert names(admin_client, typed) == {KEY}


def test_an_address_with_an_accent_is_found_without_and_one_without_by_one_with(
    admin_client: Client, scim: ScimClient, taken: None
) -> None:
    emails = [{"type": "home", "value": "zoe.muller@x.example"}]
    scim.post("/Users", {**person("ada.roth"), "emails": emails})
    assert names(admin_client, "Zoë.Müller@") == {"ada.roth@harborline.example"}
    scim.post("/Users", called("Other", emails=[{"type": "work", "value": "anna.żak@x.example"}]))
    assert names(admin_client, "zak@x") == names(admin_client, "anna.zak@") == {KEY}


@pytest.mark.parametrize(
    "term", ["muler", "uller", "mull mull2", "mail", "mül.er", "m[uü]ller", "(müller", "."]
)
def test_nobody_is_found_by_what_merely_looks_like_a_pattern_or_by_the_middle_of_a_word(
    admin_client: Client, scim: ScimClient, taken: None, term: str
) -> None:
    scim.post("/Users", {**called("Müller"), "userName": "ada.roth@harborline.example"})
    scim.post("/Users", called("Müller"))
    assert names(admin_client, term) == set()


def test_the_log_is_searched_alike(admin_client: Client, scim: ScimClient) -> None:
    scim.post("/Users", called("ŻAK-Müller"))
    for term in ("zak", "Żak", "mueller", "ines ZAK"):
        found = admin_client.get(LOG, {"q": term}).context["cl"].result_list
        assert [event.user_name for event in found] == [KEY], term
    assert list(admin_client.get(LOG, {"q": "uller"}).context["cl"].result_list) == []


def test_who_may_not_see_values_writes_whole_names_with_accents_or_without(
    administrator: Administrator, scim: ScimClient, taken: None
) -> None:
    scim.post("/Users", {**called("Żak"), "userName": "ada.roth@harborline.example", "externalId": "1"})
    scim.post("/Users", called("Żak"))
    client = administrator(*READS_LOG)
    assert names(client, "zak") == names(client, "ŻAK") == {"ada.roth@harborline.example", KEY}
    assert names(client, "za") == names(client, "ża") == set()


def test_words_without_accents_go_with_the_message_in_which_they_stand(scim: ScimClient, taken: None) -> None:
    scim.post("/Users", called("Łódź-Müller"))
    kept = set(RefusedName.objects.values_list("key", flat=True))
    assert kept >= {"łódź-müller", "lodz-muller", "lodz-mueller", "müller", "muller", "mueller"}
    ProvisioningPayload.objects.all().delete()
    assert not RefusedName.objects.exists()


@pytest.mark.parametrize("word", ["a" * 320, "äöü" * 106, "aeoeue" * 53, "Королёв" * 45, "\u0143" * 320])
def test_a_word_of_any_length_is_answered(admin_client: Client, scim: ScimClient, word: str) -> None:
    scim.post("/Users", called("Żak"))
    assert names(admin_client, word) == set()
    assert list(admin_client.get(LOG, {"q": word}).context["cl"].result_list) == []
