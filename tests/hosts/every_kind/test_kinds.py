"""Each kind of the mapping kit from the outside: written, read back, cleared, filtered, sorted, published."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest

from example_project.lms.models import Organization, Team
from scim_provisioning.models import ProvisionedUser
from tests.client import ScimClient
from tests.hosts.every_kind.models import Dossier, Topic
from tests.hosts.every_kind.scim import OWN
from tests.people import CORE, ENTERPRISE

pytestmark = pytest.mark.django_db


def body(name: str = "ines", **own: Any) -> dict[str, Any]:
    """Somebody with nothing but what the tests are about; ``own`` are attributes of the host's extension."""
    found: dict[str, Any] = {"schemas": [CORE], "userName": f"{name}@x.example", "title": "Safety"}
    for path, value in own.pop("core", {}).items():
        found[path] = value
    if own:
        found[OWN] = own
    return found


def post(scim: ScimClient, sent: dict[str, Any]) -> dict[str, Any]:
    answer = scim.post("/Users", sent)
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.json()
    return made


def patch(scim: ScimClient, made: dict[str, Any], path: str, value: Any) -> Any:
    operation = {"op": "replace", "path": path, "value": value}
    if value is None:
        operation = {"op": "remove", "path": path}
    return scim.patch(f"/Users/{made['id']}", [operation])


def names(scim: ScimClient, query: str) -> list[str]:
    answer = scim.get(f"/Users?{query}")
    assert answer.status_code == 200, answer.content
    return [user["userName"].partition("@")[0] for user in answer.json()["Resources"]]


def found(scim: ScimClient, text: str) -> list[str]:
    return names(scim, f"filter={quote(text)}")


def held(path: str, resource: dict[str, Any]) -> Any:
    urn, _, name = path.rpartition(":")
    return (resource.get(urn, {}) if urn else resource).get(name)


NUMBER = f"{ENTERPRISE}:employeeNumber"
SENT = [
    (NUMBER, "0042", "number", 42),
    (f"{OWN}:share", 12.5, "share", Decimal("12.50")),
    (f"{OWN}:score", 3, "score", 3.0),
    (f"{OWN}:hired", "2024-02-29T00:00:00Z", "hired", date(2024, 2, 29)),
    (f"{OWN}:hired", "2024-02-29", "hired", date(2024, 2, 29)),
    (f"{OWN}:seen", "2024-02-29T10:30:00+02:00", "seen", datetime(2024, 2, 29, 8, 30, tzinfo=UTC)),
    ("userType", "SENIOR", "level", "S"),
    (f"{OWN}:shift", "night", "shift", 2),
    (f"{OWN}:shift", "dog watch", "shift", 0),
    ("nickName", "B-17", "badge", "B-17"),
    (f"{OWN}:place", "Umeå", "place", "Umeå"),
    (f"{OWN}:remote", True, "remote", True),
    (f"{ENTERPRISE}:costCenter", "C-9", "data", {"cost": {"centre": "C-9"}}),
    (f"{OWN}:desk", 12, "data", {"desk": 12}),
    (f"{OWN}:vegan", False, "data", {"vegan": False}),
]


@pytest.mark.parametrize(("path", "value", "field", "stored"), SENT)
def test_a_value_lands_in_its_column_and_is_returned_as_it_was_sent(
    scim: ScimClient, path: str, value: Any, field: str, stored: Any
) -> None:
    made = post(scim, body())
    answer = patch(scim, made, path, value)

    assert answer.status_code == 200, answer.content
    assert getattr(Dossier.objects.get(), field) == stored
    assert held(path, answer.json()) == value
    assert held(path, scim.get(f"/Users/{made['id']}").json()) == value


