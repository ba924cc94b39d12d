"""``manage.py scim_reconcile``: who is missing on either side of a connection, and who differs."""

from __future__ import annotations

import csv
from contextlib import AbstractContextManager, nullcontext
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

import scim_provisioning.adapters as adapters
from example_project.lms.models import Learner, Organization, Team
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import keeping
from scim_provisioning.models import ProvisionedUser, Reconciliation, SCIMConnection
from tests.client import ScimClient
from tests.hosts.current import make_connection
from tests.lms_factories import LearnerFactory, OrganizationFactory
from tests.people import enterprise, person
from tests.tables import contents

pytestmark = pytest.mark.django_db

HEADER = "userPrincipalName,displayName,surname,mail,givenName,objectId,jobTitle,department,accountEnabled"


def row(name: str, **cells: str) -> str:
    """A line of the export that says what ``person(name)`` says."""
    given, _, family = name.partition(".")
    mail = f"{name}@harborline.example"
    said = {
        "userPrincipalName": mail,
        "displayName": f"{given.title()} {family.title()}",
        "surname": family.title() or "Solo",
        "mail": mail,
        "givenName": given.title(),
        "objectId": name.replace(".", ""),
        "jobTitle": "Secure Coding Lead",
        "department": "Platform Security",
        "accountEnabled": "True",
    }
    return ",".join((said | cells).values())


@pytest.fixture
def export(tmp_path: Path) -> Any:
    """A function that writes an export of these lines and returns its path."""

    def write(*lines: str, header: str = HEADER) -> str:
        file = tmp_path / "entra.csv"
        file.write_bytes("\r\n".join([header, *lines]).encode("utf-8-sig"))
        return str(file)

    return write


def reconcile(*arguments: str, looks: int = 0, name: str = "Entra") -> str:
    """What the command prints; ``looks``: how many it says are to be looked at."""
    out = StringIO()
    expected: AbstractContextManager[Any] = nullcontext()
    if looks:
        expected = pytest.raises(CommandError, match=f"^{looks} people need a look")
    with expected as refusal:
        call_command("scim_reconcile", "--connection", name, *arguments, stdout=out)
    if refusal is not None:
        assert refusal.value.returncode == 3
    return out.getvalue()


def counts(said: str) -> dict[str, int]:
    lines = [line.split(maxsplit=1) for line in said.splitlines() if line.startswith("  ")]
    return {name: int(count) for count, name in lines if int(count)}


def found(tmp_path: Path, *arguments: str, looks: int = 0) -> list[tuple[str, ...]]:
    """Name without its domain, finding, attribute, here and there of each row of the report."""
    report = tmp_path / "report.csv"
    reconcile(*arguments, "--report", str(report), looks=looks)
    rows = list(csv.reader(StringIO(report.read_text(encoding="utf-8-sig"), newline="")))[1:]
    return [(name.partition("@")[0], what, *rest) for name, what, _account, *rest, _why in rows]


def learner(name: str, organization: Organization, **changes: Any) -> User:
    address = f"{name}@harborline.example"
    given = {"user__username": address, "user__email": address, **changes}
    user: User = LearnerFactory(organization=organization, **given).user
    return user


# --- with the directory's export


def test_who_was_sent_as_the_export_says_agrees(scim: ScimClient, export: Any) -> None:
    assert scim.post("/Users", person("ines.okafor")).status_code == 201
    file = export(row("ines.okafor", userPrincipalName="INES.Okafor@harborline.example"))
    before = contents()
    assert counts(reconcile("--from", file, "--external-id", "objectId")) == {"Agrees": 1}
    assert Reconciliation.objects.get().counts["agrees"] == 1
    Reconciliation.objects.all().delete()
    assert contents() == before


def test_each_kind_of_person_is_told_apart(
    scim: ScimClient, organization: Organization, export: Any, tmp_path: Path
) -> None:
    for name in ("ines.okafor", "kate.bell", "mia.lund", "rui.sousa", "leo.ruiz", "ana.gone", "tom.moved"):
        scim.post("/Users", person(name))
    leo = ProvisionedUser.objects.get(user_name__startswith="leo")
    scim.patch(f"/Users/{leo.scim_id}", [{"op": "replace", "path": "active", "value": False}])
    User.objects.get(username__startswith="ana.gone").delete()
    Learner.objects.filter(user__username__startswith="tom").update(organization=OrganizationFactory())
    Learner.objects.filter(user__username__startswith="kate").update(job_role="Dean")
    learner("old.hand", organization)
    learner("old.off", organization, user__is_active=False)
    learner("boss", organization, user__is_staff=True)
    learner("stranger", OrganizationFactory())
    learner("here.already", organization)
    names = "ines.okafor", "kate.bell", "mia.lund", "ana.gone", "new.hire", "here.already"
    file = export(*map(row, names), row("never.on", accountEnabled="False"))
    assert found(tmp_path, "--from", file, looks=8) == [
        ("rui.sousa", "Here, and not in the directory", "", "", ""),
        ("boss", "Here, and managed by nobody", "", "", ""),
        ("old.hand", "Here, and managed by nobody", "", "", ""),
        ("here.already", "In the directory, and not here", "", "", ""),
        ("new.hire", "In the directory, and not here", "", "", ""),
        ("kate.bell", "Differs", "title", "Dean", "Secure Coding Lead"),
        ("ana.gone", "Account gone", "", "", ""),
        ("tom.moved", "Account gone", "", "", ""),
    ]
    kept = Reconciliation.objects.get()
    assert (kept.counts["left"], kept.counts["agrees"]) == (3, 2)
    assert (kept.compared, kept.drifted, kept.with_directory) == (5, 1, True)


