"""What somebody who means harm would send: each threat of ours that a request can carry."""

from __future__ import annotations

import json
import logging
import time
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from example_project.lms.models import Company, Learner, Organization
from scim_provisioning.conf import tenant_url
from scim_provisioning.models import ProvisioningEvent
from scim_provisioning.protocol.limits import DEFAULT_LIMITS
from tests.client import ScimClient
from tests.lms_factories import CompanyFactory, LearnerFactory
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@pytest.fixture
def ines(scim: ScimClient) -> str:
    scim_id: str = scim.post("/Users", person()).json()["id"]
    return scim_id


# --- somebody else's account


@pytest.mark.usefixtures("_doubles_are_made")
def test_account_is_not_taken_over_by_its_address(scim: ScimClient, organization: Organization) -> None:
    """GitLab's three steps (CVE-2022-1680): create with the victim's address, link, change the address. Where nobody is
    asked who it is, that is somebody new; otherwise the first of them is refused."""
    victim = LearnerFactory(
        organization=organization, user__username="victim", user__email="victim@quay.example"
    ).user
    made = scim.post(
        "/Users", person("attacker.x", emails=[{"type": "work", "value": "victim@quay.example"}])
    )
    assert made.status_code == 201
    change = {"op": "replace", "path": 'emails[type eq "work"].value', "value": "attacker@evil.example"}
    assert scim.patch(f"/Users/{made.json()['id']}", [change]).status_code == 200
    victim.refresh_from_db()
    assert (victim.username, victim.email) == ("victim", "victim@quay.example")
    assert not victim.scim_links.exists()


def test_company_of_another_customer_is_not_reached_by_its_name(
    scim: ScimClient, ines: str, organization: Organization
) -> None:
    globex = CompanyFactory(name="Globex")
    scim.patch(f"/Users/{ines}", [{"op": "add", "path": f"{ENTERPRISE}:organization", "value": "Globex"}])
    company = Learner.objects.get().company
    assert company is not None
    assert (company.organization, globex.learners.count()) == (organization, 0)
    assert Company.objects.filter(name="Globex").count() == 2


@pytest.mark.parametrize("external_id", ["1", "0", "root"])
def test_external_id_names_nobody_here(scim: ScimClient, external_id: str) -> None:
    root = User.objects.create_superuser("root")
    made = scim.post("/Users", person(externalId=external_id)).json()
    assert User.objects.get(scim_links__scim_id=made["id"]).pk != root.pk
    assert scim.get(f"/Users/{external_id}").status_code == 404


# --- limits, each where it ends


