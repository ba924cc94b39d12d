"""Tokens: what is made, what is kept of it, and who is let in."""

from __future__ import annotations

import gc
import re
import sys
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connections, transaction
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from example_project.lms.models import SSOSettings
from scim_provisioning import tokens
from scim_provisioning.models import SCIMConnection, SCIMToken, TokenStillRevoked
from scim_provisioning.protocol.errors import Forbidden, Unauthorized
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries, Settings

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PEPPER, NEWER_PEPPER = "p" * 32, "q" * 32


def with_checksum(body: str) -> str:
    """A well-formed token of `body`, made without the package's help: the format is a promise to scanners."""
    number = zlib.crc32(body.encode())
    return body + "".join(ALPHABET[number // 62**place % 62] for place in range(5, -1, -1))


def refusal_of(plaintext: str, address: str = "203.0.113.7") -> Any:
    with pytest.raises((Unauthorized, Forbidden)) as caught:
        tokens.authenticate(plaintext, address=address)
    return caught.value


def configure(settings: Settings, **keys: object) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, **keys}


# -- what is made ------------------------------------------------------------------------------------------


def test_a_token_has_the_documented_form_and_scanners_can_verify_it(connection: SCIMConnection) -> None:
    row, plaintext = tokens.issue(connection, label="Entra ID")

    assert re.fullmatch(r"lmsscim_[0-9A-Za-z]{57}", plaintext)
    assert tokens.TOKEN_PATTERN.search(f"Authorization: Bearer {plaintext}\n")[0] == plaintext  # type: ignore[index]
    assert plaintext.startswith(f"lmsscim_{row.prefix}")
    assert with_checksum(plaintext[:-6]) == plaintext
    assert row.display_prefix == f"lmsscim_{row.prefix[:4]}…"


def test_no_table_holds_the_plaintext_or_its_secret_part(connection: SCIMConnection) -> None:
    row, plaintext = tokens.issue(connection, label="Entra ID")
    tokens.touch(tokens.authenticate(plaintext, address="203.0.113.7"), address="203.0.113.7", agent="Entra")

    dump = []
    with database.cursor() as cursor:
        for table in database.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {database.ops.quote_name(table)}")  # noqa: S608 - our own tables
            dump.append(str(cursor.fetchall()))
    everything = "\n".join(dump)
    assert row.prefix in everything
    assert plaintext not in everything
    assert plaintext[16:59] not in everything


def test_no_two_tokens_are_alike(connection: SCIMConnection, settings: Settings) -> None:
    configure(settings, TOKENS_LIVE_MAX=5)
    made = [tokens.issue(connection, label="Entra ID")[1] for _ in range(5)]
    assert len({text[16:59] for text in made}) == len({text[8:16] for text in made}) == 5


@pytest.mark.parametrize(
    ("days", "keys", "life"),
    [
        (tokens.DEFAULT, {}, 365),
        (tokens.DEFAULT, {"TOKEN_MAX_DAYS": 30}, 30),
        (90, {}, 90),
        (730, {}, 730),
        (None, {"ALLOW_NON_EXPIRING_TOKENS": True}, None),
    ],
)
def test_a_token_lives_as_long_as_asked_and_allowed(
    connection: SCIMConnection, settings: Settings, days: Any, keys: dict[str, Any], life: int | None
) -> None:
    configure(settings, **keys)
    row, _ = tokens.issue(connection, label="Entra ID", expires_in_days=days)
    if life is None:
        assert row.expires_at is None
    else:
        assert row.expires_at is not None
        assert abs(row.expires_at - timezone.now() - timedelta(days=life)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"expires_in_days": 0}, "token.expiry"),
        ({"expires_in_days": -1}, "token.expiry"),
        ({"expires_in_days": 731}, "token.expiry"),
        ({"expires_in_days": None}, "token.expiry"),
        ({"allowed_networks": ["not a network"]}, "token.network"),
        ({"label": "  "}, "token.label"),
        ({"label": "x" * 101}, "token.label"),
    ],
)
def test_a_wrong_wish_is_refused_in_a_sentence_and_makes_nothing(
    connection: SCIMConnection, arguments: dict[str, Any], code: str
) -> None:
    with pytest.raises(tokens.TokenRefused) as caught:
        tokens.issue(connection, **{"label": "Entra ID", **arguments})
    assert caught.value.code == code
    assert caught.value.message.endswith((".", "ID”."))
    assert not SCIMToken.objects.exists()


