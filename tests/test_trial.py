"""Trying a payload is the real verb, taken back: it shows what would really happen, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.db import transaction
from django.db.models.signals import post_save
from django.test import Client

from example_project.lms.models import Learner, Team
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from tests.client import ScimClient
from tests.people import ENTERPRISE, person
from tests.trials import comes_true, operations, shown, tried

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"


@pytest.fixture
def ines(scim: ScimClient) -> str:
    scim_id: str = scim.post("/Users", person()).json()["id"]
    return scim_id


PATCHES: dict[str, dict[str, Any]] = {
    "nothing new": operations(("replace", "title", "Secure Coding Lead")),
    "a title": operations(("Replace", "title", "Head")),
    "a title that goes": operations(("remove", "title", None)),
    "off, as text": operations(("Replace", "active", "False")),
    "off and on again": operations(("replace", "active", False), ("replace", "active", True)),
    "a team that is new": operations(("Add", f"{ENTERPRISE}:department", "Harbour Watch")),
    "a team that goes": operations(("remove", f"{ENTERPRISE}:department", None)),
    "another spelling of the team": operations(
        ("replace", f"{ENTERPRISE}:department", " platform  SECURITY ")
    ),
    "another name": operations(("replace", "name.givenName", "Inés"), ("replace", "name.familyName", "O.")),
    "another address": operations(("replace", 'emails[type eq "work"].value', "i@harborline.example")),
    "what no field takes": operations(("replace", "preferredLanguage", "de")),
}


@pytest.mark.parametrize("patch", PATCHES.values(), ids=PATCHES)
def test_a_patch_that_is_tried_does_what_was_shown(
    patch: dict[str, Any], scim: ScimClient, ines: str, connection: SCIMConnection
) -> None:
    comes_true(scim, connection, patch, INES, ines)


def test_a_user_who_is_named_is_tried_as_a_put_and_what_is_left_out_is_cleared(
    scim: ScimClient, ines: str, connection: SCIMConnection
) -> None:
    body = person(title=None, **{ENTERPRISE: {"division": "Retail", "department": "Platform Security"}})
    changed = comes_true(scim, connection, body, INES, ines)
    assert changed == {
        "learner.job_role": ("Secure Coding Lead", None),
        "learner.business_unit": (None, "Retail"),
    }


def test_a_newcomer_is_tried_as_a_post(scim: ScimClient, connection: SCIMConnection) -> None:
    changed = comes_true(scim, connection, person(), INES)
    assert changed["learner.team"] == (None, "Platform Security")
    assert changed["is_active"] == (None, True)


def test_somebody_who_returns_is_tried_as_a_post_and_shown_beside_what_they_were(
    scim: ScimClient, ines: str, connection: SCIMConnection
) -> None:
    scim.delete(f"/Users/{ines}")
    changed = comes_true(scim, connection, person(title="Head"), INES)
    assert changed == {"is_active": (False, True), "learner.job_role": ("Secure Coding Lead", "Head")}


def test_a_post_for_somebody_managed_is_shown_as_the_refusal_that_it_is(
    scim: ScimClient, ines: str, connection: SCIMConnection
) -> None:
    trial = tried(connection, person(title="Head"))
    real = scim.post("/Users", person(title="Head"))
    assert trial.refusal is not None
    assert (trial.refusal.status, trial.refusal.detail) == (real.status_code, real.json()["detail"])
    assert trial.refusal.code == "user.username_taken"


def test_a_patch_after_a_client_has_removed_active(
    scim: ScimClient, ines: str, connection: SCIMConnection
) -> None:
    scim.patch(f"/Users/{ines}", operations(("remove", "active", None))["Operations"])
    assert "active" not in scim.get(f"/Users/{ines}").json()

    changed = comes_true(scim, connection, operations(("replace", "title", "Head")), INES, ines)
    assert changed == {"learner.job_role": ("Secure Coding Lead", "Head")}
    changed = comes_true(scim, connection, operations(("replace", "active", False)), INES, ines)
    assert changed == {"is_active": (True, False)}


# --- what the host does with it


def capitalise(self: LearnerAdapter, learner: Learner, **event: Any) -> None:
    learner.job_role = learner.job_role.upper()
    learner.save()


def reassign(self: LearnerAdapter, learner: Learner, **event: Any) -> None:
    team, _made = Team.objects.get_or_create(name="Everybody", organization_id=learner.organization_id)
    Learner.objects.filter(pk=learner.pk).update(team=team)


@pytest.mark.parametrize(
    ("hook", "field", "after"),
    [(capitalise, "learner.job_role", "HEAD"), (reassign, "learner.team", "Everybody")],
)
def test_what_a_hook_makes_of_it_is_shown_too(
    hook: Any,
    field: str,
    after: str,
    scim: ScimClient,
    ines: str,
    connection: SCIMConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(LearnerAdapter, "on_updated", hook)
    changed = comes_true(scim, connection, operations(("replace", "title", "Head")), INES, ines)
    assert changed[field][1] == after


@pytest.fixture
def _signal() -> Iterator[None]:
    def greet(instance: User, **kwargs: Any) -> None:
        Learner.objects.filter(user=instance).update(job_role=f"Dear {instance.first_name}")

    post_save.connect(greet, sender=User)
    yield
    post_save.disconnect(greet, sender=User)


@pytest.mark.usefixtures("_signal")
def test_what_a_signal_makes_of_it_is_shown_too(
    scim: ScimClient, ines: str, connection: SCIMConnection
) -> None:
    changed = comes_true(scim, connection, operations(("replace", "name.givenName", "Inés")), INES, ines)
    assert changed["learner.job_role"][1] == "Dear Inés"


def test_a_hook_that_refuses_is_shown_in_its_own_words(
    ines: str, connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: LearnerAdapter, learner: Learner, **event: Any) -> None:
        raise PermissionError("the vault is shut")

    monkeypatch.setattr(LearnerAdapter, "on_updated", refuse)
    trial = tried(connection, operations(("replace", "title", "Head")), INES)
    assert trial.refusal is not None
    assert trial.refusal.code == "host.hook"
    assert "vault" not in trial.refusal.detail


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("hook", ["on_provisioned", "on_updated", "on_deactivated"])
def test_nothing_that_waits_for_the_commit_happens_and_nobody_is_mailed(
    hook: str, scim: ScimClient, ines: str, connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def later(self: LearnerAdapter, learner: Learner, **event: Any) -> None:
        transaction.on_commit(lambda: done.append("committed"))
        transaction.on_commit(lambda: learner.user.email_user("Welcome", "to the LMS"))

    monkeypatch.setattr(LearnerAdapter, hook, later)
    payload, learner = {
        "on_provisioned": (person("new.comer"), ""),
        "on_updated": (operations(("replace", "title", "Head")), INES),
        "on_deactivated": (operations(("replace", "active", False)), INES),
    }[hook]
    assert shown(tried(connection, payload, learner))
    assert (done, mail.outbox) == ([], [])
    assert ProvisionedUser.objects.get().scim_id == ines


@pytest.mark.parametrize("engine", ["db", "cache", "cached_db", "file"])
def test_nobody_is_signed_out_by_a_departure_that_is_tried(
    engine: str, scim: ScimClient, ines: str, connection: SCIMConnection, settings: Any, tmp_path: Path
) -> None:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    settings.ROOT_URLCONF = "tests.http.whoami_urls"
    browser = Client()
    browser.force_login(User.objects.get(username=INES))
    for left in (operations(("replace", "active", False)), person(active=False)):
        assert tried(connection, left, INES).refusal is None
        assert browser.get("/whoami/").content.decode() == INES
    # What is tried last is no different from what is sent next: that signs them out.
    scim.patch(f"/Users/{ines}", operations(("replace", "active", False)))
    User.objects.update(is_active=True)
    assert browser.get("/whoami/").content.decode() == "nobody"
