"""Who is taken for whom: how a name is written, whom the LMS has switched off, who is protected, who was here."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

import scim_provisioning.adapters as adapters
from example_project.lms.models import Learner, Organization
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import connections, log_words
from scim_provisioning.models import IdentityQuestion, ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.hosts.current import let_share, make_connection
from tests.lms_factories import LearnerFactory
from tests.people import ENTERPRISE, mark, person
from tests.tables import contents

pytestmark = pytest.mark.django_db

KATE = "kate@harborline.example"
KELVIN = "\u212aate@harborline.example"

#: Names that are drawn like Kate's, and what of them is odd.
LOOK_ALIKES = {
    KELVIN: "U+212A",
    "\uff4bate@harborline.example": "U+FF4B",
    "kate@harborl\u24d8ne.example": "U+24D8",
}
UNSEEN = {
    "zero width": ("ka\u200bte@harborline.example", "U+200B"),
    "joiner": ("ka\u200dte@harborline.example", "U+200D"),
    "soft hyphen": ("ka\u00adte@harborline.example", "U+00AD"),
    "bidi override": ("\u202eetak@harborline.example", "U+202E"),
    "bidi isolate": ("kate\u2066@harborline.example", "U+2066"),
    "control": ("kate\u0007@harborline.example", "U+0007"),
    "line separator": ("kate\u2028@harborline.example", "U+2028"),
    "byte order mark": ("\ufeffkate@harborline.example", "U+FEFF"),
    "Hangul filler": ("kate\u3164@harborline.example", "U+3164"),
    "variation selector": ("kate\ufe0f@harborline.example", "U+FE0F"),
    "ogham blank": ("ka\u1680te@harborline.example", "U+1680"),
    "filler": ("ka\U00016fe4te@harborline.example", "U+16FE4"),
    "set aside": ("ka\u2065te@harborline.example", "U+2065"),
    "set aside, beyond": ("ka\U000e0fffte@harborline.example", "U+E0FFF"),
    "tag": ("kate\U000e0041@harborline.example", "U+E0041"),
}


def refused(answer: Any, status: int, code: str) -> ProvisioningEvent:
    assert answer.status_code == status, answer.content
    event = ProvisioningEvent.objects.latest("pk")
    assert (event.outcome, event.error_code) == ("refused", code)
    return event


@pytest.fixture
def sso_subject(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)


@pytest.fixture
def kate(organization: Organization) -> User:
    """Somebody who was here before her identity provider."""
    learner = LearnerFactory(organization=organization, user__username=KATE, user__email=KATE)
    user: User = learner.user
    return user


# --- how a name is written


@pytest.mark.parametrize(("name", "odd"), LOOK_ALIKES.items())
def test_a_name_that_only_looks_like_somebodys_takes_over_nothing(
    scim: ScimClient, sso_subject: None, kate: User, name: str, odd: str
) -> None:
    before = contents()
    event = refused(scim.post("/Users", person("kate", userName=name)), 409, "user.look_alike")
    assert contents() == before
    assert event.cause["code_points"] == odd
    said = log_words.explanation(event, in_clear=True)
    assert odd in said.cause
    assert KATE in said.cause
    masked = log_words.explanation(event, in_clear=False)
    assert "U+" not in masked.cause
    assert KATE not in masked.cause


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_nobody_is_renamed_to_a_name_that_only_looks_like_somebodys(
    scim: ScimClient, sso_subject: None, kate: User, name: str
) -> None:
    rui = scim.post("/Users", person("rui.sousa")).json()["id"]
    before = contents()
    rename = [{"op": "Replace", "path": "userName", "value": name}]
    refused(scim.patch(f"/Users/{rui}", rename), 409, "user.look_alike")
    refused(scim.put(f"/Users/{rui}", person("rui.sousa", userName=name)), 409, "user.look_alike")
    assert contents() == before


def test_decomposed_accents_are_no_evidence(
    scim: ScimClient, sso_subject: None, organization: Organization
) -> None:
    LearnerFactory(organization=organization, user__username="ren\u00e9e@harborline.example")
    before = contents()
    name = "rene\u0301e@harborline.example"
    event = refused(scim.post("/Users", person(userName=name)), 409, "user.look_alike")
    assert event.cause["code_points"] == "U+0301"
    assert contents() == before


def test_a_decomposed_name_of_nobody_else_is_somebodys_name(scim: ScimClient) -> None:
    name = "rene\u0301e@harborline.example"
    assert scim.post("/Users", person(userName=name)).json()["userName"] == name


#: Names that hold what is drawn like something that people write.
STAND_INS = {
    **LOOK_ALIKES,
    "\ufb01nn@harborline.example": "U+FB01",
    "finn\u00a0b@harborline.example": "U+00A0",
    "finn@harborline\u2024example": "U+2024",
}


@pytest.mark.parametrize(("name", "odd"), STAND_INS.items())
@pytest.mark.parametrize("goes_by_name", [True, False], ids=["sso subject", "own names"])
def test_whether_another_customer_has_what_a_name_looks_like_is_not_to_be_found_out(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch, name: str, odd: str, goes_by_name: bool
) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", goes_by_name)
    rui = scim.post("/Users", person("rui.sousa")).json()["id"]
    rename = [{"op": "Replace", "path": "userName", "value": name}]

    def answers() -> list[tuple[int, str]]:
        sent = (
            scim.post("/Users", person("kate", userName=name)),
            scim.patch(f"/Users/{rui}", rename),
            scim.put(f"/Users/{rui}", person("rui.sousa", userName=name)),
        )
        assert ProvisioningEvent.objects.latest("pk").cause["code_points"] == odd
        return [(answer.status_code, answer.json()["detail"]) for answer in sent]

    unknown = answers()
    LearnerFactory(user__username=KATE)
    LearnerFactory(user__username="finn@harborline.example")
    LearnerFactory(user__username="finn b@harborline.example")
    assert answers() == unknown
    assert unknown == [(400, f"userName holds characters that look like others: {odd}.")] * 3
    assert User.objects.count() == 4


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("rene\u0301e@harborline.example", "ren\u00e9e@harborline.example"),
        ("ren\u00e9e@harborline.example", "rene\u0301e@harborline.example"),
    ],
)
def test_accents_written_otherwise_are_the_name_of_another_customer_as_any_is(
    scim: ScimClient, name: str, there: str
) -> None:
    """Composed or not they are one name: theirs stays theirs, and the newcomer's account gets a suffix."""
    theirs = LearnerFactory(user__username=there).user
    answer = scim.post("/Users", person(userName=name))
    assert (answer.status_code, answer.json()["userName"]) == (201, name)
    assert User.objects.exclude(pk=theirs.pk).get().username == f"{name}~{mark(answer.json()['id'])}"


