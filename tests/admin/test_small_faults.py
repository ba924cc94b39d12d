"""What administrators stumbled over, each told as it should be."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from scim_provisioning.administration import alerts, health, selftest
from scim_provisioning.models import (
    Action,
    Operation,
    Outcome,
    ProvisionedUser,
    ProvisioningEvent,
    SCIMConnection,
)
from scim_provisioning.testing.factories import ConnectionFactory, ProvisionedUserFactory, TokenFactory
from tests.admin.conftest import Administrator
from tests.admin.pages import PASSWORD, generate, text, token_form, url
from tests.client import ScimClient
from tests.leavers import OFF
from tests.lms_factories import SSOSettingsFactory
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

LIST = reverse("admin:scim_provisioning_scimconnection_changelist")
LOG = reverse("admin:scim_provisioning_provisioningevent_changelist")


def refused(connection: SCIMConnection, names: list[str], **fields: Any) -> None:
    for name in names:
        ProvisioningEvent.objects.create(
            connection=connection,
            **{
                "operation": Operation.CREATE,
                "action": Action.REFUSED,
                "outcome": Outcome.REFUSED,
                "error_code": "user.username_taken",
                "user_name": name,
                "user_name_key": name,
                **fields,
            },
        )


def in_use(connection: SCIMConnection, ago: timedelta = timedelta(minutes=5), **fields: Any) -> Any:
    moment = timezone.now() - ago
    return TokenFactory(connection=connection, first_used_at=moment, last_used_at=moment, **fields)


# --- forms


def focused(page: str) -> list[str]:
    """The opening tags of what has the focus as the page opens."""
    return [tag for tag in re.findall(r"<[a-z][^>]*>", page) if re.search(r"\sautofocus\b", tag)]


def test_a_form_that_comes_back_with_errors_begins_at_the_first_of_them(
    admin_client: Client, connection: SCIMConnection, scim: ScimClient
) -> None:
    forgets = url("privacy", connection).replace("privacy", "learners/{}/forget")
    scim.post("/Users", person())
    address = forgets.format(ProvisionedUser.objects.get().pk)
    assert focused(admin_client.get(address).content.decode()) == []
    (tag,) = focused(admin_client.post(address, {"name": "x"}).content.decode())
    assert 'name="even_if_active"' in tag
    (tag,) = focused(admin_client.post(address, {"even_if_active": "on", "name": "x"}).content.decode())
    assert 'name="name"' in tag


def test_a_choice_that_was_not_made_and_an_error_of_no_field_have_the_focus_as_well(
    admin_client: Client, connection: SCIMConnection, scim: ScimClient
) -> None:
    (tag,) = focused(admin_client.post(url("disconnect", connection), {}).content.decode())
    assert tag.startswith("<fieldset")
    scim.patch(f"/Users/{scim.post('/Users', person()).json()['id']}", OFF)
    nobody = admin_client.post(url("undo", connection), {"whom": "ticked", "password": PASSWORD})
    (tag,) = focused(nobody.content.decode())
    assert "scim-errornote" in tag


# --- the badge, and the banner


def test_one_person_who_is_refused_again_and_again_is_not_a_failing_connection(
    connection: SCIMConnection,
) -> None:
    in_use(connection)
    refused(connection, ["sam"] * 11)
    found = health.of(connection)
    assert found.badge == health.DEGRADED
    assert found.sentence == "1 person is refused again and again; nobody else is waiting. The log says why."


@pytest.mark.parametrize(("people", "badge"), [(2, health.DEGRADED), (3, health.FAILING)])
def test_three_people_are_a_failing_connection(connection: SCIMConnection, people: int, badge: str) -> None:
    in_use(connection)
    refused(connection, [f"person{number % people}" for number in range(12)])
    assert health.of(connection).badge == badge


def test_who_was_refused_before_the_last_change_does_not_count(connection: SCIMConnection) -> None:
    in_use(connection)
    before = timezone.now() - timedelta(hours=2)
    refused(connection, ["ada", "ben", "cy"], created_at=before)
    ProvisioningEvent.objects.create(
        connection=connection,
        operation=Operation.PATCH,
        action=Action.UPDATED,
        outcome=Outcome.APPLIED,
        created_at=before + timedelta(minutes=1),
    )
    refused(connection, ["sam"] * 10)
    assert health.of(connection).badge == health.DEGRADED


def test_leavers_who_are_held_are_not_refused(connection: SCIMConnection) -> None:
    in_use(connection)
    refused(connection, [f"person{number}" for number in range(12)], action=Action.HELD)
    found = health.of(connection)
    # Nobody waits any more: an administrator has decided.
    assert (found.badge, found.facts.refused) == (health.HEALTHY, 0)


def test_the_index_names_failing_and_quiet_connections(
    admin_client: Client, connection: SCIMConnection, other_connection: SCIMConnection
) -> None:
    in_use(connection)
    refused(connection, [f"person{number}" for number in range(10)])
    in_use(other_connection, ago=timedelta(days=2))
    page = text(admin_client.get(reverse("admin:index")))
    assert f"Failing {connection.name} : The last 10 writes or more were refused." in page
    assert f"Quiet {other_connection.name} : No request since" in page


def test_the_index_names_degraded_connections_after_the_failing_and_quiet_ones(
    admin_client: Client, connection: SCIMConnection, other_connection: SCIMConnection
) -> None:
    in_use(connection)
    refused(connection, ["ann", "bob"])
    in_use(other_connection, ago=timedelta(days=2))
    page = text(admin_client.get(reverse("admin:index")))
    said = "All 2 operations of the last 24 hours were refused. The log says why."
    assert f"Degraded {connection.name} : {said}" in page
    assert page.index(f"Quiet {other_connection.name}") < page.index(f"Degraded {connection.name}")
    ProvisioningEvent.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert "Degraded" not in text(admin_client.get(reverse("admin:index")))


def test_the_list_names_the_customer_and_who_called_apart(
    admin_client: Client, connection: SCIMConnection
) -> None:
    """Where all connections are called as their customers, there is nothing more to name."""
    in_use(connection, last_used_agent="Azure-AD-Provisioning/1.0")

    def cells(name: str) -> dict[str, str]:
        SCIMConnection.objects.update(name=name)
        page = admin_client.get(LIST).content.decode()
        return dict(re.findall(r'<td class="field-(customer|last_request)">(.*?)</td>', page, flags=re.S))

    assert cells("Entra")["customer"] == str(connection.sso)
    alike = cells(str(connection.sso))
    assert "customer" not in alike
    assert "Entra" in alike["last_request"]


def test_the_banner_takes_the_same_queries_for_two_and_for_thirty(
    admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries, rf: Any
) -> None:
    user = User.objects.get()

    def asked() -> Any:
        request = rf.get("/")
        request.user = user
        return request

    def more(n: int) -> None:
        for number in range(n):
            connection = ConnectionFactory(sso_key=str(SSOSettingsFactory().pk))
            in_use(connection, ago=timedelta(days=2 * (number % 2)))
            refused(connection, [f"person{n}" for n in range(10)])

    more(2)
    for n in (2, 30):
        # Connections, SSO settings, tokens, refusals (of tokens, of all else), the day's operations, the latest writes,
        # whom they were about.
        with django_assert_num_queries(8):
            assert len(alerts.troubled(asked())) == n
        more(28)


def test_where_the_log_says_more_there_is_a_link_to_it(
    admin_client: Client, connection: SCIMConnection
) -> None:
    in_use(connection)
    refused(connection, [f"person{number}" for number in range(10)])
    problems = f"{LOG}?connection={connection.pk}&amp;problems=only"
    for address in (
        url("change", connection),
        reverse("admin:lms_ssosettings_change", args=[connection.sso_key]),
    ):
        assert f'<a href="{problems}">Open the log</a>' in admin_client.get(address).content.decode()


# --- tokens


def test_at_the_cap_nobody_is_told_to_rotate(admin_client: Client, connection: SCIMConnection) -> None:
    TokenFactory.create_batch(2, connection=connection)
    page = text(generate(admin_client, connection))
    assert "Two tokens are already live. Revoke one first." in page
    assert "use Rotate" not in page


def test_a_rotated_token_is_called_otherwise_than_the_one_it_replaces(
    admin_client: Client, connection: SCIMConnection
) -> None:
    old = TokenFactory(connection=connection, label="Entra ID")
    assert 'value="Entra ID 2"' in admin_client.get(url("rotate", connection, old)).content.decode()
    newer = TokenFactory(connection=connection, label="Entra ID 2", replaces=old)
    old.revoked_at = timezone.now()
    old.save()
    assert 'value="Entra ID 3"' in admin_client.get(url("rotate", connection, newer)).content.decode()


def test_a_token_that_was_only_refused_is_not_called_never_used(
    admin_client: Client, connection: SCIMConnection, settings: Settings
) -> None:
    token = TokenFactory(connection=connection, allowed_networks=["203.0.113.0/24"])
    assert ScimClient(token.plaintext).get("/Users").status_code == 403
    page = text(admin_client.get(url("change", connection)))
    assert "Never used" not in page
    assert "Not let in yet" in page
    assert "1 refused" in page


def test_what_administrators_do_with_a_token_is_no_use_of_it(
    admin_client: Client, connection: SCIMConnection
) -> None:
    generate(admin_client, connection)
    page = text(admin_client.get(url("change", connection)))
    assert "Never used" in page
    assert "Not let in yet" not in page


# --- groups


GROUPS = "Entra is also sending groups"


def test_the_notice_of_groups_ends_with_the_rotation(
    admin_client: Client, connection: SCIMConnection
) -> None:
    old = TokenFactory(connection=connection)
    ScimClient(old.plaintext).post("/Groups", {"displayName": "All"})
    pages = (url("change", connection), url("selftest", connection))
    assert all(GROUPS in text(admin_client.get(page)) for page in pages)
    in_use(connection)
    old.refresh_from_db()
    old.revoked_at = timezone.now()
    old.save()
    assert not any(GROUPS in text(admin_client.get(page)) for page in pages)


def test_the_notice_of_groups_ends_a_week_after_the_last_one(
    admin_client: Client, connection: SCIMConnection
) -> None:
    in_use(connection, first_group_at=timezone.now() - timedelta(days=8))
    assert GROUPS not in text(admin_client.get(url("change", connection)))
    refused(connection, ["x"], operation=Operation.GROUP, error_code="group.unsupported")
    assert GROUPS in text(admin_client.get(url("change", connection)))


# --- the log


def test_the_cause_tells_a_time_as_people_write_it(admin_client: Client, connection: SCIMConnection) -> None:
    cause = {"label": "Entra ID", "at": "2026-11-03T08:14:00+00:00"}
    refused(connection, [""], operation=Operation.AUTHENTICATE, error_code="auth.expired", cause=cause)
    event = ProvisioningEvent.objects.get()
    page = text(
        admin_client.get(reverse("admin:scim_provisioning_provisioningevent_change", args=[event.pk]))
    )
    assert "Token “Entra ID” expired on 3 Nov 2026, 08:14." in page


def test_the_list_names_the_connection_and_counts_operations(
    admin_client: Client, connection: SCIMConnection, other_connection: SCIMConnection
) -> None:
    refused(connection, ["ada", "ben"])
    refused(other_connection, ["cy"])
    page = text(admin_client.get(LOG))
    assert page.count(connection.name) > 2
    assert "3 operations" in page
    assert "provisioning log" not in page
    assert "1 operation " in text(admin_client.get(f"{LOG}?connection={other_connection.pk}"))


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("from=2026-11-02", ["ben", "cy"]),
        ("until=2026-11-02", ["ada", "ben"]),
        ("from=2026-11-02&until=2026-11-02", ["ben"]),
        ("from=&until=", ["ada", "ben", "cy"]),
        ("from=yesterday&until=2026-13-01", ["ada", "ben", "cy"]),
        ("from=0001-01-01&until=9999-12-31", ["ada", "ben", "cy"]),
    ],
)
def test_the_log_is_asked_from_one_day_to_another(
    admin_client: Client, connection: SCIMConnection, settings: Settings, asked: str, names: list[str]
) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    moments = ("2026-11-01T22:59:59+00:00", "2026-11-01T23:00:00+00:00", "2026-11-02T23:00:00+00:00")
    for name, moment in zip(("ada", "ben", "cy"), moments, strict=True):
        refused(connection, [name], created_at=moment)
    found = admin_client.get(f"{LOG}?{asked}&problems=only").context["cl"].result_list
    assert sorted(event.user_name for event in found) == names


def test_the_days_keep_the_other_filters(admin_client: Client, connection: SCIMConnection) -> None:
    refused(connection, ["ada"])
    page = admin_client.get(f"{LOG}?problems=only&from=2026-11-01&p=1").content.decode()
    form = page.partition('<form id="scim-range"')[2].partition("</form>")[0]
    assert 'name="problems" value="only"' in form
    assert 'name="p"' not in form
    assert 'name="from" value="2026-11-01" form="scim-range"' in page


# --- 403


def test_a_refusal_says_which_permission_is_missing(
    administrator: Administrator, connection: SCIMConnection
) -> None:
    client = administrator("view_scimconnection", "view_provisioningevent")
    export = reverse("admin:scim_provisioning_provisioningevent_export")
    for address, permission in {
        url("generate", connection): "Can generate SCIM tokens",
        url("pause", connection): "Can change SCIM connection",
        url("policies", connection): "Can change provisioning policies",
        export: "Can export the provisioning log",
    }.items():
        answer = client.get(address)
        assert answer.status_code == 403
        assert f"It needs the permission “{permission}”." in text(answer)


def test_who_sees_no_connections_at_all_is_told_so(
    administrator: Administrator, connection: SCIMConnection
) -> None:
    client = administrator("view_learner")
    for address in (LIST, LOG, url("change", connection), url("generate", connection)):
        answer = client.get(address)
        assert answer.status_code == 403
        assert "You may not do this" in text(answer)
        assert connection.name not in text(answer)


# --- set-up


def test_the_steps_name_the_rows_that_entras_default_mapping_lacks(
    admin_client: Client, connection: SCIMConnection
) -> None:
    page, _kept = steps(admin_client, connection)
    assert f"companyName or the attribute that holds it with you {ENTERPRISE}:organization company" in page
    assert f"division or the attribute that holds it with you {ENTERPRISE}:division business unit" in page
    assert f"{ENTERPRISE}:department team" not in page
    assert f"{ENTERPRISE}:manager" not in page


def test_the_steps_name_the_rows_that_must_stay_the_managers_among_them(
    admin_client: Client, connection: SCIMConnection
) -> None:
    _added, page = steps(admin_client, connection)
    assert f"department {ENTERPRISE}:department team" in page
    assert f"manager {ENTERPRISE}:manager manager Managers have to be assigned" in page
    assert "manager.value" not in page


def steps(client: Client, connection: SCIMConnection) -> tuple[str, str]:
    """The rows to add, and those to keep."""
    page = text(client.get(url("change", connection)))
    _before, rest = page.split("Without them these fields stay empty")
    added, kept = rest.split("These rows are in Entra’s mapping from the beginning")
    return added, kept


def test_what_never_arrives_of_twenty_people_is_said_on_the_page_and_in_the_self_test(
    admin_client: Client, connection: SCIMConnection
) -> None:
    body = person("ines.okafor")
    people = ProvisionedUserFactory.create_batch(19, connection=connection, document=body)
    said = "“company”: none of the first 20 people came with"
    assert said not in text(admin_client.get(url("change", connection)))
    people += ProvisionedUserFactory.create_batch(1, connection=connection, document=body)
    page = text(admin_client.get(url("change", connection)))
    assert said in page
    assert "add a row with the source companyName" in page
    assert "“team”" not in page
    lines = [
        line
        for line in selftest.run(connection, reach=False)
        if line.what == "Every mapped attribute arrives"
    ]
    assert any(said in line.mend for line in lines)
    # Somebody has added the row: the next one who comes brings it.
    urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    ProvisionedUserFactory(connection=connection, document={**body, urn: {"organization": "Harborline"}})
    assert said not in text(admin_client.get(url("change", connection)))
    assert ProvisionedUser.objects.count() == 21


def test_add_on_the_list_leads_to_the_sso_settings_without_scim(
    admin_client: Client, connection: SCIMConnection
) -> None:
    free = SSOSettingsFactory(name="Entra ID of Meadow")
    add = reverse("admin:scim_provisioning_scimconnection_add")
    assert add in admin_client.get(LIST).content.decode()
    answer = admin_client.get(add)
    assert f"{reverse('admin:lms_ssosettings_change', args=[free.pk])}#scim-panel" in answer.content.decode()
    assert reverse("admin:lms_ssosettings_change", args=[connection.sso_key]) not in answer.content.decode()
    admin_client.post(add, {"name": "By hand"})
    assert SCIMConnection.objects.count() == 1


def test_add_is_for_those_who_may_set_up(administrator: Administrator, connection: SCIMConnection) -> None:
    client = administrator("view_scimconnection")
    add = reverse("admin:scim_provisioning_scimconnection_add")
    assert add not in client.get(LIST).content.decode()
    assert client.get(add).status_code == 403


def test_a_tried_payload_is_answered_where_it_was_sent(
    admin_client: Client, connection: SCIMConnection
) -> None:
    page = admin_client.get(url("mapping", connection)).content.decode()
    assert 'action="#scim-try"' in page
    assert token_form(admin_client, connection)["label"] == "Entra ID"
