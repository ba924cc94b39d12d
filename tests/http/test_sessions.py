"""A session from before access ended is dead, whatever engine keeps it, and although the person is active again."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core import mail
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks, Settings

import scim_provisioning.adapters as adapters
from example_project.lms.models import Organization
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import connections
from scim_provisioning.models import ProvisioningEvent, SCIMConnection, SentNotice, SignIn
from scim_provisioning.provisioning.sign_in_names import MAILS_A_DAY
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.hosts.current import let_share, make_connection
from tests.lms_factories import LearnerFactory
from tests.people import person

pytestmark = pytest.mark.django_db

PASSWORD = "a password of her own"
INES = "ines.okafor@harborline.example"
ENGINES = ["db", "cache", "cached_db", "file"]
ENDS = {
    "PATCH": lambda scim, scim_id: scim.patch(
        f"/Users/{scim_id}", [{"op": "Replace", "path": "active", "value": False}]
    ),
    "PUT": lambda scim, scim_id: scim.put(f"/Users/{scim_id}", person(active=False)),
    "DELETE": lambda scim, scim_id: scim.delete(f"/Users/{scim_id}"),
}


@pytest.fixture(autouse=True)
def _a_page_that_says_who_is_signed_in(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.http.whoami_urls"


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> str:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{request.param}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    name: str = request.param
    return name


def who(browser: Client) -> str:
    return browser.get("/whoami/").content.decode()


def signed_in(user: Any, password: str | None = None) -> Client:
    browser = Client()
    if password is None:
        browser.force_login(user)
    else:
        assert browser.login(username=user.get_username(), password=password)
    assert who(browser) == user.get_username()
    return browser


def returned(scim: ScimClient, scim_id: str, how: str) -> None:
    if how == "DELETE":
        assert scim.post("/Users", person()).status_code == 201
    else:
        scim.patch(f"/Users/{scim_id}", [{"op": "Replace", "path": "active", "value": True}])
    assert User.objects.get(username=INES).is_active


@pytest.mark.parametrize("has_password", [True, False])
@pytest.mark.parametrize("how", ENDS)
def test_a_session_from_before_is_dead_after_the_return_and_the_password_is_good(
    scim: ScimClient, engine: str, how: str, has_password: bool
) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    ines = User.objects.get()
    if has_password:
        ines.set_password(PASSWORD)
        ines.save()
    browsers = [signed_in(ines, PASSWORD if has_password else None) for _ in range(2)]
    stranger = signed_in(User.objects.create_user("rui"))

    ENDS[how](scim, scim_id)
    assert [who(browser) for browser in browsers] == ["nobody", "nobody"]
    returned(scim, scim_id, how)

    assert [who(browser) for browser in browsers] == ["nobody", "nobody"]
    assert who(stranger) == "rui"
    if has_password:
        assert who(signed_in(ines, PASSWORD)) == INES


def test_a_session_of_a_signed_cookie_is_dead_where_there_is_no_password(
    scim: ScimClient, settings: Settings
) -> None:
    """The server keeps nothing that it could delete; the account's new unusable password is what ends it."""
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    scim_id = scim.post("/Users", person()).json()["id"]
    browser = signed_in(User.objects.get())
    ENDS["PATCH"](scim, scim_id)
    returned(scim, scim_id, "PATCH")
    assert who(browser) == "nobody"
    assert not SignIn.objects.exists()


