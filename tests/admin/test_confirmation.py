"""Who is sitting there: asked of the session, and counted so that guessing ends and the owner gets in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import login, user_logged_in
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection as database
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import Settings

from scim_provisioning.administration import confirmations, sign_in
from scim_provisioning.models import ConfirmationAttempts, SCIMConnection, SCIMToken
from tests.admin.conftest import make_administrator
from tests.admin.pages import PASSWORD, generate, text, token_form, url
from tests.api.staff import API

pytestmark = pytest.mark.django_db

At = Callable[[timedelta], None]


@pytest.fixture
def ada(db: None) -> User:
    return make_administrator("ada", is_superuser=True)


@pytest.fixture
def after(monkeypatch: pytest.MonkeyPatch) -> At:
    """Moves the clock: everything that asks for the time is told so much later."""
    now = timezone.now

    def move(span: timedelta) -> None:
        monkeypatch.setattr(timezone, "now", lambda: now() + span)

    return move


def signed_in(user: User) -> Client:
    """A browser of this person's."""
    browser = Client()
    browser.force_login(user)
    return browser


def without_password(user: User) -> User:
    user.set_unusable_password()
    user.save()
    return user


def guess(browser: Client, connection: SCIMConnection, times: int) -> HttpResponse:
    answers = [generate(browser, connection, password=f"guess-{number}") for number in range(times)]
    return answers[-1]


def made(browser: Client, connection: SCIMConnection) -> bool:
    before = SCIMToken.objects.count()
    generate(browser, connection)
    return SCIMToken.objects.count() == before + 1


# --- fresh is the session's own


def test_a_session_of_yesterday_is_not_fresh_because_its_owner_signed_in_elsewhere(
    ada: User, connection: SCIMConnection, after: At
) -> None:
    stolen = signed_in(without_password(ada))
    after(timedelta(days=1))
    owner = signed_in(ada)
    assert User.objects.get().last_login == pytest.approx(timezone.now(), abs=timedelta(minutes=1))
    assert "sign in again and return within 5 minutes" in text(generate(stolen, connection))
    assert not SCIMToken.objects.exists()
    assert made(owner, connection)


@pytest.mark.parametrize(("minutes", "fresh"), [(4, True), (6, False), (-1, False)])
def test_a_session_is_fresh_for_five_minutes(
    ada: User, connection: SCIMConnection, after: At, minutes: int, fresh: bool
) -> None:
    browser = signed_in(without_password(ada))
    after(timedelta(minutes=minutes))
    assert made(browser, connection) == fresh


def test_a_session_from_before_it_was_written_down_is_not_fresh(
    ada: User, connection: SCIMConnection
) -> None:
    browser = signed_in(without_password(ada))
    session = browser.session
    del session[sign_in.KEY]
    session.save()
    assert not made(browser, connection)


@pytest.mark.parametrize("kept", [[], ["1", "k", "soon"], "x", {"at": 1.0}, ["somebody-else", "k", 9e12]])
def test_what_else_a_session_holds_under_the_name_is_not_fresh(
    ada: User, connection: SCIMConnection, kept: Any
) -> None:
    browser = signed_in(without_password(ada))
    session = browser.session
    session[sign_in.KEY] = kept
    session.save()
    assert not made(browser, connection)


def test_the_moment_goes_with_the_session_and_comes_with_the_next_sign_in(ada: User, after: At) -> None:
    request = RequestFactory().get("/")
    request.session = signed_in(ada).session  # type: ignore[attr-defined]
    request.user = ada
    first = sign_in.of(request)
    request.session.cycle_key()
    assert sign_in.of(request) == first
    after(timedelta(hours=1))
    login(request, ada, "django.contrib.auth.backends.ModelBackend")
    again = sign_in.of(request)
    assert again.key != first.key
    assert again.at is not None
    assert first.at is not None
    assert again.at > first.at
    request.session.flush()
    assert sign_in.of(request).at is None


def test_a_sign_in_that_makes_no_session_makes_none_fresh(
    ada: User, connection: SCIMConnection, after: At
) -> None:
    browser = signed_in(without_password(ada))
    after(timedelta(hours=1))
    request = RequestFactory().post("/api/login/")
    user_logged_in.send(User, request=request, user=ada)
    user_logged_in.send(User, request=None, user=ada)
    other = make_administrator("bob")
    request.session = browser.session  # type: ignore[attr-defined]
    user_logged_in.send(User, request=request, user=other)
    request.session.save()
    assert not made(browser, connection)


def test_sessions_of_learners_are_left_alone() -> None:
    learner = make_administrator("lee", is_staff=False)
    assert sign_in.KEY not in signed_in(learner).session


