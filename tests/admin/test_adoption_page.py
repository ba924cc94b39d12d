"""The page of people who are here already: what scim_adopt shows and does, for administrators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from example_project.lms.models import Organization
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.admin import export_form
from scim_provisioning.administration import adoption
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.provisioning import evidence
from tests.admin.pages import PASSWORD, text
from tests.client import ScimClient
from tests.lms_factories import LearnerFactory
from tests.people import person
from tests.tables import contents

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"
POLICY = ("view_scimconnection", "manage_policy")


@pytest.fixture
def ines(organization: Organization, monkeypatch: pytest.MonkeyPatch) -> User:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    user: User = LearnerFactory(
        organization=organization, user__username=INES, user__email="ines@home.example"
    ).user
    return user


def page(connection: SCIMConnection) -> str:
    return reverse("admin:scim_provisioning_scimconnection_adopt", args=[connection.pk])


def export(*names: str) -> SimpleUploadedFile:
    lines = ["userPrincipalName,mail", *(f"{name},{name}" for name in names)]
    return SimpleUploadedFile("users.csv", "\n".join(lines).encode("utf-8-sig"), "text/csv")


def send(browser: Client, connection: SCIMConnection, verb: str, *names: str, **fields: Any) -> Any:
    body = {"verb": verb, "user_name": "userPrincipalName", **fields}
    return browser.post(page(connection), body | ({"file": export(*names)} if names else {}))


def test_who_is_here_is_shown_without_a_password_and_nothing_is_changed(
    admin_client: Client, connection: SCIMConnection, ines: User
) -> None:
    assert admin_client.get(page(connection)).status_code == 200
    before = contents()
    shown = text(send(admin_client, connection, "show", INES, "ines@home.example", "rui@x.example"))
    assert "Certain 1" in shown
    assert "Nobody here 1" in shown
    assert f"ines@home.example Needs a look {INES}" in shown
    assert contents() == before


def test_the_same_is_a_file(admin_client: Client, connection: SCIMConnection, ines: User) -> None:
    answer = send(admin_client, connection, "file", INES, "rui@x.example")
    assert answer["Content-Type"].startswith("text/csv")
    said = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert said[1:] == [f"{INES},Certain,{INES} <ines@home.example>,", "rui@x.example,Nobody here,,"]


def test_linking_asks_for_the_password_and_is_in_both_logs(
    administrator: Callable[..., Client], connection: SCIMConnection, ines: User
) -> None:
    browser = administrator(*POLICY)
    assert "was linked" not in text(send(browser, connection, "link", INES, password="wrong"))
    assert not ProvisionedUser.objects.exists()
    done = send(browser, connection, "link", INES, password=PASSWORD)
    assert done.status_code == 302
    link = ProvisionedUser.objects.get()
    assert link.user == ines
    event = ProvisioningEvent.objects.get(action="adopted")
    assert (event.actor.username, event.link) == ("ada", link)
    assert LogEntry.objects.get().change_message == "1 account that was here already was linked."


def test_without_a_file_those_are_meant_who_were_refused(
    admin_client: Client, connection: SCIMConnection, scim: ScimClient, ines: User
) -> None:
    connection.policies = {"existing_learners": "refuse"}
    connection.save()
    assert INES not in text(send(admin_client, connection, "show"))
    assert scim.post("/Users", person("ines.okafor")).status_code == 409
    assert f"{INES} Needs a look" in text(send(admin_client, connection, "show"))


def test_a_file_of_another_kind_is_refused_in_words(admin_client: Client, connection: SCIMConnection) -> None:
    file = SimpleUploadedFile("users.csv", b"name\nines", "text/csv")
    answer = admin_client.post(
        page(connection), {"verb": "show", "user_name": "userPrincipalName", "file": file}, follow=True
    )
    assert "The file has no column “userPrincipalName”." in text(answer)


def test_only_who_may_choose_policies_sees_it(
    administrator: Callable[..., Client],
    connection: SCIMConnection,
    other_connection: SCIMConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert administrator("view_scimconnection").get(page(connection)).status_code == 403
    monkeypatch.setattr(
        LearnerAdapter,
        "connections_for",
        classmethod(lambda cls, user: SCIMConnection.objects.filter(pk=connection.pk)),
    )
    theirs = administrator(*POLICY, name="vera")
    assert theirs.get(page(connection)).status_code == 200
    assert theirs.get(page(other_connection)).status_code == 404
    assert send(theirs, other_connection, "show", INES).status_code == 404


def test_who_may_not_see_values_gets_no_address_and_by_one_no_name(
    administrator: Callable[..., Client], connection: SCIMConnection, ines: User
) -> None:
    browser = administrator(*POLICY)
    assert "ines@home.example" not in text(send(browser, connection, "show", INES))
    file = b"".join(send(browser, connection, "file", INES).streaming_content).decode("utf-8-sig")
    assert file.splitlines()[1:] == [f"{INES},Certain,{INES},"]
    shown = text(send(browser, connection, "show", "ines@home.example"))
    assert "Needs a look" in shown
    assert INES not in shown


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("a@x.example\n" * 10_001, "The file has more than 10000 lines"),
        ("\n" * 10_001, "The file has more than 10000 lines"),
        (f"{'a' * 140_000}\n", "The file is no CSV file"),
    ],
    ids=["people", "blanks", "one value"],
)
def test_a_file_that_is_too_much_for_one_request_is_refused_in_words(
    admin_client: Client, connection: SCIMConnection, rows: str, said: str
) -> None:
    file = SimpleUploadedFile("users.csv", f"userPrincipalName\n{rows}".encode(), "text/csv")
    body = {"verb": "show", "user_name": "userPrincipalName", "file": file}
    assert said in text(admin_client.post(page(connection), body, follow=True))


@pytest.mark.parametrize(
    "file",
    [
        "userPrincipalName" + ",x" * 200,
        '"userPrincipalName\n"' + ",x" * 200,
        "userPrincipalName\n" + "x," * 200,
    ],
    ids=["header", "header of two lines", "line"],
)
def test_a_file_of_more_columns_than_a_directory_has_is_refused(
    connection: SCIMConnection, file: str
) -> None:
    with pytest.raises(ConnectionRefused, match="a line of more than 200 columns"):
        adoption.from_csv(connection, file.encode())


def test_a_page_reads_no_more_of_a_file_than_it_may(
    admin_client: Client, connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_form, "_BYTES", 40)
    file = SimpleUploadedFile("users.csv", f"userPrincipalName\n{INES}\n".encode(), "text/csv")
    body = {"verb": "show", "user_name": "userPrincipalName", "file": file}
    assert "The file is too large" in text(admin_client.post(page(connection), body, follow=True))


@pytest.mark.parametrize("name", ["adopt", "reconcile"])
def test_a_page_looks_at_no_more_refused_people_than_it_may(
    admin_client: Client,
    connection: SCIMConnection,
    scim: ScimClient,
    organization: Organization,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", False)
    for module in ("adoption", "reconcile"):
        monkeypatch.setattr(f"scim_provisioning.admin.{module}.REFUSED", 2)
    people = [f"{letter}@harborline.example" for letter in "abc"]
    for who in people:
        LearnerFactory(organization=organization, user__username=who)
        assert scim.post("/Users", person(userName=who)).status_code == 409
    url = reverse(f"admin:scim_provisioning_scimconnection_{name}", args=[connection.pk])
    body = {"verb": "show", "user_name": "userPrincipalName"}
    looked: list[str] = []
    real = evidence.decide

    def decide(connection: SCIMConnection, documents: Any) -> Any:
        found = list(documents)
        looked.extend(one["userName"] for one in found)
        return real(connection, found)

    for module in ("adoption", "reconciliation"):
        monkeypatch.setattr(f"scim_provisioning.administration.{module}.decide", decide)
    shown = text(admin_client.post(url, body, follow=True))
    assert sorted(looked) == people[1:]
    if name == "adopt":
        assert "More than 2 people were refused" in shown


def test_refusals_that_are_repeated_all_day_are_counted_by_the_database(
    admin_client: Client,
    connection: SCIMConnection,
    scim: ScimClient,
    ines: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", False)
    for _again in range(12):
        assert scim.post("/Users", person("ines.okafor")).status_code == 409
    with CaptureQueriesContext(database) as captured:
        send(admin_client, connection, "show")
    asked = [query["sql"] for query in captured if "user_name_key" in query["sql"] and "MAX(" in query["sql"]]
    assert len(asked) == 1
