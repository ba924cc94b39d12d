"""The provisioning log in Django admin: list, search, operation page, export, and who may see what."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from example_project.lms.models import SSOSettings
from example_project.lms.scim import LearnerAdapter
from scim_provisioning import events
from scim_provisioning.events import Caller, Exchange
from scim_provisioning.models import (
    Action,
    Operation,
    Outcome,
    ProvisionedUser,
    ProvisioningEvent,
    SCIMConnection,
)
from scim_provisioning.protocol.errors import Uniqueness
from scim_provisioning.testing.factories import ConnectionFactory, ProvisionedUserFactory, TokenFactory
from tests.admin.pages import text
from tests.client import ScimClient
from tests.lms_factories import LearnerFactory
from tests.people import person

pytestmark = pytest.mark.django_db

LIST = reverse("admin:scim_provisioning_provisioningevent_changelist")
EXPORT = reverse("admin:scim_provisioning_provisioningevent_export")

Staff = Callable[..., Client]


@pytest.fixture
def staff(db: None) -> Staff:
    """Makes a client of a staff member with the permissions named."""

    def make(*codenames: str) -> Client:
        user = User.objects.create_user(f"staff{User.objects.count()}", is_staff=True)
        user.user_permissions.set(
            Permission.objects.filter(content_type__app_label="scim_provisioning", codename__in=codenames)
        )
        client = Client()
        client.force_login(user)
        return client

    return make


@pytest.fixture
def admin(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("admin"))
    return client


@pytest.fixture
def ines(scim: ScimClient, connection: SCIMConnection) -> ProvisionedUser:
    scim.post("/Users", person())
    return ProvisionedUser.objects.get(connection=connection)


def event(connection: SCIMConnection, **fields: Any) -> ProvisioningEvent:
    defaults: dict[str, Any] = {
        "operation": Operation.PATCH,
        "action": Action.UPDATED,
        "outcome": Outcome.APPLIED,
        "status": 200,
    }
    return ProvisioningEvent.objects.create(connection=connection, **{**defaults, **fields})


def refusal(
    connection: SCIMConnection, code: str = "user.exists_unmanaged", **fields: Any
) -> ProvisioningEvent:
    defaults: dict[str, Any] = {
        "operation": Operation.CREATE,
        "action": Action.REFUSED,
        "outcome": Outcome.REFUSED,
        "status": 409,
        "error_code": code,
    }
    return event(connection, **{**defaults, **fields})


def listed(client: Client, **parameters: str) -> list[int]:
    response = client.get(LIST, parameters)
    assert response.status_code == 200
    return [row.pk for row in response.context["cl"].result_list]


def page(client: Client, row: ProvisioningEvent) -> HttpResponse:
    return client.get(reverse("admin:scim_provisioning_provisioningevent_change", args=(row.pk,)))


# --- the list ---------------------------------------------------------------------------------------------------


def test_the_list_has_one_row_a_write(admin: Client, scim: ScimClient, ines: ProvisionedUser) -> None:
    scim.patch(f"/Users/{ines.scim_id}", [{"op": "Replace", "path": "title", "value": "Lead"}])

    response = admin.get(LIST)

    rows = list(response.context["cl"].result_list)
    assert [row.action for row in rows] == [Action.UPDATED, Action.CREATED]
    assert "title" in response.content.decode()


def test_an_accepted_look_up_adds_no_row_and_a_refused_one_shows_only_on_demand(
    admin: Client, scim: ScimClient, ines: ProvisionedUser
) -> None:
    before = listed(admin)

    scim.get(f"/Users/{ines.scim_id}")
    scim.get("/Users/00000000-0000-4000-8000-000000000000")

    assert listed(admin) == before
    assert len(listed(admin, lookups="show")) == len(before) + 1


def test_a_refused_token_is_a_problem_and_never_hidden(admin: Client, connection: SCIMConnection) -> None:
    row = refusal(connection, "auth.revoked", operation=Operation.READ, status=401, method="GET")

    assert listed(admin) == [row.pk]


def test_only_problems_shows_as_many_as_the_database_has(admin: Client, connection: SCIMConnection) -> None:
    for number in range(30):
        refusal(connection) if number % 3 else event(connection)

    assert len(listed(admin, problems="only")) == ProvisioningEvent.objects.filter(outcome="refused").count()


def test_similar_failures_are_grouped_with_a_link_to_them(admin: Client, connection: SCIMConnection) -> None:
    for _number in range(4):
        refusal(connection)
    refusal(connection, "rate")

    response = admin.get(LIST)

    assert [(group["count"], group["title"]) for group in response.context["similar"]] == [
        (4, "The account exists and is not managed by this connection.")
    ]
    assert len(listed(admin, error="user.exists_unmanaged")) == 4


def test_a_row_says_which_value_and_how_long_it_may_be_and_leads_to_the_operation(
    admin: Client, staff: Staff, scim: ScimClient, connection: SCIMConnection
) -> None:
    """In words, and without the value, so that whoever may not see values reads it too."""
    assert scim.post("/Users", person(title="x" * 200)).status_code == 400
    row = ProvisioningEvent.objects.latest("pk")
    address = reverse("admin:scim_provisioning_provisioningevent_change", args=(row.pk,))
    for client in (admin, staff("view_scimconnection", "view_provisioningevent")):
        shown = client.get(LIST).content.decode()
        assert "Create: A value is too long. (Job title, at most 150 characters)" in shown
        assert re.search(rf'<td class="field-result"><a href="{address}[^"]*">', shown)


def test_the_name_of_an_attribute_that_may_be_a_value_is_not_in_a_row(
    admin: Client, connection: SCIMConnection
) -> None:
    refusal(connection, "attr.invalid", cause={"attribute": "ines okafor"}, times=3)
    shown = admin.get(LIST).content.decode()
    assert "ines okafor" not in shown
    assert "(••••••, 3 times)" in shown


def test_a_problem_of_several_is_said_with_what_to_do_and_leads_nowhere_if_it_is_all_that_is_listed(
    admin: Client, connection: SCIMConnection
) -> None:
    for _number in range(3):
        refusal(connection, "attr.too_long")

    def box(**parameters: str) -> list[tuple[int, bool]]:
        page = admin.get(LIST, parameters)
        assert "in Entra ID with the expression" in text(page)
        return [(group["count"], bool(group["url"])) for group in page.context["similar"]]

    assert box() == [(3, False)]
    event(connection)
    assert box() == [(3, True)]
    assert box(error="attr.too_long") == box(problems="only") == [(3, False)]


def test_a_token_is_named_with_its_connection_where_there_are_several(
    admin: Client, connection: SCIMConnection, other_connection: SCIMConnection
) -> None:
    token = TokenFactory(connection=connection, label="Entra ID")
    assert f"{token} ·" not in text(admin.get(LIST))
    TokenFactory(connection=other_connection, label="Entra ID")
    assert f"{token} · {connection.name} (0)" in text(admin.get(LIST))


def test_an_address_breaks_behind_its_sign_first(admin: Client, ines: ProvisionedUser) -> None:
    row = ProvisioningEvent.objects.latest("pk")
    for page_of in (admin.get(LIST), page(admin, row)):
        assert "ines.okafor@<wbr>harborline.example" in page_of.content.decode()


def test_the_filters_count(admin: Client, connection: SCIMConnection) -> None:
    refusal(connection)
    event(connection)

    assert "Only problems (1)" in admin.get(LIST).content.decode()


def test_the_list_can_be_filtered_by_token_and_cause_and_connection(
    admin: Client, connection: SCIMConnection, scim: ScimClient, ines: ProvisionedUser
) -> None:
    other = refusal(ConnectionFactory(name="Okta"), "rate")
    token = connection.tokens.get()

    assert other.pk not in listed(admin, token=str(token.pk))
    assert listed(admin, connection=str(other.connection_id)) == [other.pk]
    assert listed(admin, error="rate") == [other.pk]
    assert listed(admin, token="x") == []


# --- search -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "term",
    [
        "ines.okafor@old.example",
        "INES.OKAFOR@OLD",
        "ines.okafor@harborline.example",
        "Ines",
        "ines oka",
        "Okafor",
        "inesokafor",
    ],
)
def test_search_finds_the_learner_by_what_they_are_and_were_called(
    term: str, admin: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    scim.post("/Users", person(emails=[{"type": "work", "value": "ines.okafor@old.example"}]))
    scim.post("/Users", person("sam.reyes"))
    link = ProvisionedUser.objects.get(user_name="ines.okafor@harborline.example")
    scim.patch(
        f"/Users/{link.scim_id}",
        [{"op": "Replace", "path": 'emails[type eq "work"].value', "value": "i.adeyemi@new.example"}],
    )

    assert listed(admin, q=term) == list(link.events.order_by("-pk").values_list("pk", flat=True))


def test_a_user_name_with_odd_spaces_is_found_although_the_row_that_named_it_is_pruned(
    admin: Client, connection: SCIMConnection
) -> None:
    link = ProvisionedUserFactory(connection=connection, user_name="Ana  Belle")
    row = refusal(connection, link=link)

    assert listed(admin, q="ana  belle") == [row.pk]


def test_search_finds_by_scim_id_and_request_id(
    admin: Client, scim: ScimClient, ines: ProvisionedUser
) -> None:
    scim.patch(
        f"/Users/{ines.scim_id}",
        [{"op": "Replace", "path": "title", "value": "Lead"}],
        x_request_id="entra-4711",
    )

    assert len(listed(admin, q=ines.scim_id)) == 2
    assert len(listed(admin, q="entra-4711")) == 1


def test_search_finds_somebody_who_was_refused_and_has_no_account(
    admin: Client, connection: SCIMConnection
) -> None:
    row = refusal(connection, user_name="Ghost@x.example", user_name_key="ghost@x.example")

    assert listed(admin, q="ghost@") == [row.pk]


def test_a_refused_change_stands_in_the_learners_history(
    admin: Client, scim: ScimClient, ines: ProvisionedUser
) -> None:
    scim.patch(f"/Users/{ines.scim_id}", [{"op": "Replace", "path": "title", "value": "x" * 151}])

    assert len(listed(admin, learner=str(ines.pk))) == 2
    assert len(listed(admin, q="ines oka")) == 2


def test_search_treats_wildcards_as_text(admin: Client, ines: ProvisionedUser) -> None:
    assert listed(admin, q="%") == []
    assert listed(admin, q="ine_") == []


# --- one learner's history ----------------------------------------------------------------------------------------


def test_the_learners_page_says_who_manages_them_and_links_to_their_history(
    admin: Client, scim: ScimClient, ines: ProvisionedUser
) -> None:
    scim.post("/Users", person("sam.reyes"))
    scim.patch(f"/Users/{ines.scim_id}", [{"op": "Replace", "path": "active", "value": "False"}])
    learner = ines.user.learner  # type: ignore[union-attr]

    html = admin.get(reverse("admin:lms_learner_change", args=(learner.pk,))).content.decode()

    assert "Managed by SCIM" in html
    assert "What happened to this learner?" in html
    history = admin.get(LIST, {"learner": str(ines.pk), "lookups": "show"})
    assert [row.action for row in history.context["cl"].result_list] == [Action.DEACTIVATED, Action.CREATED]
    assert "What happened to ines.okafor@harborline.example?" in history.content.decode()


def test_a_learner_whom_nobody_provisioned_has_no_banner(admin: Client, sso: SSOSettings) -> None:
    learner = LearnerFactory(organization=sso.organization)

    page = admin.get(reverse("admin:lms_learner_change", args=(learner.pk,)))

    assert "Managed by SCIM" not in page.content.decode()


def test_deleting_a_managed_learner_warns(admin: Client, ines: ProvisionedUser) -> None:
    learner = ines.user.learner  # type: ignore[union-attr]

    html = admin.get(reverse("admin:lms_learner_delete", args=(learner.pk,))).content.decode()

    assert "The identity provider will create them again" in html


# --- one operation ------------------------------------------------------------------------------------------------


def test_a_refused_operation_says_cause_and_what_to_do(
    admin: Client, scim: ScimClient, ines: ProvisionedUser
) -> None:
    scim.post("/Users", person())
    row = ProvisioningEvent.objects.get(outcome=Outcome.REFUSED)

    html = page(admin, row).content.decode()

    assert "<h2>Cause</h2>" in html
    assert "<h2>What to do</h2>" in html
    assert "Refused: The userName belongs to another learner." in html
    assert f"?learner={ines.pk}" in html


def test_a_mended_conflict_leaves_the_refused_row_and_adds_another(
    scim: ScimClient, sso: SSOSettings
) -> None:
    name = "ines.okafor@harborline.example"
    blocker = LearnerFactory(organization=sso.organization, user__user_name=name)
    scim.post("/Users", person())
    blocker.user.delete()
    scim.post("/Users", person())

    actions = list(ProvisioningEvent.objects.order_by("pk").values_list("action", flat=True))

    assert actions == [Action.REFUSED, Action.CREATED]


VALUE = "ADA-1815"


@pytest.fixture
def database_refusal(connection: SCIMConnection) -> ProvisioningEvent:
    """A refusal that holds the value of somebody else's that stood in the way."""
    error = Uniqueness(
        "employeeNumber: must be unique in the application, and is already in use.",
        code="user.value_taken",
        params={"attribute": "employeeNumber", "database": f"Key (badge)=({VALUE}) already exists."},
    )
    exchange = Exchange("POST", "/scim/v2/Users", Operation.CREATE)
    events.refused(Caller(connection, None), exchange, error=error)
    return ProvisioningEvent.objects.latest("pk")