def test_the_third_live_token_is_refused(connection: SCIMConnection) -> None:
    for label in ("old", "new"):
        tokens.issue(connection, label=label)
    with pytest.raises(tokens.TokenRefused) as caught:
        tokens.issue(connection, label="one too many")
    assert caught.value.code == "token.cap"
    assert caught.value.message == "Two tokens are already live. Revoke one first."


def test_the_cap_counts_live_tokens_of_this_connection_only(
    connection: SCIMConnection, settings: Settings
) -> None:
    configure(settings, TOKENS_LIVE_MAX=1, REQUIRE_SSO=False)
    TokenFactory(connection=ConnectionFactory())
    TokenFactory(connection=connection, revoked_at=timezone.now())
    TokenFactory(connection=connection, expires_at=timezone.now() - timedelta(seconds=1))
    tokens.issue(connection, label="Entra ID")
    with pytest.raises(tokens.TokenRefused, match=r"^One token is already live\. Revoke it first\.$"):
        tokens.issue(connection, label="Entra ID")


def test_no_token_while_single_sign_on_is_off_unless_the_operator_allows_it(
    connection: SCIMConnection, sso: SSOSettings, settings: Settings
) -> None:
    SSOSettings.objects.filter(pk=sso.pk).update(enabled=False)
    with pytest.raises(tokens.TokenRefused, match=r"^Turn on single sign-on first\.") as caught:
        tokens.issue(connection, label="Entra ID")
    assert caught.value.code == "token.sso_off"

    configure(settings, REQUIRE_SSO=False)
    assert tokens.issue(connection, label="Entra ID")[0].state == "live"


def test_no_token_for_an_archived_connection(connection: SCIMConnection) -> None:
    connection.archive()
    with pytest.raises(tokens.TokenRefused) as caught:
        tokens.issue(connection, label="Entra ID")
    assert caught.value.code == "token.archived"


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(database.vendor == "sqlite", reason="one writer at a time: nothing to race")
def test_two_administrators_at_once_cannot_pass_the_cap_together(settings: Settings) -> None:
    configure(settings, TOKENS_LIVE_MAX=1, REQUIRE_SSO=False)
    connection = ConnectionFactory()
    start, outcomes = threading.Barrier(4), []

    def generate() -> None:
        start.wait()
        try:
            tokens.issue(connection, label="Entra ID")
            outcomes.append("made")
        except tokens.TokenRefused:
            outcomes.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=generate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made", "refused", "refused", "refused"]
    assert SCIMToken.objects.count() == 1


# -- who is let in -----------------------------------------------------------------------------------------


