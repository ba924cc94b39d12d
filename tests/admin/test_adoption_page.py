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

from example_project.lms.models import Learner, Organization
from example_project.lms.scim import LearnerAdapter
from scim_provisioning import adapters as scim_adapters
from scim_provisioning.admin import export_form
from scim_provisioning.administration import adoption
from scim_provisioning.administration.adoption import doubles
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.provisioning import evidence
from tests.admin.pages import PASSWORD, text
from tests.client import ScimClient
from tests.lms_factories import LearnerFactory
from tests.people import ENTERPRISE, person
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


# --- what one does next


@pytest.fixture
def weak(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user name is no certain evidence."""
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", False)


def row_of(answer: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(row for row in answer.context["rows"] if row["name"] == name)
    return found


def test_who_was_not_sent_yet_is_linked_from_the_row(
    administrator: Callable[..., Client], connection: SCIMConnection, ines: User, scim: ScimClient, weak: None
) -> None:
    browser = administrator(*POLICY, "view_payload", "view_user")
    row = row_of(send(browser, connection, "show", INES), INES)
    assert row["accounts"] == [
        (f"{INES} <ines@home.example>", reverse("admin:auth_user_change", args=[ines.pk]))
    ]
    shown = browser.get(row["url"])
    assert "has not sent this person yet" in text(shown)
    assert f"User name {INES} {INES} yes" in text(shown)
    body = {"answer": "link", "account": ines.pk, "password": PASSWORD}
    assert "Linked: “" in text(browser.post(row["url"], body, follow=True))
    assert ProvisionedUser.objects.get().user == ines
    assert scim.post("/Users", person("ines.okafor")).status_code == 201


def test_whom_an_address_led_to_is_offered_on_the_page_of_the_row(
    admin_client: Client, connection: SCIMConnection, ines: User
) -> None:
    row = row_of(send(admin_client, connection, "show", "ines@home.example"), "ines@home.example")
    shown = admin_client.get(row["url"])
    assert [one.account for one in shown.context["candidates"]] == [ines]
    body = {"answer": "keep", "account": ines.pk, "password": PASSWORD}
    admin_client.post(row["url"], body)
    link = ProvisionedUser.objects.get()
    assert (link.user, link.user_name, link.keeps_profile) == (ines, "ines@home.example", True)


def test_who_was_refused_is_answered_in_the_queue(
    admin_client: Client, connection: SCIMConnection, scim: ScimClient, ines: User, weak: None
) -> None:
    assert scim.post("/Users", person("ines.okafor")).status_code == 409
    event = ProvisioningEvent.objects.latest("pk")
    keys = [connection.pk, event.pk]
    queued = reverse("admin:scim_provisioning_scimconnection_answer", args=keys)
    row = row_of(send(admin_client, connection, "show", INES), INES)
    assert admin_client.get(row["url"])["Location"] == queued


@pytest.mark.parametrize("which", ["protected", "spelling", "double"])
def test_every_row_that_needs_a_look_leads_on(
    admin_client: Client,
    connection: SCIMConnection,
    organization: Organization,
    ines: User,
    weak: None,
    which: str,
) -> None:
    name = INES.upper() if which == "spelling" else INES
    if which == "protected":
        User.objects.filter(pk=ines.pk).update(is_staff=True)
    if which == "double":
        name = "x@home.example"
        User.objects.filter(pk=ines.pk).update(email=name)
        LearnerFactory(organization=organization, user__email=name)
    answer = send(admin_client, connection, "show", name)
    row = row_of(answer, name)
    assert row["url"].replace("&", "&amp;") in answer.content.decode()
    candidates = admin_client.get(row["url"]).context["candidates"]
    assert ines in [one.account for one in candidates]
    assert len(candidates) == (2 if which == "double" else 1)


def test_nobody_of_another_customer_is_offered_by_a_key(
    admin_client: Client, connection: SCIMConnection, other_connection: SCIMConnection, ines: User, weak: None
) -> None:
    stranger = LearnerFactory(user__username="stranger").user
    page_of = reverse("admin:scim_provisioning_scimconnection_person", args=[connection.pk])
    for key in (stranger.pk, "x", "\0", "9" * 30):
        shown = admin_client.get(page_of, {"name": "rui@x.example", "account": key})
        assert shown.status_code == 200
        assert not shown.context["candidates"]
    assert admin_client.get(page_of, {"name": ""}).status_code == 404
    assert admin_client.get(page_of, {"name": "\0"}).status_code == 404


@pytest.mark.usefixtures("_doubles_are_made")
def test_doubles_of_newcomers_and_of_the_lms_lead_to_being_joined_in_one_click(
    administrator: Callable[..., Client],
    connection: SCIMConnection,
    organization: Organization,
    scim: ScimClient,
    weak: None,
) -> None:
    old = LearnerFactory(organization=organization, user__username="okafor", user__email=INES).user
    assert scim.post("/Users", person("ines.okafor")).status_code == 201
    for number in (1, 2):
        LearnerFactory(
            organization=organization,
            user__username=f"rui{number}",
            user__first_name="Rui",
            user__last_name=["Sousa", "SOUSA"][number - 1],
        )
    LearnerFactory(user__username="stranger", user__email=INES)
    LearnerFactory(organization=organization, user__email=INES, user__is_active=False)
    LearnerFactory(organization=organization, user__email=INES, user__is_staff=True)
    answer = send(administrator(*POLICY), connection, "show", "nobody@x.example")
    found = [
        (double.one.name, double.other.name, double.reasons) for double, _url in answer.context["doubles"]
    ]
    assert found == [
        (INES, "okafor", ["The same e-mail address"]),
        ("rui1", "rui2", ["The same name"]),
    ]
    (double, url), *_others = answer.context["doubles"]
    assert url.replace("&", "&amp;") in answer.content.decode()
    assert double.other.account == old
    assert "have in common" in text(administrator(*POLICY, name="vera").get(url))
    file = send(administrator(*POLICY, "view_payload", name="eve"), connection, "file", "nobody@x.example")
    said = b"".join(file.streaming_content).decode("utf-8-sig").splitlines()
    assert f"{INES},Double here,okafor <{INES}>,The same e-mail address" in said


def test_namesakes_with_numbers_of_their_own_are_two(
    connection: SCIMConnection, organization: Organization, scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = scim_adapters.Text(f"{ENTERPRISE}:employeeNumber", "learner.job_role")
    lines = [line for line in LearnerAdapter.mapping if line.path != "title"]
    monkeypatch.setattr(LearnerAdapter, "mapping", [*lines, number])
    named = {"user__first_name": "Ines", "user__last_name": "Okafor"}
    other = LearnerFactory(organization=organization, job_role="HL-1", **named)
    assert scim.post("/Users", person("ines.okafor")).status_code == 201
    assert doubles.among(connection) == []
    Learner.objects.filter(pk=other.pk).update(job_role="hl-20417")
    (found,) = doubles.among(connection)
    assert found.reasons == ["The same employee number", "The same name"]
    (found,) = doubles.of(connection, found.one)
    assert found.reasons == ["The same employee number", "The same name"]
