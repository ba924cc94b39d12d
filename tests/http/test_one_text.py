"""Texts that are one without their case: whoever is shown with a text is found by it, on every database.

The yardstick is ``matches``, which compares plain data; the columns of the LMS are compared by the database.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from unicodedata import normalize
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.db import connection

from example_project.lms.models import Learner, Organization, Team
from scim_provisioning.adapters import letters
from scim_provisioning.databases import indexes, making_indexes, prepared
from scim_provisioning.databases.indexes import NamedColumn
from scim_provisioning.protocol.filters import matches, parse
from scim_provisioning.protocol.schema import USER_SCHEMA
from scim_provisioning.protocol.spelling import compositions
from scim_provisioning.protocol.text import fold
from tests.client import ScimClient
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

COMPOSED = [
    *(
        "Straße",
        "STRASSE",
        "Hauptstraße 7",
        "GRO\N{LATIN CAPITAL LETTER SHARP S}E STRASSE",
        "Sass",
        "Saß",
        "sas",
    ),
    *("Σας", "ΣΑΣ", "σασ", "Οδός Σας"),
    *("İzmir", "izmir", "IZMIR", "i\u0307zmir", "ısı", "ISI"),
    *("\N{KELVIN SIGN}elvin", "kelvin", "\N{ANGSTROM SIGN}NGSTRÖM", "ångström", "\N{OHM SIGN}", "ω"),
    *("Café", "CAFÉ", "Élodie", "élodie", "100%", "a_b", "O'Neil", 'b\\"c'),
]
TEXTS = [*COMPOSED, normalize("NFD", "Café"), normalize("NFD", "ÉLODIE"), normalize("NFD", "ångström")]
OPERATORS = ("eq", "co", "sw", "ew")
#: The same to ``reference_key``, and what only looks so.
NAMES = [
    ("Straße", "STRASSE"),
    ("STRASSE", "straße"),
    ("Σας", "ΣΑΣ"),
    ("ΣΑΣ", "σας"),
    ("İzmir", "i\u0307zmir"),
    ("\N{LATIN SMALL LIGATURE FI}nance", "FINANCE"),
    ("Finance", "\N{LATIN SMALL LIGATURE FI}nance"),
    ("\N{LATIN SMALL LETTER N PRECEDED BY APOSTROPHE}", "\u02bcN"),
    (normalize("NFD", "Café"), "CAFÉ"),
    ("Café", normalize("NFD", "CAFÉ")),
    ("Research  and Care", "research and care"),
    ("\N{FULLWIDTH LATIN CAPITAL LETTER S}ales", "SALES"),
    ("\N{KELVIN SIGN}elvin", "kelvin"),
]


@pytest.fixture(params=["as it is", "by bytes"])
def column(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The LMS's columns as they are; and as a host may declare them on PostgreSQL, with ``db_collation="C"``."""
    if request.param == "by bytes":
        if connection.vendor != "postgresql":
            pytest.skip("only PostgreSQL has a collation that knows the case of ASCII alone")
        for model, name in ((Learner, "job_role"), (Team, "name"), (User, "username"), (User, "email")):
            field = model._meta.get_field(name)
            monkeypatch.setattr(field, "db_collation", "C", raising=False)
            with connection.cursor() as cursor:
                cursor.execute(
                    f'ALTER TABLE {model._meta.db_table} ALTER {name} TYPE {field.db_type(connection)} COLLATE "C"'
                )
    forget()
    yield
    forget()


def forget() -> None:
    """What the process knows of the columns."""
    indexes.forget()
    prepared._statements._kept.clear()


def asked(scim: ScimClient, query: str) -> list[str]:
    answer = scim.get(f"/Users?count=100&{query}")
    assert answer.status_code == 200, answer.content
    return [user["userName"] for user in answer.json()["Resources"]]


def found(scim: ScimClient, text: str) -> list[str]:
    return asked(scim, f"filter={quote(text)}")


def in_team(name: str) -> str:
    """The filter."""
    return f"{ENTERPRISE}:department eq {json.dumps(name)}"


def people_called(scim: ScimClient, texts: list[str]) -> list[str]:
    """Each text as somebody's title; their userNames in the same order."""
    names = []
    for number, text in enumerate(texts):
        answer = scim.post("/Users", person(f"p{number}", title=text))
        assert answer.status_code == 201, answer.content
        assert answer.json()["title"] == text
        names.append(answer.json()["userName"])
    return names


