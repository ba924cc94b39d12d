"""Who is who: names in use, people who come back, accounts that are nobody's business."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from example_project.lms.models import Learner, Organization
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.models import IdentityQuestion, ProvisionedUser, ProvisioningEvent
from scim_provisioning.protocol.spelling import spelled_alike
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.client import ScimClient
from tests.hosts.current import let_share, make_connection
from tests.lms_factories import CourseFactory, LearnerFactory, ProgressFactory, SSOSettingsFactory
from tests.people import mark, person
from tests.tables import contents

pytestmark = pytest.mark.django_db


def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The body of a refusal, whose code stands in the log."""
    assert answer.status_code == status, answer.content
    event = ProvisioningEvent.objects.latest("pk")
    assert (event.outcome, event.status, event.error_code) == ("refused", status, code)
    body: dict[str, Any] = answer.json()
    return body


@pytest.mark.parametrize("user_name", ["ines.okafor@harborline.example", "INES.Okafor@HARBORLINE.example"])
@pytest.mark.parametrize("active", [True, False])
def test_name_of_a_living_link_is_409_whether_active_or_not(
    scim: ScimClient, user_name: str, active: bool
) -> None:
    made = scim.post("/Users", person(active=active)).json()
    before = contents()
    body = refused(scim.post("/Users", person(userName=user_name)), 409, "user.username_taken")
    assert body["scimType"] == "uniqueness"
    assert made["id"] not in str(body)
    assert contents() == before


def test_renaming_to_the_name_of_a_living_link_is_409(scim: ScimClient) -> None:
    scim.post("/Users", person())
    rui = scim.post("/Users", person("rui.sousa")).json()["id"]
    before = contents()
    rename = [{"op": "replace", "path": "userName", "value": "Ines.Okafor@harborline.example"}]
    for answer in (
        scim.patch(f"/Users/{rui}", rename),
        scim.put(f"/Users/{rui}", person("rui.sousa", userName="ines.okafor@harborline.example")),
    ):
        body = refused(answer, 409, "user.username_taken")
        assert body["scimType"] == "uniqueness"
        assert body["detail"] == "userName is already in use in this directory."
    assert contents() == before


def test_changing_only_the_case_of_a_name_succeeds(scim: ScimClient) -> None:
    ines = scim.post("/Users", person()).json()["id"]
    rename = [{"op": "replace", "path": "userName", "value": "Ines.Okafor@Harborline.example"}]
    assert scim.patch(f"/Users/{ines}", rename).json()["userName"] == "Ines.Okafor@Harborline.example"


AGREEING = [
    ({"externalId": "e1"}, {"externalId": "e1"}),
    ({"externalId": None}, {"externalId": None}),
]


@pytest.mark.parametrize(("first", "second"), AGREEING)
def test_somebody_who_comes_back_gets_her_id_her_learner_and_her_progress_back(
    scim: ScimClient, first: dict[str, Any], second: dict[str, Any]
) -> None:
    ines = scim.post("/Users", person(**first)).json()
    learner = Learner.objects.get(user__username=ines["userName"])
    ProgressFactory(learner=learner, course=CourseFactory(), percent=80)
    scim.delete(f"/Users/{ines['id']}")
    learner.user.refresh_from_db()
    assert not learner.user.is_active

    answer = scim.post("/Users", person(title="Fellow", userName=ines["userName"].upper(), **second))
    back = answer.json()
    assert (answer.status_code, back["id"], back["active"]) == (201, ines["id"], True)
    assert answer.headers["Location"] == back["meta"]["location"]
    again = Learner.objects.get()
    assert (again.pk, again.user.is_active, again.job_role) == (learner.pk, True, "Fellow")
    assert again.progress.get().percent == 80
    assert ProvisioningEvent.objects.latest("pk").action == "revived"


DISAGREEING = [
    ({"externalId": "e1"}, {"externalId": None}),
    ({"externalId": None}, {"externalId": "e1"}),
    ({"externalId": "e1"}, {"externalId": "e2"}),
    ({"externalId": "e1"}, {"externalId": "e1", "userName": "other@harborline.example"}),
    ({"externalId": "e1"}, {"externalId": "E1"}),
]