@pytest.mark.parametrize(("path", "value", "field", "stored"), SENT)
def test_a_value_that_is_taken_away_leaves_an_empty_column(
    scim: ScimClient, path: str, value: Any, field: str, stored: Any
) -> None:
    made = post(scim, body())
    empty = getattr(Dossier.objects.get(), field)
    patch(scim, made, path, value)

    answer = patch(scim, made, path, None)

    assert answer.status_code == 200, answer.content
    left = getattr(Dossier.objects.get(), field)
    # A text is empty even where new rows have one; what cannot be empty has its default again.
    assert left == ("" if field == "place" else empty) or left == {"cost": {}}
    if field not in ("level", "shift", "remote"):
        assert held(path, answer.json()) is None


EDITED = [
    (NUMBER, "0042", {"number": 7}, "7"),
    (f"{OWN}:share", 12.5, {"share": Decimal("7.25")}, 7.25),
    (f"{OWN}:hired", "2024-02-29", {"hired": date(2020, 1, 2)}, "2020-01-02T00:00:00Z"),
    (
        f"{OWN}:seen",
        "2024-02-29T10:30:00+02:00",
        {"seen": datetime(2020, 1, 2, tzinfo=UTC)},
        "2020-01-02T00:00:00.000Z",
    ),
    ("userType", "senior", {"level": "J"}, "Junior"),
    ("userType", "senior", {"level": "L"}, "L"),
    (f"{OWN}:remote", True, {"remote": False}, False),
    (f"{ENTERPRISE}:costCenter", "C-9", {"data": {"cost": {"centre": "C-1"}, "other": 1}}, "C-1"),
    (f"{OWN}:desk", 12, {"data": {"desk": 7}}, 7),
]


@pytest.mark.parametrize(("path", "value", "edit", "shown"), EDITED)
def test_what_the_lms_changed_is_what_is_returned(
    scim: ScimClient, path: str, value: Any, edit: dict[str, Any], shown: Any
) -> None:
    made = post(scim, body())
    patch(scim, made, path, value)
    Dossier.objects.update(**edit)

    assert held(path, scim.get(f"/Users/{made['id']}").json()) == shown


REFUSED = [
    (NUMBER, "HL-1", "expected a whole number"),
    (NUMBER, "100000", "less than or equal to 99999"),
    (f"{OWN}:share", 1.234, "no more than 2 decimal places"),
    (f"{OWN}:hired", "yesterday", "a date such as"),
    (f"{OWN}:seen", "29.2.2024", "a date such as"),
    ("userType", "Intern", 'one of "Junior", "Senior"'),
    ("nickName", "17", "Enter a valid value"),
    (f"{OWN}:remote", "perhaps", "true or false"),
    (f"{OWN}:desk", "window", "a whole number"),
]


@pytest.mark.parametrize(("path", "value", "words"), REFUSED)
def test_a_value_that_the_column_does_not_take_is_refused_by_name_and_changes_nothing(
    scim: ScimClient, path: str, value: Any, words: str
) -> None:
    made = post(scim, body())
    before = Dossier.objects.values().get()

    answer = patch(scim, made, path, value)

    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
    assert words in answer.json()["detail"]
    assert path.rpartition(":")[2] in answer.json()["detail"]
    assert Dossier.objects.values().get() == before


