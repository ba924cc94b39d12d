"""Rows 1 to 8: tokens, and the pages of those who make them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages

from scim_provisioning.models import SCIMConnection
from scim_provisioning.tokens import AuthenticationRefused
from scim_provisioning.tokens.text import CHECKSUM_LENGTH, checksum
from tests.behaviours.mutant import answers, mutants

_TOKENS = "tests/test_tokens.py::"
_SECRET = "tests/admin/test_secret_search.py::"
_PERMISSIONS = "tests/admin/test_permissions_table.py::"
_FRAMES = "tests/test_hardening.py::test_the_pages_cannot_be_framed_and_run_no_script_of_their_own_text"


def takes_any_checksum(original: Any) -> Any:
    def split(plaintext: Any) -> Any:
        body = plaintext[:-CHECKSUM_LENGTH]
        return original(body + checksum(body)) if body.isascii() else None

    return split


def puts_it_among_the_messages(original: Any) -> Any:
    """The usual way to say something after a form: it ends in a cookie."""

    def shown_once(pages: Any, request: Any, connection: Any, token: Any, secret: Any) -> Any:
        page = original(pages, request, connection, token, secret)
        messages.success(request, secret.reveal())
        return page

    return shown_once


def keeps_it_in_the_session(original: Any) -> Any:
    def shown_once(pages: Any, request: Any, connection: Any, token: Any, secret: Any) -> Any:
        request.session["token"] = secret.reveal()
        return original(pages, request, connection, token, secret)

    return shown_once


def counts_all_sessions_as_one(original: Any) -> Any:
    def of(cls: Any, user: Any, session: Any, signed_in_at: Any) -> Any:
        return original(cls, user, "", signed_in_at)

    return of


def asks_for_no_csrf_token(original: Any) -> Any:
    def connection_path(pages: Any, route: Any, view: Any, name: Any, **options: Any) -> Any:
        def exempt(*arguments: Any, **named: Any) -> Any:
            return view(*arguments, **named)

        exempt.csrf_exempt = True  # type: ignore[attr-defined]
        return original(pages, route, exempt, name, **options)

    return connection_path


def may_be_framed(original: Any) -> Any:
    def render_page(*arguments: Any, **named: Any) -> Any:
        page = original(*arguments, **named)
        page.xframe_options_exempt = True
        return page

    return render_page


def has_a_script_in_its_text(original: Any) -> Any:
    def with_script(page: Any) -> None:
        page.content = page.content.replace(b'id="content-main"', b'id="content-main"><script>1</script', 1)

    def render_page(*arguments: Any, **named: Any) -> Any:
        page = original(*arguments, **named)
        page.add_post_render_callback(with_script)
        return page

    return render_page


def shows_all_connections(original: Any) -> Any:
    return lambda user: SCIMConnection.objects.all()


def goes_with_its_maker(original: Any) -> Any:
    def refuse_unless_live(token: Any) -> None:
        original(token)
        if token.created_by_id is None:
            raise AuthenticationRefused("auth.revoked", token=token)

    return refuse_unless_live


MUTANTS = mutants(
    # --- 1
    (
        "of a token only a digest is kept",
        "tokens.text:digest",
        lambda digest: lambda secret, pepper: secret,
        f"{_TOKENS}test_no_table_holds_the_plaintext_or_its_secret_part",
    ),
    (
        "no two tokens are alike",
        "tokens.text:random_text",
        lambda random_text: lambda length: "x" * length,
        f"{_TOKENS}test_no_two_tokens_are_alike",
    ),
    (
        "a token is known by an older pepper too",
        "conf:AppSettings.token_peppers",
        lambda peppers: lambda settings: peppers(settings)[:1],
        f"{_TOKENS}test_putting_a_newer_pepper_first_kills_no_token",
    ),
    (
        "a pepper is in the digest",
        "tokens.text:digest",
        lambda digest: lambda secret, pepper: digest(secret, ""),
        f"{_TOKENS}test_a_token_whose_pepper_is_taken_away_is_unknown",
    ),
    # --- 2
    (
        "a token has a checksum that anybody can verify",
        "tokens.text:checksum",
        answers("0" * CHECKSUM_LENGTH),
        f"{_TOKENS}test_a_token_has_the_documented_form_and_scanners_can_verify_it",
    ),
    (
        "a typo costs no query",
        "tokens.text:split",
        takes_any_checksum,
        f"{_TOKENS}test_a_typo_fails_without_a_query",
    ),
    # --- 3
    (
        "a token is in no message",
        "admin.token:TokenPages._shown_once",
        puts_it_among_the_messages,
        f"{_SECRET}test_the_plaintext_is_in_no_table_cookie_session_or_log_entry",
    ),
    (
        "a token is in no session",
        "admin.token:TokenPages._shown_once",
        keeps_it_in_the_session,
        f"{_SECRET}test_the_plaintext_is_in_no_table_cookie_session_or_log_entry",
    ),
    (
        "an error page shows nothing that was typed",
        "events.reports:keep_quiet",
        answers(None),
        f"{_SECRET}test_an_exception_shows_neither_the_plaintext_nor_the_password",
    ),
    # --- 4
    (
        "wrong answers are counted for each session",
        "administration.confirmations:Counter.of",
        counts_all_sessions_as_one,
        "tests/admin/test_confirmation.py::test_a_stolen_session_that_guesses_does_not_shut_its_owner_out",
    ),
    # --- 5
    (
        "a button asks for a CSRF token",
        "admin.pages:ConnectionPages.connection_path",
        asks_for_no_csrf_token,
        f"{_PERMISSIONS}test_every_changing_page_refuses_a_post_without_a_csrf_token",
    ),
    ("a page cannot be framed", "admin.pages:ConnectionPages.render_page", may_be_framed, _FRAMES),
    (
        "a page has no script in its text",
        "admin.pages:ConnectionPages.render_page",
        has_a_script_in_its_text,
        _FRAMES,
    ),
    # --- 6
    (
        "a page opens for those whose connection it is",
        "administration.permissions:visible_connections",
        shows_all_connections,
        f"{_PERMISSIONS}test_each_page_opens_for_those_and_only_those_who_may",
    ),
    (
        "the API knows the connections of those who ask",
        "administration.permissions:visible_connections",
        shows_all_connections,
        "tests/api/test_permissions_table.py::test_each_call_is_answered_to_those_and_only_those_who_may",
    ),
    # --- 7
    (
        "a connection without SSO settings is archived",
        "models.connection:SCIMConnection.archive",
        answers(None),
        "tests/http/test_bad_input.py::test_deleted_sso_row_archives_the_connection_and_kills_its_token_for_good",
    ),
    # --- 8
    (
        "a token belongs to its connection and to nobody",
        "tokens.authentication:_refuse_unless_live",
        goes_with_its_maker,
        f"{_TOKENS}test_a_token_outlives_the_administrator_who_made_it",
    ),
)