def test_what_the_database_said_is_shown_to_those_who_may_see_values(
    admin: Client, database_refusal: ProvisioningEvent
) -> None:
    html = page(admin, database_refusal).content.decode()

    assert f'The database said: <q lang="en">Key (badge)=({VALUE}) already exists.</q>' in html
    assert "employeeNumber must be unique in this application" in html
    # The text for support may be sent to anybody.
    assert html.count(VALUE) == 1


def test_what_the_database_said_is_masked_without_view_payload(
    staff: Staff, database_refusal: ProvisioningEvent
) -> None:
    html = page(staff("view_provisioningevent", "view_scimconnection"), database_refusal).content.decode()

    assert VALUE not in html
    assert 'The database said: <q lang="en">••••••</q>' in html
    assert "employeeNumber must be unique in this application" in html


def test_a_failure_of_the_host_names_exception_and_line_for_support_too(
    admin: Client, scim: ScimClient, ines: ProvisionedUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forget(self: LearnerAdapter, learner: Any, *, event: ProvisioningEvent) -> None:
        raise KeyError(VALUE)

    monkeypatch.setattr(LearnerAdapter, "on_updated", forget)
    scim.patch(f"/Users/{ines.scim_id}", [{"op": "replace", "path": "title", "value": "Lead"}])
    row = ProvisioningEvent.objects.latest("pk")
    html = page(admin, row).content.decode()

    place = f"KeyError in tests/admin/test_log.py:{forget.__code__.co_firstlineno + 1}"
    assert f"The host application raised {place}. Nothing was changed." in html
    assert f"raised: {place}" in html
    assert VALUE not in html


def test_an_operation_shows_before_and_after_and_the_messages(
    admin: Client, scim: ScimClient, ines: ProvisionedUser
) -> None:
    scim.patch(f"/Users/{ines.scim_id}", [{"op": "Replace", "path": "title", "value": "Head of Keys"}])

    html = page(admin, ProvisioningEvent.objects.latest("pk")).content.decode()

    assert "<td>Secure Coding Lead</td><td>Head of Keys</td>" in html
    assert "&quot;Operations&quot;" in html


def test_without_view_payload_values_are_masked_and_messages_left_out(
    staff: Staff, scim: ScimClient, ines: ProvisionedUser
) -> None:
    scim.patch(f"/Users/{ines.scim_id}", [{"op": "Replace", "path": "title", "value": "Head of Keys"}])

    html = page(
        staff("view_provisioningevent", "view_scimconnection"), ProvisioningEvent.objects.latest("pk")
    ).content.decode()

    assert "Head of Keys" not in html
    assert "Secure Coding Lead" not in html
    assert "<td>••••••</td>" in html


def test_a_path_that_names_an_element_by_its_value_is_masked_too(
    staff: Staff, admin: Client, connection: SCIMConnection
) -> None:
    path = 'emails[value eq "ana@harborline.example"].value'
    row = event(connection, changes={path: ["ana@harborline.example", None]})
    reader = staff("view_provisioningevent", "view_scimconnection", "export_log")

    shown = [page(reader, row).content.decode(), b"".join(reader.get(EXPORT).streaming_content).decode()]

    assert all("ana@harborline" not in text for text in shown)
    assert "ana@harborline" not in page(admin, row).context["support_text"]
    assert "ana@harborline" in page(admin, row).content.decode()


def test_former_identifiers_are_shown_to_those_who_may_see_values(
    staff: Staff, admin: Client, scim: ScimClient, ines: ProvisionedUser
) -> None:
    scim.patch(f"/Users/{ines.scim_id}", [{"op": "Replace", "path": "userName", "value": "new@x.example"}])
    history = {"learner": str(ines.pk)}

    assert "Formerly" in admin.get(LIST, history).content.decode()
    assert "Formerly" not in staff("view_provisioningevent").get(LIST, history).content.decode()


def test_messages_that_are_no_longer_kept_are_said_to_be_gone(
    admin: Client, connection: SCIMConnection
) -> None:
    row = event(connection, method="PATCH", created_at=timezone.now() - timedelta(days=40))

    assert "deleted after 30 days" in page(admin, row).content.decode()


def test_no_token_stands_in_any_page(
    admin: Client, scim: ScimClient, ines: ProvisionedUser, token: str
) -> None:
    scim.post("/Users", person("sam.reyes", title=f"my token is {token}"))
    pages = [page(admin, row).content.decode() for row in ProvisioningEvent.objects.all()]

    assert all(
        token not in html and token[16:] not in html for html in [*pages, admin.get(LIST).content.decode()]
    )
    assert any(f"Authorization: Bearer {token[:12]}…" in html for html in pages)


def test_the_text_for_support_has_no_personal_data(
    admin: Client, scim: ScimClient, ines: ProvisionedUser
) -> None:
    scim.get("/Users/ines.okafor@harborline.example")
    for row in ProvisioningEvent.objects.all():
        text = page(admin, row).context["support_text"]
        assert "ines" not in text.lower()
        assert "okafor" not in text.lower()
        assert row.request_id in text


def test_neighbours_and_operations_of_the_same_request_are_linked(
    admin: Client, connection: SCIMConnection
) -> None:
    first, second = (event(connection, request_id="bulk-1") for _number in range(2))

    context = page(admin, first).context

    assert [row["event"].pk for row in context["same_request"]] == [second.pk]
    assert [row["event"].pk for row in context["neighbours"]] == [second.pk]


@pytest.mark.parametrize("evil", ['"><script>alert(1)</script>', "\r\nERROR forged", "=HYPERLINK(1)"])
def test_hostile_names_are_text(
    evil: str, admin: Client, connection: SCIMConnection, ines: ProvisionedUser
) -> None:
    ProvisionedUser.objects.update(user_name=evil)
    token = TokenFactory(connection=connection, label=evil)
    said = {"changes": {evil: [evil, evil]}, "ignored": [evil], "detail": evil, "request_id": evil}
    row = event(connection, link=ines, token=token, user_name=evil, **said)

    for response in (admin.get(LIST), admin.get(LIST, {"learner": ines.pk}), page(admin, row)):
        html = response.content.decode()
        assert "<script>alert" not in html
        assert escape(evil) in html


# --- who may ------------------------------------------------------------------------------------------------------


@pytest.fixture
def neighbour(connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch) -> ProvisioningEvent:
    """An operation of a connection that `connection`'s own staff do not see."""
    other = ConnectionFactory(name="Brightwater")
    visible = SCIMConnection.objects.filter(pk=connection.pk)
    monkeypatch.setattr(LearnerAdapter, "connections_for", classmethod(lambda cls, user: visible.all()))
    return refusal(
        other, "rate", user_name="ana@brightwater.example", user_name_key="ana@brightwater.example"
    )


def test_operations_of_another_customer_are_404_and_listed_nowhere(
    staff: Staff, neighbour: ProvisioningEvent
) -> None:
    client = staff("view_provisioningevent", "view_scimconnection", "export_log")

    assert page(client, neighbour).status_code == 404
    assert listed(client) == []
    assert listed(client, q="ana@") == []
    assert listed(client, connection=str(neighbour.connection_id)) == []
    assert b"brightwater" not in b"".join(client.get(EXPORT).streaming_content)


def test_staff_without_the_permission_see_neither_list_nor_operation(
    staff: Staff, connection: SCIMConnection
) -> None:
    client, row = staff(), event(connection)

    assert client.get(LIST).status_code == 403
    assert page(client, row).status_code == 403


def test_nothing_in_the_log_can_be_added_changed_or_deleted(
    admin: Client, connection: SCIMConnection
) -> None:
    row = event(connection)
    names = "admin:scim_provisioning_provisioningevent_"

    assert admin.get(reverse(f"{names}add")).status_code == 403
    assert admin.post(reverse(f"{names}delete", args=(row.pk,)), {"post": "yes"}).status_code == 403
    assert admin.get(reverse(f"{names}history", args=(row.pk,))).status_code == 404
    assert ProvisioningEvent.objects.filter(pk=row.pk).exists()


# --- export -------------------------------------------------------------------------------------------------------


def test_what_no_database_can_store_is_not_exported(admin_client: Client, db: None) -> None:
    assert admin_client.get(f"{EXPORT}?action=%00").status_code == 400


def rows_of(client: Client, **parameters: str) -> list[list[str]]:
    response = client.get(EXPORT, parameters)
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))[1:]