FILTERS = [
    ('{n}:employeeNumber eq "42"', ["ana"]),
    ('{n}:employeeNumber eq "0042"', ["ana"]),
    ('{n}:employeeNumber gt "42"', ["ben"]),
    ("{n}:employeeNumber pr", ["ana", "ben"]),
    ('{n}:employeeNumber eq "HL-42"', []),
    ('{n}:employeeNumber eq "HL-42"', []),
    ('not ({n}:employeeNumber eq "42")', ["ben", "cleo"]),
    ("{o}:share eq 12.5", ["ana"]),
    ("{o}:share lt 12.5", ["ben"]),
    ("{o}:score ge 3", ["ana"]),
    ('{o}:hired eq "2024-02-29T00:00:00Z"', ["ana"]),
    ('{o}:hired eq "2024-02-29"', ["ana"]),
    ('{o}:hired eq "2024-02-29T01:00:00Z"', []),
    ('{o}:hired gt "2024-02-28T23:00:00Z"', ["ana"]),
    ('{o}:hired ge "2024-02-29T01:00:00Z"', []),
    ('{o}:hired lt "2024-02-29"', ["ben"]),
    ('{o}:hired le "2024-02-29T12:00:00Z"', ["ana", "ben"]),
    ('{o}:seen eq "2024-02-29T08:30:00Z"', ["ana"]),
    ('{o}:seen gt "2024-02-29T08:30:00Z"', ["ben"]),
    ('userType eq "SENIOR"', ["ana"]),
    ('userType ne "senior"', ["ben", "cleo"]),
    ('userType co "uni"', ["ben", "cleo"]),
    ('{o}:shift eq "night"', ["ana"]),
    ("{o}:remote eq true", ["ana"]),
    ("{o}:remote eq false", ["ben", "cleo"]),
    ('{n}:costCenter eq "c-9"', ["ana"]),
    ('{n}:costCenter sw "c"', ["ana", "ben"]),
    ("{o}:desk eq 12", ["ana"]),
    ("{o}:desk gt 3", ["ana", "ben"]),
    ("{o}:vegan eq true", ["ana"]),
    ("{o}:vegan eq false", ["ben"]),
    ("{o}:vegan pr", ["ana", "ben"]),
    ('{o}:topics eq "safety"', ["ana", "ben"]),
    ('{o}:topics eq "law"', ["ana"]),
    ("{o}:topics pr", ["ana", "ben"]),
    ('{n}:department eq "chess"', ["ana"]),
    ('title eq "SAFETY"', ["ana", "ben", "cleo"]),
    ('{o}:active eq "yes, she is"', ["ana"]),
    ('{o}:userName eq "nana"', ["ana"]),
    ("active eq true", ["ana", "ben", "cleo"]),
    ('userName eq "ana@x.example"', ["ana"]),
]


@pytest.fixture
def people(scim: ScimClient) -> ScimClient:
    ana = {
        "userType": "Senior",
        ENTERPRISE: {"employeeNumber": "0042", "costCenter": "C-9", "department": "Chess"},
    }
    ben = {"userType": "Junior", ENTERPRISE: {"employeeNumber": "43", "costCenter": "C-10"}}
    post(
        scim,
        body(
            "ana",
            core=ana,
            share=12.5,
            score=3,
            hired="2024-02-29",
            seen="2024-02-29T10:30:00+02:00",
            shift="night",
            remote=True,
            topics=["Safety", "Law"],
            desk=12,
            vegan=True,
            active="Yes, she is",
            userName="Nana",
        ),
    )
    post(
        scim,
        body(
            "ben",
            core=ben,
            share=7,
            score=1,
            hired="2020-01-02",
            seen="2025-01-01T00:00:00Z",
            topics=["safety"],
            desk=4,
            vegan=False,
        ),
    )
    post(scim, body("cleo"))
    return scim


@pytest.mark.parametrize(("text", "expected"), FILTERS, ids=[text for text, _ in FILTERS])
def test_a_filter_compares_values_of_their_own_type(
    people: ScimClient, text: str, expected: list[str]
) -> None:
    assert sorted(found(people, text.format(n=ENTERPRISE, o=OWN))) == expected


@pytest.mark.parametrize(
    "text",
    ['{n}:employeeNumber co "4"', '{n}:employeeNumber gt "HL-1"', '{o}:topics co "saf"', "{o}:desk sw 1"],
)
def test_a_filter_that_cannot_be_answered_exactly_is_refused(people: ScimClient, text: str) -> None:
    answer = people.get(f"/Users?filter={quote(text.format(n=ENTERPRISE, o=OWN))}")
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidFilter")


