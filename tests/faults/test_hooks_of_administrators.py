"""Whatever a host's hook does to the transaction of what an administrator asks for: what is said is what is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.db import transaction

from example_project.lms.models import Learner, Organization, Team
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import (
    adoption,
    connections,
    disconnection,
    erasure,
    keeping,
    ownership,
    reactivation,
    shares,
    troubles,
    units,
)
from scim_provisioning.administration.adoption import joining, queue, undoing
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.models import (
    ProvisionedUser,
    ProvisioningEvent,
    ReferenceKey,
    SCIMConnection,
    SharedAccount,
)
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.client import ScimClient
from tests.faults.breaking import FAULTS
from tests.leavers import OFF
from tests.lms_factories import LearnerFactory, SSOSettingsFactory
from tests.people import ENTERPRISE, person
from tests.tables import contents

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shared_database")]

INES = "ines.okafor@harborline.example"
DEPARTMENT = f"{ENTERPRISE}:department"


def fail() -> None:
    raise ValueError("the seat plan is closed on Fridays")


def fail_after_the_commit() -> None:
    transaction.on_commit(fail)


@dataclass
class Asked:
    """What an administrator asks for, and whether it stands in the host's tables and in the log."""

    ask: Callable[[], Any]
    stands: Callable[[], bool]
    action: str


Prepare = Callable[[ScimClient, SCIMConnection, Organization], Asked]


def _off() -> bool:
    return not User.objects.get(username=INES).is_active


def link(scim: ScimClient, own: SCIMConnection, organization: Organization) -> Asked:
    account = LearnerFactory(organization=organization, user__username=INES, user__email=INES).user
    ask = lambda: queue.link(own, {"userName": INES}, account, keeps_profile=False, actor=None)  # noqa: E731
    return Asked(ask, ProvisionedUser.objects.filter(user=account).exists, "adopted")


def adopt(scim: ScimClient, own: SCIMConnection, organization: Organization) -> Asked:
    account = LearnerFactory(organization=organization, user__username=INES, user__email=INES).user
    report = adoption.examine(own, adoption.Directory([person()], frozenset({"userName"}), ()))
    return Asked(
        lambda: adoption.link(own, report, actor=None),
        ProvisionedUser.objects.filter(user=account).exists,
        "adopted",
    )


def join(scim: ScimClient, own: SCIMConnection, organization: Organization) -> Asked:
    old = LearnerFactory(organization=organization, user__username="okafor").user
    assert scim.post("/Users", person()).status_code == 201
    made = ProvisionedUser.objects.get().user_id
    into, other = joining.found(own, str(old.pk)), joining.found(own, str(made))
    assert into is not None
    assert other is not None
    return Asked(
        lambda: joining.join(own, into, other, actor=None),
        ProvisionedUser.objects.filter(user=old).exists,
        "merged",
    )


def undo(scim: ScimClient, own: SCIMConnection, organization: Organization) -> Asked:
    asked = link(scim, own, organization)
    linked = asked.ask()
    return Asked(
        lambda: undoing.undo(ProvisionedUser.objects.get(pk=linked.pk), actor=None),
        lambda: not ProvisionedUser.objects.living().exists(),
        "adoption_undone",
    )


def _learner(scim: ScimClient) -> ProvisionedUser:
    body = person(**{ENTERPRISE: {"department": "Bolts"}})
    assert scim.post("/Users", body).status_code == 201
    return ProvisionedUser.objects.select_related("user", "connection").get()


def bring_back(scim: ScimClient, own: SCIMConnection, organization: Organization) -> Asked:
    assert scim.patch(f"/Users/{_learner(scim).scim_id}", OFF).status_code == 200

    def ask() -> None:
        done = reactivation.undo(own, list(reactivation.departures(own, 1)), actor=None)
        if done.failed:
            raise ConnectionRefused(done.failed[0][1], "failed")
        assert done.back == 1

    return Asked(ask, lambda: not _off(), "reactivated")


def disconnect(scim: ScimClient, own: SCIMConnection, organization: Organization) -> Asked:
    _learner(scim)

    def ask() -> None:
        found = connections.disconnect(own, actor=None, learners="suspend")
        if found.failed:
            raise ConnectionRefused("some failed", "failed")
        assert (found.changed, found.is_finished) == (1, True)

    return Asked(ask, _off, "deactivated")


def unlock(scim: ScimClient, own: SCIMConnection, organization: Organization) -> Asked:
    learner = _learner(scim)
    keeping.lock(learner, DEPARTMENT, reason="x", actor=None)
    changed = [{"op": "replace", "path": DEPARTMENT, "value": "Locks"}]
    assert scim.patch(f"/Users/{learner.scim_id}", changed).status_code == 200
    return Asked(
        lambda: keeping.unlock(learner, DEPARTMENT, actor=None),
        Learner.objects.filter(team__name="Locks").exists,
        "value_unlocked",
    )