# --- guessing


def test_a_session_that_guesses_is_closed_and_losing_the_cache_does_not_open_it(
    ada: User, connection: SCIMConnection
) -> None:
    browser = signed_in(ada)
    assert "Your password was not correct" in text(guess(browser, connection, 5))
    cache.clear()
    assert "Too many wrong passwords. Try again in 15 minutes" in text(generate(browser, connection))
    assert not SCIMToken.objects.exists()


def test_a_stolen_session_that_guesses_does_not_shut_its_owner_out(
    ada: User, connection: SCIMConnection
) -> None:
    owner, stolen = signed_in(ada), signed_in(ada)
    guess(stolen, connection, 30)
    assert not made(stolen, connection)
    assert made(owner, connection)


def test_the_owner_of_the_very_session_that_was_stolen_signs_in_again(
    ada: User, connection: SCIMConnection
) -> None:
    browser = signed_in(ada)
    guess(browser, connection, 6)
    browser.force_login(ada)
    assert made(browser, connection)


def test_a_closed_session_opens_after_fifteen_minutes(
    ada: User, connection: SCIMConnection, after: At
) -> None:
    browser = signed_in(ada)
    guess(browser, connection, 6)
    after(timedelta(minutes=14))
    assert not made(browser, connection)
    after(timedelta(minutes=16))
    assert made(browser, connection)


def test_a_right_answer_ends_the_count_of_its_session(ada: User, connection: SCIMConnection) -> None:
    browser = signed_in(ada)
    for _round in range(3):
        guess(browser, connection, 4)
        assert made(browser, connection)
        SCIMToken.objects.all().delete()


def test_many_sessions_that_guess_close_the_account_for_all_that_began_before(
    ada: User, connection: SCIMConnection, after: At
) -> None:
    owner, *stolen = (signed_in(ada) for _number in range(6))
    for browser in stolen:
        guess(browser, connection, 5)
    assert "Too many wrong passwords for your account. Sign out, sign in again" in text(
        generate(owner, connection)
    )
    # Goes on for as long as they like: it is not counted any more.
    guess(stolen[-1], connection, 10)
    after(timedelta(minutes=1))
    owner.force_login(ada)
    assert made(owner, connection)
    after(timedelta(days=1, minutes=1))
    SCIMToken.objects.all().delete()
    assert made(stolen[0], connection)


def test_another_administrator_is_not_concerned(ada: User, connection: SCIMConnection) -> None:
    stolen = [signed_in(ada) for _number in range(5)]
    for browser in stolen:
        guess(browser, connection, 5)
    assert made(signed_in(make_administrator("bob", is_superuser=True)), connection)


def test_sessions_from_before_share_what_they_are_known_by(ada: User, connection: SCIMConnection) -> None:
    browser = signed_in(ada)
    session = browser.session
    del session[sign_in.KEY]
    session.save()
    guess(browser, connection, 6)
    assert not made(browser, connection)
    assert made(signed_in(ada), connection)


def test_the_counts_name_nobody_are_few_and_are_pruned(
    ada: User, connection: SCIMConnection, after: At, capsys: Any
) -> None:
    browser = signed_in(ada)
    guess(browser, connection, 9)
    assert ConfirmationAttempts.objects.count() == 2
    assert all(len(row.subject) == 64 for row in ConfirmationAttempts.objects.all())
    call_command("scim_prune")
    assert ConfirmationAttempts.objects.count() == 2
    after(confirmations.ACCOUNT_WINDOW + timedelta(minutes=1))
    call_command("scim_prune", dry_run=True)
    call_command("scim_prune")
    assert not ConfirmationAttempts.objects.exists()
    assert capsys.readouterr().out.count("2 counts of wrong passwords") == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("road", ["admin", "api"])
def test_guesses_count_although_the_host_wraps_each_request_in_a_transaction(
    ada: User, connection: SCIMConnection, settings: Settings, monkeypatch: pytest.MonkeyPatch, road: str
) -> None:
    monkeypatch.setitem(database.settings_dict, "ATOMIC_REQUESTS", True)
    settings.ROOT_URLCONF = "tests.api.urls" if road == "api" else settings.ROOT_URLCONF
    right: Any
    if road == "api":
        api = API(ada)
        for number in range(5):
            assert api.post("tokens", connection.pk, password=f"guess-{number}").status_code == 400
        right = api.post("tokens", connection.pk, password=PASSWORD)
    else:
        browser = signed_in(ada)
        guess(browser, connection, 5)
        right = browser.post(url("generate", connection), token_form(browser, connection))
    assert "Too many wrong passwords" in right.content.decode()
    assert not SCIMToken.objects.exists()