def test_nobody_comes_back_by_a_name_that_looks_like_theirs(scim: ScimClient) -> None:
    """The Kelvin sign folds to k, so the tombstone is found."""
    kate = scim.post("/Users", person("kate")).json()["id"]
    scim.delete(f"/Users/{kate}")
    before = contents()
    refused(scim.post("/Users", person("kate", userName=KELVIN)), 400, "attr.characters")
    assert contents() == before
    assert scim.post("/Users", person("kate")).json()["id"] == kate


@pytest.mark.parametrize("kind", UNSEEN)
def test_what_nobody_can_see_is_refused_in_a_name_by_every_verb(scim: ScimClient, kind: str) -> None:
    name, code_points = UNSEEN[kind]
    rui = scim.post("/Users", person("rui.sousa")).json()["id"]
    before = contents()
    rename = {"op": "Replace", "path": "userName", "value": name}
    for answer in (
        scim.post("/Users", person("kate", userName=name)),
        scim.put(f"/Users/{rui}", person("rui.sousa", userName=name)),
        scim.patch(f"/Users/{rui}", [rename]),
        scim.patch(f"/Users/{rui}", [{"op": "Replace", "value": {"userName": name}}]),
    ):
        event = refused(answer, 400, "attr.characters")
        assert answer.json()["scimType"] == "invalidValue"
        assert event.cause["code_points"] == code_points
        assert code_points in log_words.explanation(event, in_clear=False).cause
    bulk = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [
            {"method": "POST", "path": "/Users", "bulkId": "k", "data": person("kate", userName=name)},
            {"method": "PATCH", "path": f"/Users/{rui}", "data": {"Operations": [rename]}},
        ],
    }
    answer = scim.post("/Bulk", bulk)
    assert [operation["status"] for operation in answer.json()["Operations"]] == ["400", "400"]
    assert contents() == before