@pytest.mark.parametrize(
    ("path", "order"),
    [
        (f"{ENTERPRISE}:employeeNumber", ["ana", "ben", "cleo"]),
        (f"{OWN}:share", ["ben", "ana", "cleo"]),
        (f"{OWN}:hired", ["ben", "ana", "cleo"]),
        (f"{OWN}:seen", ["ana", "ben", "cleo"]),
        ("userType", ["ben", "cleo", "ana"]),
        (f"{OWN}:desk", ["ben", "ana", "cleo"]),
        (f"{ENTERPRISE}:costCenter", ["ben", "ana", "cleo"]),
    ],
)
def test_people_are_sorted_by_what_a_value_means(people: ScimClient, path: str, order: list[str]) -> None:
    assert names(people, f"sortBy={path}") == order
    walked, cursor = [], ""
    while cursor is not None:
        page = people.get(f"/Users?sortBy={path}&count=1&cursor={cursor}").json()
        walked += [user["userName"].partition("@")[0] for user in page["Resources"]]
        cursor = page.get("nextCursor")
    assert walked == order


def test_schemas_say_of_which_type_an_attribute_is_and_which_values_it_takes(scim: ScimClient) -> None:
    schemas = {schema["id"]: schema for schema in scim.get("/Schemas").json()["Resources"]}
    own = {attribute["name"]: attribute for attribute in schemas[OWN]["attributes"]}
    core = {attribute["name"]: attribute for attribute in schemas[CORE]["attributes"]}

    assert {
        name: own[name]["type"] for name in ("share", "place", "hired", "seen", "shift", "remote", "desk")
    } == {
        "share": "decimal",
        "place": "string",
        "hired": "dateTime",
        "seen": "dateTime",
        "shift": "string",
        "remote": "boolean",
        "desk": "integer",
    }
    assert own["topics"]["multiValued"] is True
    assert own["shift"]["canonicalValues"] == ["Day", "Night"]
    assert core["userType"]["canonicalValues"] == ["Junior", "Senior"]


def test_what_is_not_sent_of_a_newcomer_stays_what_the_model_says(scim: ScimClient) -> None:
    made = post(scim, body())

    dossier = Dossier.objects.get()
    assert (dossier.level, dossier.note, dossier.shift, dossier.place) == ("J", "as hired", 0, "Leith")
    assert (made["userType"], made[OWN]["place"]) == ("Junior", "Leith")


def test_a_new_reference_gets_the_hosts_defaults_and_its_customer(
    scim: ScimClient, organization: Organization
) -> None:
    post(scim, body())

    topic = Topic.objects.get()
    assert (topic.name, topic.colour, topic.organization) == ("Safety", "blue", organization)


def test_a_required_reference_cannot_be_taken_away(scim: ScimClient) -> None:
    made = post(scim, body())

    answer = patch(scim, made, "title", None)

    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
    assert "title" in answer.json()["detail"]
    assert Dossier.objects.get().main_topic.name == "Safety"


def test_a_person_without_the_value_of_a_required_column_is_refused_with_the_attribute(
    scim: ScimClient,
) -> None:
    sent = body()
    del sent["title"]
    answer = scim.post("/Users", sent)

    assert answer.status_code == 400, answer.content
    assert "title" in answer.json()["detail"] or "main_topic" in answer.json()["detail"]


# --- several rows


def test_several_rows_become_just_what_was_sent(scim: ScimClient, organization: Organization) -> None:
    made = post(scim, body(topics=["Law", "Safety"]))
    dossier = Dossier.objects.get()
    dossier.topics.add(Topic.objects.create(name="Added here", organization=organization))
    assert held(f"{OWN}:topics", scim.get(f"/Users/{made['id']}").json()) == ["Added here", "Law", "Safety"]

    answer = patch(scim, made, f"{OWN}:topics", ["Ethics", "law"])

    assert sorted(dossier.topics.values_list("name", flat=True)) == ["Ethics", "Law"]
    assert held(f"{OWN}:topics", answer.json()) == ["Ethics", "law"]


def test_rows_that_scim_did_not_set_are_kept_when_its_own_changes(
    scim: ScimClient, organization: Organization
) -> None:
    made = post(scim, body(core={ENTERPRISE: {"department": "Chess"}}))
    dossier = Dossier.objects.get()
    dossier.clubs.add(Team.objects.create(organization=organization, name="Choir"))
    department = f"{ENTERPRISE}:department"
    assert held(department, scim.get(f"/Users/{made['id']}").json()) == "Chess"

    assert held(department, patch(scim, made, department, "Rowing").json()) == "Rowing"
    assert sorted(dossier.clubs.values_list("name", flat=True)) == ["Choir", "Rowing"]

    assert held(department, patch(scim, made, department, None).json()) is None
    assert list(dossier.clubs.values_list("name", flat=True)) == ["Choir"]


