"""Values that an administrator has locked, and learners who were detached: what the identity provider then hears."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection as database

from example_project.lms.models import Learner, Team
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import keeping
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.databases import indexes
from scim_provisioning.models import LockedValue, ProvisionedUser, ProvisioningEvent, SCIMConnection
from tests.client import ScimClient
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

TEAM = f"{ENTERPRISE}:department"
MANAGER = f"{ENTERPRISE}:manager"
WORK = 'emails[type eq "work"].value'


@pytest.fixture
def ines(scim: ScimClient) -> ProvisionedUser:
    assert scim.post("/Users", person()).status_code == 201
    return link("ines.okafor")


def link(name: str) -> ProvisionedUser:
    return ProvisionedUser.objects.select_related("connection", "user").get(user_name__startswith=name)


def lock(link: ProvisionedUser, *attributes: str) -> None:
    for attribute in attributes:
        path = keeping.attribute(link, attribute)
        assert keeping.lock(link, path, reason="Agreed with HR", actor=None)


def unlock(link: ProvisionedUser, attribute: str) -> bool:
    return keeping.unlock(link, keeping.attribute(link, attribute), actor=None)


def send(scim: ScimClient, link: ProvisionedUser, **values: Any) -> Any:
    """The answer to a PATCH of these attributes."""
    operations = [{"op": "Replace", "path": path, "value": value} for path, value in values.items()]
    answer = scim.patch(f"/Users/{link.scim_id}", operations)
    assert answer.status_code == 200, answer.content
    return answer.json()


def found(scim: ScimClient, filter_text: str) -> list[str]:
    answer = scim.get(f"/Users?filter={quote(filter_text)}")
    assert answer.status_code == 200, answer.content
    return [resource["userName"].partition("@")[0] for resource in answer.json()["Resources"]]


def row(link: ProvisionedUser) -> Learner:
    return Learner.objects.select_related("user", "team", "manager__user").get(user=link.user_id)


def actions() -> list[str]:
    return list(ProvisioningEvent.objects.order_by("pk").values_list("action", flat=True))


def test_a_locked_value_stays_and_the_identity_provider_gets_back_what_it_sent(
    scim: ScimClient, ines: ProvisionedUser
) -> None:
    lock(ines, "title")
    answer = send(scim, ines, title="Analyst")
    assert answer["title"] == "Analyst"
    assert scim.get(f"/Users/{ines.scim_id}").json() == answer
    assert scim.get("/Users").json()["Resources"] == [answer]
    assert row(ines).job_role == "Secure Coding Lead"


def test_the_log_says_skipped_once_for_each_value_and_not_at_each_cycle(
    scim: ScimClient, ines: ProvisionedUser
) -> None:
    lock(ines, "title")
    for title in ("Analyst", "Analyst", "Analyst", "Auditor", "Auditor"):
        send(scim, ines, title=title)
    assert actions() == ["created", "value_locked", "skipped", "skipped"]
    skipped = ProvisioningEvent.objects.filter(action="skipped").last()
    assert skipped is not None
    assert (skipped.changes, skipped.cause) == ({}, {"locked": ["title"]})


def test_what_is_not_locked_of_a_change_is_made_and_the_log_tells_the_two_apart(
    scim: ScimClient, ines: ProvisionedUser
) -> None:
    lock(ines, "title")
    send(scim, ines, **{"title": "Analyst", "name.givenName": "Inês"})
    event = ProvisioningEvent.objects.latest("pk")
    assert (event.action, event.changes) == ("updated", {"name.givenName": ["Ines", "Inês"]})
    assert event.cause == {"locked": ["title"]}
    assert (row(ines).job_role, row(ines).user.first_name) == ("Secure Coding Lead", "Inês")


def test_hooks_hear_nothing_of_a_change_that_a_lock_kept_out(
    scim: ScimClient, ines: ProvisionedUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []
    monkeypatch.setattr(LearnerAdapter, "on_updated", lambda self, **_: heard.append("updated"))
    lock(ines, "title")
    send(scim, ines, title="Analyst")
    assert heard == []


def test_an_edit_in_the_lms_of_a_locked_value_is_no_difference_to_the_identity_provider(
    scim: ScimClient, ines: ProvisionedUser
) -> None:
    Learner.objects.update(job_role="Trainer")
    assert scim.get(f"/Users/{ines.scim_id}").json()["title"] == "Trainer"
    lock(ines, "title")
    assert scim.get(f"/Users/{ines.scim_id}").json()["title"] == "Secure Coding Lead"
    send(scim, ines, title="Secure Coding Lead")
    assert actions() == ["created", "value_locked"]
    assert row(ines).job_role == "Trainer"


def test_replacing_removing_and_bulk_leave_a_locked_value_alone_too(
    scim: ScimClient, ines: ProvisionedUser
) -> None:
    lock(ines, "title", "department", "emails")
    assert scim.put(f"/Users/{ines.scim_id}", person(title=None, emails=None)).status_code == 200
    remove = [{"op": "Remove", "path": TEAM}]
    assert ENTERPRISE not in (scim.patch(f"/Users/{ines.scim_id}", remove).json().get(TEAM) or {})
    operation = {"method": "PATCH", "path": f"/Users/{ines.scim_id}"}
    operation["data"] = {  # type: ignore[assignment]
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "add", "path": "title", "value": "Analyst"}],
    }
    bulk = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [operation]}
    assert scim.post("/Bulk", bulk).json()["Operations"][0]["status"] == "200"
    learner = row(ines)
    assert (learner.job_role, learner.team and learner.team.name) == (
        "Secure Coding Lead",
        "Platform Security",
    )
    assert learner.user.email == "ines.okafor@harborline.example"


def test_whoever_leaves_and_returns_keeps_what_is_locked(scim: ScimClient, ines: ProvisionedUser) -> None:
    lock(ines, "title")
    scim.delete(f"/Users/{ines.scim_id}")
    back = scim.post("/Users", person(title="Analyst"))
    assert (back.status_code, back.json()["id"]) == (201, ines.scim_id)
    assert (back.json()["title"], row(ines).job_role) == ("Analyst", "Secure Coding Lead")


@pytest.mark.parametrize(
    ("attribute", "path", "here", "sent"),
    [
        ("title", "title", "Secure Coding Lead", "Analyst"),
        ("name.givenName", "name.givenName", "Ines", "Inês"),
        ("department", TEAM, "Platform Security", "Locks"),
        ("emails", WORK, "ines.okafor@harborline.example", "i.okafor@harborline.example"),
        ("emails", "emails.value", "ines.okafor@harborline.example", "i.okafor@harborline.example"),
    ],
)
def test_filters_and_sorting_go_by_what_is_answered(
    scim: ScimClient, ines: ProvisionedUser, attribute: str, path: str, here: str, sent: str
) -> None:
    scim.post("/Users", person("ana.lima", title="B", **{ENTERPRISE: {"department": "Bilge"}}))
    lock(ines, attribute)
    before = found(scim, f'{path} eq "{here}"')
    assert "ines.okafor" in before
    send(scim, ines, **{WORK if attribute == "emails" else path: sent})
    assert found(scim, f'{path} eq "{sent}"') == ["ines.okafor"]
    assert "ines.okafor" not in found(scim, f'{path} eq "{here}"')
    assert "ines.okafor" in found(scim, f'{path} co "{sent[1:]}" and active eq true')
    assert "ines.okafor" in found(scim, f'not ({path} eq "{here}")')
    if "[" not in path:
        answer = scim.get(f"/Users?sortBy={quote(path)}").json()["Resources"]
        order = [resource["userName"].partition("@")[0] for resource in answer]
        values = {"ines.okafor": sent, "ana.lima": {"title": "B", TEAM: "Bilge"}.get(path, "Ana")}
        values["ana.lima"] = "ana.lima@harborline.example" if attribute == "emails" else values["ana.lima"]
        assert order == sorted(values, key=lambda name: values[name].casefold())


@pytest.fixture
def _other_indexes() -> Iterator[None]:
    """What the process has learned of the columns' indexes is what it is in this test."""
    indexes.forget()
    yield
    indexes.forget()