def test_each_attribute_that_differs_is_a_row_with_both_values(
    scim: ScimClient, export: Any, tmp_path: Path
) -> None:
    scim.post("/Users", person("ines.okafor"))
    changed = row("ines.okafor", surname="Bell", mail="ines.bell@harborline.example", accountEnabled="False")
    assert found(tmp_path, "--from", export(changed), looks=1) == [
        ("ines.okafor", "Differs", "active", "yes", "no"),
        (
            "ines.okafor",
            "Differs",
            'emails[type eq "work"].value',
            "ines.okafor@harborline.example",
            "ines.bell@harborline.example",
        ),
        ("ines.okafor", "Differs", "name.familyName", "Okafor", "Bell"),
    ]


def test_what_means_the_same_is_no_difference(
    scim: ScimClient, organization: Organization, export: Any
) -> None:
    Team.objects.create(organization=organization, name="Platform Security")
    scim.post("/Users", person("ines.okafor", **enterprise(department="platform  SECURITY")))
    assert Learner.objects.get().team is not None
    file = export(row("ines.okafor", department="Platform SECURITY "))
    assert counts(reconcile("--from", file)) == {"Agrees": 1}


def test_an_empty_cell_says_that_there_is_nothing_and_a_missing_column_says_nothing(
    scim: ScimClient, export: Any, tmp_path: Path
) -> None:
    scim.post("/Users", person("ines.okafor"))
    narrow = export("ines.okafor@harborline.example", header="userPrincipalName")
    assert counts(reconcile("--from", narrow)) == {"Agrees": 1}
    empty = export(row("ines.okafor", jobTitle=""))
    assert found(tmp_path, "--from", empty, looks=1) == [
        ("ines.okafor", "Differs", "title", "Secure Coding Lead", "—")
    ]


