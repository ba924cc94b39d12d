"""Somebody is forgotten: nothing that is theirs stands in any table of the app, and counts and facts stay."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from example_project.lms.models import Learner, Organization
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import audit
from scim_provisioning.administration.adoption import queue
from scim_provisioning.events import pseudonyms
from scim_provisioning.models import (
    Action,
    AdoptionAnswer,
    FormerIdentifier,
    HeldLeaver,
    LockedValue,
    Operation,
    ProvisionedUser,
    ProvisioningEvent,
    ProvisioningPayload,
    RefusedName,
    SCIMConnection,
    SentNotice,
    SharedAccount,
)
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.hosts.current import make_connection
from tests.lms_factories import LearnerFactory
from tests.people import CORE, ENTERPRISE, person

pytestmark = pytest.mark.django_db

#: What is planted: each text stands for one fact about the person, and for nothing else.
MARK = "qz7"
SENT: dict[str, Any] = {
    "schemas": [CORE, ENTERPRISE],
    "externalId": "qz7ÉxternalId",
    "userName": "qz7Username@harborline.example",
    "active": True,
    "displayName": "Qz7given Qz7family",
    "nickName": "qz7nick",
    "profileUrl": "https://people.example/qz7profile",
    "title": "qz7title",
    "userType": "qz7type",
    "locale": "qz7locale",
    "name": {
        "givenName": "Qz7given",
        "familyName": "Qz7family",
        "middleName": "qz7middle",
        "formatted": "Dr Qz7given Qz7family",
    },
    "emails": [
        {"primary": True, "type": "work", "value": "qz7username@harborline.example"},
        {"type": "home", "value": "qz7home@mail.example"},
    ],
    "phoneNumbers": [{"type": "work", "value": "+44 131 qz7"}],
    "ims": [{"type": "skype", "value": "qz7skype"}],
    "photos": [{"type": "photo", "value": "https://photos.example/qz7photo"}],
    "addresses": [{"type": "work", "locality": "qz7locality", "streetAddress": "qz7street 1"}],
    ENTERPRISE: {
        "employeeNumber": "qz7-20417",
        "costCenter": "qz7cost",
        "manager": {"value": "qz7boss", "displayName": "qz7 Boss"},
    },
}
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def patch(path: str, value: Any) -> dict[str, Any]:
    return {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "path": path, "value": value}]}


def found() -> Iterator[str]:
    """Where any of it stands: every column of every row of every table of the app, and Django's own history."""
    models = [*apps.get_app_config("scim_provisioning").get_models(), LogEntry]
    for model in models:
        for row in model._base_manager.values():
            for column, value in row.items():
                written = json.dumps(value, default=str, ensure_ascii=False)
                if MARK in written.casefold():
                    yield f"{model.__name__}.{column}: {written}"


def tables() -> set[str]:
    return {place.partition(".")[0] for place in found()}