def test_a_live_token_costs_one_query_with_its_connection(
    connection: SCIMConnection, token: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        row = tokens.authenticate(token, address="203.0.113.7")
        assert row.connection == connection


def test_a_typo_fails_without_a_query(token: str, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    replaced = [
        token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in range(8, len(token))
    ]
    mangled = [
        token[:-1],
        token + "A",
        f" {token}",
        f"{token}\n",
        token.upper(),
        token[8:],
        "",
        "ключ",
        "\x00",
    ]
    with django_assert_num_queries(0):
        for text in replaced + mangled:
            refusal = refusal_of(text)
            assert (refusal.status, refusal.code, refusal.token) == (401, "auth.invalid", None)


def test_an_unknown_public_part_and_a_wrong_secret_look_the_same(token: str) -> None:
    unknown = with_checksum("lmsscim_" + "0" * 51)
    wrong_secret = with_checksum(token[:16] + "0" * 43)
    for text in (unknown, wrong_secret):
        refusal = refusal_of(text)
        assert (refusal.status, refusal.code, refusal.detail) == (
            401,
            "auth.invalid",
            "Authentication failed.",
        )
        # Who knows a public part only must not be able to write into that connection's log.
        assert refusal.token is None


@contextmanager
def nothing_is_collected() -> Iterator[None]:
    """The garbage collector calls whoever asked to be told (Hypothesis does), whenever it happens to run."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.parametrize("peppers", [[], [PEPPER]])
def test_a_known_public_part_costs_the_very_same_steps_as_an_unknown_one(
    connection: SCIMConnection, settings: Settings, peppers: list[str]
) -> None:
    """Counted and not timed; ``benchmarks/token_timing.py`` times it."""
    configure(settings, TOKEN_PEPPERS=peppers)
    _row, plaintext = tokens.issue(connection, label="Entra ID")

    def steps(text: str) -> tuple[int, list[str]]:
        calls = 0

        def count(frame: FrameType, event: str, argument: object) -> None:
            nonlocal calls
            calls += event in ("call", "c_call")

        with nothing_is_collected(), CaptureQueriesContext(database) as captured:
            sys.setprofile(count)
            try:
                refusal_of(text)
            finally:
                sys.setprofile(None)
        return calls, [re.sub("[0-9a-f]{64}", "digest", query["sql"]) for query in captured]

    unknown, known = (with_checksum(start + "1" * 43) for start in ("lmsscim_" + "0" * 8, plaintext[:16]))
    for text in (unknown, known):
        steps(text)  # what is made once and kept is made
    assert steps(known) == steps(unknown)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"revoked_at": timezone.now()}, "auth.revoked"),
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "auth.expired"),
    ],
)
def test_a_dead_token_is_refused_and_its_holder_is_known(
    connection: SCIMConnection, fields: dict[str, Any], code: str
) -> None:
    row = TokenFactory(connection=connection, **fields)
    refusal = refusal_of(row.plaintext)
    assert (refusal.status, refusal.code, refusal.detail) == (401, code, "Authentication failed.")
    assert refusal.token == row
    assert refusal.token.connection == connection
    assert refusal.params["label"] == row.label


def test_a_token_of_an_archived_connection_is_dead_at_the_next_request(
    connection: SCIMConnection, token: str
) -> None:
    SCIMConnection.objects.update(archived_at=timezone.now())
    refusal = refusal_of(token)
    assert (refusal.code, refusal.params["reason"]) == ("auth.revoked", "archived")


@pytest.mark.parametrize(
    ("networks", "address", "allowed"),
    [
        ([], "203.0.113.7", True),
        ([], "", True),
        (["203.0.113.0/24"], "203.0.113.7", True),
        (["203.0.113.0/24"], "::ffff:203.0.113.7", True),
        (["203.0.113.0/24"], "203.0.114.7", False),
        (["203.0.113.9"], "203.0.113.7", False),
        (["2001:db8::/32", "198.51.100.0/24"], "2001:db8::1", True),
        (["2001:db8::/32"], "203.0.113.7", False),
        (["203.0.113.0/24"], "", False),
        (["0.0.0.0/0"], "unix:", False),
    ],
)
def test_networks_decide_from_where_a_token_works(
    connection: SCIMConnection, networks: list[str], address: str, allowed: bool
) -> None:
    row, plaintext = tokens.issue(connection, label="Entra ID", allowed_networks=networks)
    if allowed:
        assert tokens.authenticate(plaintext, address=address) == row
        return
    refusal = refusal_of(plaintext, address)
    assert (refusal.status, refusal.code) == (403, "auth.ip")
    assert refusal.detail == "Not allowed from this address."
    assert refusal.token == row
    assert refusal.params["allowed"] == row.allowed_networks


def test_a_token_has_so_many_networks_at_most_as_each_request_is_compared_with_all(
    connection: SCIMConnection,
) -> None:
    many = [f"10.{number}.0.0/16" for number in range(101)]
    assert (
        len(tokens.issue(connection, label="Entra ID", allowed_networks=many[:100])[0].allowed_networks)
        == 100
    )
    with pytest.raises(tokens.TokenRefused, match="at most 100"):
        tokens.issue(connection, label="Entra ID", allowed_networks=many)


def test_a_token_outlives_the_administrator_who_made_it(connection: SCIMConnection) -> None:
    administrator = get_user_model().objects.create_user("admin@example.org")
    row, plaintext = tokens.issue(connection, label="Entra ID", created_by=administrator)
    assert row.created_by == administrator
    administrator.delete()
    assert tokens.authenticate(plaintext, address="").created_by is None


# -- peppers -----------------------------------------------------------------------------------------------


def test_putting_a_newer_pepper_first_kills_no_token(connection: SCIMConnection, settings: Settings) -> None:
    configure(settings, TOKENS_LIVE_MAX=3)
    made = [tokens.issue(connection, label="before any")[1]]
    configure(settings, TOKEN_PEPPERS=[PEPPER])
    made.append(tokens.issue(connection, label="under the first")[1])
    configure(settings, TOKEN_PEPPERS=[NEWER_PEPPER, PEPPER])
    made.append(tokens.issue(connection, label="under the second")[1])

    labels = [tokens.authenticate(text, address="").label for text in made]
    assert labels == ["before any", "under the first", "under the second"]
    assert SCIMToken.objects.values("pepper_fingerprint").distinct().count() == 3
    assert not SCIMToken.objects.filter(pepper_fingerprint__in=[PEPPER[:12], NEWER_PEPPER[:12]]).exists()


def test_a_token_whose_pepper_is_taken_away_is_unknown(
    connection: SCIMConnection, settings: Settings
) -> None:
    configure(settings, TOKEN_PEPPERS=[PEPPER])
    _, plaintext = tokens.issue(connection, label="Entra ID")
    configure(settings, TOKEN_PEPPERS=[NEWER_PEPPER])
    assert refusal_of(plaintext).code == "auth.invalid"


# -- revoking ----------------------------------------------------------------------------------------------


def test_revoking_ends_a_token_at_the_next_request_and_remembers_who(
    connection: SCIMConnection, token: str
) -> None:
    first, second = (get_user_model().objects.create_user(f"{name}@example.org") for name in ("a", "b"))
    row = SCIMToken.objects.get()
    assert tokens.revoke(row, by=first) is True
    moment = row.revoked_at
    assert refusal_of(token).code == "auth.revoked"

    assert tokens.revoke(row, by=second) is False
    row = SCIMToken.objects.get()
    assert (row.revoked_at, row.revoked_by) == (moment, first)


def test_a_revocation_cannot_be_taken_back(connection: SCIMConnection, token: str) -> None:
    tokens.revoke(SCIMToken.objects.get())

    row = SCIMToken.objects.get()
    row.revoked_at = None
    with pytest.raises(TokenStillRevoked, match="stays revoked"):
        row.save()
    with pytest.raises(TokenStillRevoked):
        row.save(update_fields=["revoked_at"])
    with pytest.raises(TokenStillRevoked):
        SCIMToken.objects.update(revoked_at=None)
    with pytest.raises(TokenStillRevoked), transaction.atomic():
        SCIMToken.objects.bulk_update([row], ["revoked_at"])
    with pytest.raises(TokenStillRevoked):
        connection.tokens.all().update(revoked_at=None)
    assert SCIMToken.objects.get().is_revoked


def test_a_new_instance_cannot_take_the_place_of_a_revoked_row(
    connection: SCIMConnection, token: str
) -> None:
    row = SCIMToken.objects.get()
    tokens.revoke(row)
    impostor = SCIMToken(pk=row.pk, connection=connection, label="back", prefix=row.prefix, digest=row.digest)
    with pytest.raises(IntegrityError), transaction.atomic():
        impostor.save()
    assert refusal_of(token).code == "auth.revoked"


def test_a_row_read_before_the_revocation_and_saved_after_it_does_not_undo_it(
    connection: SCIMConnection, token: str
) -> None:
    stale = SCIMToken.objects.get()
    tokens.revoke(SCIMToken.objects.get())
    stale.label = "renamed meanwhile"
    stale.save()
    row = SCIMToken.objects.get()
    assert row.is_revoked
    assert row.label == "renamed meanwhile"


def test_deferred_columns_stay_untouched_by_a_save(connection: SCIMConnection, token: str) -> None:
    partial = SCIMToken.objects.only("label").get()
    partial.label = "renamed"
    partial.save()
    assert tokens.authenticate(token, address="").label == "renamed"


# -- use ---------------------------------------------------------------------------------------------------


def test_use_is_noted_at_most_once_a_minute(
    connection: SCIMConnection, token: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    row = tokens.authenticate(token, address="")
    with django_assert_num_queries(1):
        assert tokens.touch(row, address="203.0.113.7", agent="Entra", first="query") is True
    row = tokens.authenticate(token, address="")
    with django_assert_num_queries(0):
        assert tokens.touch(row, address="203.0.113.8", agent="Okta", first="query") is False
    assert (row.last_used_ip, row.last_used_agent) == ("203.0.113.7", "Entra")
    assert row.first_used_at == row.first_query_at == row.last_used_at

    SCIMToken.objects.update(last_used_at=timezone.now() - timedelta(seconds=61))
    row = tokens.authenticate(token, address="")
    with django_assert_num_queries(1):
        assert tokens.touch(row, address="203.0.113.8", agent="Okta", first="query") is True
    row = tokens.authenticate(token, address="")
    assert row.last_used_ip == "203.0.113.8"
    assert row.first_query_at is not None
    assert row.last_used_at is not None
    assert row.first_query_at < row.last_used_at


def test_the_first_of_each_kind_is_noted_at_once_and_only_then(
    connection: SCIMConnection, token: str
) -> None:
    kinds: list[tokens.FirstSeen] = ["query", "create", "update", "deactivate", "group"]
    for kind in kinds:
        assert tokens.touch(tokens.authenticate(token, address=""), address="", agent="", first=kind)
    for kind in kinds:
        assert not tokens.touch(tokens.authenticate(token, address=""), address="", agent="", first=kind)


def test_the_earlier_first_stays_when_two_workers_were_first(connection: SCIMConnection, token: str) -> None:
    one, other = (tokens.authenticate(token, address="") for _ in range(2))
    tokens.touch(one, address="", agent="", first="create")
    noted = SCIMToken.objects.get().first_create_at
    tokens.touch(other, address="", agent="", first="create")
    assert SCIMToken.objects.get().first_create_at == noted


def test_a_strange_address_or_agent_is_no_trouble(connection: SCIMConnection, token: str) -> None:
    row = tokens.authenticate(token, address="")
    tokens.touch(row, address="not an address", agent="Entra\r\nERROR \x00" + "x" * 300)
    row = SCIMToken.objects.get()
    assert row.last_used_ip is None
    assert row.last_used_agent.startswith("Entra  ERROR  xxx")
    assert len(row.last_used_agent) == 200


@pytest.mark.parametrize(
    ("fields", "state", "live"),
    [
        ({}, "live", True),
        ({"expires_at": None}, "live", True),
        ({"expires_at": timezone.now() + timedelta(days=29)}, "expiring", True),
        ({"expires_at": timezone.now() - timedelta(days=1)}, "expired", False),
        ({"revoked_at": timezone.now(), "expires_at": timezone.now()}, "revoked", False),
    ],
)
def test_the_state_of_a_token_is_one_word(
    connection: SCIMConnection, fields: dict[str, Any], state: str, live: bool
) -> None:
    row = TokenFactory(connection=connection, **fields)
    assert row.state == state
    assert SCIMToken.objects.live().exists() is live
    assert str(row) == f"{row.label} ({row.display_prefix})"