def test_a_row_that_the_lms_took_away_is_not_shown_any_more(scim: ScimClient) -> None:
    made = post(scim, body(core={ENTERPRISE: {"department": "Chess"}}))
    Dossier.objects.get().clubs.clear()

    assert held(f"{ENTERPRISE}:department", scim.get(f"/Users/{made['id']}").json()) is None


def test_several_rows_cost_one_statement_more_for_a_page_not_for_a_person(
    people: ScimClient, django_assert_max_num_queries: Any
) -> None:
    # One relation, another one, and whether anybody was changed while they were read.
    with django_assert_max_num_queries(7):
        people.get("/Users?count=50")


# --- JSON


def test_other_keys_of_a_json_column_stay_as_they_are(scim: ScimClient) -> None:
    made = post(scim, body(desk=12))
    Dossier.objects.update(data={"desk": 12, "cost": {"payer": "HQ"}, "theme": ["dark"]})

    patch(scim, made, f"{ENTERPRISE}:costCenter", "C-9")

    assert Dossier.objects.get().data == {
        "desk": 12,
        "cost": {"payer": "HQ", "centre": "C-9"},
        "theme": ["dark"],
    }


def test_something_else_in_the_place_of_a_json_object_is_left_alone_and_named(scim: ScimClient) -> None:
    made = post(scim, body())
    Dossier.objects.update(data={"cost": "see contract"})

    answer = patch(scim, made, f"{ENTERPRISE}:costCenter", "C-9")

    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
    assert Dossier.objects.get().data == {"cost": "see contract"}
    assert found(scim, f'{ENTERPRISE}:costCenter eq "x"') == []
    assert found(scim, f"{OWN}:desk gt 1") == []


def test_a_json_number_that_is_no_number_is_not_found_and_breaks_no_query(scim: ScimClient) -> None:
    post(scim, body())
    Dossier.objects.update(data={"desk": "window"})

    assert found(scim, f"{OWN}:desk gt 1") == []
    assert names(scim, f"sortBy={OWN}:desk") == ["ines"]


# --- active


def test_a_newcomer_is_switched_on_whatever_state_the_model_gives_new_rows(scim: ScimClient) -> None:
    post(scim, body())
    assert Dossier.objects.get().status == "active"


@pytest.mark.parametrize("inactive", [False, "False"])
def test_a_leaver_gets_the_state_that_means_off_and_comes_back(scim: ScimClient, inactive: Any) -> None:
    made = post(scim, body())

    assert patch(scim, made, "active", inactive).json()["active"] is False
    dossier = Dossier.objects.get()
    assert (dossier.status, dossier.user.is_active) == ("suspended", True)

    assert patch(scim, made, "active", True).json()["active"] is True
    assert Dossier.objects.get().status == "active"


def test_nobody_is_activated_out_of_a_state_that_forbids_it(scim: ScimClient) -> None:
    made = post(scim, body())
    patch(scim, made, "active", False)
    Dossier.objects.update(status="invited")

    assert patch(scim, made, "active", True).status_code == 200
    assert Dossier.objects.get().status == "invited"


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "with a change"])
def test_what_is_wished_of_somebody_in_a_state_that_stays_is_kept(scim: ScimClient, alone: bool) -> None:
    made = post(scim, body())
    Dossier.objects.update(status="invited")
    for wished in (False, True):
        said = {"op": "replace", "path": "active", "value": wished}
        also = [] if alone else [{"op": "replace", "path": "displayName", "value": f"Ines {wished}"}]
        assert scim.patch(f"/Users/{made['id']}", [said, *also]).json()["active"] is False
        assert ProvisionedUser.objects.get().active is wished
    assert Dossier.objects.get().status == "invited"


