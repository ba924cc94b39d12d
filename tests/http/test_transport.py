"""What every answer has, whatever was asked: media type, slashes, headers, and nothing of the Host header."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from scim_provisioning import provisioning
from scim_provisioning.models import ProvisionedUser
from tests.client import ScimClient
from tests.people import person

pytestmark = pytest.mark.django_db

SCIM = "application/scim+json; charset=utf-8"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


@pytest.fixture
def ines(scim: ScimClient) -> str:
    scim_id: str = scim.post("/Users", person()).json()["id"]
    return scim_id


def assert_scim_error(answer: Any, status: int) -> None:
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, SCIM)
    body = answer.json()
    assert (body["schemas"], body["status"]) == ([ERROR], str(status))
    assert body["detail"]
    assert answer.headers["X-Request-ID"]
    assert "no-store" in answer.headers["Cache-Control"]


# --- media types


@pytest.mark.parametrize(
    "sent", ["application/scim+json", "application/json", "Application/JSON; charset=UTF-8", None]
)
@pytest.mark.parametrize(
    "accepted",
    [
        "application/scim+json",
        "application/json",
        "application/scim+json; charset=utf-8",
        "text/html, application/json;odata=verbose;q=0.9",
        "*/*",
        "text/html, */*;q=0.1",
        None,
    ],
)
def test_both_json_types_go_in_and_scim_json_comes_out(
    scim: ScimClient, sent: str | None, accepted: str | None
) -> None:
    answer = scim.post("/Users", person(), content_type=sent, accept=accepted)
    assert (answer.status_code, answer.headers["Content-Type"]) == (201, SCIM)
    assert answer.headers["Location"] == answer.json()["meta"]["location"]


def test_text_is_utf_8_both_ways(scim: ScimClient) -> None:
    body = '{"schemas": [], "userName": "zoë@x.example", "nickName": "🙂"}'.encode()
    answer = scim.post("/Users", body)
    assert "🙂" in answer.content.decode()
    assert answer.json()["userName"] == "zoë@x.example"


def test_401_is_a_scim_error_with_a_challenge(scim: ScimClient) -> None:
    for token in (None, "nonsense"):
        answer = ScimClient(token).get("/Users")
        assert_scim_error(answer, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_404_of_a_person_and_of_a_route_are_scim_errors(scim: ScimClient) -> None:
    assert_scim_error(scim.get("/Users/nobody"), 404)
    assert_scim_error(scim.get("/Boats"), 404)
    assert_scim_error(scim.get("/Schemas/urn:none"), 404)


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "/Users"), ("POST", "/Schemas"), ("GET", "/.search")]
)
def test_405_is_a_scim_error_that_names_the_methods(scim: ScimClient, method: str, path: str) -> None:
    answer = scim.request(method, path, {})
    assert_scim_error(answer, 405)
    assert method not in answer.headers["Allow"].split(", ")


def test_406_413_and_415_are_scim_errors(scim: ScimClient, settings: Settings) -> None:
    assert_scim_error(scim.get("/Users", accept="text/html"), 406)
    assert_scim_error(scim.post("/Users", b"<x/>", content_type="text/xml"), 415)
    assert_scim_error(scim.post("/Users", b"x", content_encoding="gzip"), 415)
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "LIMITS": {"body_bytes": 20}}
    assert_scim_error(scim.post("/Users", person()), 413)


def test_429_is_a_scim_error_with_a_whole_number_of_seconds_to_wait(
    scim: ScimClient, settings: Settings
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "THROTTLE": {"reads": 1}}
    answers = [scim.get("/Users") for _ in range(5)]
    answer = next(answer for answer in answers if answer.status_code == 429)
    assert_scim_error(answer, 429)
    assert answer.headers["Retry-After"].isdigit()


def test_500_is_a_scim_error_that_gives_nothing_away(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(provisioning, "search", fail)
    answer = scim.get("/Users", x_request_id="trace-7")
    assert_scim_error(answer, 500)
    assert "secret" not in answer.content.decode()
    assert "trace-7" in answer.json()["detail"]


# --- addresses


@pytest.mark.parametrize(
    "path",
    ["/Users", "/Users/{}", "/users/{}", "/Groups", "/ServiceProviderConfig", "/Schemas", "/ResourceTypes"],
)
def test_both_slash_spellings_are_answered_without_a_redirect(scim: ScimClient, ines: str, path: str) -> None:
    with_and_without = [scim.get(path.format(ines) + slash) for slash in ("", "/")]
    assert [answer.status_code for answer in with_and_without] == [200, 200]
    assert with_and_without[0].content == with_and_without[1].content


@pytest.mark.parametrize("slash", ["", "/"])
def test_writes_take_both_slash_spellings(scim: ScimClient, slash: str) -> None:
    made = scim.post(f"/Users{slash}", person())
    path = f"/Users/{made.json()['id']}{slash}"
    assert made.status_code == 201
    assert scim.put(path, person()).status_code == 200
    assert scim.patch(path, []).status_code == 200
    assert scim.delete(path).status_code == 204


def test_unknown_query_parameters_are_ignored(scim: ScimClient, ines: str) -> None:
    query = "aadOptscim062020=&fields=x&format=xml&_method=DELETE"
    assert scim.get(f"/Users/{ines}?{query}").content == scim.get(f"/Users/{ines}").content
    assert scim.get(f"/Users?{query}").json()["totalResults"] == 1


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:9999"])
def test_the_host_header_is_in_no_answer(scim: ScimClient, ines: str, settings: Settings, host: str) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    answers = [
        scim.get(f"/Users/{ines}", host=host, x_forwarded_host=host),
        scim.post("/Users", person("new.comer"), host=host, x_forwarded_host=host),
        scim.get("/Schemas", host=host),
        scim.get("/Boats", host=host),
    ]
    for answer in answers:
        assert host not in answer.content.decode() + str(answer.headers)
    assert (
        answers[1].headers["Location"].startswith(settings.SCIM_PROVISIONING["SITE_URL"] + "/scim/v2/Users/")
    )


def test_a_token_in_the_query_string_or_a_cookie_is_not_taken(scim: ScimClient, token: str) -> None:
    client = Client()
    client.cookies["token"] = token
    for name in ("token", "access_token", "authorization"):
        assert_scim_error(client.get(f"/scim/v2/Users?{name}={token}"), 401)


@pytest.mark.parametrize("header", ["x_http_method_override", "x_http_method", "x_method_override"])
def test_no_header_changes_the_method(scim: ScimClient, ines: str, header: str) -> None:
    assert scim.post(f"/Users/{ines}", {}, **{header: "DELETE"}).status_code == 405
    assert scim.get(f"/Users/{ines}", **{header: "DELETE"}).status_code == 200
    assert ProvisionedUser.objects.living().count() == 1


# --- the other methods


@pytest.mark.parametrize("path", ["/Users", "/Users/{}", "/ServiceProviderConfig", "/Schemas", "/Groups"])
def test_head_answers_as_get_does_without_a_body(scim: ScimClient, ines: str, path: str) -> None:
    got, head = (scim.request(method, path.format(ines)) for method in ("GET", "HEAD"))
    assert (head.status_code, head.content) == (200, b"")
    for name in ("Content-Type", "ETag", "Content-Length"):
        assert head.headers.get(name) == got.headers.get(name)


def test_options_name_the_methods_and_nothing_else(scim: ScimClient, ines: str) -> None:
    for path, methods in {
        "/Users": "GET, POST, HEAD, OPTIONS",
        f"/Users/{ines}": "GET, PUT, PATCH, DELETE, HEAD, OPTIONS",
        "/Schemas": "GET, HEAD, OPTIONS",
        "/Bulk": "POST, OPTIONS",
    }.items():
        answer = scim.request("OPTIONS", path)
        assert (answer.status_code, answer.content) == (204, b"")
        assert set(answer.headers["Allow"].split(", ")) == set(methods.split(", "))


def test_answers_tell_the_request_id_that_was_given_or_a_new_one(scim: ScimClient) -> None:
    assert scim.get("/Users", x_request_id="abc-1").headers["X-Request-ID"] == "abc-1"
    assert scim.get("/Users", x_request_id="a b\tc").headers["X-Request-ID"] != "a b\tc"