@pytest.mark.usefixtures("_other_indexes")
@pytest.mark.parametrize("has_index", [False, True])
def test_an_identity_provider_that_looks_people_up_by_address_finds_whose_is_locked(
    scim: ScimClient, has_index: bool
) -> None:
    if has_index and database.vendor != "mysql":
        # MySQL's names are found by the column's own index.
        call_command("scim_index", create=True, stdout=StringIO())
    scim.post("/Users", person())
    ines = link("ines.okafor")
    ana = scim.post("/Users", person("ana.lima")).json()["emails"][0]["value"]
    lock(ines, "emails")
    before = ines.user.email  # type: ignore[union-attr]
    send(scim, ines, **{WORK: "ines@new.example"})
    for path in (WORK, "emails.value"):
        assert found(scim, f'{path} eq "INES@new.example"') == ["ines.okafor"]
        assert found(scim, f'{path} eq "{before}"') == []
        assert found(scim, f'{path} eq "{ana}"') == ["ana.lima"]
    assert unlock(ines, "emails")
    assert found(scim, f'{WORK} eq "INES@new.example"') == ["ines.okafor"]


def test_others_are_found_by_their_rows_while_somebodys_value_is_locked(
    scim: ScimClient, ines: ProvisionedUser
) -> None:
    scim.post("/Users", person("ana.lima", title="Analyst"))
    lock(ines, "title")
    Learner.objects.filter(user__username__startswith="ana").update(job_role="Trainer")
    assert found(scim, 'title eq "Trainer"') == ["ana.lima"]
    assert found(scim, 'title eq "Analyst"') == []
    assert found(scim, 'title eq "Secure Coding Lead"') == ["ines.okafor"]


