"""Bad input, one by one: a SCIM error, a sentence that helps, and nothing half-written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from example_project.lms.models import SSOSettings
from scim_provisioning import tokens
from scim_provisioning.conf import tenant_url
from scim_provisioning.models import ProvisioningEvent, SCIMConnection, SCIMToken
from scim_provisioning.testing.factories import TokenFactory
from tests.client import SCIM_JSON, ScimClient
from tests.people import CORE, ENTERPRISE, person
from tests.sharing import Customer
from tests.tables import contents

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shared_customer")]

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@pytest.fixture(scope="module")
def ines(shared_customer: Customer) -> str:
    scim_id: str = shared_customer.scim.post("/Users", person()).json()["id"]
    return scim_id


@pytest.fixture
def unchanged(scim: ScimClient, ines: str) -> Iterator[str]:
    """The id of somebody who is there; afterwards every table is as it was."""
    before = contents()
    yield ines
    assert contents() == before


def assert_refused(answer: Any, status: int, scim_type: str | None = None, *words: str) -> dict[str, Any]:
    """The answer is a SCIM error with that status and type, and a sentence that holds these words."""
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"].partition(";")[0] == "application/scim+json"
    body: dict[str, Any] = answer.json()
    assert body["schemas"] == [ERROR]
    assert body["status"] == str(status)
    assert body.get("scimType") == scim_type, body
    assert body["detail"].rstrip().endswith("."), body["detail"]
    assert "Traceback" not in body["detail"]
    for word in words:
        assert word in body["detail"], body["detail"]
    return body


# --- bodies

BROKEN_BODIES: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "not JSON": (b'{"userName": "x",,}', ("not valid JSON", "column")),
    "cut off": (b'{"userName": "x"', ("not valid JSON",)),
    "empty": (b"", ("empty",)),
    "blank": (b"   \n", ("empty",)),
    "a list": (b"[]", ("object",)),
    "a text": (b'"userName"', ("object",)),
    "a number": (b"17", ("object",)),
    "null": (b"null", ("object",)),
    "not UTF-8": (b'{"userName": "\xff\xfe"}', ("UTF-8",)),
    "a member twice": (b'{"userName": "a", "userName": "b"}', ("twice", "userName")),
    "NaN": (b'{"userName": "a", "title": NaN}', ("NaN",)),
    "infinity": (b'{"userName": "a", "title": 1e999}', ("number",)),
    "a number without end": (b'{"userName": ' + b"9" * 5000 + b"}", ("number",)),
    "U+0000": (b'{"userName": "a\\u0000b"}', ("U+0000",)),
    "half a surrogate pair": (b'{"userName": "\\ud800"}', ("surrogate",)),
    "too deep": (b'{"userName": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", ("levels deep",)),
    "too many members": (json.dumps({f"k{n}": n for n in range(201)}).encode(), ("200",)),
    "too long a name": (json.dumps({"userName": "u", "n" * 8193: 1}).encode(), ("8193",)),
    "one member in two cases": (b'{"userName": "a", "username": "b"}', ("userName", "username")),
    "too many values": (
        json.dumps({"userName": "u", **{f"k{n}": ["x"] * 99 for n in range(5)}}).encode(),
        ("400",),
    ),
    "too long a list": (json.dumps({"userName": "u", "roles": ["r"] * 101}).encode(), ("101",)),
}


@pytest.mark.parametrize("case", BROKEN_BODIES)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_broken_body_is_invalid_syntax(scim: ScimClient, unchanged: str, method: str, case: str) -> None:
    body, words = BROKEN_BODIES[case]
    path = "/Users" if method == "POST" else f"/Users/{unchanged}"
    assert_refused(scim.request(method, path, body), 400, "invalidSyntax", *words)


@pytest.mark.parametrize("path", ["/Users", "/Users/x", "/Schemas", "/Groups", "/Me"])
def test_more_parameters_than_django_reads_are_400_and_no_failure(scim: ScimClient, path: str) -> None:
    answer = scim.get(f"{path}?" + "&".join(f"p{n}=1" for n in range(1001)))
    if path in ("/Groups", "/Me"):  # these look at no parameter
        assert answer.status_code in (200, 501)
    else:
        assert_refused(answer, 400, "invalidSyntax", "parameters")


@pytest.mark.parametrize("charset", ["", "; charset=utf-8", ";charset=latin-1"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "GET"])
def test_more_parameters_than_django_reads_are_400_whatever_the_content_type_says(
    scim: ScimClient, unchanged: str, method: str, charset: str
) -> None:
    path = "/Users" if method == "POST" else f"/Users/{unchanged}"
    query = "&".join(f"p{n}=1" for n in range(1001))
    answer = scim.request(method, f"{path}?{query}", person(), content_type=f"{SCIM_JSON}{charset}")
    assert_refused(answer, 400, "invalidSyntax", "parameters")


#: Codecs of Python's that are none of text, or decode no query, and what is no name of any.
ODD_CHARSETS = [
    *("hex", "rot13", "base64", "zip", "bz2", "undefined", "idna", "punycode", "mbcs", "utf-16", "utf-7"),
    *("unicode_escape", "nonsense", "string\x00", "", '"hex"', "hex; boundary=x"),
]


@pytest.mark.parametrize("charset", ODD_CHARSETS)
@pytest.mark.parametrize("query", ["", "?count=1&a=%C3%A9%5C"])
def test_a_charset_that_is_none_of_text_is_no_failure(
    scim: ScimClient, ines: str, query: str, charset: str
) -> None:
    content_type = f"{SCIM_JSON}; charset={charset}"
    for path in ("/Users", "/users/", "/Schemas"):
        answer = scim.request("GET", f"{path}{query}", content_type=content_type)
        assert answer.status_code == 200, path
    assert scim.request("GET", f"/Users/{ines}{query}", content_type=content_type).status_code == 200
    stranger = ScimClient("nobody").request("GET", f"/Users{query}", content_type=content_type)
    assert stranger.status_code == 401
    assert stranger.json()["status"] == "401"
    # A body is UTF-8 whatever its charset says.
    title = {"Operations": [{"op": "replace", "path": "title", "value": "Prüferin"}]}
    answer = scim.request("PATCH", f"/Users/{ines}{query}", title, content_type=content_type)
    assert (answer.status_code, answer.json()["title"]) == (200, "Prüferin")
    as_utf_16 = json.dumps({"userName": "someone"}).encode("utf-16")
    refused = scim.request("POST", f"/Users{query}", as_utf_16, content_type=content_type)
    assert_refused(refused, 400, "invalidSyntax")


def test_body_above_the_limit_is_413(scim: ScimClient, unchanged: str) -> None:
    body = json.dumps({"userName": "big", "displayName": "x" * 262_144})
    assert_refused(scim.post("/Users", body), 413, None, "262144")


WRONG_TYPES: dict[str, tuple[dict[str, Any], str]] = {
    "fraction as userName": ({"userName": 1.7}, "userName"),
    "list as userName": ({"userName": ["a"] * 2}, "userName"),
    "object as title": ({"title": {"a": 1}}, "title"),
    "boolean as displayName": ({"displayName": True}, "displayName"),
    "word as active": ({"active": "perhaps"}, "active"),
    "number as active": ({"active": 1}, "active"),
    "text as name": ({"name": "Ines"}, "name"),
    "fraction in name": ({"name": {"givenName": 0.5}}, "name.givenName"),
    "fraction among emails": ({"emails": [0.5]}, "emails"),
    "fraction as email": ({"emails": [{"type": "work", "value": 0.5}]}, "emails"),
    "word as primary": ({"emails": [{"type": "work", "value": "a@b.c", "primary": "yes"}]}, "primary"),
    "no address as email": ({'emails[type eq "work"].value': "not an address"}, "emails"),
    "text as enterprise": ({ENTERPRISE: "Sales"}, ENTERPRISE),
    "fraction as department": ({ENTERPRISE: {"department": 0.5}}, "department"),
    "fraction as manager": ({ENTERPRISE: {"manager": 0.5}}, "manager"),
    "two managers": ({ENTERPRISE: {"manager": [{"value": "a"}, {"value": "b"}]}}, "manager"),
    "fraction as externalId": ({"externalId": 5.0}, "externalId"),
    "too long a title": ({"title": "t" * 151}, "title"),
    "far too long a userName": ({"userName": "u" * 8193}, "userName"),
    "too long a userName": ({"userName": "u" * 151}, "userName"),
    "too long a givenName": ({"name": {"givenName": "g" * 151}}, "name.givenName"),
    "too long a department": ({ENTERPRISE: {"department": "d" * 151}}, "department"),
    "too long an externalId": ({"externalId": "e" * 321}, "externalId"),
}


@pytest.mark.parametrize("case", WRONG_TYPES)
def test_wrong_type_names_the_attribute_on_create_and_replace(
    scim: ScimClient, unchanged: str, case: str
) -> None:
    changes, name = WRONG_TYPES[case]
    assert_refused(scim.post("/Users", person("new.comer") | changes), 400, "invalidValue", name)
    assert_refused(scim.put(f"/Users/{unchanged}", person() | changes), 400, "invalidValue", name)


@pytest.mark.parametrize("case", WRONG_TYPES)
def test_wrong_type_names_the_attribute_in_a_patch_and_undoes_its_other_operations(
    scim: ScimClient, unchanged: str, case: str
) -> None:
    changes, name = WRONG_TYPES[case]
    (attribute, value), first = next(iter(changes.items())), {"op": "replace", "path": "title", "value": "X"}
    forms = [{"op": "replace", "value": changes}, {"op": "add", "path": attribute, "value": value}]
    for form in forms:
        assert_refused(scim.patch(f"/Users/{unchanged}", [first, form]), 400, "invalidValue", name)


@pytest.mark.parametrize("missing", [{}, {"userName": None}, {"userName": ""}, {"userName": "  "}])
def test_missing_user_name_is_named(scim: ScimClient, unchanged: str, missing: dict[str, Any]) -> None:
    body = {"schemas": [CORE], "displayName": "Nobody", **missing}
    assert_refused(scim.post("/Users", body), 400, "invalidValue", "userName")
    assert_refused(scim.put(f"/Users/{unchanged}", body), 400, "invalidValue", "userName")


BROKEN_PATCHES: dict[str, tuple[Any, str, str]] = {
    "neither schemas nor operations": ({}, "invalidSyntax", "schemas"),
    "other schemas": ({"schemas": [CORE], "Operations": []}, "invalidSyntax", PATCH_OP),
    "no operations": ({"schemas": [PATCH_OP]}, "invalidSyntax", "Operations"),
    "operations are no list": ({"schemas": [PATCH_OP], "Operations": {"op": "add"}}, "invalidSyntax", "list"),
    "a whole user": (person(), "invalidSyntax", PATCH_OP),
    "too many": ([{"op": "add", "path": "title", "value": "t"}] * 51, "invalidSyntax", "51"),
    "operation is no object": (["add"], "invalidSyntax", "Operation 1"),
    "no op": ([{"path": "title", "value": "t"}], "invalidSyntax", "op"),
    "unknown op": ([{"op": "move", "path": "title", "value": "t"}], "invalidSyntax", "move"),
    "no value": ([{"op": "add", "path": "title"}], "invalidValue", "value"),
    "path is no text": ([{"op": "add", "path": 5, "value": "t"}], "invalidPath", "path"),
    "broken path": ([{"op": "add", "path": "emails[type eq", "value": "t"}], "invalidPath", "emails"),
    "path of two dots": ([{"op": "add", "path": "name..givenName", "value": "t"}], "invalidPath", "name"),
    "path is a sentence": ([{"op": "add", "path": "job title!", "value": "t"}], "invalidPath", "job"),
    "remove without path": ([{"op": "remove"}], "noTarget", "path"),
    "no path, no object": ([{"op": "replace", "value": "t"}], "invalidValue", "object"),
    "id": ([{"op": "replace", "path": "id", "value": "x"}], "mutability", "id"),
    "meta": ([{"op": "replace", "path": "meta.created", "value": "x"}], "mutability", "meta"),
    "groups": ([{"op": "add", "path": "groups", "value": [{"value": "x"}]}], "mutability", "groups"),
    "no userName any more": ([{"op": "remove", "path": "userName"}], "mutability", "userName"),
    "empty userName": ([{"op": "replace", "path": "userName", "value": ""}], "invalidValue", "userName"),
    "nothing to create from": (
        [{"op": "replace", "path": 'emails[value sw "q"].value', "value": "q@b.c"}],
        "noTarget",
        "emails",
    ),
}


@pytest.mark.parametrize("case", BROKEN_PATCHES)
def test_broken_patch_is_refused_as_a_whole(scim: ScimClient, unchanged: str, case: str) -> None:
    body, scim_type, word = BROKEN_PATCHES[case]
    assert_refused(scim.patch(f"/Users/{unchanged}", body), 400, scim_type, word)
    if isinstance(body, list) and len(body) == 1:
        good = {"op": "replace", "path": "displayName", "value": "Never seen"}
        assert_refused(scim.patch(f"/Users/{unchanged}", [good, *body]), 400, scim_type)


# --- addresses

ODD_IDS = [
    "0d8b7a4e-43b6-4c9c-8b54-fa1a9a4f2f77",
    "1",
    "0",
    "-1",
    "null",
    "x" * 500,
    "..%2f..",
    "%00",
    "a%00b",
    "%F0%9F%98%80",
    "%ff",
    "'%20OR%20'1'='1",
    "%0d%0aX-Evil:%201",
    "{id}",
]


@pytest.mark.parametrize("scim_id", ODD_IDS)
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_unknown_id_is_404(scim: ScimClient, unchanged: str, method: str, scim_id: str) -> None:
    body: Any = {"PUT": person(), "PATCH": {"schemas": [PATCH_OP], "Operations": []}}.get(method)
    answer = scim.request(method, f"/Users/{scim_id}", body)
    assert_refused(answer, 404)
    assert "X-Evil" not in answer.headers


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_collection_does_not_take_the_verbs_of_an_item(scim: ScimClient, unchanged: str, method: str) -> None:
    answer = scim.request(method, "/Users", person())
    assert_refused(answer, 405, None, method)
    assert "POST" in answer.headers["Allow"]


WRONG_PATHS = [
    "/scim",
    "/scim/",
    "/scim/v1",
    "/scim/v2",
    "/scim/v2/",
    "/scim/v2/v2/Users",
    "/scim/v2/scim/v2/Users",
    "/scim/Users",
    "/scim/v1/Users",
    "/scim/v2/User",
    "/scim/v2/USERS",
    "/scim/v2/Users/1/2",
    "/scim/v2/Devices",
    "/scim/v2/index.php",
    "/scim/v2/foo%0Abar",
    "/scim/v2/Users%0A",
]


@pytest.mark.parametrize("path", WRONG_PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("with_token", [True, False], ids=["token", "no token"])
def test_wrong_path_names_the_right_tenant_url(
    token: str, unchanged: str, path: str, method: str, with_token: bool
) -> None:
    headers = {"authorization": f"Bearer {token}"} if with_token else {}
    answer = Client(enforce_csrf_checks=True).generic(
        method, path, b"{}", "application/scim+json", headers=headers
    )
    assert_refused(answer, 404, None, tenant_url())


# --- media types


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml"],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_wrong_content_type_is_415(scim: ScimClient, unchanged: str, method: str, content_type: str) -> None:
    path = "/Users" if method == "POST" else f"/Users/{unchanged}"
    answer = scim.request(method, path, json.dumps(person("new.comer")), content_type=content_type)
    assert_refused(answer, 415, None, "application/scim+json")


def test_compressed_body_is_415(scim: ScimClient, unchanged: str) -> None:
    assert_refused(scim.post("/Users", b"\x1f\x8b", content_encoding="gzip"), 415, None, "gzip")


def test_client_that_takes_no_json_gets_406(scim: ScimClient, unchanged: str) -> None:
    assert_refused(scim.get("/Users", accept="text/xml"), 406, None, "application/scim+json")


def test_method_override_is_not_heard(scim: ScimClient, unchanged: str) -> None:
    answer = scim.request("GET", f"/Users/{unchanged}?_method=DELETE", x_http_method_override="DELETE")
    assert answer.status_code == 200


# --- queries

BROKEN_QUERIES: dict[str, tuple[str, str]] = {
    "filter=": ("invalidFilter", "filter"),
    "filter=userName": ("invalidFilter", "filter"),
    "filter=userName+eq": ("invalidFilter", "filter"),
    "filter=userName+eq+ines": ("invalidFilter", "double quotes"),
    "filter=userName+is+%22ines%22": ("invalidFilter", "operator"),
    "filter=(userName+eq+%22ines%22": ("invalidFilter", "filter"),
    "filter=shoeSize+eq+%22ines%22": ("invalidFilter", "shoeSize"),
    "filter=password+eq+%22ines%22": ("invalidFilter", "password"),
    "filter=active+gt+true": ("invalidFilter", "active"),
    "filter=active+eq+%22perhaps%22": ("invalidFilter", "active"),
    "filter=userName+eq+true": ("invalidFilter", "userName"),
    "filter=userName+eq+%22a%5Cu0000%22": ("invalidFilter", "stored"),
    "filter=userName+eq+%22%00%22": ("invalidFilter", "stored"),
    "filter=title+eq+%22%5Cud800%22": ("invalidFilter", "stored"),
    "filter=meta.created+gt+%22soon%22": ("invalidFilter", "meta.created"),
    "filter=" + "+or+".join(["userName+eq+%22a%22"] * 21): ("invalidFilter", "20"),
    "filter=userName+eq+%22" + "a" * 2100 + "%22": ("invalidFilter", "2048"),
    "filter=" + "(" * 9 + "userName+pr" + ")" * 9: ("invalidFilter", "8"),
    "sortBy=shoeSize": ("invalidPath", "shoeSize"),
    "sortBy=userName%00": ("invalidPath", "userName"),
    "sortBy=userName&sortOrder=upwards": ("invalidValue", "sortOrder"),
    "count=many": ("invalidValue", "count"),
    "startIndex=first": ("invalidValue", "startIndex"),
    "startIndex=1.5": ("invalidValue", "startIndex"),
    "attributes=userName&excludedAttributes=title": ("invalidValue", "excludedAttributes"),
    "cursor=forged": ("invalidCursor", "cursor"),
    "cursor=%00": ("invalidCursor", "cursor"),
}


@pytest.mark.parametrize("query", BROKEN_QUERIES, ids=lambda query: query[:60])
def test_broken_query_is_refused_and_never_answered_with_everybody(
    scim: ScimClient, unchanged: str, query: str
) -> None:
    scim_type, word = BROKEN_QUERIES[query]
    assert_refused(scim.get(f"/Users?{query}"), 400, scim_type, word)


@pytest.mark.parametrize("path", ["/Users/.search", "/.search"])
@pytest.mark.parametrize(
    "body",
    [[], {}, {"schemas": [CORE]}, {"schemas": "x"}],
)
def test_broken_search_message_is_invalid_syntax(
    scim: ScimClient, unchanged: str, path: str, body: Any
) -> None:
    assert_refused(scim.request("POST", path, body), 400, "invalidSyntax")


# --- tokens and connections


def assert_shut(scim: ScimClient, scim_id: str, status: int, *words: str) -> None:
    """Every kind of request is refused with that status, and nothing is written."""
    before = contents()
    requests: list[tuple[str, str, Any]] = [
        ("GET", "/Users", None),
        ("GET", f"/Users/{scim_id}", None),
        ("POST", "/Users", person("new.comer")),
        ("PUT", f"/Users/{scim_id}", person(title="New")),
        ("PATCH", f"/Users/{scim_id}", {"schemas": [PATCH_OP], "Operations": []}),
        ("DELETE", f"/Users/{scim_id}", None),
        ("POST", "/Bulk", {}),
        ("GET", "/Schemas", None),
        ("GET", "/Groups", None),
    ]
    for method, path, body in requests:
        answer = scim.request(method, path, body)
        assert_refused(answer, status, None, *words)
        assert ("WWW-Authenticate" in answer.headers) is (status == 401)
    assert contents() == before


def test_no_token_is_401(scim: ScimClient, ines: str) -> None:
    assert_shut(ScimClient(None), ines, 401)


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Token abc", "Bearer a b c", "Bearer \xe9", "bearer x"],
)
def test_header_that_holds_no_token_is_401(scim: ScimClient, unchanged: str, header: str) -> None:
    answer = scim.get("/Users", authorization=header)
    assert_refused(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_unknown_token_is_401(scim: ScimClient, token: str, ines: str) -> None:
    other, plaintext = tokens.issue(SCIMToken.objects.get().connection, label="Gone")
    other.delete()
    for unknown in (plaintext, token[:-1] + ("a" if token[-1] != "a" else "b"), "x" * 5000):
        assert_shut(ScimClient(unknown), ines, 401)


def test_expired_token_is_401(scim: ScimClient, ines: str) -> None:
    SCIMToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert_shut(scim, ines, 401)


def test_revoked_token_is_401_and_stays_so(scim: ScimClient, ines: str) -> None:
    tokens.revoke(SCIMToken.objects.get())
    assert_shut(scim, ines, 401)


def test_bodies_of_all_401_are_alike(scim: ScimClient, connection: SCIMConnection, token: str) -> None:
    expired = TokenFactory(connection=connection, expires_at=timezone.now() - timedelta(days=1)).plaintext
    answers = [ScimClient(text).get("/Users").content for text in (None, "x", token[:-1] + "?", expired)]
    assert len(set(answers)) == 1


def test_token_in_the_query_string_is_not_read(scim: ScimClient, token: str) -> None:
    assert_refused(ScimClient(None).get(f"/Users?access_token={token}"), 401)


def test_paused_connection_is_503_with_a_time_to_come_back(
    scim: ScimClient, ines: str, connection: SCIMConnection
) -> None:
    SCIMConnection.objects.update(paused_at=timezone.now())
    assert_shut(scim, ines, 503, "paused")
    assert int(scim.get("/Users").headers["Retry-After"]) > 0


def test_sso_switched_off_is_403_and_works_again_when_switched_on(
    scim: ScimClient, ines: str, sso: SSOSettings
) -> None:
    SSOSettings.objects.update(enabled=False)
    assert_shut(scim, ines, 403, "Single sign-on")
    SSOSettings.objects.update(enabled=True)
    assert scim.get(f"/Users/{ines}").status_code == 200


def test_deleted_sso_row_archives_the_connection_and_kills_its_token_for_good(
    scim: ScimClient, ines: str, sso: SSOSettings, connection: SCIMConnection
) -> None:
    key = sso.pk
    SSOSettings.objects.filter(pk=key).delete()
    assert_refused(scim.get("/Users"), 401)
    connection.refresh_from_db()
    assert connection.is_archived
    assert connection.links.count() == 1
    SSOSettings.objects.create(pk=key, organization=sso.organization, name="Again", enabled=True)
    assert_shut(scim, ines, 401)


def test_refusal_is_one_row_of_the_log_with_the_request_id(scim: ScimClient, unchanged: str) -> None:
    ProvisioningEvent.objects.all().delete()
    answer = scim.post("/Users", {"schemas": [CORE]}, x_request_id="req-4711")
    event = ProvisioningEvent.objects.get()
    assert answer.headers["X-Request-ID"] == "req-4711"
    assert (event.outcome, event.status, event.request_id) == ("refused", 400, "req-4711")
    assert event.detail == answer.json()["detail"]