def sized(limit: str, over: int) -> dict[str, Any]:
    """A body that reaches a limit exactly, or is one above it."""
    most = getattr(DEFAULT_LIMITS, limit) + over
    body = person("at.limit")
    if limit == "string_length":
        return body | {"n" * most: "x"}
    if limit == "array_length":
        return body | {"roles": [{"value": f"r{n}"} for n in range(most)]}
    if limit == "depth":
        nested: Any = "x"
        for _ in range(most - 1):
            nested = {"n": nested}
        return body | {"unknown": nested}
    if limit == "values":
        # roles and its items: lists of texts, which name no key.
        spare = most - sum(1 for _ in _values(body))
        return body | {
            "unknown": {f"k{n}": ["x"] * ((spare - 5) // 4 + (n < (spare - 5) % 4)) for n in range(4)}
        }
    spare = most - sum(1 for _ in _members(body))
    return body | {"unknown": {f"k{n}": n for n in range(spare - 1)}}


def _members(value: Any) -> Any:
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        if isinstance(value, dict):
            yield inner
        yield from _members(inner)


def _values(value: Any) -> Any:
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        yield inner
        yield from _values(inner)


@pytest.mark.parametrize("limit", ["string_length", "depth", "keys", "values", "array_length"])
def test_limit_of_a_body_holds_exactly(scim: ScimClient, limit: str) -> None:
    assert scim.post("/Users", sized(limit, 1)).status_code == 400
    answer = scim.post("/Users", sized(limit, 0))
    assert answer.status_code == 201, answer.content


@pytest.mark.parametrize(("over", "status"), [(0, 201), (1, 413)])
def test_limit_of_bytes_holds_exactly(scim: ScimClient, over: int, status: int) -> None:
    text = json.dumps(person())
    text += " " * (DEFAULT_LIMITS.body_bytes + over - len(text))
    assert scim.post("/Users", text).status_code == status


@pytest.mark.parametrize("parameter", ["attributes", "excludedAttributes"])
def test_comparisons_in_the_attributes_of_an_answer_are_bounded_like_those_of_a_filter(
    scim: ScimClient, ines: str, parameter: str
) -> None:
    """Each is made with each element of everybody on the page."""
    names = [f'emails[type eq "t{number}" or display co "d"].value' for number in range(11)]
    urn = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
    ask = {"schemas": [urn], parameter: names[:10]}
    assert scim.post("/Users/.search", ask).status_code == 200
    answer = scim.post("/Users/.search", ask | {parameter: names})
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
    assert "22 comparisons, at most 20" in answer.json()["detail"]
    for path in ("/Users", f"/Users/{ines}"):
        assert scim.get(f"{path}?{parameter}={quote(','.join(names))}").status_code == 400


def test_what_is_kept_of_one_person_is_bounded(scim: ScimClient, ines: str) -> None:
    """Request by request a person would grow to megabytes, and a page of two hundred to what no worker holds."""

    def add(attribute: str, letter: str) -> Any:
        value = [{"value": f"{letter}{number}" + "x" * 7_000} for number in range(4)]
        return scim.patch(f"/Users/{ines}", [{"op": "add", "path": attribute, "value": value}])

    assert add("roles", "a").status_code == 200
    assert add("entitlements", "b").status_code == 200
    before = scim.get(f"/Users/{ines}").json()
    answer = add("ims", "c")
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
    assert str(DEFAULT_LIMITS.document_bytes) in answer.json()["detail"]
    assert scim.get(f"/Users/{ines}").json() == before
    assert ProvisioningEvent.objects.latest("pk").error_code == "limits.document"


def test_a_person_who_is_too_large_already_may_shrink(
    scim: ScimClient, ines: str, settings: Settings
) -> None:
    value = [{"value": f"{number}" + "x" * 1_000} for number in range(4)]
    assert scim.patch(f"/Users/{ines}", [{"op": "add", "path": "roles", "value": value}]).status_code == 200
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "LIMITS": {"document_bytes": 2_000}}
    longer = {"op": "replace", "path": "title", "value": "A longer title than the one that was there"}
    assert scim.patch(f"/Users/{ines}", [longer]).status_code == 400
    fewer = {"op": "remove", "path": 'roles[value sw "0"]'}
    off = {"op": "replace", "path": "active", "value": False}
    assert scim.patch(f"/Users/{ines}", [off]).status_code == 200
    assert scim.patch(f"/Users/{ines}", [fewer]).status_code == 200


@pytest.mark.parametrize(("over", "status"), [(0, 200), (1, 400)])
def test_limit_of_operations_holds_exactly(scim: ScimClient, ines: str, over: int, status: int) -> None:
    operation = {"op": "replace", "path": "title", "value": "t"}
    answer = scim.patch(f"/Users/{ines}", [operation] * (DEFAULT_LIMITS.operations + over))
    assert answer.status_code == status


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 200_000,
        b'{"a":' * 50_000,
        b'{"' + b"\\u0041" * 40_000 + b'": 1}',
        b'{"userName": ' + b"1" * 200_000 + b"}",
        b'{"a":1,' * 30_000,
        b'{"schemas": [' + b'"x",' * 60_000 + b'"x"]}',
    ],
    ids=["brackets", "objects", "escapes", "digits", "members", "a list"],
)
def test_body_that_was_made_to_be_expensive_is_refused_at_once(scim: ScimClient, raw: bytes) -> None:
    scim.post("/Users", b"{")
    started = time.process_time()
    answer = scim.post("/Users", raw)
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidSyntax")
    # Generous: what is to be excluded is seconds.
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "run", ["\u0301\u0316" * 4000, "\u0f73" * 5000], ids=["marks", "signs that are two marks each"]
)
def test_texts_of_nothing_but_marks_cost_no_more_than_letters(scim: ScimClient, ines: str, run: str) -> None:
    def seconds(text: str) -> float:
        texts = [f"{number}{text}" for number in range(7)]
        added = [{"op": "add", "path": "roles", "value": [{"value": one}]} for one in texts]
        removed = [{"op": "remove", "path": "roles", "value": [{"value": one}]} for one in texts]
        message = {"schemas": [PATCH_OP], "Operations": [*added, *removed]}
        raw = json.dumps(message, ensure_ascii=False).encode()
        started = time.process_time()
        assert scim.patch(f"/Users/{ines}", raw).status_code == 200
        return time.process_time() - started

    letters = min(seconds("é" * len(run)) for _ in range(3))
    # Sorted by exchanging neighbours they cost two hundred times as much.
    assert seconds(run) < 40 * max(letters, 0.005)