def test_a_delete_ends_access_through_the_declaration(scim: ScimClient) -> None:
    made = post(scim, body())
    scim.delete(f"/Users/{made['id']}")
    assert Dossier.objects.get().status == "suspended"


def test_an_extensions_attribute_called_active_is_another_one(scim: ScimClient) -> None:
    made = post(scim, body(active="yes"))

    answer = patch(scim, made, "active", False)

    assert answer.json()["active"] is False
    assert answer.json()[OWN]["active"] == "yes"
    dossier = Dossier.objects.get()
    assert (dossier.status, dossier.user.first_name) == ("suspended", "yes")
    assert dossier.user.username == "ines@x.example"


# --- addresses

WORK = {"type": "work", "value": "w@x.example"}
ADDRESSES = [
    ([{"value": "only@x.example"}], "only@x.example"),
    ([{"type": "other", "value": "o@x.example", "primary": True}], "o@x.example"),
    ([WORK, {"type": "Work", "value": "second@x.example", "primary": True}], "second@x.example"),
    ([{"type": "home", "value": "h@x.example", "primary": True}, WORK], "w@x.example"),
    (
        [
            {"type": "home", "value": "h@x.example"},
            {"type": "other", "value": "o@x.example", "primary": True},
        ],
        "o@x.example",
    ),
    ([{"type": "home", "value": "h@x.example"}, {"type": "other", "value": "o@x.example"}], "h@x.example"),
]


@pytest.mark.parametrize(("emails", "chosen"), ADDRESSES)
def test_the_address_is_the_work_one_else_the_primary_one_else_the_first(
    scim: ScimClient, emails: list[dict[str, Any]], chosen: str
) -> None:
    made = post(scim, body(core={"userName": "no-address", "emails": emails}))

    assert Dossier.objects.get().user.email == chosen
    assert scim.get(f"/Users/{made['id']}").json()["emails"] == emails
    for element in emails:
        text = f'emails.value eq "{element["value"].upper()}"'
        assert found(scim, text) == ["no-address"], text
        typed = f'emails[type eq "{element.get("type", "none")}" and value eq "{element["value"]}"]'
        assert found(scim, typed) == (["no-address"] if "type" in element else []), typed


def test_an_address_that_the_lms_changed_is_shown_where_it_stood(scim: ScimClient) -> None:
    emails = [{"type": "home", "value": "h@x.example"}, {**WORK, "display": "Desk"}]
    made = post(scim, body(core={"emails": emails}))
    user = Dossier.objects.get().user
    user.email = "new@x.example"
    user.save()

    shown = scim.get(f"/Users/{made['id']}").json()["emails"]

    assert shown == [emails[0], {"type": "work", "value": "new@x.example", "display": "Desk"}]
    assert found(scim, 'emails[type eq "work"].value eq "new@x.example"') == ["ines"]
    assert found(scim, 'emails.value eq "w@x.example"') == []


def test_an_address_that_only_the_lms_knows_is_shown_as_the_work_one(scim: ScimClient) -> None:
    made = post(scim, body())
    user = Dossier.objects.get().user
    user.email = "lms@x.example"
    user.save()

    assert scim.get(f"/Users/{made['id']}").json()["emails"] == [{"type": "work", "value": "lms@x.example"}]
    assert found(scim, 'emails[type eq "work" and value eq "lms@x.example"]') == ["ines"]
    assert found(scim, 'emails[type eq "home"]') == []


def test_writing_what_was_read_changes_nothing(people: ScimClient) -> None:
    for user in people.get("/Users").json()["Resources"]:
        before = Dossier.objects.order_by("pk").values()
        again = {name: value for name, value in user.items() if name not in ("id", "meta")}
        answer = people.put(f"/Users/{user['id']}", again)
        assert answer.status_code == 200, answer.content
        assert json.loads(answer.content)["meta"]["version"] == user["meta"]["version"]
        assert list(Dossier.objects.order_by("pk").values()) == list(before)