def test_the_export_has_as_many_rows_as_the_list_with_its_filters(
    admin: Client, connection: SCIMConnection
) -> None:
    for number in range(25):
        refusal(connection) if number % 5 else event(connection)

    assert len(rows_of(admin)) == 25
    assert len(rows_of(admin, problems="only")) == 20


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1"])
def test_a_value_that_a_spreadsheet_would_run_is_exported_as_text(
    start: str, admin: Client, connection: SCIMConnection
) -> None:
    event(connection, user_name=start)

    assert rows_of(admin)[0][2] == f"'{start}"


def test_staff_without_the_permission_see_no_export_button_and_get_403(
    staff: Staff, connection: SCIMConnection
) -> None:
    client = staff("view_provisioningevent", "view_scimconnection")

    assert "Export CSV" not in client.get(LIST).content.decode()
    assert client.get(EXPORT).status_code == 403
    exporting = staff("view_provisioningevent", "view_scimconnection", "export_log")
    assert "Export CSV" in exporting.get(LIST).content.decode()


def test_values_are_exported_only_for_those_who_may_see_them(
    staff: Staff, connection: SCIMConnection
) -> None:
    event(connection, changes={"title": ["Lead", "Head of Keys"]})
    permissions = ("view_provisioningevent", "view_scimconnection", "export_log")

    masked = b"".join(staff(*permissions).get(EXPORT).streaming_content)
    clear = b"".join(staff(*permissions, "view_payload").get(EXPORT).streaming_content)

    assert b"Head of Keys" not in masked
    assert b"Head of Keys" in clear


@pytest.mark.parametrize("parameter", ["q", "action", "error", "outcome__exact"])
def test_what_no_database_can_store_is_a_bad_address_and_no_failure(admin: Client, parameter: str) -> None:
    assert admin.get(f"{LIST}?{parameter}=%00").status_code == 400