def test_marks_are_compared_in_whatever_order_they_were_typed(scim: ScimClient, ines: str) -> None:
    one, other = "a" + "\u0301" * 300 + "\u0316" * 300, "a" + "\u0316" * 300 + "\u0301" * 300
    added = [{"op": "add", "path": "roles", "value": [{"value": one, "display": "kept"}]}]
    scim.patch(f"/Users/{ines}", added)
    removed = [{"op": "remove", "path": f'roles[value eq "{other}"]'}]
    assert "roles" not in scim.patch(f"/Users/{ines}", removed).json()


@pytest.mark.parametrize("value", ["%", "_", "%%%%%%", "\\%", "a%b_c", "' OR 1=1 --", '"; DROP TABLE x; --'])
def test_wildcards_and_quotes_in_a_filter_are_only_text(scim: ScimClient, ines: str, value: str) -> None:
    literal = json.dumps(value)
    for attribute in ("userName", "title", "displayName", "name.givenName", "emails.value"):
        for op in ("eq", "co", "sw", "ew"):
            found = scim.get(f"/Users?filter={quote(f'{attribute} {op} {literal}')}")
            assert (found.status_code, found.json()["totalResults"]) == (200, 0), (attribute, op)


# --- logs and addresses


@pytest.mark.parametrize(
    "text",
    [
        "\r\nERROR forged line",
        "\x1b[31mred",
        "<script>alert(1)</script>",
        '=HYPERLINK("http://evil")',
        "\u2028x",
    ],
)
def test_hostile_text_is_data_everywhere(
    scim: ScimClient, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="scim_provisioning"):
        made = scim.post("/Users", person(displayName=text, title=text))
        assert made.status_code == 201
        assert (made.json()["displayName"], made.json()["title"]) == (text, text)
        named = scim.post("/Users", person(displayName=text, userName=f"{text}@x.example"))
        # What nobody can see is no part of a name.
        assert named.status_code == (201 if text.isprintable() else 400)
        scim.post("/Users", person(displayName=text, userName=f"{text}@x.example"))
        scim.get(f"/Users/{quote(text, safe='')}", user_agent=text.replace("\r\n", " "))
        ScimClient(f"x{quote(text, safe='')}").get("/Users")
    for record in caplog.records:
        if record.name.startswith("scim_provisioning"):
            assert not set("\r\n\x1b\u2028") & set(record.getMessage())
    for event in ProvisioningEvent.objects.all():
        assert not set("\r\n\x1b") & set(event.user_name + event.path + event.client + event.detail)


def test_addresses_come_from_the_settings_and_never_from_the_request(scim: ScimClient, ines: str) -> None:
    headers = {"host": "localhost", "x_forwarded_host": "evil.example", "forwarded": "host=evil.example"}
    answer = scim.get(f"/Users/{ines}", **headers)
    assert answer.json()["meta"]["location"] == f"{tenant_url()}/Users/{ines}"
    for path in ("/Users/nobody", "/Schemas", "/ServiceProviderConfig", "/nowhere"):
        assert "evil.example" not in scim.get(path, **headers).content.decode()


def test_nothing_in_an_answer_tells_of_others(scim: ScimClient, ines: str) -> None:
    """A 409 names no one, an unknown id is answered like any other."""
    taken = scim.post("/Users", person(displayName="Mallory"))
    assert taken.status_code == 409
    for word in (ines, "Okafor", "harborline", "okafor"):
        assert word not in taken.content.decode()
    unknown = {scim.get(f"/Users/{scim_id}").content for scim_id in ("x", "1", "00000000-0000-4000-8000-0")}
    assert len(unknown) == 1


# --- what is long, and looked at letter by letter


def in_utf_8(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def test_a_long_user_name_is_refused_before_its_letters_are_looked_at(scim: ScimClient) -> None:
    # One letter that compatibility makes eighteen of.
    name = "\ufdfa" * 8000
    answer = scim.post("/Users", in_utf_8(person(userName=name)))
    assert answer.json()["detail"] == "userName: expected text of at most 320 characters."
    made = scim.post("/Users", person()).json()["id"]
    answer = scim.patch(
        f"/Users/{made}", in_utf_8({"Operations": [{"op": "replace", "path": "userName", "value": name}]})
    )
    assert answer.json()["detail"] == "userName: expected text of at most 320 characters."


@pytest.mark.parametrize("parameter", ["attributes", "excludedAttributes"])
def test_no_more_attributes_can_be_named_than_a_body_may_have_members(
    scim: ScimClient, ines: str, parameter: str
) -> None:
    names = [f"x{number}" for number in range(DEFAULT_LIMITS.keys)]
    assert scim.get(f"/Users/{ines}?{parameter}={','.join(names)}").status_code == 200
    answer = scim.get(f"/Users/{ines}?{parameter}={','.join([*names, 'title'])}")
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