def test_a_suspension_at_disconnecting_ends_sessions_too(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    scim.post("/Users", person())
    ines = User.objects.get()
    ines.set_password(PASSWORD)
    ines.save()
    browser = signed_in(ines, PASSWORD)
    connections.disconnect(connection, actor=None, learners="suspend")
    User.objects.update(is_active=True)
    assert who(browser) == "nobody"


def test_while_another_connection_wants_the_person_the_session_goes_on(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    second = ScimClient(TokenFactory(connection=make_connection("Other")).plaintext)
    let_share(INES)
    other_id = second.post("/Users", person()).json()["id"]
    browser = signed_in(User.objects.get())
    ENDS["PATCH"](scim, scim_id)
    assert who(browser) == INES
    ENDS["PATCH"](second, other_id)
    returned(scim, scim_id, "PATCH")
    assert who(browser) == "nobody"


def test_a_change_of_something_else_ends_no_session(scim: ScimClient) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    browser = signed_in(User.objects.get())
    scim.patch(f"/Users/{scim_id}", [{"op": "Replace", "path": "title", "value": "Fellow"}])
    scim.patch(f"/Users/{scim_id}", [{"op": "Replace", "path": "name.givenName", "value": "Inez"}])
    assert who(browser) == INES


def test_nobody_is_kept_from_signing_in_by_a_note_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def unwritable(*args: Any, **kwargs: Any) -> None:
        raise DatabaseError("no such table")

    monkeypatch.setattr(SignIn.objects, "update_or_create", unwritable)
    assert who(signed_in(User.objects.create_user("rui"))) == "rui"
    assert "could not be noted" in caplog.text


def test_old_notes_of_sessions_are_pruned_in_batches_and_live_ones_stay(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scim_provisioning.administration.retention.BATCH", 2)
    rui = User.objects.create_user("rui")
    age = timedelta(seconds=settings.SESSION_COOKIE_AGE)
    for number, began in enumerate([3 * age, 3 * age, 3 * age, 1.9 * age, timedelta(0)]):
        SignIn.objects.create(user=rui, session_key=f"key{number}", began_at=timezone.now() - began)
    out = StringIO()
    call_command("scim_prune", dry_run=True, stdout=out)
    assert "3 notes of sessions" in out.getvalue()
    assert SignIn.objects.count() == 5
    call_command("scim_prune", stdout=out)
    assert sorted(SignIn.objects.values_list("session_key", flat=True)) == ["key3", "key4"]


# --- an account that was here before its identity provider


class Adopted:
    """Kate, who had an account, a password and a session before SCIM; the hook writes down what it is told."""

    def __init__(self, organization: Organization) -> None:
        learner = LearnerFactory(
            organization=organization,
            user__username="kate@harborline.example",
            user__email="kate@home.example",
        )
        self.account: Any = learner.user
        self.account.set_password(PASSWORD)
        self.account.save()
        self.browser = signed_in(self.account, PASSWORD)


@pytest.fixture
def kate(organization: Organization, monkeypatch: pytest.MonkeyPatch) -> Adopted:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    return Adopted(organization)


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What the host is told, in order."""
    called: list[tuple[str, dict[str, Any]]] = []

    def note(name: str) -> Any:
        def hook(self: Any, learner: Any, **said: Any) -> None:
            called.append((name, {"learner": learner, **said}))

        return hook

    for name in ("on_identity_changed", "on_provisioned", "on_updated"):
        monkeypatch.setattr(LearnerAdapter, name, note(name))
    return called


def create_kate(scim: ScimClient, capture: DjangoCaptureOnCommitCallbacks, **changes: Any) -> Any:
    with capture(execute=True):
        return scim.post("/Users", person("kate", **changes))


def test_who_is_adopted_with_another_address_is_told_at_the_old_one_and_signed_out(
    scim: ScimClient,
    kate: Adopted,
    hooks: list[tuple[str, dict[str, Any]]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    answer = create_kate(scim, django_capture_on_commit_callbacks)
    assert answer.status_code == 201, answer.content
    (letter,) = mail.outbox
    assert letter.to == ["kate@home.example"]
    assert "kate@home.example → kate@harborline.example" in letter.body
    assert "signed out everywhere" in letter.body
    assert who(kate.browser) == "nobody"
    assert who(signed_in(kate.account, PASSWORD)) == "kate@harborline.example"
    assert [name for name, _ in hooks] == ["on_identity_changed", "on_provisioned"]
    said = hooks[0][1]
    assert (said["before"], said["after"]) == (
        {"email": "kate@home.example"},
        {"email": "kate@harborline.example"},
    )
    assert said["learner"].user == kate.account
    assert said["event"] == ProvisioningEvent.objects.latest("pk")


@pytest.mark.usefixtures("kate")
def test_nobody_is_mailed_at_an_address_that_the_identity_provider_wrote(
    scim: ScimClient, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    """The mail would say what they like, by the names that they write."""
    sent = [{"type": "work", "value": "victim@other.example", "primary": True}]
    scim_id = create_kate(scim, django_capture_on_commit_callbacks, emails=sent).json()["id"]
    said = {
        'emails[type eq "work"].value': [
            "another@other.example",
            "Victim@Other.example",
            "k@harborline.example",
        ],
        "userName": ["URGENT: call us", "URGENT: call them"],
    }
    for path, values in said.items():
        for value in values:
            with django_capture_on_commit_callbacks(execute=True):
                changes = [{"op": "Replace", "path": path, "value": value}]
                assert scim.patch(f"/Users/{scim_id}", changes).status_code == 200
    # Whose the account was is told, once.
    assert [letter.to for letter in mail.outbox] == [["kate@home.example"]]


def test_who_writes_one_user_name_after_the_other_floods_nobody_with_mails(
    scim: ScimClient, kate: Adopted, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    address = [{"type": "work", "value": "kate@home.example", "primary": True}]
    scim_id = create_kate(scim, django_capture_on_commit_callbacks, emails=address).json()["id"]
    for number in range(8):
        with django_capture_on_commit_callbacks(execute=True):
            changes = [{"op": "Replace", "path": "userName", "value": f"kate{number}@harborline.example"}]
            assert scim.patch(f"/Users/{scim_id}", changes).status_code == 200
    assert [letter.to for letter in mail.outbox] == [["kate@home.example"]] * MAILS_A_DAY
    # What the LMS calls her is hers again, and told.
    User.objects.filter(pk=kate.account.pk).update(email="kate@work.example")
    SentNotice.objects.update(sent_at=timezone.now() - timedelta(days=2))
    with django_capture_on_commit_callbacks(execute=True):
        scim.patch(f"/Users/{scim_id}", [{"op": "Replace", "path": "userName", "value": "k"}])
    assert mail.outbox[-1].to == ["kate@work.example"]


def test_who_is_adopted_as_she_was_is_told_nothing_and_stays_signed_in(
    scim: ScimClient,
    kate: Adopted,
    hooks: list[tuple[str, dict[str, Any]]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    address = [{"type": "work", "value": "kate@home.example", "primary": True}]
    create_kate(scim, django_capture_on_commit_callbacks, emails=address)
    assert mail.outbox == []
    assert who(kate.browser) == "kate@harborline.example"
    assert [name for name, _ in hooks] == ["on_provisioned"]


def test_a_later_change_of_an_adopted_accounts_name_is_told_too(
    scim: ScimClient,
    kate: Adopted,
    hooks: list[tuple[str, dict[str, Any]]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    address = [{"type": "work", "value": "kate@home.example", "primary": True}]
    made = create_kate(scim, django_capture_on_commit_callbacks, emails=address).json()
    with django_capture_on_commit_callbacks(execute=True):
        scim.patch(
            f"/Users/{made['id']}",
            [{"op": "Replace", "path": "userName", "value": "kate.bell@harborline.example"}],
        )
    (letter,) = mail.outbox
    assert letter.to == ["kate@home.example"]
    assert "kate@harborline.example → kate.bell@harborline.example" in letter.body
    assert who(kate.browser) == "nobody"
    assert [name for name, _ in hooks] == ["on_provisioned", "on_identity_changed", "on_updated"]


def test_a_hook_that_raises_refuses_the_change_and_nobody_is_told(
    scim: ScimClient,
    kate: Adopted,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    def refuse(self: Any, learner: Any, **said: Any) -> None:
        raise adapters.Refuse("Ask your help desk.", status=403)

    monkeypatch.setattr(LearnerAdapter, "on_identity_changed", refuse)
    answer = create_kate(scim, django_capture_on_commit_callbacks)
    assert (answer.status_code, answer.json()["detail"]) == (403, "Ask your help desk.")
    assert mail.outbox == []
    kate.account.refresh_from_db()
    assert kate.account.email == "kate@home.example"


def test_an_account_that_scim_made_may_change_its_name_without_a_letter(
    scim: ScimClient,
    hooks: list[tuple[str, dict[str, Any]]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    browser = signed_in(get_user_model().objects.get())
    with django_capture_on_commit_callbacks(execute=True):
        scim.patch(
            f"/Users/{scim_id}",
            [{"op": "Replace", "path": "userName", "value": "ines.bell@harborline.example"}],
        )
    assert mail.outbox == []
    assert who(browser) == "ines.bell@harborline.example"
    assert [name for name, _ in hooks] == ["on_provisioned", "on_updated"]


def test_a_session_that_changed_its_password_on_the_way_is_dead_too(scim: ScimClient, engine: str) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    ines = User.objects.get()
    ines.set_password(PASSWORD)
    ines.save()
    browser = signed_in(ines, PASSWORD)
    another = "another password of her own"
    sent = {"old_password": PASSWORD, "new_password1": another, "new_password2": another}
    assert browser.post("/password/", sent).status_code == 302
    assert who(browser) == INES
    ENDS["PATCH"](scim, scim_id)
    returned(scim, scim_id, "PATCH")
    assert who(browser) != INES


def test_the_middleware_asks_the_database_nothing_while_the_key_stays(
    scim: ScimClient, settings: Settings, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    scim.post("/Users", person())
    browser = signed_in(User.objects.get())
    middleware = "scim_provisioning.sessions.SessionKeyMiddleware"
    without = [name for name in settings.MIDDLEWARE if name != middleware]
    fresh = Client()
    fresh.cookies = browser.cookies
    with override_settings(MIDDLEWARE=without), CaptureQueriesContext(connection) as alone:
        assert who(fresh) == INES
    with django_assert_num_queries(len(alone)):
        assert who(browser) == INES