@pytest.mark.usefixtures("column")
def test_who_is_shown_with_a_text_is_found_by_it_in_every_spelling(scim: ScimClient) -> None:
    names = people_called(scim, TEXTS)
    differing = {}
    for operand in TEXTS:
        for operator in OPERATORS:
            text = f"title {operator} {json.dumps(operand)}"
            tree = parse(text, USER_SCHEMA)
            wanted = [
                name for name, title in zip(names, TEXTS, strict=True) if matches(tree, {"title": title})
            ]
            others = set(found(scim, text)) ^ set(wanted)
            if others:
                differing[text] = [TEXTS[names.index(name)] for name in others]
    assert differing == {}


@pytest.mark.usefixtures("column")
def test_people_are_in_the_order_of_the_letters_without_their_case(scim: ScimClient) -> None:
    names = people_called(scim, COMPOSED)
    in_order = sorted(zip(COMPOSED, names, strict=True), key=lambda one: fold(one[0]))
    titles = dict(zip(names, COMPOSED, strict=True))
    assert [fold(titles[name]) for name in asked(scim, "sortBy=title")] == [
        fold(title) for title, _name in in_order
    ]


@pytest.mark.usefixtures("column")
@pytest.mark.parametrize(("name", "spelled"), NAMES)
def test_who_is_in_a_team_of_the_lms_is_found_by_every_spelling_of_its_name(
    name: str, spelled: str, scim: ScimClient, organization: Organization
) -> None:
    first, second = people_called(scim, ["One", "Two"])
    Learner.objects.filter(user__username=first).update(
        team=Team.objects.create(organization=organization, name=name)
    )
    for spelling in (name, spelled):
        assert found(scim, in_team(spelling)) == [first]
        assert found(scim, f"not ({in_team(spelling)})") == [second]


@pytest.mark.usefixtures("column")
def test_a_dotless_letter_is_another_one(scim: ScimClient, organization: Organization) -> None:
    (first,) = people_called(scim, ["One"])
    Learner.objects.update(team=Team.objects.create(organization=organization, name="ısı"))
    assert found(scim, in_team("isi")) == []
    assert found(scim, in_team("ısı")) == [first]


@pytest.mark.usefixtures("column")
@pytest.mark.parametrize(
    ("held", "sent"), [("ÉLODIE@quay.example", "élodie@quay.example"), ("Ñu@quay.example", "ñU@quay.example")]
)
def test_an_account_is_found_by_its_name_in_any_case(held: str, sent: str, scim: ScimClient) -> None:
    User.objects.create_user(held)
    made = scim.post("/Users", person(userName=sent))
    assert made.status_code in (201, 409)
    assert sent not in User.objects.values_list("username", flat=True)


@pytest.mark.skipif(
    connection.vendor == "mysql", reason="its index by the collation is there, and DDL commits"
)
@pytest.mark.usefixtures("column")
@pytest.mark.parametrize(
    ("held", "asked_for"),
    [
        ("Jessica.Straße@quay.example", "jessica.STRASSE@quay.example"),
        ("ΣΑΣ@quay.example", "Σας@quay.example"),
    ],
)
def test_an_index_leads_to_the_same_people(held: str, asked_for: str, scim: ScimClient) -> None:
    email = NamedColumn(User._meta.get_field("email"))
    made = scim.post("/Users", person(emails=[{"type": "work", "value": held}]))
    assert made.status_code == 201, made.content
    people_called(scim, ["Somebody else"])
    text = f"emails[type eq {json.dumps('work')}].value eq {json.dumps(asked_for)}"
    without = found(scim, text)
    making_indexes.create(email, connection)
    assert indexes.for_any_case(email, connection) is not None
    assert found(scim, text) == without == [made.json()["userName"]]


@pytest.mark.parametrize("text", ["jessica", "Straße", "Οδυσσεύς", "sss", "Café", "ẞ", "ﬁx", "ana", "İx"])
def test_an_index_on_small_letters_is_asked_for_all_that_are_one(text: str) -> None:
    asked_for = letters.others(text, 64)
    same = {
        text,
        text.upper(),
        text.lower(),
        text.replace("ss", "ß"),
        text.replace("ss", "ẞ"),
        text.replace("ß", "SS"),
    }
    same |= {normalize("NFD", one) for one in same}
    for one in same:
        if letters.folded(one) in map(letters.folded, compositions(text)):
            assert asked_for is None or one.lower() in {other.lower() for other in asked_for}