def test_somebody_whose_odd_name_is_here_already_can_still_be_changed(scim: ScimClient) -> None:
    rui = scim.post("/Users", person("rui.sousa")).json()["id"]
    odd = "ru\u200bi.sousa@harborline.example"
    ProvisionedUser.objects.update(user_name=odd, user_name_key=odd)
    User.objects.update(username=odd)
    change = [{"op": "Replace", "path": "title", "value": "Fellow"}]
    assert scim.patch(f"/Users/{rui}", change).json()["title"] == "Fellow"
    answer = scim.put(f"/Users/{rui}", person("rui.sousa", userName=odd, active=False))
    assert (answer.status_code, answer.json()["active"]) == (200, False)
    scim.delete(f"/Users/{rui}")
    assert scim.post("/Users", person("rui.sousa", userName=odd)).json()["id"] == rui


def test_letters_of_other_scripts_and_case_are_names_like_any(
    scim: ScimClient, sso_subject: None, organization: Organization
) -> None:
    for name in ("\u00e5sa@x.example", "\u5c71\u7530@x.example", "\u0430\u043d\u043d\u0430@x.example"):
        LearnerFactory(organization=organization, user__username=name)
        answer = scim.post("/Users", person(userName=name.upper(), externalId=name))
        assert answer.status_code == 201, answer.content
        assert ProvisioningEvent.objects.latest("pk").action == "adopted"


def test_where_the_name_is_what_people_sign_in_by_nobody_gets_a_second_one(
    scim: ScimClient, sso_subject: None
) -> None:
    LearnerFactory(user__username=KATE)
    before = contents()
    answer = scim.post("/Users", person("kate"))
    event = refused(answer, 409, "user.name_taken")
    assert answer.json()["detail"] == "Another account of this application already signs in by this name."
    assert log_words.explanation(event, in_clear=False).title == "The user name belongs to another account."
    assert contents() == before


# --- whom the LMS has switched off


@pytest.mark.parametrize("sent", [True, False])
def test_whom_the_lms_has_switched_off_no_sync_switches_on(
    scim: ScimClient, sso_subject: None, kate: User, sent: bool
) -> None:
    User.objects.update(is_active=False)
    before = contents()
    refused(scim.post("/Users", person("kate", active=sent)), 409, "user.switched_off")
    assert contents() == before
    User.objects.update(is_active=True)
    assert scim.post("/Users", person("kate")).status_code == 201