def test_an_attribute_of_the_hosts_own_is_none_of_the_same_name(
    scim: ScimClient, export: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = "urn:ietf:params:scim:schemas:extension:harbour:2.0:User"
    monkeypatch.setattr(
        LearnerAdapter, "mapping", [*LearnerAdapter.mapping, adapters.Text(f"{own}:active", "user.password")]
    )
    scim.post("/Users", person("ines.okafor"))
    assert counts(reconcile("--from", export(row("ines.okafor")))) == {"Agrees": 1}


def test_what_is_kept_when_nothing_is_sent_is_no_difference_to_an_empty_cell(
    scim: ScimClient, export: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    title = next(line for line in LearnerAdapter.mapping if line.path == "title")
    kept = adapters.Text("title", title.target, when_empty="keep")
    others = [line for line in LearnerAdapter.mapping if line is not title]
    monkeypatch.setattr(LearnerAdapter, "mapping", [*others, kept])
    scim.post("/Users", person("ines.okafor"))
    assert counts(reconcile("--from", export(row("ines.okafor", jobTitle="")))) == {"Agrees": 1}


def test_who_was_renamed_there_is_found_by_the_external_id(
    scim: ScimClient, export: Any, tmp_path: Path
) -> None:
    scim.post("/Users", person("ines.okafor"))
    renamed = export(row("ines.okafor", userPrincipalName="ines.bell@harborline.example"))
    assert found(tmp_path, "--from", renamed, "--external-id", "objectId", looks=1) == [
        (
            "ines.okafor",
            "Differs",
            "userName",
            "ines.okafor@harborline.example",
            "ines.bell@harborline.example",
        )
    ]


def test_what_a_cell_begins_with_runs_nothing_in_a_spreadsheet(
    scim: ScimClient, export: Any, tmp_path: Path
) -> None:
    scim.post("/Users", person("ines.okafor"))
    Learner.objects.update(job_role="=1+1")
    [(*_said, here, _there)] = found(tmp_path, "--from", export(row("ines.okafor")), looks=1)
    assert here == "'=1+1"


def test_the_number_of_statements_does_not_grow_with_the_people(
    scim: ScimClient, organization: Organization, export: Any
) -> None:
    def statements(people: int) -> int:
        file = export(*(row(f"p{n}.bell") for n in range(people)))
        with CaptureQueriesContext(database) as asked:
            reconcile("--from", file, looks=people)
        return len(asked)

    for n in range(2):
        scim.post("/Users", person(f"p{n}.bell", title="Dean"))
        learner(f"other{n}", organization, user__is_active=False)
    # The first one makes the row of figures.
    _first, few = statements(2), statements(2)
    for n in range(2, 12):
        scim.post("/Users", person(f"p{n}.bell", title="Dean"))
        learner(f"other{n}", organization, user__is_active=False)
    assert statements(12) == few


# --- without it


def test_without_a_file_the_learners_are_named_whom_no_identity_provider_knows(
    scim: ScimClient, organization: Organization, tmp_path: Path
) -> None:
    scim.post("/Users", person("ines.okafor"))
    scim.post("/Users", person("ana.gone"))
    User.objects.get(username__startswith="ana.gone").delete()
    learner("old.hand", organization)
    learner("kate.bell", organization)
    assert scim.post("/Users", person("kate.bell")).status_code == 409
    assert [line[:2] for line in found(tmp_path, looks=3)] == [
        ("old.hand", "Here, and managed by nobody"),
        ("kate.bell", "In the directory, and not here"),
        ("ana.gone", "Account gone"),
    ]


def test_whom_the_identity_provider_deleted_is_named_only_where_the_account_is_on(
    scim: ScimClient, tmp_path: Path
) -> None:
    learner_id = scim.post("/Users", person("ines.okafor")).json()["id"]
    scim.delete(f"/Users/{learner_id}")
    assert found(tmp_path) == []
    User.objects.update(is_active=True)
    said = reconcile(looks=1)
    assert "The identity provider has deleted this person, and the account is on." in said


def test_another_connections_learners_are_managed_and_another_customers_are_not_named(
    scim: ScimClient, organization: Organization, tmp_path: Path
) -> None:
    scim.post("/Users", person("ines.okafor"))
    make_connection("Second", organization)
    make_connection("Brightwater", OrganizationFactory())
    assert counts(reconcile(name="Second")) == {}
    assert counts(reconcile(name="Brightwater")) == {}


# --- what has drifted


def test_a_learner_who_was_changed_here_since_has_drifted_and_one_with_additions_has_not(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    for name in ("ines.okafor", "kate.bell", "mia.lund"):
        scim.post("/Users", person(name, title=None if name == "kate.bell" else "Dean"))
    Learner.objects.filter(user__username__startswith="kate").update(job_role="Never sent")
    User.objects.filter(username__startswith="ines").update(is_active=False)
    Learner.objects.filter(user__username__startswith="mia").update(job_role="Other")
    assert "2 of 3 learners are otherwise here" in reconcile()
    assert Reconciliation.objects.get().drifted == 2


def test_an_account_that_was_linked_beforehand_waits_and_has_not_drifted(
    connection: SCIMConnection, organization: Organization, export: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    learner("ines.okafor", organization, job_role="Analyst")
    file = export(row("ines.okafor"))
    call_command("scim_adopt", "--connection", "Entra", "--from", file, "--apply", stdout=StringIO())
    assert "0 of 1 learners are otherwise" in reconcile()


# --- what is refused


def test_another_file_is_refused_and_nothing_is_remembered(connection: SCIMConnection, export: Any) -> None:
    with pytest.raises(CommandError, match="no column “userPrincipalName”"):
        reconcile("--from", export(header="displayName,mail"))
    with pytest.raises(CommandError, match="No such file"):
        reconcile("--from", "/nowhere/export.csv")
    assert not Reconciliation.objects.exists()


def test_a_line_that_cannot_be_read_is_said(connection: SCIMConnection, export: Any) -> None:
    said = reconcile("--from", export(",no name,,,,,,,True"), looks=1)
    assert "line 2: userName is required." in said


# --- what an administrator keeps


def test_who_differs_in_nothing_but_what_is_locked_needs_no_look_and_is_named(
    scim: ScimClient, export: Any, tmp_path: Path
) -> None:
    for name in ("ines.okafor", "kate.bell"):
        scim.post("/Users", person(name))
        link = ProvisionedUser.objects.get(user_name__startswith=name)
        keeping.lock(link, "title", reason="Her title here is another.", actor=None)
    Learner.objects.update(job_role="Dean")
    file = export(row("ines.okafor"), row("kate.bell", surname="Bell-Lund"))
    assert found(tmp_path, "--from", file, looks=1) == [
        ("kate.bell", "Differs", "name.familyName", "Bell", "Bell-Lund"),
        ("kate.bell", "Differs", "title", "Dean", "Secure Coding Lead"),
        ("ines.okafor", "Differs, and is locked", "title", "Dean", "Secure Coding Lead"),
    ]
    assert Reconciliation.objects.get().drifted == 0
