"""The provisioning log: what is written, what is left out, and what no input can break."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from decimal import Decimal
from time import perf_counter
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError, transaction

from scim_provisioning import events, tokens
from scim_provisioning.events import redaction
from scim_provisioning.events.kept import recorded
from scim_provisioning.models import (
    ProvisioningEvent,
    ProvisioningPayload,
    SCIMConnection,
    SCIMToken,
    Stranger,
)
from scim_provisioning.protocol.errors import InvalidValue, SCIMError, Unauthorized, Uniqueness
from scim_provisioning.testing.factories import ProvisionedUserFactory

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks


@pytest.fixture
def caller(connection: SCIMConnection, token: str) -> events.Caller:
    return events.Caller(
        connection=connection,
        token=SCIMToken.objects.get(),
        request_id="req-1",
        address="203.0.113.7",
        client="Entra",
    )


def exchange(body: object = None, **changes: Any) -> events.Exchange:
    known = {"method": "POST", "path": "/scim/v2/Users", "operation": "create", "request_body": body}
    return events.Exchange(**{**known, **changes})


def payload_of(caller: events.Caller, body: object, response: object = None) -> ProvisioningPayload:
    said(caller, exchange(body), action="updated", link=None, status=200, changes={}, response=response)
    return ProvisioningPayload.objects.latest("pk")


def said(
    caller: events.Caller, asked: events.Exchange, *, response: object = None, **done: Any
) -> ProvisioningEvent:
    """What was done, and what was said about it."""
    event = events.applied(caller, asked, **done)
    events.exchanged(event, asked, response)
    return event


# -- rows --------------------------------------------------------------------------------------------------


def test_what_was_done_is_two_inserts(
    caller: events.Caller, connection: SCIMConnection, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    link = ProvisionedUserFactory(connection=connection, external_id="00u1")
    with django_assert_num_queries(2):
        event = said(
            caller,
            exchange({"userName": link.user_name}, started=perf_counter() - 0.05),
            action="created",
            link=link,
            status=201,
            changes={"title": (None, "Nurse"), "active": (False, True)},
            ignored=("nickName",),
            response={"id": link.scim_id},
        )
    event.refresh_from_db()
    assert (event.connection, event.link, event.token) == (connection, link, caller.token)
    assert event.token_prefix == caller.token.prefix  # type: ignore[union-attr]
    assert (event.operation, event.action, event.outcome, event.status) == (
        "create",
        "created",
        "applied",
        201,
    )
    assert event.changes == {"title": [None, "Nurse"], "active": [False, True]}
    assert event.ignored == ["nickName"]
    assert (event.user_name, event.external_id, event.scim_id) == (link.user_name, "00u1", link.scim_id)
    assert (event.request_id, event.method, event.path) == ("req-1", "POST", "/scim/v2/Users")
    assert (event.address, event.client) == ("203.0.113.7", "Entra")
    assert event.duration_ms is not None
    assert 50 <= event.duration_ms < 5000
    assert json.loads(event.payload.request) == {"userName": link.user_name}
    assert json.loads(event.payload.response) == {"id": link.scim_id}
    assert str(event.payload) == f"#{event.pk}"


def test_an_exchange_without_bodies_leaves_no_payload(
    caller: events.Caller, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        events.applied(caller, exchange(), action="deleted", link=None, status=204, changes={})


def test_a_refusal_says_why_to_both_sides(caller: events.Caller, connection: SCIMConnection) -> None:
    error = Uniqueness("userName is already in use in this directory.", params={"link": 7})
    events.refused(caller, exchange({"USERNAME": "ana@x", "externalid": "00u1"}), error=error)
    event = ProvisioningEvent.objects.get()
    assert (event.action, event.outcome, event.status) == ("refused", "refused", 409)
    assert (event.error_code, event.detail) == ("user.username_taken", error.detail)
    assert event.cause == {"link": 7}
    assert json.loads(event.payload.response)["scimType"] == "uniqueness"
    # Nobody was created, and yet "why has ana no account?" must find the row.
    assert (event.user_name, event.external_id, event.link) == ("ana@x", "00u1", None)


def test_a_held_change_is_called_so(caller: events.Caller) -> None:
    events.refused(caller, exchange(), error=SCIMError("Deactivations are held.", code="conn.held"))
    assert ProvisioningEvent.objects.get().action == "held"


def test_a_refused_token_is_filed_under_its_connection(connection: SCIMConnection, token: str) -> None:
    tokens.revoke(SCIMToken.objects.get())
    with pytest.raises(Unauthorized) as caught:
        tokens.authenticate(token, address="203.0.113.7")
    stranger = events.Caller(None, None, "req-1", "203.0.113.7", "Entra")
    events.refused(stranger, exchange(operation="authenticate"), error=caught.value)
    event = ProvisioningEvent.objects.get()
    assert (event.connection, event.token) == (connection, SCIMToken.objects.get())
    assert (event.operation, event.error_code) == ("authenticate", "auth.revoked")
    assert event.cause["label"] == event.token.label  # type: ignore[union-attr]


def test_a_stranger_gets_a_line_of_the_security_log_and_no_row_but_is_counted(
    token: str, caplog: pytest.LogCaptureFixture, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with pytest.raises(Unauthorized) as caught:
        tokens.authenticate(token[:-1] + "~", address="203.0.113.7")
    stranger = events.Caller(None, None, "req-1", "203.0.113.7", 'evil"\r\nERROR forged="1')
    with (
        caplog.at_level(logging.INFO, logger="scim_provisioning.security"),
        # With the savepoints: an update; the first time also the looking for room, and the row.
        django_assert_max_num_queries(8),
    ):
        events.refused(stranger, exchange(path=f"/scim/v2/Users?access_token={token}"), error=caught.value)
    assert not ProvisioningEvent.objects.exists()
    assert token not in Stranger.objects.get().path
    (record,) = caplog.records
    line = record.getMessage()
    assert record.levelname == "WARNING"
    assert 'error_code="auth.invalid"' in line
    assert 'address="203.0.113.7"' in line
    assert f'token_prefix="{token[8:16]}"' in line
    assert "\n" not in line
    assert "\r" not in line
    assert ' forged="1' not in line
    assert token not in line + str(record.__dict__)
    assert record.error_code == "auth.invalid"


def test_only_refusals_of_interest_reach_the_security_log(
    caller: events.Caller, caplog: pytest.LogCaptureFixture
) -> None:
    events.refused(caller, exchange(), error=InvalidValue("userName is required"))
    assert not caplog.records
    events.refused(caller, exchange(), error=SCIMError("No.", code="user.protected"))
    assert len(caplog.records) == 1


def test_a_refusal_that_cannot_be_written_is_still_a_refusal(
    caller: events.Caller, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: ProvisioningEvent, **kwargs: Any) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(ProvisioningPayload, "save", broken)
    events.refused(caller, exchange({"userName": "ana"}), error=Uniqueness())
    assert "could not be written" in caplog.text
    assert not ProvisioningEvent.objects.exists()


def test_what_is_rolled_back_leaves_no_trace(caller: events.Caller) -> None:
    with transaction.atomic():
        events.applied(caller, exchange({}), action="created", link=None, status=201, changes={})
        transaction.set_rollback(True)
    assert not ProvisioningEvent.objects.exists()


def test_an_administrators_act_is_a_row_and_a_line_of_the_audit_log(
    connection: SCIMConnection,
    token: str,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    actor = get_user_model().objects.create_user("admin@example.org")
    row = SCIMToken.objects.get()
    with (
        caplog.at_level(logging.INFO, logger="scim_provisioning.audit"),
        django_capture_on_commit_callbacks(execute=True),
    ):
        event = events.admin(
            connection,
            action="token_revoked",
            actor=actor,
            token=row,
            detail="Entra ID",
            address="203.0.113.7",
            changes={"pause": (None, "on")},
        )
    event.refresh_from_db()
    assert (event.operation, event.action, event.outcome) == ("admin", "token_revoked", "applied")
    assert (event.actor, event.token, event.detail, event.address) == (actor, row, "Entra ID", "203.0.113.7")
    assert event.changes == {"pause": [None, "on"]}
    assert f'action="token_revoked" connection={connection.pk}' in caplog.text


# -- secrets -----------------------------------------------------------------------------------------------

SECRET = "hunter2-and-more"


@pytest.mark.parametrize(
    "body",
    [
        {"userName": "ana", "password": SECRET},
        {"userName": "ana", "PassWord": SECRET},
        {"urn:ietf:params:scim:schemas:core:2.0:User:password": SECRET},
        {"urn:ietf:params:scim:schemas:core:2.0:User": {"password": SECRET}},
        {"Operations": [{"op": "replace", "path": "password", "value": SECRET}]},
        {
            "Operations": [
                {
                    "op": "Replace",
                    "Path": "urn:ietf:params:scim:schemas:core:2.0:User:password",
                    "Value": SECRET,
                }
            ]
        },
        {"Operations": [{"op": "add", "value": {"name": {"deep": [{"newPassword": {"value": SECRET}}]}}}]},
        {"Operations": [{"op": "add", "value": json.dumps({"password": SECRET})}]},
        {"Operations": [{"op": "add", "value": f' [{{"Password": "{SECRET}"'}]},
        f'{{"userName": "ana", "password": "{SECRET}"'.encode(),
        f'{{"userName": "ana", "p\\u0061ssword": "{SECRET}"'.encode(),
    ],
)
def test_a_password_is_in_no_column(caller: events.Caller, body: object) -> None:
    said(
        caller,
        exchange(body),
        action="updated",
        link=None,
        status=200,
        changes={"password": (None, SECRET)},
        response=body,
    )
    events.refused(caller, exchange(body), error=InvalidValue())
    rows = str([*ProvisioningEvent.objects.values(), *ProvisioningPayload.objects.values()])
    assert SECRET not in rows


BADGE = "urn:acme:params:scim:schemas:badge:2.0:User"


@pytest.mark.parametrize(
    "name",
    [
        "pin",
        "doorPIN",
        "pin_code",
        "otp",
        "mfaOtp",
        "secret",
        "clientSecret",
        "token",
        "refresh_token",
        "apiKey",
    ]
    + ["api_key", "X-API-Key", "privateKey", "passphrase", "passcode", "credential", "vpnCredentials"],
)
def test_what_an_extension_calls_a_secret_is_in_no_column(caller: events.Caller, name: str) -> None:
    path = f"{BADGE}:{name}"
    bodies: list[Any] = [
        {"userName": "ana", BADGE: {"door": "west", name: SECRET}},
        {path: [{"value": SECRET}]},
        {"Operations": [{"op": "replace", "path": path, "value": SECRET}]},
        {"Operations": [{"op": "replace", "path": f'{path}[type eq "door"].value', "value": SECRET}]},
        {"Operations": [{"op": "add", "value": {path: SECRET}}]},
        {"roles": [json.dumps({name: SECRET})]},
        f'{{"{name}": "{SECRET}"'.encode(),
    ]
    for body in bodies:
        events.refused(caller, exchange(body), error=InvalidValue())
        said(
            caller,
            exchange(body),
            action="updated",
            link=None,
            status=200,
            changes={path: (None, SECRET), BADGE: ({name: SECRET}, None)},
            response=body,
        )
    assert SECRET not in str([*ProvisioningEvent.objects.values(), *ProvisioningPayload.objects.values()])


@pytest.mark.parametrize(
    "name", ["shippingAddress", "secretary", "passportNumber", "keyboard", "opinion", "footprint", "monkey"]
)
def test_a_name_that_only_looks_like_that_of_a_secret_costs_no_value(
    caller: events.Caller, name: str
) -> None:
    row = payload_of(caller, {BADGE: {name: "kept"}}, {"Operations": [{"path": name, "value": "kept"}]})
    assert row.request.count("kept") == row.response.count("kept") == 1


def test_a_token_is_in_no_column_wherever_it_was_put(caller: events.Caller, token: str) -> None:
    body = {"userName": token, token: [f"Bearer {token}"], "note": token.upper()}
    event = said(
        events.Caller(caller.connection, caller.token, token, token, token),
        exchange(body, path=f"/scim/v2/Users?access_token={token}"),
        action="updated",
        link=None,
        status=200,
        changes={"title": (token, f"x{token}y")},
        ignored=[token],
        response=f"<{token}>".encode(),
        detail=token,
        cause={"said": token},
    )
    events.refused(
        caller, exchange(f"[{token[:-6]}".encode()), error=InvalidValue(token, params={"x": token})
    )
    rows = str([*ProvisioningEvent.objects.values(), *ProvisioningPayload.objects.values()])
    assert token[16:59] not in rows
    assert token[16:59].upper() not in rows
    assert event.detail == f"lmsscim_{token[8:12]}…"


# -- whatever comes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("character", "size"), [("x", 1), ("é", 2), ("€", 3), ("🙂", 4)], ids=["1 byte", "2", "3", "4"]
)
def test_each_side_is_cut_at_32_kb_between_two_characters(
    caller: events.Caller, character: str, size: int
) -> None:
    # Two bytes of quotes: 32766 bytes of text still fit.
    fitting = character * (32766 // size)
    row = payload_of(caller, fitting, fitting + character)
    assert not row.request_truncated
    assert row.request == f'"{fitting}"'
    assert row.response_truncated
    assert 32768 - size < len(row.response.encode()) <= 32768
    assert set(row.response[1:]) <= {character, '"'}


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        (b"", ""),
        (b'{"userName": "ana",', '{"userName": "ana",'),
        (b"line\n\tnext", "line\n\tnext"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"nul\x00 escape\x1b[31m", "nul\\u0000 escape\\u001b[31m"),
        ("turn\u202eed".encode(), "turn\\u202eed"),
    ],
)
def test_a_body_that_did_not_parse_is_kept_as_text(caller: events.Caller, raw: bytes, kept: str) -> None:
    row = payload_of(caller, raw, {"x": 1})
    assert row.request == kept


@pytest.mark.parametrize(
    "text",
    [
        "nul \x00",
        "half a pair \ud800",
        "\r\nERROR forged",
        "<script>alert(1)</script>",
        "🙂" * 400,
        "x" * 5000,
    ],
)
def test_hostile_text_is_stored_on_one_line_that_fits(caller: events.Caller, text: str) -> None:
    hostile = events.Caller(caller.connection, caller.token, text, text, text)
    event = said(
        hostile,
        exchange({"userName": text, "deep": {text: [text]}}, method="POST" + text, path=text),
        action="updated",
        link=None,
        status=200,
        changes={f"name.{text}": (text, {"a": [text]})},
        ignored=[text],
        detail=text,
        cause={text: text},
    )
    event.refresh_from_db()
    for name, size in [("request_id", 64), ("address", 45), ("client", 200), ("detail", 500), ("path", 500)]:
        value = getattr(event, name)
        assert 0 < len(value) <= size
        assert "\n" not in value
        assert "\x00" not in value
    assert len(event.user_name) <= 320
    assert event.changes
    assert event.payload.request


def test_values_become_json_whatever_they_are(caller: events.Caller) -> None:
    nested: object = "bottom"
    for _ in range(60):
        nested = [nested]
    changes: dict[str, tuple[object, object]] = {
        "when": (datetime(2026, 11, 3, tzinfo=UTC), datetime(2026, 11, 3).date()),
        "number": (1.5, float("nan")),
        "other": (Decimal("1.10"), UUID(int=1)),
        "many": ((1, 2), {3}),
        "bytes": (b"ab\xff", True),
        "deep": (nested, None),
    }
    event = events.applied(caller, exchange({}), action="updated", link=None, status=200, changes=changes)
    event.refresh_from_db()
    assert event.changes["when"] == ["2026-11-03T00:00:00+00:00", "2026-11-03"]
    assert event.changes["number"] == [1.5, "nan"]
    assert event.changes["other"] == ["1.10", "00000000-0000-0000-0000-000000000001"]
    assert event.changes["many"] == [[1, 2], [3]]
    assert event.changes["bytes"] == ["ab\ufffd", True]
    assert "bottom" not in str(event.changes["deep"])


def test_a_long_external_id_or_a_wrong_type_in_a_refused_body_is_no_trouble(caller: events.Caller) -> None:
    for body in ({"userName": ["x"], "externalId": 7}, {"externalId": "x" * 400}, ["list"], "text", 7, True):
        events.refused(caller, exchange(body), error=InvalidValue())
    assert ProvisioningEvent.objects.count() == 6
    assert max(len(event.external_id) for event in ProvisioningEvent.objects.all()) == 320


HOSTILE = [
    {"title": "Coach", "emails": [{"value": "a@b.example", "primary": True}], "n": [1, 2.5, None]},
    {"title": "Coach", "Password": "secret"},
    {"Operations": [{"op": "replace", "path": "password", "value": "secret"}]},
    {"Operations": [{"op": "replace", "PATH": "passwd", "Value": "secret"}]},
    {"roles": ['{"passWord": "secret"}'], "paſſword": "secret"},
    {"urn:acme:2.0:User": {"doorPin": "secret", "apiKey": ["secret"]}, "shipping": "monkey", "OTP": "secret"},
    {"title": "lmsscim_r8feAbCdEfGh1234", "lmsscim_r8feAbCdEfGh1234": "a key"},
    {"title": "a\nb\u2028c\u202ed\x00e\ud800f \\u0000"},
    {"n": float("nan"), "i": [float("inf"), -float("inf")], "d": Decimal("1.5"), "u": UUID(int=7)},
    {"b": b"bytes", "t": ("a", "b"), 7: "seven", None: "none", True: "yes"},
    {"at": datetime(2026, 5, 1, tzinfo=UTC), "set": {"one"}},
    [[[[[[[[[[[[[[[[[[[[[[[[[[[[["deep"]]]]]]]]]]]]]]]]]]]]]]]]]]]]],
    "lone \udc00 surrogate",
]


@pytest.mark.parametrize("sent", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_seen_of_the_whole_text_is_what_is_seen_member_by_member(
    sent: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of most messages the text as a whole tells that nothing has to be masked; what is kept is the same."""
    at_once = redaction.payload(sent), recorded({"path": (sent, None), "a\nb": (None, sent)})
    monkeypatch.setattr(redaction, "_plain_text", lambda *_value, **_how: None)
    assert at_once == (redaction.payload(sent), recorded({"path": (sent, None), "a\nb": (None, sent)}))
    assert "secret" not in at_once[0][0]
    assert "AbCdEfGh1234" not in at_once[0][0]
