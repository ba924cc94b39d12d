"""Rows 27 to 34: where a request comes from, what it may pose as, and what else happens at the same moment."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any
from urllib.request import urlopen

from scim_provisioning.rules.past import History
from tests.behaviours.mutant import Make, answers, mutants

_HOSTILE = "tests/http/test_hostile_input.py::"
_TRANSPORT = "tests/http/test_transport.py::"
_BAD = "tests/http/test_bad_input.py::"
_HARDENING = "tests/test_hardening.py::"
_RACES = "tests/http/test_races.py::"


# --- addresses


def goes_by_the_host_header(original: Any) -> Any:
    def resource_response(view: Any, resource: Any, projection: Any, **options: Any) -> Any:
        location = f"{view.request._request.headers.get('Host')}/{resource['id']}"
        meta = {**resource["meta"], "location": location}
        return original(view, {**resource, "meta": meta}, projection, **options)

    return resource_response


def fetches_the_picture(original: Any) -> Any:
    def write(adapter: Any, document: Any) -> None:
        for photo in document.get("photos", ()):
            with suppress(OSError, TypeError):
                urlopen(photo["value"], timeout=1)  # noqa: S310 - what must not be done
        original(adapter, document)

    return write


# --- races


def sees_nobody_of_that_name(original: Any) -> Any:
    """Neither a look at the connection's people or at the host's accounts, nor the constraint."""
    instead = {
        "history": lambda *known, **named: History(None),
        "adopted": lambda *known, **named: None,
        "user_name_key": lambda text: f"{text}{time.perf_counter_ns()}",
    }
    return instead[original.__name__]


def writes_whole_rows(original: Any) -> Any:
    def changed(rows: Any, name: Any, row: Any) -> Any:
        return [field.attname for field in row._meta.concrete_fields if not field.primary_key]

    return changed


# --- code, methods, tokens


def evaluates_titles(original: Any) -> Any:
    def write(adapter: Any, document: Any) -> None:
        with suppress(Exception):
            eval(document["title"])  # noqa: S307 - what must not be done
        original(adapter, document)

    return write


def hears_a_method_override(original: Any) -> Any:
    def dispatch(view: Any, request: Any, *arguments: Any, **named: Any) -> Any:
        request.method = request.headers.get("X-HTTP-Method-Override", request.method)
        return original(view, request, *arguments, **named)

    return dispatch


def takes_a_token_from(*names: str) -> Make:
    def make(original: Any) -> Any:
        def authenticate(authentication: Any, request: Any) -> Any:
            places = (request._request.GET, request._request.COOKIES)
            found = [place[name] for place in places for name in names if name in place]
            if found:
                request.META["HTTP_AUTHORIZATION"] = f"Bearer {found[0]}"
            return original(authentication, request)

        return authenticate

    return make


MUTANTS = mutants(
    # --- 27
    (
        "X-Forwarded-For counts where a proxy of one's own wrote it",
        "http.address:_is_trusted",
        answers(True),
        "tests/http/test_addresses.py::test_what_a_caller_wrote_before_the_proxy_does_not_count",
    ),
    # --- 28
    (
        "the Host header is in no answer",
        "http.users:UserResourceView.resource_response",
        goes_by_the_host_header,
        f"{_TRANSPORT}test_the_host_header_is_in_no_answer",
    ),
    (
        "addresses come from the settings",
        "http.users:UserResourceView.resource_response",
        goes_by_the_host_header,
        f"{_HOSTILE}test_addresses_come_from_the_settings_and_never_from_the_request",
    ),
    # --- 29
    (
        "there are no two of one name",
        "rules.past:history rules.identity:adopted models.provisioned_user:user_name_key",
        sees_nobody_of_that_name,
        f"{_RACES}test_two_posts_of_one_user_name_make_one_person_and_one_409",
    ),
    (
        "a row is not written back as it was read",
        "adapters.row_set:RowSet._changed",
        writes_whole_rows,
        f"{_RACES}test_an_edit_that_commits_between_reading_and_saving_is_not_undone",
    ),
    # --- 30
    (
        "no address is fetched",
        "adapters.adapter:LearnerAdapter.write",
        fetches_the_picture,
        f"{_HARDENING}test_no_address_in_a_payload_is_ever_fetched",
    ),
    # --- 31
    (
        "plain http is refused",
        "http.authentication:refuse_plain_http",
        answers(None),
        "tests/http/test_host_settings.py::test_plain_http_is_refused_and_never_redirected_once_the_site_is_https",
    ),
    (
        "a check speaks up before a redirect does",
        "checks.middleware:_https",
        answers(()),
        "tests/checks/test_middleware.py::test_a_redirect_to_https_is_taken_back_by_what_the_hint_says",
    ),
    # --- 32
    (
        "what is sent is never run",
        "adapters.adapter:LearnerAdapter.write",
        evaluates_titles,
        f"{_HARDENING}test_what_would_be_code_is_only_text",
    ),
    # --- 33
    (
        "a body is what it is called",
        "http.media:SCIMNegotiation.select_parser",
        lambda original: lambda negotiation, request, parsers: parsers[0],
        f"{_TRANSPORT}test_406_413_and_415_are_scim_errors",
    ),
    (
        "a method is what it is",
        "http.base:SCIMView.dispatch",
        hears_a_method_override,
        f"{_BAD}test_method_override_is_not_heard",
    ),
    # --- 34
    (
        "a token in the address or a cookie is none",
        "http.authentication:TokenAuthentication.authenticate",
        takes_a_token_from("token", "authorization"),
        f"{_TRANSPORT}test_a_token_in_the_query_string_or_a_cookie_is_not_taken",
    ),
    (
        "an access_token in the address is none",
        "http.authentication:TokenAuthentication.authenticate",
        takes_a_token_from("access_token"),
        f"{_BAD}test_token_in_the_query_string_is_not_read",
    ),
)