def test_however_strong_the_evidence_of_the_host(
    scim: ScimClient, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner = LearnerFactory(organization=organization, user__username="k.bell", user__is_active=False)

    def by_number(self: Any, scim_user: Any) -> Any:
        return [adapters.Candidate(learner.user, strong=True)]

    monkeypatch.setattr(LearnerAdapter, "find_learner", by_number)
    refused(scim.post("/Users", person("kate")), 409, "user.switched_off")


def test_a_revival_switches_on(scim: ScimClient) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    scim.delete(f"/Users/{scim_id}")
    assert scim.post("/Users", person()).json()["id"] == scim_id
    assert User.objects.get().is_active


# --- only full agreement revives


def test_the_question_is_asked_once_and_the_log_says_so(scim: ScimClient, connection: SCIMConnection) -> None:
    old = scim.post("/Users", person(externalId="e1")).json()
    scim.delete(f"/Users/{old['id']}")
    new = scim.post("/Users", person(externalId="e2")).json()
    question = IdentityQuestion.objects.get()
    assert (question.newcomer.scim_id, question.earlier.scim_id) == (new["id"], old["id"])
    event = ProvisioningEvent.objects.latest("pk")
    assert (event.action, event.cause) == ("created", {"earlier": [old["id"]]})
    assert [fact for fact, _words in log_words.remarks(event)] == ["earlier"]
    scim.put(f"/Users/{new['id']}", person(externalId="e2", title="Fellow"))
    assert IdentityQuestion.objects.count() == 1


def test_namesakes_come_and_go_and_each_has_an_account_of_their_own(scim: ScimClient) -> None:
    made = []
    for external_id in ("e1", "e2", "e3"):
        answer = scim.post("/Users", person(externalId=external_id))
        assert answer.status_code == 201
        made.append(answer.json()["id"])
        scim.delete(f"/Users/{made[-1]}")
    assert len(set(made)) == 3
    assert Learner.objects.count() == 3
    assert len(set(User.objects.values_list("username", flat=True))) == 3
    assert IdentityQuestion.objects.count() == 3
    # And each comes back to what was theirs.
    for external_id, scim_id in (("e2", made[1]), ("e1", made[0])):
        assert scim.post("/Users", person(externalId=external_id)).json()["id"] == scim_id
        scim.delete(f"/Users/{scim_id}")


def test_an_account_that_another_connection_uses_keeps_its_name(
    scim: ScimClient, sso_subject: None, connection: SCIMConnection
) -> None:
    old = scim.post("/Users", person(externalId="e1")).json()
    make_connection("Other")
    let_share(old["userName"])
    second = SCIMConnection.objects.get(name="Other")
    other = ScimClient(TokenFactory(connection=second).plaintext)
    assert other.post("/Users", person()).status_code == 201
    scim.delete(f"/Users/{old['id']}")
    refused(scim.post("/Users", person(externalId="e2")), 409, "user.owned_elsewhere")
    assert User.objects.get().username == old["userName"]


# --- protected


def protect(name: str) -> User:
    user = User.objects.get(username=name)
    user.is_staff = True
    user.save()
    return user


def test_a_protected_persons_awaited_manager_is_not_filled_in(scim: ScimClient) -> None:
    """The manager was named before they were here; when they return, a protected report stays as it is."""
    boss = scim.post("/Users", person("boss.one")).json()["id"]
    scim.delete(f"/Users/{boss}")
    reports = {
        name: scim.post("/Users", person(name, **{ENTERPRISE: {"manager": {"value": boss}}})).json()["id"]
        for name in ("rui.sousa", "mia.lund")
    }
    protect("rui.sousa@harborline.example")
    before = ProvisionedUser.objects.values().get(scim_id=reports["rui.sousa"])
    assert scim.post("/Users", person("boss.one")).json()["id"] == boss
    managers = dict(Learner.objects.values_list("user__username", "manager__user__username"))
    assert managers["mia.lund@harborline.example"] == "boss.one@harborline.example"
    assert managers["rui.sousa@harborline.example"] is None
    assert ProvisionedUser.objects.values().get(scim_id=reports["rui.sousa"]) == before


def test_nobody_is_renamed_to_a_deleted_persons_protected_account(scim: ScimClient) -> None:
    old = scim.post("/Users", person()).json()
    scim.delete(f"/Users/{old['id']}")
    protect(old["userName"])
    rui = scim.post("/Users", person("rui.sousa")).json()["id"]
    before = contents()
    rename = [{"op": "Replace", "path": "userName", "value": old["userName"]}]
    event = refused(scim.patch(f"/Users/{rui}", rename), 409, "user.identity_conflict")
    assert event.cause["links"] == [old["id"]]
    refused(
        scim.put(f"/Users/{rui}", person("rui.sousa", userName=old["userName"])),
        409,
        "user.identity_conflict",
    )
    assert contents() == before


def test_a_protected_account_steps_aside_for_nobody(scim: ScimClient) -> None:
    old = scim.post("/Users", person(externalId="e1")).json()
    scim.delete(f"/Users/{old['id']}")
    protect(old["userName"])
    before = contents()
    refused(scim.post("/Users", person(externalId="e2")), 409, "user.identity_conflict")
    assert contents() == before


def test_a_protected_person_is_not_suspended_when_their_connection_ends(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    scim.post("/Users", person())
    user = protect("ines.okafor@harborline.example")
    connections.disconnect(connection, actor=None, learners="suspend")
    user.refresh_from_db()
    assert user.is_active