def settle(scim: ScimClient, own: SCIMConnection, organization: Organization) -> Asked:
    _learner(scim)
    line = next(line for line in units.choosable(own) if line.path == DEPARTMENT)
    key, locks = (
        ReferenceKey.objects.get(name="Bolts"),
        Team.objects.create(name="Locks", organization=organization),
    )
    units.merge(line, key, locks, actor=None)
    return Asked(
        lambda: units.settle(line, actor=None), Learner.objects.filter(team__name="Locks").exists, "updated"
    )


def forget(scim: ScimClient, own: SCIMConnection, organization: Organization) -> Asked:
    learner = _learner(scim)
    assert scim.patch(f"/Users/{learner.scim_id}", OFF).status_code == 200
    whom = erasure.Person(own, ProvisionedUser.objects.get())
    return Asked(
        lambda: erasure.forget(whom, actor=None, erase=True),
        lambda: ProvisionedUser.objects.get().is_forgotten,
        "forgotten",
    )


def withdraw(scim: ScimClient, own: SCIMConnection, organization: Organization) -> Asked:
    mine = _learner(scim)
    other = ConnectionFactory(name="Brightwater", sso_key=str(SSOSettingsFactory().pk))
    ownership.allow_share(other, mine.user, name=INES, actor=None)
    assert ScimClient(TokenFactory(connection=other).plaintext).post("/Users", person()).status_code == 201
    assert scim.patch(f"/Users/{mine.scim_id}", OFF).status_code == 200
    assert not _off()
    return Asked(lambda: shares.withdraw(SharedAccount.objects.get(), actor=None), _off, "share_withdrawn")


ASKED: list[tuple[str, Prepare]] = [
    ("on_provisioned", link),
    ("on_provisioned", adopt),
    ("on_provisioned", join),
    ("revoke_access", join),
    ("merge", join),
    ("on_updated", undo),
    ("on_reactivated", bring_back),
    ("on_deactivated", disconnect),
    ("revoke_access", disconnect),
    ("on_updated", unlock),
    ("on_team_changed", unlock),
    ("on_updated", settle),
    ("on_team_changed", settle),
    ("revoke_access", forget),
    ("erase", forget),
    ("on_deactivated", withdraw),
    ("revoke_access", withdraw),
]


by_verb = pytest.mark.parametrize(("hook", "prepare"), ASKED, ids=[f"{p.__name__}-{h}" for h, p in ASKED])
by_fault = pytest.mark.parametrize(
    "fault", [*FAULTS, fail, fail_after_the_commit], ids=lambda fault: fault.__name__
)


@pytest.fixture
def asked(
    prepare: Prepare,
    scim: ScimClient,
    connection: SCIMConnection,
    organization: Organization,
    monkeypatch: pytest.MonkeyPatch,
) -> Asked:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    monkeypatch.setattr(LearnerAdapter, "merge", lambda self, into, other: None)
    monkeypatch.setattr(LearnerAdapter, "erase", lambda self, learner: None)
    return prepare(scim, connection, organization)


def refused(ask: Callable[[], Any]) -> str:
    """What an administrator is told where it was not done; empty where it was."""
    try:
        ask()
    except ConnectionRefused as refusal:
        return refusal.message
    except Exception as error:
        # As pages, API and commands do.
        return troubles.words(error) or troubles.of_host(error) or f"an error page: {error!r}"
    return ""


@by_fault
@by_verb
def test_what_a_hook_does_never_makes_the_word_to_an_administrator_a_lie(
    asked: Asked,
    hook: str,
    prepare: Prepare,
    fault: Callable[[], None],
    connection: SCIMConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, called = contents(), list[int]()

    def broken(*args: Any, **kwargs: Any) -> None:
        called.append(1)
        fault()

    with monkeypatch.context() as patched:
        patched.setattr(LearnerAdapter, hook, broken)
        told = refused(asked.ask)
    assert called
    assert "an error page" not in told
    assert asked.stands() is (not told)
    log = ProvisioningEvent.objects.filter(action=asked.action, outcome="applied", operation="admin")
    assert log.exists() is (not told)
    if not told:
        return
    if prepare is disconnect:
        # The door is shut in any case; who is left is handled by the next click.
        disconnection.go_on(connection)
    else:
        assert contents() == before
        asked.ask()
    assert asked.stands()


@by_verb
def test_after_a_commit_by_hand_nobody_is_told_that_nothing_was_changed(
    asked: Asked, hook: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def commit(*args: Any, **kwargs: Any) -> None:
        with database.cursor() as cursor:
            cursor.execute("COMMIT")

    monkeypatch.setattr(LearnerAdapter, hook, commit)
    told = refused(asked.ask)
    assert told
    assert "an error page" not in told
    assert "othing was changed" not in told
    assert "was not made" not in told