@pytest.mark.parametrize(("first", "second"), DISAGREEING)
def test_somebody_who_agrees_in_one_identifier_only_inherits_nothing(
    scim: ScimClient, first: dict[str, Any], second: dict[str, Any]
) -> None:
    """RFC 7644 section 3.6: whoever has only a name in common with somebody deleted is somebody new, at once."""
    ines = scim.post("/Users", person(**first)).json()
    old = Learner.objects.get()
    ProgressFactory(learner=old, course=CourseFactory(), percent=80)
    scim.delete(f"/Users/{ines['id']}")

    answer = scim.post("/Users", person(**second))
    new = answer.json()

    assert (answer.status_code, new["userName"]) == (201, person(**second)["userName"])
    assert new["id"] != ines["id"]
    learner = Learner.objects.exclude(pk=old.pk).get()
    assert (learner.user.username, learner.user.is_active) == (new["userName"], True)
    assert not learner.progress.exists()
    old.user.refresh_from_db()
    assert (old.user.is_active, old.progress.get().percent) == (False, 80)
    assert old.user.username != learner.user.username
    question = IdentityQuestion.objects.get()
    assert (question.newcomer.scim_id, question.earlier.scim_id) == (new["id"], ines["id"])


def test_stranger_to_the_tombstone_is_somebody_new(scim: ScimClient) -> None:
    ines = scim.post("/Users", person()).json()
    scim.delete(f"/Users/{ines['id']}")
    rui = scim.post("/Users", person("rui.sousa")).json()
    assert rui["id"] != ines["id"]
    assert Learner.objects.count() == 2


def test_tombstone_whose_account_the_host_deleted_is_not_inherited(scim: ScimClient) -> None:
    ines = scim.post("/Users", person()).json()
    User.objects.get().delete()
    assert scim.get(f"/Users/{ines['id']}").status_code == 404
    scim.delete(f"/Users/{ines['id']}")
    answer = scim.post("/Users", person())
    assert answer.status_code == 201
    assert answer.json()["id"] != ines["id"]


def test_name_of_somebody_whose_account_the_host_deleted_is_free_for_others(scim: ScimClient) -> None:
    scim.post("/Users", person())
    User.objects.get().delete()
    rui = scim.post("/Users", person("rui.sousa")).json()["id"]
    rename = [{"op": "replace", "path": "userName", "value": "Ines.Okafor@harborline.example"}]
    answer = scim.patch(f"/Users/{rui}", rename)
    assert (answer.status_code, answer.json()["userName"]) == (200, "Ines.Okafor@harborline.example")


def test_account_of_the_same_customer_that_nobody_provisioned_is_409_and_stays_as_it_is(
    scim: ScimClient, organization: Organization
) -> None:
    LearnerFactory(organization=organization, user__username="ines.okafor@harborline.example")
    before = contents()
    body = refused(scim.post("/Users", person()), 409, "user.exists_unmanaged")
    assert "not managed" in body["detail"]
    assert contents() == before


def test_nobody_is_renamed_to_an_account_of_the_same_customer_that_nobody_provisioned(
    scim: ScimClient, organization: Organization
) -> None:
    LearnerFactory(organization=organization, user__username="ines.bell@harborline.example")
    ines = f"/Users/{scim.post('/Users', person()).json()['id']}"
    before = contents()
    rename = [{"op": "Replace", "path": "userName", "value": "Ines.Bell@harborline.example"}]
    assert "not managed" in refused(scim.patch(ines, rename), 409, "user.exists_unmanaged")["detail"]
    refused(scim.put(ines, person("ines.bell")), 409, "user.exists_unmanaged")
    assert contents() == before