def forget(term: str, *arguments: str, connection: str = "Entra") -> str:
    out = StringIO()
    call_command("scim_forget", "--connection", connection, term, *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def somebody(
    scim: ScimClient, connection: SCIMConnection, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> ProvisionedUser:
    """A learner who was here before, and of whom everything is kept that can be: adopted, renamed, refused, searched,
    somebody's manager, held, talked about; switched off in the end."""
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    LearnerFactory(
        organization=organization,
        job_role="qz7oldrole",
        user__username="qz7username@harborline.example",
        user__email="qz7before@home.example",
    )
    assert scim.post("/Users", SENT).status_code == 201
    link = ProvisionedUser.objects.get()
    mine = f"/Users/{link.scim_id}"
    renamed = patch("userName", "qz7renamed@harborline.example")
    for body in (
        renamed,
        patch("name.familyName", "Qz7married"),
        patch("displayName", "Qz7given Qz7married"),
    ):
        assert scim.patch(mine, body).status_code == 200
    moved = patch('emails[value eq "qz7home@mail.example"].value', "qz7new@mail.example")
    assert scim.patch(mine, moved).status_code == 200
    assert scim.patch(mine, patch("qz7unknown", "x")).status_code in (200, 400)
    # Refused: by their id, and as somebody new under their name.
    assert scim.patch(mine, patch("emails", "qz7nonsense")).status_code in (200, 400)
    assert scim.post("/Users", SENT | {"userName": "qz7renamed@harborline.example"}).status_code == 409
    assert scim.get("/Users/qz7renamed@harborline.example").status_code == 404
    assert scim.get('/Users?filter=userName eq "qz7renamed@harborline.example" foo').status_code == 400
    # Their report names them, as do an answer and what administrators did.
    report = person("rui.sousa")
    report[ENTERPRISE]["manager"] = {"value": "qz7ÉxternalId", "displayName": "Qz7given Qz7married"}
    assert scim.post("/Users", report).status_code == 201
    collides = person("somebody.else", emails=[{"type": "work", "value": "qz7renamed@harborline.example"}])
    scim.post("/Users", collides | {"userName": ""})
    AdoptionAnswer.objects.create(
        connection=connection,
        user_name="qz7renamed@harborline.example",
        user_name_key="qz7renamed@harborline.example",
        verdict=AdoptionAnswer.Verdict.IGNORED,
    )
    audit.log_entry(
        User.objects.create_superuser("ada"), connection, "“Qz7renamed@harborline.example” was linked."
    )
    SharedAccount.objects.create(connection=connection, user=link.user)
    ProvisioningEvent.objects.create(
        connection=connection,
        operation=Operation.ADMIN,
        action=Action.ANSWERED,
        detail="“QZ7RENAMED@harborline.example” is somebody new: a separate account is made at the next try.",
    )
    assert scim.patch(mine, patch("active", False)).status_code == 200
    LockedValue.objects.create(connection=connection, link=link, path="title", reason="Qz7given asked for it")
    HeldLeaver.objects.create(connection=connection, link=link, operation=Operation.DELETE)
    link.refresh_from_db()
    return link


def test_nothing_of_a_person_who_was_forgotten_stands_in_any_table(somebody: ProvisionedUser) -> None:
    assert tables() == {
        "Adoption",
        "AdoptionAnswer",
        "FormerIdentifier",
        "LockedValue",
        "LogEntry",
        "ProvisionedUser",
        "ProvisioningEvent",
        "ProvisioningPayload",
        "RefusedName",
    }
    forget("qz7renamed@harborline.example", "--apply")
    assert list(found()) == []


def test_counts_and_facts_stay_and_one_person_is_seen_to_be_one(somebody: ProvisionedUser) -> None:
    of_them = ProvisioningEvent.objects.filter(link=somebody).order_by("pk")
    facts = ("operation", "action", "outcome", "status", "error_code", "created_at", "request_id", "token")
    before, links = list(of_them.values(*facts)), ProvisionedUser.objects.count()
    forget("qz7renamed@harborline.example", "--apply")
    *after, said = of_them.values(*facts)
    assert after == before
    assert said["action"] == Action.FORGOTTEN
    assert ProvisionedUser.objects.count() == links
    renamed = ProvisioningEvent.objects.filter(link=somebody, changes__has_key="userName").order_by("-pk")[0]
    somebody.refresh_from_db()
    assert renamed.changes["userName"][1] == renamed.user_name == somebody.user_name
    refused = ProvisioningEvent.objects.filter(link__isnull=True, user_name=somebody.user_name)
    assert [event.error_code for event in refused] == ["user.username_taken"]


def test_what_was_sent_of_others_stays(somebody: ProvisionedUser) -> None:
    before = ProvisionedUser.objects.get(user_name__startswith="rui.sousa")
    forget("qz7renamed@harborline.example", "--apply")
    after = ProvisionedUser.objects.get(pk=before.pk)
    manager = before.document[ENTERPRISE].pop("manager"), after.document[ENTERPRISE].pop("manager")
    assert after.document == before.document
    assert [MARK in str(named) for named in manager] == [True, False]
    created = ProvisioningEvent.objects.get(link=before, action=Action.CREATED)
    assert created.changes["displayName"] == [None, "Rui Sousa"]


def test_without_apply_it_is_said_table_by_table_what_would_be_changed_and_nothing_is(
    somebody: ProvisionedUser,
) -> None:
    before = list(found())
    said = forget("qz7renamed@harborline.example")
    assert list(found()) == before
    assert "Nothing was changed." in said
    done = forget("qz7renamed@harborline.example", "--apply")
    rows = [line for line in said.splitlines() if line.startswith("  ")]
    assert rows == [line for line in done.splitlines() if line.startswith("  ")]
    assert any(line.split() == ["former", "identifiers", "3", "changed", "0", "deleted"] for line in rows)


def test_the_identity_provider_hears_404_and_whom_it_sends_under_the_name_is_somebody_new(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    account = ProvisionedUser.objects.get().user
    assert account is not None
    scim.patch(f"/Users/{scim_id}", patch("active", False))
    forget("ines.okafor@harborline.example", "--apply")
    assert scim.get(f"/Users/{scim_id}").status_code == 404
    assert scim.patch(f"/Users/{scim_id}", patch("displayName", "Ines Okafor")).status_code == 404
    assert scim.delete(f"/Users/{scim_id}").status_code == 404
    # What is still said of them is not kept again.
    late = ProvisioningEvent.objects.filter(link__scim_id=scim_id, status=404)
    assert late.count() == 3
    assert not ProvisioningPayload.objects.filter(event__in=late).exists()
    assert not RefusedName.objects.exists()
    account.username = "of-the-lms"
    account.email = ""
    account.save()
    again = scim.post("/Users", person())
    assert again.status_code == 201
    assert again.json()["id"] != scim_id
    assert ProvisionedUser.objects.living().get().user != account


def test_an_active_learner_is_forgotten_only_where_that_is_said(scim: ScimClient) -> None:
    scim.post("/Users", person())
    link = ProvisionedUser.objects.get()
    assert "it takes --even-if-active" in forget("ines.okafor@harborline.example")
    with pytest.raises(CommandError, match="active learner"):
        forget("ines.okafor@harborline.example", "--apply")
    assert ProvisionedUser.objects.living().get().document
    forget("ines.okafor@harborline.example", "--apply", "--even-if-active")
    assert not ProvisionedUser.objects.living().exists()
    account = User.objects.get(pk=link.user_id)
    assert (account.is_active, account.username) == (True, "ines.okafor@harborline.example")


def test_somebody_who_was_only_ever_refused_is_forgotten(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    refused = SENT | {"active": "qz7perhaps"}
    assert scim.post("/Users", refused).status_code == 400
    assert tables() == {"ProvisioningEvent", "ProvisioningPayload", "RefusedName"}
    forget("Qz7family", "--apply")
    assert list(found()) == []
    said = ProvisioningEvent.objects.get(action=Action.FORGOTTEN)
    kept = ProvisioningEvent.objects.exclude(pk=said.pk).get()
    assert kept.user_name in said.detail
    assert kept.error_code


def test_of_two_people_of_one_name_it_forgets_neither_before_one_is_named(scim: ScimClient) -> None:
    for name in ("ines.okafor", "ines.pereira"):
        scim.patch(f"/Users/{scim.post('/Users', person(name)).json()['id']}", patch("active", False))
    with pytest.raises(CommandError, match="2 people may be meant"):
        forget("ines", "--apply")
    pereira = ProvisionedUser.objects.get(user_name__startswith="ines.pereira")
    forget(pereira.scim_id, "--apply")
    assert [link.user_name for link in ProvisionedUser.objects.living()] == ["ines.okafor@harborline.example"]
    with pytest.raises(CommandError, match="Nobody on “Entra”"):
        forget("never.seen", "--apply")


def test_a_namesake_who_was_hired_later_keeps_everything(scim: ScimClient) -> None:
    first = scim.post("/Users", person()).json()["id"]
    assert scim.post("/Users", person(externalId="refused-as-the-first")).status_code == 409
    scim.delete(f"/Users/{first}")
    second = scim.post("/Users", person(externalId="another", title="Engineer")).json()["id"]
    assert scim.post("/Users", person(externalId="refused-as-the-second")).status_code == 409
    assert second != first
    of_the_second = ProvisionedUser.objects.filter(scim_id=second).values()
    before = list(of_the_second)
    forget(first, "--apply")
    assert list(of_the_second) == before
    link = ProvisionedUser.objects.get(scim_id=second)
    assert ProvisioningEvent.objects.get(link=link, action=Action.CREATED).changes["title"] == [
        None,
        "Engineer",
    ]
    names = (
        ProvisioningEvent.objects.filter(link__isnull=True).order_by("pk").values_list("user_name", flat=True)
    )
    assert [name.startswith("forgotten-") for name in names] == [True, False]


def test_another_customers_person_of_the_same_name_is_not_touched(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    other = make_connection("Brightwater")
    their = ScimClient(TokenFactory(connection=other).plaintext)
    ids = [client.post("/Users", person()).json()["id"] for client in (scim, their)]
    scim.delete(f"/Users/{ids[0]}")
    tables = (ProvisionedUser, ProvisioningEvent, FormerIdentifier)
    theirs = [list(model.objects.filter(connection=other).values()) for model in tables]
    forget("ines.okafor@harborline.example", "--apply")
    assert [list(model.objects.filter(connection=other).values()) for model in tables] == theirs
    their.delete(f"/Users/{ids[1]}")
    forget("ines.okafor@harborline.example", "--apply", connection=str(other))
    names = set(ProvisionedUser.objects.values_list("user_name", flat=True))
    assert len(names) == 2, "nobody can tell that it was one person"


class Erasing(LearnerAdapter):
    """A host that erases."""

    def erase(self, learner: Learner) -> None:
        learner.user.delete()


def test_the_application_erases_them_where_that_is_asked_for(scim: ScimClient, settings: Any) -> None:
    scim.patch(f"/Users/{scim.post('/Users', person()).json()['id']}", patch("active", False))
    with pytest.raises(CommandError, match="cannot be asked to erase"):
        forget("ines.okafor", "--apply", "--erase")
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": "tests.test_scim_forget.Erasing"}
    forget("ines.okafor")
    assert User.objects.filter(username__startswith="ines").exists()
    forget("ines.okafor", "--apply", "--erase")
    assert not User.objects.filter(username__startswith="ines").exists()
    assert ProvisioningEvent.objects.get(action=Action.FORGOTTEN).cause["erased"]


def test_who_was_forgotten_is_found_by_the_name_that_was_theirs_as_forgotten(
    scim: ScimClient, admin_client: Client
) -> None:
    scim.delete(f"/Users/{scim.post('/Users', person()).json()['id']}")
    forget("ines.okafor@harborline.example", "--apply")
    people = reverse("admin:scim_provisioning_provisioningevent_people")
    card, here = admin_client.get(people, {"q": "Ines.Okafor@Harborline.example"}).context["cards"]
    assert card.answer.state == "forgotten"
    assert "ines" not in str(card).casefold()
    # The application's own account is another matter, until it is deleted there.
    assert here.answer.state == "unmanaged"
    User.objects.all().exclude(is_superuser=True).delete()
    assert admin_client.get(people, {"q": "ines"}).context["cards"] == []


@pytest.mark.parametrize("word", ["work", "emails", "1001", "head office"])
def test_a_word_or_a_number_of_theirs_that_means_something_else_elsewhere_stays_there(
    scim: ScimClient, word: str
) -> None:
    address = {"type": "head office", "postalCode": "1001", "locality": "Leith"}
    phone = {"type": "head office", "value": "+44 131 496 0000"}
    sent = person("mia.moe", addresses=[address], phoneNumbers=[phone])
    other = scim.post("/Users", sent).json()["id"]
    enterprise = {"employeeNumber": word, "manager": {"value": other}}
    scim.post("/Users", {**person("ines.okafor", **{ENTERPRISE: enterprise}), "displayName": word})
    before = scim.get(f"/Users/{other}").json()
    forget("ines.okafor@harborline.example", "--apply", "--even-if-active")
    assert scim.get(f"/Users/{other}").json() == before
    found = scim.get('/Users?filter=emails[type eq "work"]').json()["Resources"]
    assert [one["id"] for one in found] == [other]


def test_who_names_them_as_their_manager_by_a_number_names_them_no_more(scim: ScimClient) -> None:
    scim.post("/Users", person("mia.moe", **{ENTERPRISE: {"manager": {"value": "1001"}}}))
    scim.post("/Users", person("ines.okafor", externalId="1001"))
    forget("ines.okafor@harborline.example", "--apply", "--even-if-active")
    link = ProvisionedUser.objects.get(user_name__startswith="mia")
    assert "1001" not in json.dumps([link.document, link.search, link.awaited_manager])


def test_by_a_number_that_everybody_has_nobody_else_is_looked_at_or_locked(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The company's switchboard is what Entra sends as everybody's telephone number."""
    monkeypatch.setattr("scim_provisioning.administration.erasure.links._MET", 3)
    switchboard = [{"type": "work", "value": "+44 131 496 0000"}]
    theirs = scim.post("/Users", person("ines.okafor", phoneNumbers=switchboard)).json()["id"]
    report = {ENTERPRISE: {"manager": {"value": theirs}}}
    scim.post("/Users", person("mia.moe", phoneNumbers=switchboard, **report))
    others = [f"{name}.{n}" for name in ("rui", "ana", "zoe") for n in range(4)]
    for name in others:
        assert scim.post("/Users", person(name, phoneNumbers=switchboard)).status_code == 201
    before = dict(ProvisionedUser.objects.values_list("user_name", "document"))
    locked: list[int] = []

    def lock(keys: Iterable[int], link: ProvisionedUser | None) -> None:
        locked.extend(keys)

    monkeypatch.setattr("scim_provisioning.administration.erasure.links.lock", lock)
    forget("ines.okafor@harborline.example", "--even-if-active")
    assert locked == [], "whoever only looks locks nobody"
    forget("ines.okafor@harborline.example", "--apply", "--even-if-active")
    assert len(locked) <= 1, "who names them as their manager, and nobody else"
    for name in others:
        address = f"{name}@harborline.example"
        assert ProvisionedUser.objects.get(user_name=address).document == before[address]


def test_a_mailbox_that_is_called_as_a_department_takes_nobody_out_of_it(scim: ScimClient) -> None:
    """Entra syncs shared mailboxes too."""
    work = {"title": "Human Resources", "userType": "Human Resources"}
    unit = {ENTERPRISE: {"department": "Human Resources", "costCenter": "Human Resources"}}
    mia = scim.post("/Users", person("mia.moe", **work, **unit)).json()["id"]
    mailbox = scim.post("/Users", person("hr", displayName="Human Resources")).json()["id"]
    named = {ENTERPRISE: {"manager": {"value": mailbox, "displayName": "Human Resources"}}}
    assert scim.post("/Users", person("rui.sousa", **named)).status_code == 201
    before, title = scim.get(f"/Users/{mia}").json(), 'title eq "Human Resources"'
    forget("hr@harborline.example", "--apply", "--even-if-active")
    after = scim.get(f"/Users/{mia}").json()
    assert after == before
    assert scim.get(f"/Users?filter={title}").json()["totalResults"] == 1
    rui = ProvisionedUser.objects.get(user_name__startswith="rui")
    assert "Human Resources" not in json.dumps(rui.document)


BOSS = "boris.kovac@harborline.example"


def _refused(connection: SCIMConnection, number: int, **values: Any) -> list[ProvisioningEvent]:
    """Refusals of people whom no link stands for, with what was sent."""
    common = {"operation": Operation.CREATE, "action": Action.REFUSED, "outcome": "refused"} | values
    made = [
        ProvisioningEvent.objects.create(connection=connection, user_name=f"nobody{n}", **common)
        for n in range(number)
    ]
    ProvisioningPayload.objects.bulk_create(
        ProvisioningPayload(event=event, request=json.dumps({"userName": event.user_name})) for event in made
    )
    return made


def test_of_the_refusals_of_others_only_those_are_read_that_mention_somebody(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    """Each was read, in Python, by a page that merely asks: with 300,000 of them for half a minute."""
    link = scim.post("/Users", person("boris.kovac"))
    scim.patch(f"/Users/{link.json()['id']}", patch("active", False))
    others = _refused(connection, 20)
    mentioned = _refused(connection, 2)
    named = {ENTERPRISE: {"manager": {"displayName": "X", "value": BOSS.upper()}}}
    ProvisioningPayload.objects.filter(event=mentioned[0]).update(request=json.dumps(named))
    ProvisioningEvent.objects.filter(pk=mentioned[1].pk).update(detail=f"Like {BOSS}.")
    with CaptureQueriesContext(database) as captured:
        forget(BOSS, "--apply")
    assert {event.pk for event in others} <= {*ProvisioningPayload.objects.values_list("event", flat=True)}
    read = " ".join(query["sql"] for query in captured if query["sql"].startswith("SELECT"))
    assert not any(f"{event.pk}," in read or f"{event.pk})" in read for event in others[5:15])
    assert not ProvisioningPayload.objects.filter(event=mentioned[0]).exists()
    assert BOSS not in ProvisioningEvent.objects.get(pk=mentioned[1].pk).detail


@pytest.mark.parametrize(
    "text",
    ["Łęąśó Żźćńł", "José Ñandú", "Kovač, Đorđe", "王小明 李", 'O\'Brien "Bo" Kovac', "back\\slash name"],
)
def test_a_mention_is_found_however_it_is_written(
    text: str, scim: ScimClient, connection: SCIMConnection
) -> None:
    theirs = scim.post("/Users", person("boris.kovac", displayName=text)).json()["id"]
    scim.patch(f"/Users/{theirs}", patch("active", False))
    written = [text, text.upper(), unicodedata.normalize("NFD", text)]
    for number, name in enumerate(written):
        with_them = person(f"rui{number}", nickName=f"with {name}")
        assert scim.post("/Users", with_them).status_code == 201
        for is_ascii in (True, False):
            (refusal,) = _refused(connection, 1, cause={"sent": f"of {name}."})
            sent = {ENTERPRISE: {"manager": {"displayName": name}}}
            body = json.dumps(sent, ensure_ascii=is_ascii)
            ProvisioningPayload.objects.filter(event=refusal).update(request=body)
    forget(BOSS, "--apply")
    refused = ProvisioningEvent.objects.filter(link=None, action=Action.REFUSED)
    assert not ProvisioningPayload.objects.filter(event__in=refused).exists()
    assert all("forgotten-" in event.cause["sent"] for event in refused)
    reports = ProvisionedUser.objects.filter(user_name__startswith="rui")
    assert all("forgotten-" in link.document["nickName"] for link in reports)


@pytest.mark.parametrize("bound", ["LOOKED_THROUGH", "REWRITTEN"])
def test_what_a_look_counts_is_bounded_and_said_to_be_the_least(
    bound: str, scim: ScimClient, connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = scim.post("/Users", person("boris.kovac")).json()["id"]
    scim.patch(f"/Users/{theirs}", patch("active", False))
    _refused(connection, 12, detail=f"Like {BOSS}.")
    whole = forget(BOSS)
    assert "At least" not in whole
    monkeypatch.setattr(f"scim_provisioning.administration.erasure.tally.{bound}", 5)
    looked = forget(BOSS)
    assert "At least: only the latest of the log was looked at." in looked
    assert looked != whole
    done = forget(BOSS, "--apply")
    assert "At least" not in done
    assert not ProvisioningEvent.objects.filter(detail__contains=BOSS).exists()


def test_that_a_profile_is_kept_is_forgotten_with_the_person_and_said_beforehand(
    scim: ScimClient, connection: SCIMConnection, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept with the account, the word would tell whose the hash is."""
    learner = LearnerFactory(organization=organization, job_role="Own role", user__username=BOSS)
    queue.link(connection, {"userName": BOSS}, learner.user, keeps_profile=True, actor=None)
    theirs = scim.post("/Users", person("boris.kovac")).json()["id"]
    scim.patch(f"/Users/{theirs}", patch("active", False))
    assert "keeps its profile is forgotten too" in forget(BOSS)
    forget(BOSS, "--apply")
    User.objects.update(is_active=True)
    # By the name alone nobody is linked, and nothing of the profile written.
    assert scim.post("/Users", person("boris.kovac", title="Theirs")).status_code == 409
    assert Learner.objects.get().job_role == "Own role"
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    assert scim.post("/Users", person("boris.kovac", title="Theirs")).status_code == 201
    assert Learner.objects.get().job_role == "Theirs"


def test_that_the_contacts_were_told_of_somebody_is_remembered_by_a_keyed_hash_until_they_are_forgotten(
    scim: ScimClient, connection: SCIMConnection, settings: Any, mailoutbox: list[Any]
) -> None:
    connection.policies = {"contacts": ["it@harborline.example"]}
    connection.save()
    scim_ids = [scim.post("/Users", person(name)).json()["id"] for name in ("ada.king", "rui.sousa")]
    User.objects.update(is_staff=True)
    for scim_id in scim_ids:
        assert scim.patch(f"/Users/{scim_id}", patch("active", False)).status_code == 403
    call_command("scim_notify", stdout=StringIO(), stderr=StringIO())
    assert len(mailoutbox) == 1
    told = SentNotice.objects.filter(kind="protected")
    names = ("ada.king@harborline.example", "rui.sousa@harborline.example")
    plain = {hashlib.sha256(name.encode()).hexdigest() for name in names}
    assert len(told) == 2
    assert not plain & {notice.key for notice in told}
    other = make_connection("Other")
    assert {pseudonyms.of(connection.pk, name) for name in names} == {notice.key for notice in told}
    assert not {pseudonyms.of(other.pk, name) for name in names} & {notice.key for notice in told}
    # A key that was changed since is still known.
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"
    call_command(
        "scim_forget", "--connection", "Entra", names[0], "--apply", "--even-if-active", stdout=StringIO()
    )
    assert [notice.key for notice in told.all()] == [
        pseudonyms.known_as(connection.pk, names[1])[1],
    ]