def test_a_cleared_value_is_absent_for_the_identity_provider_and_stays_here(
    scim: ScimClient, ines: ProvisionedUser
) -> None:
    lock(ines, "title")
    scim.patch(f"/Users/{ines.scim_id}", [{"op": "remove", "path": "title"}])
    assert "title" not in scim.get(f"/Users/{ines.scim_id}").json()
    assert found(scim, "title pr") == []
    assert row(ines).job_role == "Secure Coding Lead"


def test_a_locked_manager_is_neither_exchanged_nor_given_when_they_come(
    scim: ScimClient, ines: ProvisionedUser
) -> None:
    boss = scim.post("/Users", person("ana.lima")).json()["id"]
    send(scim, ines, **{MANAGER: boss})
    lock(ines, "manager.value")
    answer = send(scim, ines, **{MANAGER: "somebody-who-comes-later"})
    assert answer[ENTERPRISE]["manager"] == {"value": "somebody-who-comes-later"}
    assert found(scim, f'{MANAGER} eq "somebody-who-comes-later"') == ["ines.okafor"]
    assert found(scim, f'{MANAGER}.value eq "{boss}"') == []
    assert found(scim, f"{MANAGER}.$ref pr") == []
    manager = row(ines).manager
    assert manager is not None
    assert manager.user.username.startswith("ana.lima")
    assert link("ines").awaited_manager is None


def test_unlocking_gives_the_learner_what_was_sent_last(scim: ScimClient, ines: ProvisionedUser) -> None:
    lock(ines, "title", "department")
    send(scim, ines, **{"title": "Analyst", TEAM: "Locks"})
    before = scim.get(f"/Users/{ines.scim_id}").json()
    assert unlock(ines, "title")
    assert row(ines).job_role == "Analyst"
    assert row(ines).team == Team.objects.get(name="Platform Security")
    event = ProvisioningEvent.objects.latest("pk")
    assert (event.action, event.changes) == ("value_unlocked", {"title": ["Secure Coding Lead", "Analyst"]})
    assert unlock(ines, "department")
    assert row(ines).team == Team.objects.get(name="Locks")
    after = scim.get(f"/Users/{ines.scim_id}").json()
    assert {**before, "meta": None} == {**after, "meta": None}
    assert not SCIMConnection.objects.get().has_locks
    assert not unlock_is_known(ines)


def unlock_is_known(link: ProvisionedUser) -> bool:
    return keeping.unlock(link, "title", actor=None)


def test_unlocking_what_was_never_sent_changes_nothing(scim: ScimClient) -> None:
    scim.post("/Users", person(title=None))
    ines = link("ines")
    Learner.objects.update(job_role="Trainer")
    lock(ines, "title")
    assert unlock(ines, "title")
    assert row(ines).job_role == "Trainer"


def test_two_locks_on_one_value_are_one(scim: ScimClient, ines: ProvisionedUser) -> None:
    lock(ines, "title")
    assert not keeping.lock(ines, "title", reason="Again", actor=None)
    assert LockedValue.objects.get().reason == "Agreed with HR"


@pytest.mark.parametrize("attribute", ["active", "userName", "displayName", "nonsense", ""])
def test_what_signs_in_and_what_is_not_mapped_cannot_be_locked(ines: ProvisionedUser, attribute: str) -> None:
    with pytest.raises(ConnectionRefused, match="no attribute that can be locked"):
        keeping.attribute(ines, attribute)


def test_an_erased_learner_leaves_no_reason_behind(
    scim: ScimClient, ines: ProvisionedUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LearnerAdapter, "erase", lambda self, learner: learner.user.delete())
    connection = ines.connection
    connection.policies = {"on_delete": "erase"}
    connection.save()
    lock(ines, "title")
    assert scim.delete(f"/Users/{ines.scim_id}").status_code == 204
    assert not LockedValue.objects.exists()


# --- detached


def test_a_detached_learner_is_the_lms_own_and_the_identity_provider_hears_404_then_409(
    scim: ScimClient, ines: ProvisionedUser
) -> None:
    lock(ines, "title")
    held = (User.objects.values().get(), Learner.objects.values().get())
    keeping.detach(ines, actor=None)
    url = f"/Users/{ines.scim_id}"
    off = [{"op": "Replace", "path": "active", "value": False}]
    answers = [scim.get(url), scim.patch(url, off), scim.put(url, person()), scim.delete(url)]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert found(scim, 'userName eq "ines.okafor@harborline.example"') == []
    assert scim.post("/Users", person()).status_code == 409
    assert (User.objects.values().get(), Learner.objects.values().get()) == held
    assert not LockedValue.objects.exists()


def test_no_evidence_links_a_detached_learner_again(
    scim: ScimClient, ines: ProvisionedUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    keeping.detach(ines, actor=None)
    assert scim.post("/Users", person()).status_code == 409
    assert User.objects.count() == 1


def test_somebody_who_was_detached_before_is_nobody_to_detach(ines: ProvisionedUser) -> None:
    keeping.detach(ines, actor=None)
    with pytest.raises(ConnectionRefused):
        keeping.detach(ines, actor=None)
