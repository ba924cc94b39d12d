"""The page that compares a connection with its directory: what scim_reconcile says, for administrators."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from example_project.lms.models import Learner, Organization
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.admin import reconcile
from scim_provisioning.models import ProvisionedUser, Reconciliation, SCIMConnection
from tests.admin.conftest import Administrator
from tests.admin.pages import text, url
from tests.client import ScimClient
from tests.lms_factories import LearnerFactory, OrganizationFactory
from tests.people import person
from tests.tables import contents

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"
POLICY = ("view_scimconnection", "manage_policy")


def export(*titles: tuple[str, str]) -> SimpleUploadedFile:
    lines = ["userPrincipalName,jobTitle", *(f"{name},{title}" for name, title in titles)]
    return SimpleUploadedFile("users.csv", "\n".join(lines).encode("utf-8-sig"), "text/csv")


def compare(browser: Client, connection: SCIMConnection, *titles: tuple[str, str], verb: str = "show") -> Any:
    body = {"verb": verb, "user_name": "userPrincipalName"}
    return browser.post(url("reconcile", connection), body | ({"file": export(*titles)} if titles else {}))


@pytest.fixture
def ines(scim: ScimClient) -> str:
    """The SCIM id of somebody who was sent."""
    scim_id: str = scim.post("/Users", person("ines.okafor")).json()["id"]
    return scim_id


def test_who_differs_and_who_is_missing_is_shown_and_nobody_is_changed(
    admin_client: Client, connection: SCIMConnection, organization: Organization, ines: str
) -> None:
    LearnerFactory(organization=organization, user__username="old.hand", user__email="old@hand.example")
    assert admin_client.get(url("reconcile", connection)).status_code == 200
    before = contents()
    shown = text(compare(admin_client, connection, (INES, "Dean"), ("rui@x.example", "")))
    assert "Differs 1 " in shown
    assert f"{INES} {INES} title Secure Coding Lead Dean" in shown
    assert "old.hand old.hand &lt;old@hand.example&gt;" in shown
    assert "rui@x.example — A new account is made" in shown
    after = contents()
    assert len(after.pop("scim_provisioning.Reconciliation")) == 1
    before.pop("scim_provisioning.Reconciliation")
    assert after == before


def test_it_is_said_which_columns_were_compared(
    admin_client: Client, connection: SCIMConnection, ines: str
) -> None:
    shown = text(compare(admin_client, connection, (INES, "Dean")))
    assert "Read from the export, and compared: Job title, User name. Other columns" in shown
    assert "Read from the export" not in text(compare(admin_client, connection))


def test_each_person_leads_to_what_is_known_of_them_for_who_may_read_the_log(
    administrator: Callable[..., Client], connection: SCIMConnection, ines: str
) -> None:
    target = f"people/?connection={connection.pk}&amp;q=ines.okafor%40harborline.example"
    reader = administrator(*POLICY, "view_provisioningevent", name="rita")
    assert target in compare(reader, connection, (INES, "Dean")).content.decode()
    assert target not in compare(administrator(*POLICY), connection, (INES, "Dean")).content.decode()


def test_the_same_is_a_file(admin_client: Client, connection: SCIMConnection, ines: str) -> None:
    Learner.objects.update(job_role="=1+1")
    answer = compare(admin_client, connection, (INES, "Dean"), verb="file")
    assert answer["Content-Type"].startswith("text/csv")
    assert "no-store" in answer["Cache-Control"]
    said = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert said[1:] == [f"{INES},Differs,{INES},title,'=1+1,Dean,"]


def test_without_a_file_the_learners_are_shown_whom_no_identity_provider_manages(
    admin_client: Client, connection: SCIMConnection, organization: Organization, ines: str
) -> None:
    LearnerFactory(organization=organization, user__username="old.hand")
    LearnerFactory(organization=OrganizationFactory(), user__username="stranger")
    shown = text(compare(admin_client, connection))
    assert "old.hand" in shown
    assert "stranger" not in shown
    # What an export alone could tell is not counted as nobody.
    assert "No export was given" in shown
    assert "Here, and not in the directory" not in shown
    assert "Here, and not in the directory" in text(compare(admin_client, connection, (INES, "Dean")))


@pytest.mark.parametrize("whose", ["learners", "accounts"])
def test_more_people_than_one_request_can_compare_are_the_commands_and_not_read(
    admin_client: Client,
    connection: SCIMConnection,
    organization: Organization,
    ines: str,
    whose: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reconcile, "_MOST", 1)
    assert "Agrees 1 " in text(compare(admin_client, connection, (INES, "Secure Coding Lead")))
    kept = Reconciliation.objects.get().made_at
    if whose == "learners":
        monkeypatch.setattr(reconcile, "_MOST", 0)
    else:
        LearnerFactory(organization=organization, user__username="old.hand")
    with monkeypatch.context() as patched, CaptureQueriesContext(database) as queries:
        patched.setattr(LearnerAdapter, "for_links", None)
        answer = compare(admin_client, connection, (INES, "Secure Coding Lead"))
    assert len(queries) < 20
    assert answer["Location"] == url("change", connection)
    told = text(admin_client.get(answer["Location"]))
    assert "There are more than" in told
    assert "Nobody was compared: “manage.py scim_reconcile” does it on the server" in told
    assert Reconciliation.objects.get().made_at == kept


def test_values_are_masked_for_who_may_not_see_what_was_sent(
    administrator: Callable[..., Client], connection: SCIMConnection, ines: str
) -> None:
    browser = administrator(*POLICY)
    page = text(compare(browser, connection, (INES, "Dean")))
    assert "Dean" not in page
    assert "Secure Coding" not in page
    assert "Values are masked" in page
    file = b"".join(compare(browser, connection, (INES, "Dean"), verb="file").streaming_content)
    assert b"Dean" not in file
    assert b"title" in file


def test_only_who_may_choose_policies_sees_it_and_of_their_own_connections(
    administrator: Callable[..., Client],
    connection: SCIMConnection,
    other_connection: SCIMConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert administrator("view_scimconnection").get(url("reconcile", connection)).status_code == 403
    monkeypatch.setattr(
        LearnerAdapter,
        "connections_for",
        classmethod(lambda cls, user: SCIMConnection.objects.filter(pk=connection.pk)),
    )
    theirs = administrator(*POLICY, name="vera")
    assert theirs.get(url("reconcile", connection)).status_code == 200
    assert theirs.get(url("reconcile", other_connection)).status_code == 404
    assert compare(theirs, other_connection, (INES, "")).status_code == 404
    assert not Reconciliation.objects.exists()


def test_a_connection_that_has_ended_is_compared_with_nothing(
    admin_client: Client, connection: SCIMConnection
) -> None:
    connection.archived_at = timezone.now()
    connection.save()
    answer = admin_client.post(
        url("reconcile", connection), {"verb": "show", "user_name": "userPrincipalName"}, follow=True
    )
    assert "This connection has ended" in text(answer)
    assert "Compare with the directory" not in text(admin_client.get(url("change", connection)))


def test_a_file_of_another_kind_is_refused_in_words(admin_client: Client, connection: SCIMConnection) -> None:
    file = SimpleUploadedFile("users.csv", b"name\nines", "text/csv")
    answer = admin_client.post(
        url("reconcile", connection),
        {"verb": "show", "user_name": "userPrincipalName", "file": file},
        follow=True,
    )
    assert "The file has no column “userPrincipalName”." in text(answer)


# --- what is remembered of it


def facts(client: Client, page: str, connection: SCIMConnection) -> dict[str, str]:
    shown = client.get(url(page, connection)).content.decode()
    plain = {
        name: re.sub(r"<[^>]+>", "", value)
        for name, value in re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", shown)
    }
    return {name: " ".join(value.split()) for name, value in plain.items()}


@pytest.mark.parametrize("page", ["numbers", "change"])
def test_how_many_have_drifted_is_shown_with_the_day_on_which_they_were_counted(
    admin_client: Client, connection: SCIMConnection, ines: str, page: str
) -> None:
    name = "Otherwise here than last sent"
    assert facts(admin_client, page, connection)[name] == "not compared yet Compare"
    Learner.objects.update(job_role="Dean")
    compare(admin_client, connection)
    Reconciliation.objects.update(made_at=timezone.now() - timedelta(days=2, minutes=1))
    assert facts(admin_client, page, connection)[name] == "1 (compared 2 days ago) Compare"


@pytest.mark.parametrize("page", ["numbers", "change"])
def test_since_when_everybody_was_sent_is_the_oldest_change_of_those_who_are_on(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection, ines: str, page: str
) -> None:
    name = "Everybody was sent since"
    off = scim.post("/Users", person("kate.bell", active=False)).json()["id"]
    now = timezone.now()
    ProvisionedUser.objects.filter(scim_id=off).update(modified_at=now - timedelta(days=40, minutes=1))
    ProvisionedUser.objects.filter(scim_id=ines).update(modified_at=now - timedelta(days=9, minutes=1))
    scim.post("/Users", person("mia.lund"))
    assert facts(admin_client, page, connection)[name] == "9 days ago"
    scim.patch(f"/Users/{ines}", [{"op": "replace", "path": "title", "value": "Dean"}])
    assert facts(admin_client, page, connection)[name] == "just now"


def test_who_was_linked_beforehand_and_not_sent_yet_is_no_part_of_a_full_cycle(
    admin_client: Client, connection: SCIMConnection, ines: str
) -> None:
    ProvisionedUser.objects.update(version=0)
    shown = facts(admin_client, "numbers", connection)["Everybody was sent since"]
    assert shown == "not yet: 1 learner who was linked beforehand was not sent"


def test_nobody_has_been_sent_where_nobody_is_there(admin_client: Client, connection: SCIMConnection) -> None:
    assert not User.objects.filter(scim_links__isnull=False).exists()
    assert facts(admin_client, "numbers", connection)["Everybody was sent since"] == "—"


def test_who_may_not_see_values_is_told_no_address(
    administrator: Administrator, connection: SCIMConnection, organization: Organization
) -> None:
    LearnerFactory(organization=organization, user__username="plain", user__email="secret@x.example")
    LearnerFactory(organization=organization, user__username="hidden.one", user__email="known@x.example")
    export = SimpleUploadedFile("x.csv", b"userPrincipalName,mail\nknown@x.example,known@x.example\n")
    page = url("reconcile", connection)
    for browser, is_told in (
        (administrator("view_scimconnection", "manage_policy"), False),
        (administrator("view_scimconnection", "manage_policy", "view_payload", name="vera"), True),
    ):
        export.seek(0)
        said = text(browser.post(page, {"verb": "show", "user_name": "userPrincipalName", "file": export}))
        assert "plain" in said
        assert ("secret@x.example" in said) is is_told
        export.seek(0)
        alone = text(browser.post(page, {"verb": "show", "user_name": "userPrincipalName"}))
        assert ("secret@x.example" in alone) is is_told
