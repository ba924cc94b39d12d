"""``manage.py scim_adopt``: who of the identity provider's people is here already, and linking them beforehand."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from pytest_django import DjangoAssertNumQueries

import scim_provisioning.adapters as adapters
from example_project.lms.models import Learner, Organization
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import adoption
from scim_provisioning.administration.selftest.sending import InProcess
from scim_provisioning.conf import tenant_url
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.testing.simulators import EntraSimulator, Person
from tests.client import ScimClient
from tests.hosts.current import make_connection
from tests.lms_factories import LearnerFactory, OrganizationFactory
from tests.people import person
from tests.tables import contents

pytestmark = pytest.mark.django_db

HEADER = "userPrincipalName,displayName,surname,mail,givenName,objectId,jobTitle,department,accountEnabled"


@pytest.fixture
def sso_subject(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)


@pytest.fixture
def export(tmp_path: Path) -> Any:
    """A function that writes an export of these lines and returns its path."""

    def write(*lines: str, header: str = HEADER, encoding: str = "utf-8-sig") -> str:
        file = tmp_path / "entra.csv"
        file.write_bytes("\r\n".join([header, *lines]).encode(encoding))
        return str(file)

    return write


def row(name: str) -> str:
    given, _, family = name.partition(".")
    mail = f"{name}@harborline.example"
    return f"{mail},{given} {family},{family},{mail},{given},{name}-id,Engineer,Platform,True"


def learner(name: str, organization: Organization, **changes: Any) -> User:
    address = f"{name}@harborline.example"
    given = {"user__username": address, "user__email": address, **changes}
    user: User = LearnerFactory(organization=organization, **given).user
    return user


def adopt(*arguments: str, looks: int = 0) -> str:
    """What the command prints; ``looks``: how many it says are to be looked at."""
    out = StringIO()
    expected: AbstractContextManager[Any] = nullcontext()
    if looks:
        expected = pytest.raises(CommandError, match=f"^{looks} people need a look")
    with expected as refusal:
        call_command("scim_adopt", "--connection", "Entra", *arguments, stdout=out)
    if refusal is not None:
        assert refusal.value.returncode == 3
    return out.getvalue()


def counts(said: str) -> dict[str, int]:
    lines = [line.split(maxsplit=1) for line in said.splitlines() if line.startswith("  ")]
    return {name: int(count) for count, name in lines if int(count)}


def found(tmp_path: Path, *arguments: str, looks: int = 0) -> dict[str, tuple[str, str]]:
    """Finding and account by userName, as the report has them."""
    report = tmp_path / "report.csv"
    adopt(*arguments, "--report", str(report), looks=looks)
    rows = csv.reader(StringIO(report.read_text(encoding="utf-8-sig"), newline=""))
    return {name: (finding, account) for name, finding, account, _why in list(rows)[1:]}


# --- the dry run


def test_a_dry_run_changes_nothing(
    connection: SCIMConnection, organization: Organization, sso_subject: None, export: Any
) -> None:
    learner("ines.okafor", organization)
    before = contents()
    assert counts(adopt("--from", export(row("ines.okafor"), row("rui.sousa")))) == {
        "Certain": 1,
        "Nobody here": 1,
    }
    assert contents() == before


def test_each_kind_of_person_is_told_apart(
    scim: ScimClient,
    organization: Organization,
    sso_subject: None,
    export: Any,
    tmp_path: Path,
) -> None:
    scim.post("/Users", person("here.already"))
    learner("ines.okafor", organization)
    learner("KATE.BELL", organization)
    learner("rene.dub\u00e9", organization)
    learner("boss", organization, user__is_staff=True)
    learner("gone", organization, user__is_active=False)
    learner("other.name", organization, user__email="mia.lund@harborline.example")
    learner("stranger", OrganizationFactory())
    names = "here.already", "ines.okafor", "kate.bell", "boss", "gone", "mia.lund", "stranger", "rui.sousa"
    decomposed = row("rene.dube\u0301")
    said = found(tmp_path, "--from", export(*map(row, names), decomposed), looks=5)
    assert {name.partition("@")[0]: finding for name, (finding, _account) in said.items()} == {
        "here.already": "Linked already",
        "ines.okafor": "Certain",
        "kate.bell": "Certain",
        "rene.dube\u0301": "Written otherwise here",
        "boss": "Protected",
        "gone": "Needs a look",
        "mia.lund": "Needs a look",
        # Another customer's account has the name by which they would sign in: no second one is made.
        "stranger": "Needs a look",
        "rui.sousa": "Nobody here",
    }
    assert said["mia.lund@harborline.example"][1].startswith("other.name@")
    assert said["stranger@harborline.example"][1] == ""


def test_a_name_alone_is_no_certain_evidence(
    connection: SCIMConnection, organization: Organization, export: Any
) -> None:
    learner("ines.okafor", organization)
    learner("KATE.BELL", organization)
    said = adopt("--from", export(row("ines.okafor"), row("kate.bell")), looks=2)
    assert counts(said) == {"Needs a look": 1, "Written otherwise here": 1}
    assert "The name alone is no certain evidence" in said


def test_several_accounts_of_one_person_are_doubles(
    connection: SCIMConnection, organization: Organization, export: Any
) -> None:
    for name in ("ines", "ines.old"):
        learner(name, organization, user__email="ines.okafor@harborline.example")
    assert counts(adopt("--from", export(row("ines.okafor")), looks=1)) == {"Double here": 1}


def test_an_account_that_two_people_would_get_is_nobodys_for_certain(
    connection: SCIMConnection, organization: Organization, export: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ines = learner("ines.okafor", organization)
    monkeypatch.setattr(
        LearnerAdapter, "find_learner", lambda *_asked: [adapters.Candidate(ines, strong=True)]
    )
    said = adopt("--from", export(row("ines.okafor"), row("ines.bell")), "--apply", looks=2)
    assert counts(said) == {"Double here": 2}
    assert not ProvisionedUser.objects.exists()


def test_another_connections_account_is_named_without_its_owner(
    scim: ScimClient, organization: Organization, sso_subject: None, export: Any
) -> None:
    scim.post("/Users", person("ines.okafor"))
    make_connection("Other", organization)
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("scim_adopt", "--connection", "Other", "--from", export(row("ines.okafor")), stdout=out)
    assert "managed through another connection" in out.getvalue()
    assert "Entra" not in out.getvalue()


@pytest.mark.parametrize("policy", ["link", "refuse"])
@pytest.mark.parametrize("is_subject", [True, False])
def test_it_says_what_a_post_does(
    scim: ScimClient,
    connection: SCIMConnection,
    organization: Organization,
    export: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    policy: str,
    is_subject: bool,
) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", is_subject)
    connection.policies = {"existing_learners": policy}
    connection.save()
    learner("ines.okafor", organization)
    learner("KATE.BELL", organization)
    learner("boss", organization, user__is_staff=True)
    learner("gone", organization, user__is_active=False)
    learner("stranger", OrganizationFactory())
    names = "ines.okafor", "kate.bell", "boss", "gone", "stranger", "rui.sousa"
    looks = (2 if is_subject and policy == "link" else 4) + is_subject
    said = found(tmp_path, "--from", export(*map(row, names)), looks=looks)
    for name in names:
        answer = scim.post("/Users", person(name))
        finding = said[f"{name}@harborline.example"][0]
        assert (answer.status_code == 201) == (finding in ("Certain", "Nobody here")), (name, finding)
        action = ProvisioningEvent.objects.latest("pk").action
        assert action == {"Certain": "adopted", "Nobody here": "created"}.get(finding, "refused")


def test_the_number_of_statements_does_not_grow_with_the_people(
    connection: SCIMConnection,
    organization: Organization,
    export: Any,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_max_num_queries(20 + 100):
        # Where an index finds names in any case, each is looked up by it; nothing else is asked of one person.
        adopt("--from", export(*(row(f"nobody{n}") for n in range(100))))


# --- the file


@pytest.mark.parametrize(
    ("header", "line", "encoding"),
    [
        ("MAIL;User Principal Name;accountEnabled", "x@y.example;Ines@harborline.example;TRUE", "utf-8"),
        (
            "User name [userPrincipalName] Required,Name [displayName]",
            "ines@harborline.example,I",
            "utf-8-sig",
        ),
        ("version:v1.0\r\nid,userPrincipalName", "1,ines@harborline.example", "utf-8"),
        ("userprincipalname\tmail", "ines@harborline.example\t", "utf-16"),
    ],
)
def test_exports_of_every_kind_are_read(
    connection: SCIMConnection,
    organization: Organization,
    sso_subject: None,
    export: Any,
    header: str,
    line: str,
    encoding: str,
) -> None:
    learner("ines", organization)
    assert counts(adopt("--from", export(line, header=header, encoding=encoding))) == {"Certain": 1}


def test_another_column_may_be_mapped_to_the_user_name(
    connection: SCIMConnection, organization: Organization, sso_subject: None, export: Any
) -> None:
    learner("ines", organization)
    file = export("i1@corp.example,ines@harborline.example", header="userPrincipalName,mail")
    assert counts(adopt("--from", file, "--user-name", "Mail")) == {"Certain": 1}


def test_what_cannot_be_read_is_said_with_its_line(connection: SCIMConnection, export: Any) -> None:
    said = adopt("--from", export(",no name,,,,,,,True", row("rui.sousa")), looks=1)
    assert "line 2: userName is required." in said


@pytest.mark.parametrize(
    ("lines", "header", "complaint"),
    [([], "displayName,mail", "no column “userPrincipalName”"), ([], "", "no column")],
)
def test_another_file_is_refused(
    connection: SCIMConnection, export: Any, lines: list[str], header: str, complaint: str
) -> None:
    with pytest.raises(CommandError, match=complaint):
        call_command("scim_adopt", "--connection", "Entra", "--from", export(*lines, header=header))


def test_a_file_that_is_not_there_is_refused(connection: SCIMConnection) -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("scim_adopt", "--connection", "Entra", "--from", "/nowhere/export.csv")


def test_the_report_runs_nothing_in_a_spreadsheet(
    connection: SCIMConnection, export: Any, tmp_path: Path
) -> None:
    assert list(found(tmp_path, "--from", export("=1+1@harborline.example,,,,,,,,"))) == [
        "'=1+1@harborline.example"
    ]


# --- from what was refused


def test_without_a_file_those_are_shown_who_were_refused(
    scim: ScimClient, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner("ines.okafor", organization)
    for _again in range(3):
        assert scim.post("/Users", person("ines.okafor")).status_code == 409
    assert counts(adopt(looks=1)) == {"Needs a look": 1}
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    assert counts(adopt("--apply")) == {"Certain": 1}
    assert counts(adopt()) == {}


# --- linking


def test_apply_links_those_who_are_certain_and_changes_nothing_of_their_accounts(
    connection: SCIMConnection, organization: Organization, sso_subject: None, export: Any
) -> None:
    ines = learner("ines.okafor", organization, user__first_name="Ina")
    before = {**Learner.objects.values().get(user=ines), **User.objects.values().get(pk=ines.pk)}
    boss = learner("boss", organization, user__is_staff=True)
    said = adopt("--from", export(row("ines.okafor"), row("boss"), row("rui.sousa")), "--apply", looks=1)
    assert "Linked 1 accounts." in said
    link = ProvisionedUser.objects.get()
    assert (link.user_id, link.external_id, link.active, link.owns_profile) == (ines.pk, None, True, True)
    assert link.adopted_at is not None
    assert {**Learner.objects.values().get(user=ines), **User.objects.values().get(pk=ines.pk)} == before
    event = ProvisioningEvent.objects.get()
    assert (event.action, event.operation, event.link) == ("adopted", "admin", link)
    assert not ProvisionedUser.objects.filter(user=boss).exists()


def test_the_look_up_finds_whom_apply_linked_and_the_next_patch_writes(
    scim: ScimClient, organization: Organization, sso_subject: None, export: Any
) -> None:
    ines = learner("ines.okafor", organization, user__first_name="Ina", job_role="Analyst")
    adopt("--from", export(row("ines.okafor")), "--apply")
    found = scim.get('/Users?filter=userName%20eq%20"INES.okafor@harborline.example"').json()["Resources"]
    assert [(one["title"], one["active"], one["name"]["givenName"]) for one in found] == [
        ("Analyst", True, "Ina")
    ]
    path = f"/Users/{found[0]['id']}"
    changes = [{"op": "Replace", "path": "externalId", "value": "ines"}, *_replace("title", "Lead")]
    assert scim.patch(path, changes).status_code == 200
    assert Learner.objects.get(user=ines).job_role == "Lead"
    # From now on it is a link as any: a second POST of the name is refused, and only who agrees in all returns.
    assert scim.post("/Users", person("ines.okafor")).status_code == 409
    assert scim.delete(path).status_code == 204
    other = scim.post("/Users", person("ines.okafor", externalId="somebody-else"))
    assert other.json()["id"] != found[0]["id"]


def test_a_post_takes_up_whom_apply_linked(
    scim: ScimClient, organization: Organization, sso_subject: None, export: Any
) -> None:
    ines = learner("ines.okafor", organization, user__first_name="Ina")
    adopt("--from", export(row("ines.okafor")), "--apply")
    link = ProvisionedUser.objects.get()
    answer = scim.post("/Users", person("ines.okafor"))
    assert (answer.status_code, answer.json()["id"]) == (201, link.scim_id)
    ines.refresh_from_db()
    assert ines.first_name == "Ines"
    event = ProvisioningEvent.objects.latest("pk")
    assert event.action == "adopted"
    assert event.changes["name.givenName"] == ["Ina", "Ines"]
    link.refresh_from_db()
    assert link.external_id == "inesokafor"
    assert scim.post("/Users", person("ines.okafor")).status_code == 409


def test_whom_apply_linked_can_be_sent_switched_off(
    scim: ScimClient, organization: Organization, sso_subject: None, export: Any
) -> None:
    ines = learner("ines.okafor", organization)
    adopt("--from", export(row("ines.okafor")), "--apply")
    assert scim.post("/Users", person("ines.okafor", active=False)).status_code == 201
    ines.refresh_from_db()
    assert not ines.is_active


@pytest.mark.parametrize("matching", ["userName", 'emails[type eq "work"].value', "externalId"])
def test_entra_finds_everybody_whom_apply_linked_and_makes_no_second_account(
    organization: Organization,
    connection: SCIMConnection,
    token: str,
    sso_subject: None,
    export: Any,
    matching: str,
) -> None:
    names = [f"p{n}.bell" for n in range(5)]
    accounts = {learner(name, organization).pk for name in names}
    adopt("--from", export(*map(row, names)), "--apply")
    people = [
        Person(
            userPrincipalName=f"{name}@harborline.example",
            mail=f"{name}@harborline.example",
            mailNickname=name,
            givenName="Pia",
            surname="Bell",
            jobTitle="Lead",
        )
        for name in names
    ]
    entra = EntraSimulator(tenant_url(), token, InProcess(), matching=matching)
    entra.initial_cycle(people)
    assert entra.problems == []
    assert set(User.objects.values_list("pk", flat=True)) == accounts
    assert set(Learner.objects.values_list("job_role", "user__first_name")) == {("Lead", "Pia")}
    assert set(ProvisionedUser.objects.values_list("external_id", flat=True)) == set(names)


def test_the_host_is_told_of_each_once(
    scim: ScimClient,
    organization: Organization,
    sso_subject: None,
    export: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []
    for hook in ("on_provisioned", "on_updated"):
        monkeypatch.setattr(
            LearnerAdapter,
            hook,
            lambda self, learner, *, event, hook=hook: told.append(f"{hook} {event.pk is not None}"),
        )
    learner("ines.okafor", organization)
    adopt("--from", export(row("ines.okafor")), "--apply")
    assert told == ["on_provisioned True"]
    scim.post("/Users", person("ines.okafor"))
    assert told == ["on_provisioned True", "on_updated True"]


def test_it_can_be_run_again(
    connection: SCIMConnection, organization: Organization, sso_subject: None, export: Any
) -> None:
    learner("ines.okafor", organization)
    file = export(row("ines.okafor"))
    adopt("--from", file, "--apply")
    assert counts(adopt("--from", file, "--apply")) == {"Linked already": 1}
    assert ProvisionedUser.objects.count() == 1


def _replace(path: str, value: str) -> list[dict[str, str]]:
    return [{"op": "Replace", "path": path, "value": value}]


@pytest.mark.usefixtures("sso_subject")
def test_who_is_switched_off_between_looking_and_linking_is_left_out(
    connection: SCIMConnection, organization: Organization
) -> None:
    ines = learner("ines.okafor", organization)
    directory = adoption.from_csv(connection, f"{HEADER}\n{row('ines.okafor')}".encode())
    report = adoption.examine(connection, directory)
    User.objects.filter(pk=ines.pk).update(is_active=False)
    assert adoption.link(connection, report, actor=None) == 0
    assert not ProvisionedUser.objects.exists()


# --- where nobody reads what it says


@contextmanager
def unread() -> Iterator[None]:
    """The standard output is a pipe whose reader has gone, as behind ``| head -1``."""
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes, "w", buffering=1) as stream, redirect_stdout(stream):
        yield


@pytest.mark.usefixtures("sso_subject")
def test_who_is_certain_is_linked_though_nobody_reads_the_report(
    export: Any, organization: Organization, connection: SCIMConnection
) -> None:
    ines = learner("ines.okafor", organization)
    file = export(row("ines.okafor"))
    with unread():
        call_command("scim_adopt", "--connection", "Entra", "--from", file, "--apply")
    assert ProvisionedUser.objects.get().user == ines


def test_a_command_that_only_writes_ends_with_its_reader(connection: SCIMConnection) -> None:
    with unread(), pytest.raises(SystemExit) as ended:
        call_command("scim_log")
    assert ended.value.code == 0