def test_somebody_may_be_renamed_to_the_name_of_an_account_that_is_deleted_or_renamed(
    scim: ScimClient,
) -> None:
    ines, ana, ben = (
        f"/Users/{scim.post('/Users', person(name)).json()['id']}" for name in ("ines.x", "ana.x", "ben.x")
    )
    # In the LMS Ben's account goes by a name that in the directory is nobody's.
    User.objects.filter(username__startswith="ben.x").update(username="benny.x@harborline.example")
    scim.delete(ana)
    for name in ("ana.x", "benny.x"):
        rename = [{"op": "Replace", "path": "userName", "value": f"{name}@harborline.example"}]
        answer = scim.patch(ines, rename)
        assert (answer.status_code, answer.json()["userName"]) == (200, f"{name}@harborline.example")
    assert scim.get(ben).json()["userName"] == "ben.x@harborline.example"


@pytest.mark.parametrize("is_sso_subject", [True, False])
@pytest.mark.parametrize("verb", ["PATCH", "PUT"])
def test_a_deleted_persons_account_steps_aside_for_somebody_who_is_given_her_name(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch, is_sso_subject: bool, verb: str
) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", is_sso_subject)
    ines, rui = (scim.post("/Users", person(name)).json() for name in ("ines.okafor", "rui.sousa"))
    scim.delete(f"/Users/{ines['id']}")
    old, new = (ProvisionedUser.objects.get(scim_id=someone["id"]).user for someone in (ines, rui))
    name = "Ines.Okafor@harborline.example"
    for _ in range(2):
        if verb == "PUT":
            answer = scim.put(f"/Users/{rui['id']}", person("rui.sousa", userName=name))
        else:
            answer = scim.patch(f"/Users/{rui['id']}", [{"op": "replace", "path": "userName", "value": name}])
        assert (answer.status_code, answer.json()["userName"]) == (200, name), answer.content
        event = ProvisioningEvent.objects.latest("pk")
        assert (event.action, event.cause["earlier"]) == ("updated", [ines["id"]])
        for account in (old, new):
            account.refresh_from_db()
        assert (new.username, old.username) == (name, f"{ines['userName']}~{mark(ines['id'])}")
        # Asked once, whatever the name becomes in between.
        question = IdentityQuestion.objects.get()
        assert (question.newcomer.scim_id, question.earlier.scim_id) == (rui["id"], ines["id"])
        scim.put(f"/Users/{rui['id']}", person("rui.sousa"))


def tombstones(scim: ScimClient, count: int, prefix: str, **changes: Any) -> None:
    for number in range(count):
        answer = scim.post("/Users", person(f"{prefix}.{number}", **changes))
        assert scim.delete(f"/Users/{answer.json()['id']}").status_code == 204


@pytest.mark.parametrize("verb", ["POST", "PATCH"])
def test_a_newcomer_costs_the_same_however_many_deleted_people_had_the_identifiers(
    scim: ScimClient, verb: str
) -> None:
    name = "often.used@harborline.example"
    same: dict[str, Any] = {"userName": name} if verb == "PATCH" else {"externalId": "same"}

    def statements(number: int) -> int:
        with CaptureQueriesContext(database) as sent:
            if verb == "POST":
                answer = scim.post("/Users", person(f"new.{number}", externalId="same"))
                assert answer.status_code == 201
            else:
                rename = [{"op": "replace", "path": "userName", "value": name}]
                answer = scim.patch(f"/Users/{people[number]}", rename)
                assert answer.status_code == 200
        scim.delete(f"/Users/{answer.json()['id']}")
        return len(sent)

    people = [scim.post("/Users", person(f"rui.{n}")).json()["id"] for n in range(2)]
    for number in range(12):
        tombstones(scim, 1, f"few{number}", **{"externalId": f"{number}", **same})
    few = statements(0)
    for number in range(12):
        tombstones(scim, 1, f"many{number}", **{"externalId": f"m{number}", **same})
    assert statements(1) <= few
    # Whoever was deleted last may be the one.
    newcomer = ProvisionedUser.objects.tombstones().latest("deleted_at")
    assert IdentityQuestion.objects.filter(newcomer=newcomer).count() == 10


