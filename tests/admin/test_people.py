"""Why has this person no account? One box answers it, by whatever somebody types."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection as database
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import erasure, leaver_brake
from scim_provisioning.models import (
    HeldLeaver,
    ProvisionedUser,
    ProvisioningEvent,
    ProvisioningPayload,
    RefusedName,
    SCIMConnection,
    SCIMToken,
)
from scim_provisioning.testing.factories import TokenFactory
from tests.admin.conftest import Administrator
from tests.admin.pages import text, url
from tests.admin.spoken import english_in, said
from tests.client import ScimClient
from tests.hosts.current import make_connection
from tests.leavers import OFF, established, held_one, leave, let_go_at_most
from tests.lms_factories import LearnerFactory
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

PEOPLE = reverse("admin:scim_provisioning_provisioningevent_people")
READS_LOG = ("view_scimconnection", "view_provisioningevent")


def ask(client: Client, term: str, **parameters: Any) -> str:
    answer = client.get(PEOPLE, {"q": term, **parameters})
    assert answer.status_code == 200
    return text(answer)


def names(client: Client, term: str, **parameters: Any) -> set[str]:
    answer = client.get(PEOPLE, {"q": term, **parameters})
    return {card.answer.user_name for card in answer.context["cards"]}


@pytest.fixture
def taken(connection: SCIMConnection, organization: Any) -> None:
    """Somebody whom no connection manages signs in by the name of Ines, so that she is refused."""
    name = "ines.okafor@harborline.example"
    LearnerFactory(organization=organization, user__username=name, user__email="other@x.example")


def refuse(scim: ScimClient, **changes: Any) -> HttpResponse:
    answer = scim.post("/Users", {**person(), **changes})
    assert answer.status_code == 409, answer.content
    return answer


# --- those who were refused


@pytest.mark.parametrize(
    "term",
    [
        "okafor",
        "OKA",
        "Ines",
        "Ines Okafor",
        "Okafor, Ines",
        "ines.okafor@harborline.example",
        "okafor@harb",
        "HL-20417",
        "20417",
        "inesokafor",
        "i.o@elsewhere.example",
    ],
)
def test_somebody_who_was_refused_is_found_by_any_part_of_what_was_sent(
    admin_client: Client, scim: ScimClient, taken: None, term: str
) -> None:
    emails = [{"type": "home", "value": "i.o@elsewhere.example"}]
    refuse(scim, emails=emails)
    found = ask(admin_client, term)
    assert "Ines Okafor ines.okafor@harborline.example Refused Last asked for on" in found
    assert "The account exists and is not managed by this connection." in found
    assert "What to do Find out whether it is the same person, and say so" in found
    assert "Who is it? (Ines Okafor) What was sent, and the answer" in found
    assert "What was sent, and the answer" in found


@pytest.mark.parametrize("term", ["fines", "kafor", "Ines Berg", "0417"])
def test_nobody_is_found_in_the_middle_of_a_word_or_by_half_of_what_was_typed(
    admin_client: Client, scim: ScimClient, taken: None, term: str
) -> None:
    refuse(scim)
    assert names(admin_client, term) == set()


def test_names_are_folded_as_everywhere(admin_client: Client, scim: ScimClient, taken: None) -> None:
    refuse(scim, displayName="Ines ÖZGÜR", name={"givenName": "Ines", "familyName": "ÖZGÜR-Straße"})
    assert names(admin_client, "özgür") == names(admin_client, "O\u0308ZGU\u0308R-STRASSE")
    assert names(admin_client, "özgür") == {"ines.okafor@harborline.example"}


def test_whoever_was_refused_many_times_is_one_person_with_the_last_refusal(
    admin_client: Client, scim: ScimClient, taken: None
) -> None:
    for _attempt in range(3):
        refuse(scim)
    (card,) = admin_client.get(PEOPLE, {"q": "okafor"}).context["cards"]
    assert card.answer.event == ProvisioningEvent.objects.latest("pk")


def test_whoever_was_refused_and_is_here_now_has_an_account(
    admin_client: Client, scim: ScimClient, taken: None
) -> None:
    refuse(scim)
    get_user_model().objects.get(username="ines.okafor@harborline.example").delete()
    assert scim.post("/Users", person()).status_code == 201
    (card,) = admin_client.get(PEOPLE, {"q": "okafor"}).context["cards"]
    assert card.answer.state == "active"


def test_what_a_refused_patch_called_a_learner_leads_to_them(
    admin_client: Client, scim: ScimClient, taken: None
) -> None:
    scim_id = scim.post("/Users", person("ada.roth")).json()["id"]
    operations = [
        {"op": "Replace", "path": "name.familyName", "value": "Weissenberg"},
        {
            "op": "Replace",
            "path": 'emails[type eq "work"].value',
            "value": "a.weissenberg@harborline.example",
        },
        {"op": "Replace", "path": "userName", "value": "ines.okafor@harborline.example"},
    ]
    assert scim.patch(f"/Users/{scim_id}", operations).status_code == 409
    for term in ("weissen", "a.weissenberg@", "Ada Roth"):
        found = ask(admin_client, term)
        assert "Ada Roth ada.roth@harborline.example Has an account" in found
        assert "Their latest change was refused on" in found
    scim.patch(f"/Users/{scim_id}", operations[:1])
    assert "Their latest change was refused" not in ask(admin_client, "roth")


def test_each_operation_of_a_bulk_request_is_found_by_its_own_names(
    admin_client: Client, scim: ScimClient, taken: None
) -> None:
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": name, "data": person(name)}
        for name in ("ines.okafor", "ada.roth")
    ]
    schema = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
    assert scim.post("/Bulk", {"schemas": [schema], "Operations": operations}).status_code == 200
    assert "Refused" in ask(admin_client, "okafor")
    assert "Has an account since" in ask(admin_client, "roth")


def test_nothing_is_written_of_people_who_are_provisioned(scim: ScimClient) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    scim.patch(f"/Users/{scim_id}", OFF)
    scim.delete(f"/Users/{scim_id}")
    scim.post("/Groups", {"displayName": "Everybody"})
    assert not RefusedName.objects.exists()


def test_no_secret_and_no_token_is_kept_as_a_name(scim: ScimClient, taken: None) -> None:
    token = scim.token
    refuse(scim, password="open sesame", displayName=f"Ines {token}")
    kept = " ".join(RefusedName.objects.values_list("key", flat=True))
    assert "sesame" not in kept
    assert str(token).lower() not in kept


def test_refused_names_go_with_the_messages_in_which_they_stand(
    scim: ScimClient, taken: None, admin_client: Client
) -> None:
    refuse(scim)
    ProvisioningPayload.objects.update(created_at=timezone.now() - timedelta(days=31))
    call_command("scim_prune", verbosity=0)
    assert not RefusedName.objects.exists()
    assert names(admin_client, "HL-20417") == set()
    # The log itself knows the userName for longer.
    assert names(admin_client, "ines.okafor@harborline.example") == {"ines.okafor@harborline.example"}


def test_names_of_a_connection_go_with_it(scim: ScimClient, taken: None, connection: SCIMConnection) -> None:
    refuse(scim)
    connection.delete()
    assert not RefusedName.objects.exists()


# --- learners


@pytest.mark.parametrize(
    "term",
    [
        "okafor",
        "Ines Okafor",
        "okafor ines",
        "INES.OKAFOR@",
        "inesokafor",
        "hl-20417",
        "Ines  O",
        "okafor@harb",
    ],
)
def test_whoever_is_here_is_found_and_it_is_said_since_when(
    admin_client: Client, scim: ScimClient, term: str
) -> None:
    scim.post("/Users", person())
    page = ask(admin_client, term)
    assert "Ines Okafor ines.okafor@harborline.example Has an account Has an account since" in page
    assert "Learner’s page" in page


@pytest.mark.parametrize("term", ["Özgür", "“Özi”", "zweite.öz@", "Zweiter Ö"])
def test_what_only_the_document_holds_of_a_learner_is_found_as_well(
    admin_client: Client, scim: ScimClient, term: str
) -> None:
    emails = [
        {"type": "work", "value": "a.roth@harborline.example"},
        {"type": "home", "value": "zweite.öz@x.example"},
    ]
    shown = {"displayName": "Zweiter Özgür", "nickName": "“Özi”", "emails": emails}
    assert scim.post("/Users", {**person("ada.roth"), **shown}).status_code == 201
    assert names(admin_client, term) == {"ada.roth@harborline.example"}


def test_a_learner_is_found_by_a_former_surname(admin_client: Client, scim: ScimClient) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    scim.patch(f"/Users/{scim_id}", [{"op": "Replace", "path": "name.familyName", "value": "Berg"}])
    for term in ("okafor", "Ines Okafor", "berg"):
        assert names(admin_client, term) == {"ines.okafor@harborline.example"}


def test_whoever_was_switched_off_is_said_so_with_when_and_by_whom_and_can_be_taken_back(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    scim.patch(f"/Users/{scim_id}", OFF)
    page = admin_client.get(PEOPLE, {"q": "okafor"})
    label = SCIMToken.objects.get().label
    assert f"by the identity provider, with the token “{label}”." in text(page)
    link = ProvisionedUser.objects.get()
    assert f"{url('undo', connection)}?hours=24&amp;learner={link.pk}" in page.content.decode()
    ProvisioningEvent.objects.update(created_at=timezone.now() - timedelta(days=2))
    page = admin_client.get(PEOPLE, {"q": "okafor"})
    assert "Switched off on" in text(page)
    assert url("undo", connection) not in page.content.decode()


def test_whoever_was_switched_off_in_the_lms_is_said_so(admin_client: Client, scim: ScimClient) -> None:
    scim.post("/Users", person())
    get_user_model().objects.filter(username__startswith="ines").update(is_active=False)
    page = ask(admin_client, "okafor")
    assert "Switched off Switched off in the LMS, although the identity provider had switched on." in page


def test_whoever_was_deleted_is_said_so(admin_client: Client, scim: ScimClient) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    scim.delete(f"/Users/{scim_id}")
    assert "Deleted Deleted on" in ask(admin_client, "okafor")


def test_an_account_that_the_lms_has_deleted_is_said_so(admin_client: Client, scim: ScimClient) -> None:
    scim.post("/Users", person())
    get_user_model().objects.filter(username__startswith="ines").delete()
    assert "Account removed here Their account was deleted in this application." in ask(
        admin_client, "ines.ok"
    )


def test_whoever_is_held_is_said_so_with_the_button_that_decides(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    held_one(scim, connection)
    page = admin_client.get(PEOPLE, {"q": "okafor"})
    assert "Held The identity provider asked on" in text(page)
    button = f"{url('held', connection)}?q=ines.okafor%40harborline.example"
    assert button in page.content.decode()
    assert "ines.okafor" in text(admin_client.get(button))


@pytest.mark.parametrize("everybody", [False, True], ids=["by name", "everybody"])
def test_whoever_was_held_and_may_go_is_said_so_and_nothing_is_left_to_do(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection, everybody: bool
) -> None:
    ids = held_one(scim, connection)
    administrator = get_user_model().objects.get(is_superuser=True)
    if everybody:
        leaver_brake.allow_all(connection, actor=administrator)
        words = "May go when the identity provider asks again: an administrator lets everybody go until"
    else:
        leaver_brake.allow(connection, [HeldLeaver.objects.get().pk], actor=administrator)
        words = "May go when the identity provider asks again, until"
    page = admin_client.get(PEOPLE, {"q": "okafor"})
    assert f"May go {words}" in text(page)
    assert everybody or f"allowed by {administrator.get_username()} on" in text(page)
    assert "Nothing: they go at the identity provider’s next try" in text(page)
    assert "latest change was refused" not in text(page)
    assert url("held", connection) not in page.content.decode()
    leave(scim, ids[1])
    assert "Switched off on" in ask(admin_client, "okafor")


def test_beside_the_button_that_takes_a_departure_back_stands_what_it_does(
    administrator: Administrator, admin_client: Client, scim: ScimClient
) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    scim.patch(f"/Users/{scim_id}", OFF)
    button = (
        "“Take it back” switches them on here at once, as they were; the identity provider has to want it too"
    )
    assert button in ask(admin_client, "okafor")
    reader = administrator(*READS_LOG, name="vera")
    page = ask(reader, "okafor")
    assert "Take it back" not in page
    assert "assign and enable them in the identity provider" in page


def test_who_has_no_access_or_trouble_stands_first_and_how_many_were_found_is_shown(
    admin_client: Client, scim: ScimClient, taken: None, connection: SCIMConnection
) -> None:
    everybody = ("ada.roth", "bo.roth", "cy.roth")
    ids = [scim.post("/Users", person(name)).json()["id"] for name in everybody]
    scim.patch(f"/Users/{ids[1]}", OFF)
    too_long = [{"op": "Replace", "path": "title", "value": "x" * 500}]
    assert scim.patch(f"/Users/{ids[2]}", too_long).status_code == 400
    refuse(scim, name={"givenName": "Ines", "familyName": "Roth"})
    page = admin_client.get(PEOPLE, {"q": "roth"})
    met = [card.answer.user_name.partition("@")[0] for card in page.context["cards"]]
    assert met == ["bo.roth", "cy.roth", "ines.okafor", "ada.roth"]
    assert '<p class="scim-lead">4 people found.</p>' in page.content.decode()


def test_whoever_sees_several_connections_is_told_whose_person_it_is(
    administrator: Administrator, admin_client: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    scim.post("/Users", person())
    head = "ines.okafor@harborline.example Has an account"
    assert head in ask(admin_client, "okafor")
    make_connection("Customer 2")
    assert f"ines.okafor@harborline.example · {connection} Has an account" in ask(admin_client, "okafor")
    assert head in ask(admin_client, "okafor", connection=connection.pk)


def test_a_protected_learner_and_one_who_waits_for_a_manager_are_said_so(
    admin_client: Client, administrator: Administrator, scim: ScimClient
) -> None:
    scim.post("/Users", person(**{ENTERPRISE: {"manager": {"value": "boss@harborline.example"}}}))
    get_user_model().objects.filter(username__startswith="ines").update(is_staff=True)
    page = ask(admin_client, "okafor")
    assert "The account is protected: provisioning never changes or deactivates it." in page
    assert "Waits for a manager who is not here yet: “boss@harborline.example”." in page


def test_an_adopted_learner_was_here_before(
    admin_client: Client, scim: ScimClient, organization: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    name = "ines.okafor@harborline.example"
    LearnerFactory(organization=organization, user__username=name, user__email=name)
    scim.post("/Users", person())
    assert "An account that was here before is managed by SCIM since" in ask(admin_client, "okafor")


# --- whom nobody asked for


def test_of_somebody_never_seen_it_is_said_when_the_identity_provider_last_asked(
    admin_client: Client, scim: ScimClient
) -> None:
    scim.get("/Users?filter=" + "userName%20eq%20%22x%22", user_agent="Microsoft Entra")
    page = ask(admin_client, "Zoe Unknown")
    assert "Nobody like “Zoe Unknown” was provisioned or refused." in page
    assert (
        "Entra ID has not asked for anybody like this in 30 days; it last asked just now. Check there that the person "
        "is assigned to this application."
    ) in page


def test_of_somebody_never_seen_it_is_said_what_is_wrong_with_the_connection(
    admin_client: Client, connection: SCIMConnection
) -> None:
    assert "Not set up" in ask(admin_client, "zoe")
    TokenFactory(connection=connection)
    page = ask(admin_client, "zoe")
    assert "Nobody has asked for anybody on this connection yet." in page
    SCIMConnection.objects.update(paused_at=timezone.now())
    assert "Paused" in ask(admin_client, "zoe")


def test_of_many_connections_those_that_never_asked_or_are_in_trouble_are_told_of_first_a_line_each(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    scim.get("/Users?count=1")
    trouble, silent = make_connection("Zuse"), make_connection("Zwo")
    token = TokenFactory(connection=trouble)
    long_ago = timezone.now() - timedelta(days=4)
    SCIMToken.objects.filter(pk=token.pk).update(created_at=long_ago, last_used_at=long_ago)
    answer = admin_client.get(PEOPLE, {"q": "zoe"})
    told = [one.connection.name for one, _url in answer.context["unseen"]]
    assert told == [silent.name, trouble.name, connection.name]
    assert "Nobody like this was asked for in 30 days" in text(answer)
    assert "Not set up Zwo has never asked for anybody. Quiet Zuse last asked 4 days ago. No request" in text(
        answer
    )
    assert text(answer).count("assigned to this application") == 1


def test_of_more_connections_than_are_told_of_it_is_said_how_many_more_there_are(
    admin_client: Client, connection: SCIMConnection
) -> None:
    for number in range(22):
        make_connection(f"Customer {number}")
    answer = admin_client.get(PEOPLE, {"q": "zoe"})
    assert len(answer.context["unseen"]) == 20
    assert "And 3 connections more" in text(answer)


def test_where_somebody_was_forgotten_nobody_claims_that_nobody_was_asked_for(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    scim.post("/Users", person("zoe.adler"))
    link = ProvisionedUser.objects.select_related("connection").get()
    assert "of them nothing is known" not in ask(admin_client, "unknown")
    erasure.forget(erasure.Person(connection, link), actor=None, even_if_active=True)
    assert "Somebody was forgotten there since: of them nothing is known." in ask(admin_client, "unknown")


# --- how much, and for whom


def test_more_people_than_an_answer_holds_are_said_to_be_more(admin_client: Client, scim: ScimClient) -> None:
    for number in range(22):
        scim.post("/Users", person(f"kim.n{number}"))
    page = admin_client.get(PEOPLE, {"q": "kim"})
    assert len(page.context["cards"]) == 20
    assert "The first 20 people are shown, and there are more. Write more of the name." in text(page)


def test_the_number_of_questions_does_not_grow_with_the_people_found(
    admin_client: Client, scim: ScimClient
) -> None:
    counts = []
    for number in range(12):
        scim_id = scim.post("/Users", person(f"kim.n{number}")).json()["id"]
        scim.patch(f"/Users/{scim_id}", OFF)
        if number in (1, 11):
            # What a process asks once, such as which indexes there are.
            ask(admin_client, "kim")
            with CaptureQueriesContext(database) as captured:
                ask(admin_client, "kim")
            counts.append(len(captured))
    assert counts[1] <= counts[0]


def test_nobody_of_another_customers_connection_is_found_or_hinted_at(
    administrator: Administrator,
    scim: ScimClient,
    taken: None,
    connection: SCIMConnection,
    other_connection: SCIMConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refuse(scim)
    scim.post("/Users", person("ada.roth"))
    only = SCIMConnection.objects.filter(pk=other_connection.pk)
    monkeypatch.setattr(LearnerAdapter, "connections_for", classmethod(lambda cls, user: only.all()))
    client = administrator(*READS_LOG, "view_payload")
    for term in ("okafor", "ines.okafor@harborline.example", "ada.roth", "adaroth", "HL-20417"):
        page = ask(client, term)
        assert "Nobody like" in page
        assert "Harborline" not in page.replace("harborline.example", "")
        assert page.replace(term, "") == ask(client, "nobody.at.all").replace("nobody.at.all", "")
    assert client.get(PEOPLE, {"q": "ada", "connection": connection.pk}).status_code == 404


def test_a_name_that_two_connections_sent_is_answered_for_each(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection, other_connection: SCIMConnection
) -> None:
    scim.post("/Users", person("ada.roth"))
    ScimClient(TokenFactory(connection=other_connection).plaintext).post("/Users", person("ada.roth"))
    everywhere = admin_client.get(PEOPLE, {"q": "ada.roth"}).context["cards"]
    assert {card.answer.connection for card in everywhere} == {connection, other_connection}
    here = admin_client.get(PEOPLE, {"q": "ada.roth", "connection": connection.pk}).context["cards"]
    assert [card.answer.connection for card in here] == [connection]


def test_who_may_not_see_values_finds_whole_words_only_and_is_shown_none(
    administrator: Administrator, scim: ScimClient, taken: None
) -> None:
    refuse(scim)
    scim.post("/Users", person("ada.roth", **{ENTERPRISE: {"manager": {"value": "boss@x.example"}}}))
    client = administrator(*READS_LOG)
    for term in ("oka", "ro", "hl-204", "Ines Oka"):
        assert names(client, term) == set()
    for term in ("okafor", "Ines Okafor", "ines.okafor@harborline.example", "HL-20417"):
        assert "ines.okafor@harborline.example" in names(client, term)
    assert names(client, "ada.ro") == {"ada.roth@harborline.example"}
    page = ask(client, "roth")
    assert "ada.roth@harborline.example" in page
    assert "Ada Roth" not in page
    assert "boss" not in page
    assert "you need the permission" in page


@pytest.mark.parametrize(
    "codenames", [("view_scimconnection",), ("view_provisioningevent",), ("view_payload",)]
)
def test_the_page_is_for_those_who_may_read_the_log(
    administrator: Administrator, codenames: tuple[str, ...]
) -> None:
    client = administrator(*codenames)
    assert client.get(PEOPLE, {"q": "ada"}).status_code == 403
    assert PEOPLE not in client.get(reverse("admin:index")).content.decode()


@pytest.mark.parametrize("term", ["", "   ", ",", "%", "' OR 1=1 --", "(", "\\", "a" * 1000, "\U0001f600"])
def test_whatever_is_typed_is_answered(admin_client: Client, scim: ScimClient, term: str) -> None:
    scim.post("/Users", person())
    answer = admin_client.get(PEOPLE, {"q": term})
    assert answer.status_code == 200
    assert answer.context["cards"] == []


def test_what_no_database_can_store_is_a_bad_request(admin_client: Client) -> None:
    assert admin_client.get(PEOPLE, {"q": "a\x00b"}).status_code == 400


# --- where the box stands


def test_the_box_stands_on_the_log_the_list_and_the_connection_and_keeps_what_was_typed(
    admin_client: Client, connection: SCIMConnection
) -> None:
    log = reverse("admin:scim_provisioning_provisioningevent_changelist")
    listing = reverse("admin:scim_provisioning_scimconnection_changelist")
    for address in (log, listing, url("change", connection)):
        page = admin_client.get(address).content.decode()
        assert f'action="{PEOPLE}"' in page
    assert f'name="connection" value="{connection.pk}"' in page
    assert (
        'id="scim-person" name="q" value="okafor"' in admin_client.get(log, {"q": "okafor"}).content.decode()
    )


def test_the_index_leads_there_whether_something_is_wrong_or_not(
    admin_client: Client, connection: SCIMConnection
) -> None:
    index = admin_client.get(reverse("admin:index")).content.decode()
    assert f'action="{PEOPLE}"' in index


def test_a_log_whose_adapter_does_not_load_still_answers(
    admin_client: Client, scim: ScimClient, settings: Any
) -> None:
    scim.post("/Users", person())
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": "nowhere.Adapter"}
    assert names(admin_client, "ines.okafor") == {"ines.okafor@harborline.example"}
    assert ProvisionedUser.objects.count() == 1


def test_every_answer_is_given_in_german(
    admin_client: Client, scim: ScimClient, taken: None, settings: Any, connection: SCIMConnection
) -> None:
    settings.LANGUAGE_CODE = "de"
    let_go_at_most(connection, 2)
    everybody = ("ada.roth", "bo.roth", "cy.roth", "di.roth")
    ids = [scim.post("/Users", person(name)).json()["id"] for name in everybody]
    established()
    refuse(scim, name={"givenName": "Ines", "familyName": "Roth"})
    scim.delete(f"/Users/{ids[0]}")
    leave(scim, ids[1], ids[2])
    page = admin_client.get(PEOPLE, {"q": "roth", "connection": connection.pk})
    states = [card.answer.state for card in page.context["cards"]]
    assert states == ["deleted", "inactive", "held", "refused", "active"]
    assert english_in(said(page, "content-main")) == []
    assert english_in(said(admin_client.get(PEOPLE, {"q": "niemand"}), "content-main")) == []
