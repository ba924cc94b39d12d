"""User names that differ by case, accent or blank: the same answers on every database.

Left alone, MariaDB takes all of these for one name, SQLite folds ASCII only, and PostgreSQL none.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User

from example_project.lms.models import Team
from scim_provisioning.models import ProvisionedUser
from tests.client import ScimClient
from tests.people import ENTERPRISE, person
from tests.tables import contents

pytestmark = pytest.mark.django_db

#: Two spellings of one name.
SAME = [
    ("ana@quay.example", "ANA@Quay.Example"),
    ("zoë@quay.example", "ZOË@quay.example"),
    ("straße@quay.example", "STRASSE@quay.example"),
    ("οδυσσεύς@quay.example", "ΟΔΥΣΣΕΎΣ@quay.example"),
    # Composed and decomposed.
    ("jos\u00e9@quay.example", "jose\u0301@quay.example"),
]
#: Blanks that nobody sees at the end, nor in most places at the beginning.
BLANKS = ["ana@quay.example ", " ana@quay.example", "ana@quay.example  ", " "]
#: Two people.
OTHER = [
    ("ana@quay.example", "aná@quay.example"),
    # Accents of their own, Turkish, scripts, and letters that compatibility takes apart though people write them.
    ("\u0131\u015f\u0131k@quay.example", "\u0131\u015f\u0131ks@quay.example"),
    ("\u795e\u8c37@quay.example", "\u795e\u5ddd@quay.example"),
    ("\u0e2d\u0e33\u0e19\u0e32\u0e08@quay.example", "\u0e2d\u0e32\u0e19\u0e32\u0e08@quay.example"),
    ("\u054d\u0587\u0561@quay.example", "\u054d\u0561@quay.example"),
    ("\u041e\u043b\u044f@quay.example", "\u041e\u043b\u0430@quay.example"),
    ("muller@quay.example", "müller@quay.example"),
    ("o@quay.example", "ø@quay.example"),
    ("a+b@quay.example", "a b@quay.example"),
    ("a_b@quay.example", "axb@quay.example"),
    ("a%b@quay.example", "axxb@quay.example"),
    ("a\\b@quay.example", "ab@quay.example"),
    ("a'b@quay.example", "a''b@quay.example"),
    ("😀@quay.example", "😁@quay.example"),
]


def named(user_name: str) -> dict[str, Any]:
    return person(userName=user_name, externalId=None, emails=None)


def look_up(scim: ScimClient, user_name: str, op: str = "eq") -> list[str]:
    value = user_name.replace("\\", "\\\\").replace('"', '\\"')
    answer = scim.get(f"/Users?filter=userName%20{op}%20{quote(chr(34) + value + chr(34))}")
    assert answer.status_code == 200, answer.content
    return [user["userName"] for user in answer.json()["Resources"]]


@pytest.mark.parametrize(("first", "second"), SAME)
def test_name_in_another_case_is_the_same_name(scim: ScimClient, first: str, second: str) -> None:
    assert scim.post("/Users", named(first)).status_code == 201
    answer = scim.post("/Users", named(second))
    assert (answer.status_code, answer.json()["scimType"]) == (409, "uniqueness")
    assert look_up(scim, second) == look_up(scim, first) == [first]
    for op in ("co", "sw", "ew"):
        assert look_up(scim, second, op) == [first]
    assert ProvisionedUser.objects.count() == User.objects.count() == 1


@pytest.mark.parametrize(("first", "second"), OTHER)
def test_names_that_differ_in_more_than_case_are_other_people(
    scim: ScimClient, first: str, second: str
) -> None:
    ids = set()
    for name in (first, second):
        answer = scim.post("/Users", named(name))
        assert answer.status_code == 201, answer.content
        assert answer.json()["userName"] == name
        ids.add(answer.json()["id"])
    assert len(ids) == 2
    for name in (first, second):
        assert look_up(scim, name) == [name]
        if "\u0131" not in name:  # in capitals it is another letter
            assert look_up(scim, name.upper()) == [name]
    everybody = scim.get("/Users?sortBy=userName").json()["Resources"]
    assert sorted(user["userName"] for user in everybody) == sorted([first, second])


@pytest.mark.parametrize("name", BLANKS)
def test_a_blank_around_a_new_name_is_refused_by_every_verb_and_told(scim: ScimClient, name: str) -> None:
    """Entra sends what its source holds. Two names that differ by a blank look the same everywhere."""
    scim.post("/Users", named("ana@quay.example"))
    rui = scim.post("/Users", named("rui@quay.example")).json()["id"]
    before = contents()
    for answer in (
        scim.post("/Users", named(name)),
        scim.put(f"/Users/{rui}", named(name)),
        scim.patch(f"/Users/{rui}", [{"op": "replace", "path": "userName", "value": name}]),
    ):
        assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
        if name.strip():
            assert answer.json()["detail"] == "userName begins or ends with a blank. Remove the blank."
    assert contents() == before


def test_somebody_whose_name_has_had_a_blank_is_another_person_and_can_be_changed(scim: ScimClient) -> None:
    old, name = scim.post("/Users", named("old@quay.example")).json()["id"], "ana@quay.example "
    ProvisionedUser.objects.update(user_name=name, user_name_key=name)
    User.objects.update(username=name)
    assert scim.post("/Users", named("ana@quay.example")).status_code == 201
    for known in ("ana@quay.example", name):
        assert look_up(scim, known) == [known]
    answer = scim.put(f"/Users/{old}", named(name) | {"active": False})
    assert (answer.status_code, answer.json()["userName"], answer.json()["active"]) == (200, name, False)
    mended = scim.patch(f"/Users/{old}", [{"op": "replace", "path": "userName", "value": "bo@quay.example"}])
    assert (mended.status_code, look_up(scim, "bo@quay.example")) == (200, ["bo@quay.example"])


@pytest.mark.parametrize(("first", "second"), OTHER)
def test_somebody_may_be_renamed_to_a_name_that_differs_in_more_than_case(
    scim: ScimClient, first: str, second: str
) -> None:
    scim.post("/Users", named(first))
    third = scim.post("/Users", named("third@quay.example")).json()["id"]
    answer = scim.patch(f"/Users/{third}", [{"op": "replace", "path": "userName", "value": second}])
    assert (answer.status_code, answer.json()["userName"]) == (200, second)
    assert look_up(scim, first) == [first]
    assert look_up(scim, second) == [second]


@pytest.mark.parametrize(("first", "second"), OTHER)
def test_deleted_person_does_not_come_back_under_a_name_that_differs(
    scim: ScimClient, first: str, second: str
) -> None:
    gone = scim.post("/Users", named(first)).json()["id"]
    scim.delete(f"/Users/{gone}")
    answer = scim.post("/Users", named(second))
    assert answer.status_code == 201, answer.content
    assert answer.json()["id"] != gone


@pytest.mark.parametrize(("first", "second"), SAME)
def test_deleted_person_comes_back_under_her_name_in_another_case(
    scim: ScimClient, first: str, second: str
) -> None:
    gone = scim.post("/Users", named(first)).json()["id"]
    scim.delete(f"/Users/{gone}")
    answer = scim.post("/Users", named(second))
    assert (answer.status_code, answer.json()["id"]) == (201, gone)
    assert answer.json()["userName"] == second


def test_external_id_and_id_are_exact(scim: ScimClient) -> None:
    for number, external_id in enumerate(("Abc", "abc", "abc ", "äbc")):
        body = named(f"p{number}@quay.example") | {"externalId": external_id}
        assert scim.post("/Users", body).status_code == 201
    for external_id in ("Abc", "abc", "abc ", "äbc"):
        found = scim.get(f"/Users?filter=externalId%20eq%20{quote(chr(34) + external_id + chr(34))}").json()
        assert [user["externalId"] for user in found["Resources"]] == [external_id]
    made = scim.get("/Users").json()["Resources"][0]["id"]
    assert scim.get(f"/Users/{made.upper()}").status_code == 404
    assert scim.get(f"/Users/{made}%20").status_code == 404


@pytest.mark.parametrize(
    ("first", "second", "teams"),
    [("Sales", "SALES", 1), ("Sales", "Sales ", 1), ("Sales  North", "sales north", 1), ("Zoë", "ZOË", 1)],
)
def test_team_in_another_case_or_spacing_is_one_team_and_is_returned_as_sent(
    scim: ScimClient, first: str, second: str, teams: int
) -> None:
    for number, team in enumerate((first, second)):
        body = named(f"p{number}@quay.example") | {ENTERPRISE: {"department": team}}
        assert scim.post("/Users", body).json()[ENTERPRISE]["department"] == team
    assert Team.objects.count() == teams


def test_special_characters_are_decoded_once(scim: ScimClient) -> None:
    names = [
        "o'neil+tag&co#1@quay.example",
        "a%2Bb@quay.example",
        'quo"te@quay.example',
        "back\\slash@q.example",
    ]
    for name in names:
        assert scim.post("/Users", named(name)).status_code == 201
    for name in names:
        assert look_up(scim, name) == [name]