def test_whoever_holds_the_name_steps_aside_however_many_had_the_identifier_later(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    ines = scim.post("/Users", person(externalId="same")).json()
    scim.delete(f"/Users/{ines['id']}")
    tombstones(scim, 12, "later", externalId="same")
    new = scim.post("/Users", person(externalId="other"))
    assert new.status_code == 201, new.content
    old = ProvisionedUser.objects.get(scim_id=ines["id"]).user
    assert old is not None
    assert old.username == f"{ines['userName']}~{mark(ines['id'])}"


def test_whoever_agrees_in_both_returns_however_many_had_one_of_the_identifiers_later(
    scim: ScimClient,
) -> None:
    ines = scim.post("/Users", person(externalId="same")).json()
    scim.delete(f"/Users/{ines['id']}")
    tombstones(scim, 12, "later", externalId="same")
    assert scim.post("/Users", person(externalId="same")).json()["id"] == ines["id"]


def test_a_deleted_persons_account_that_another_connection_uses_keeps_its_name(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = ScimClient(TokenFactory(connection=make_connection("Other")).plaintext)
    ines, rui = (scim.post("/Users", person(name)).json() for name in ("ines.okafor", "rui.sousa"))
    let_share(ines["userName"])
    assert elsewhere.post("/Users", person()).status_code == 201
    scim.delete(f"/Users/{ines['id']}")
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    before = contents()
    rename = [{"op": "replace", "path": "userName", "value": ines["userName"]}]
    refused(scim.patch(f"/Users/{rui['id']}", rename), 409, "user.name_taken")
    assert contents() == before


def test_account_is_adopted_where_the_user_name_is_the_sso_subject(
    scim: ScimClient, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner = LearnerFactory(organization=organization, user__username="ines.okafor@harborline.example")
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    assert scim.post("/Users", person()).status_code == 201
    learner.refresh_from_db()
    assert learner.job_role == "Secure Coding Lead"
    assert ProvisionedUser.objects.get().user == learner.user
    assert ProvisioningEvent.objects.latest("pk").action == "adopted"


@pytest.mark.parametrize("flag", ["is_staff", "is_superuser"])
def test_protected_account_is_never_adopted(
    scim: ScimClient, organization: Organization, monkeypatch: pytest.MonkeyPatch, flag: str
) -> None:
    LearnerFactory(
        organization=organization, user__username="ines.okafor@harborline.example", **{f"user__{flag}": True}
    )
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    before = contents()
    refused(scim.post("/Users", person()), 409, "user.exists_unmanaged")
    assert contents() == before


@pytest.mark.parametrize("flag", ["is_staff", "is_superuser"])
def test_protected_account_is_not_changed_switched_off_or_deleted(scim: ScimClient, flag: str) -> None:
    ines = scim.post("/Users", person()).json()["id"]
    User.objects.update(**{flag: True})
    before = contents()
    for answer in (
        scim.patch(f"/Users/{ines}", [{"op": "replace", "path": "active", "value": False}]),
        scim.patch(f"/Users/{ines}", [{"op": "replace", "path": "title", "value": "Intern"}]),
        scim.put(f"/Users/{ines}", person(title="Intern")),
        scim.delete(f"/Users/{ines}"),
    ):
        refused(answer, 403, "user.protected")
    assert contents() == before
    assert scim.get(f"/Users/{ines}").status_code == 200


def test_protected_account_does_not_come_back_by_itself(scim: ScimClient) -> None:
    ines = scim.post("/Users", person()).json()["id"]
    scim.delete(f"/Users/{ines}")
    User.objects.update(is_staff=True)
    before = contents()
    refused(scim.post("/Users", person()), 403, "user.protected")
    assert contents() == before


def test_protected_account_may_be_sent_again_unchanged(scim: ScimClient) -> None:
    ines = scim.post("/Users", person()).json()["id"]
    User.objects.update(is_staff=True)
    assert scim.put(f"/Users/{ines}", person()).status_code == 200


def test_nothing_that_scim_can_send_makes_anybody_staff(scim: ScimClient) -> None:
    powers = {
        "is_staff": True,
        "is_superuser": True,
        "isStaff": True,
        "roles": [{"value": "admin", "primary": True}],
        "entitlements": [{"value": "superuser"}],
        "groups": [{"value": "admins"}],
        "user_permissions": ["all"],
        "password": "let me in",
    }
    ines = scim.post("/Users", person(**powers)).json()["id"]
    for name, value in powers.items():
        scim.patch(f"/Users/{ines}", [{"op": "add", "path": name, "value": value}])
        scim.patch(f"/Users/{ines}", [{"op": "add", "value": {name: value}}])
    scim.put(f"/Users/{ines}", person(**powers))
    user = User.objects.get()
    assert (user.is_staff, user.is_superuser, user.has_usable_password()) == (False, False, False)
    assert not user.groups.exists()
    assert not user.user_permissions.exists()


def test_name_that_an_account_of_another_customer_holds_gets_a_suffix_and_is_returned_as_sent(
    scim: ScimClient,
) -> None:
    elsewhere = ScimClient(
        TokenFactory(connection=ConnectionFactory(sso_key=str(SSOSettingsFactory().pk))).plaintext
    )
    theirs = elsewhere.post("/Users", person()).json()
    answer = scim.post("/Users", person())
    ours = answer.json()
    assert answer.status_code == 201
    assert ours["userName"] == theirs["userName"] == "ines.okafor@harborline.example"
    assert ours["id"] != theirs["id"]
    accounts = User.objects.order_by("pk").values_list("username", flat=True)
    assert list(accounts) == [
        "ines.okafor@harborline.example",
        f"ines.okafor@harborline.example~{mark(ours['id'])}",
    ]
    for client, user in ((scim, ours), (elsewhere, theirs)):
        found = client.get("/Users?filter=userName+eq+%22ines.okafor@harborline.example%22").json()
        assert [one["id"] for one in found["Resources"]] == [user["id"]]


def test_suffix_still_fits_when_the_name_is_as_long_as_the_account_allows(scim: ScimClient) -> None:
    elsewhere = ScimClient(
        TokenFactory(connection=ConnectionFactory(sso_key=str(SSOSettingsFactory().pk))).plaintext
    )
    name = "n" * 138 + "@long.example"
    assert elsewhere.post("/Users", person(userName=name[:150])).status_code == 201
    answer = scim.post("/Users", person(userName=name[:150]))
    assert (answer.status_code, answer.json()["userName"]) == (201, name[:150])


@pytest.mark.parametrize("external_id", ["1", "0", "", "e" * 300, "admin", "null", "'; --"])
def test_external_id_is_opaque_text_that_may_repeat(scim: ScimClient, external_id: str) -> None:
    admin = User.objects.create_superuser("root")
    for name in ("ines.okafor", "rui.sousa"):
        answer = scim.post("/Users", person(name, externalId=external_id))
        assert answer.status_code == 201
        assert answer.json().get("externalId", "") == external_id
    admin.refresh_from_db()
    assert admin.is_superuser
    assert User.objects.count() == 3


@pytest.mark.parametrize("again", ["\u212aate@harborline.example", "kate\uff20harborline.example"])
def test_a_name_may_not_come_to_look_like_another_by_a_rename(scim: ScimClient, again: str) -> None:
    """The Kelvin sign folds to k, so the name is the person's own still; it looks like another all the same."""
    kate = scim.post("/Users", person("kate")).json()["id"]
    rename = [{"op": "replace", "path": "userName", "value": again}]
    refused(scim.patch(f"/Users/{kate}", rename), 400, "attr.characters")
    refused(scim.put(f"/Users/{kate}", person("kate", userName=again)), 400, "attr.characters")


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Ana@a.example", "ana@A.EXAMPLE", True),
        ("JOSÉ", "josé", True),
        ("strasse@a.example", "straße@a.example", False),
        ("ßss", "ssß", False),
        ("\u212aate", "kate", False),
    ],
)
def test_strong_evidence_is_the_same_letters(one: str, other: str, alike: bool) -> None:
    """Databases whose collation takes ß for ss (MySQL's own, MariaDB's newer one) find both accounts."""
    assert spelled_alike(one, other) is alike
