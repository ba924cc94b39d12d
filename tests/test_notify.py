"""scim_notify mails each occasion once, to the connection's contacts, in one mail a day."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone

from example_project.lms.models import Organization, SSOSettings
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.models import (
    AdoptionAnswer,
    Disconnection,
    ProvisioningEvent,
    SCIMConnection,
    SCIMToken,
    SentNotice,
)
from scim_provisioning.testing.factories import ProvisionedUserFactory, TokenFactory
from tests.client import ScimClient
from tests.leavers import OFF, ON
from tests.lms_factories import LearnerFactory
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(connection: SCIMConnection) -> SCIMConnection:
    """The connection, with two contacts."""
    connection.policies = {"contacts": ["it@harborline.example", "lms@harborline.example"]}
    connection.save()
    return connection


def token(connection: SCIMConnection, *, days: float | None = 300, **fields: Any) -> SCIMToken:
    expires = None if days is None else timezone.now() + timedelta(days=days, minutes=5)
    used = timezone.now() - timedelta(minutes=5)
    return TokenFactory(
        connection=connection,
        **{"expires_at": expires, "first_used_at": used, "last_used_at": used, **fields},
    )


def notify(**options: Any) -> str:
    out = StringIO()
    call_command("scim_notify", stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def at_another_day() -> None:
    SentNotice.objects.filter(kind="digest").delete()


@pytest.mark.parametrize("days", [60, 30, 14, 7, 1, 0])
def test_contacts_are_told_before_a_token_ends(told: SCIMConnection, days: int) -> None:
    row = token(told, days=days)

    notify()

    assert [message.to for message in mail.outbox] == [["it@harborline.example"], ["lms@harborline.example"]]
    assert f"Token “{row}” ends" in mail.outbox[0].body


def test_a_token_that_has_long_to_live_is_no_reason_to_write(told: SCIMConnection) -> None:
    token(told, days=61)

    notify()

    assert mail.outbox == []


def test_running_it_again_mails_nothing_new(told: SCIMConnection) -> None:
    token(told, days=13)

    for _time in range(3):
        notify()
        at_another_day()

    assert len(mail.outbox) == 2


def test_each_threshold_is_mailed_once_as_the_days_go_by(told: SCIMConnection) -> None:
    row = token(told, days=70)
    for days in (65, 59, 45, 31, 29, 20, 14, 9, 6, 3, 1, 0):
        row.expires_at = timezone.now() + timedelta(days=days, minutes=5)
        row.save()
        notify()
        at_another_day()

    assert len(mail.outbox) == 2 * 6


def test_a_token_whose_successor_is_in_use_is_left_alone(told: SCIMConnection) -> None:
    token(told, days=5)
    token(told, days=300)

    notify()

    assert mail.outbox == []


def test_an_unused_token_is_named_after_thirty_days(told: SCIMConnection) -> None:
    token(told, first_used_at=None, last_used_at=None, created_at=timezone.now() - timedelta(days=31))

    notify()

    assert "never used" in mail.outbox[0].body


def test_a_connection_that_has_gone_quiet_is_named_once(told: SCIMConnection) -> None:
    token(told, last_used_at=timezone.now() - timedelta(hours=30))

    notify()
    at_another_day()
    notify()

    assert len(mail.outbox) == 2
    assert "Quiet: No request since" in mail.outbox[0].body


def test_failing_is_told_only_after_two_hours(told: SCIMConnection) -> None:
    token(told, days=-5)

    notify()
    assert mail.outbox == []
    SentNotice.objects.filter(kind="failing_since").update(sent_at=timezone.now() - timedelta(hours=3))
    notify()

    assert "Failing: " in mail.outbox[0].body


def test_failing_that_is_mended_is_told_anew_the_next_time(told: SCIMConnection) -> None:
    row = token(told, days=-5)
    notify()
    row.expires_at = timezone.now() + timedelta(days=200)
    row.save()
    notify()

    assert not SentNotice.objects.filter(kind="failing_since").exists()


def test_a_connection_gets_one_mail_a_day(told: SCIMConnection) -> None:
    token(told, days=13)
    notify()
    token(told, first_used_at=None, last_used_at=None, created_at=timezone.now() - timedelta(days=31))

    assert "kept for tomorrow" in notify()
    assert len(mail.outbox) == 2
    at_another_day()
    notify()
    assert len(mail.outbox) == 4


def test_without_contacts_nobody_is_told_and_nothing_is_forgotten(connection: SCIMConnection) -> None:
    token(connection, days=13)

    notify()
    connection.policies = {"contacts": ["it@harborline.example"]}
    connection.save()
    notify()

    assert len(mail.outbox) == 1


def test_archived_connections_are_left_alone_and_paused_ones_hear_of_tokens_only(
    told: SCIMConnection,
) -> None:
    token(told, days=13, last_used_at=timezone.now() - timedelta(hours=30))
    told.paused_at = timezone.now()
    told.save()

    notify()
    assert "Quiet" not in mail.outbox[0].body
    told.archived_at = timezone.now()
    told.save()
    at_another_day()
    SentNotice.objects.all().delete()
    notify()

    assert len(mail.outbox) == 2


def test_a_dry_run_mails_and_remembers_nothing(told: SCIMConnection) -> None:
    token(told, days=13)

    assert "ends on" in notify(dry_run=True)
    assert mail.outbox == []
    assert SentNotice.objects.count() == 0


def test_a_mail_server_in_trouble_is_tried_again_by_the_next_run(
    told: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    token(told, days=13)

    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError("no mail server")

    with monkeypatch.context() as broken:
        broken.setattr("django.core.mail.message.EmailMessage.send", refuse)
        with pytest.raises(CommandError, match="next run"):
            notify()
    notify()

    assert len(mail.outbox) == 2


def test_the_mail_names_the_page_and_no_secret(told: SCIMConnection) -> None:
    row = token(told, days=13)

    notify()

    assert f"/admin/scim_provisioning/scimconnection/{told.pk}/change/" in mail.outbox[0].body
    assert row.plaintext not in mail.outbox[0].body  # type: ignore[attr-defined]


def test_a_disconnection_that_nobody_has_finished_is_told_once(told: SCIMConnection) -> None:
    token(told, days=1)  # is nobody's business any more
    ended = timezone.now() - timedelta(minutes=31)
    SCIMConnection.objects.update(archived_at=ended, disconnected_at=ended)
    ProvisionedUserFactory.create_batch(3, connection=told)
    Disconnection.objects.create(connection=told, learners="suspend", managed=3, handled=1, begun_at=ended)
    for _time in range(3):
        notify()
        at_another_day()
    assert len(mail.outbox) == 2
    body = " ".join(mail.outbox[0].body.split())
    assert f"Disconnected, but not finished with. {told.name}: 1 of 3 learners since" in body
    assert f"manage.py scim_connection disconnect --connection {told.sso_key} --resume" in body
    assert "Token" not in body


def test_of_a_disconnection_that_is_finished_nobody_is_told(told: SCIMConnection) -> None:
    ended = timezone.now() - timedelta(hours=2)
    SCIMConnection.objects.update(archived_at=ended, disconnected_at=ended)
    Disconnection.objects.create(connection=told, learners="keep", begun_at=ended, finished_at=ended)
    notify()
    assert mail.outbox == []


def test_new_units_are_told_once_with_their_names(told: SCIMConnection, scim: ScimClient) -> None:
    for name, team in (("ines.okafor", "Harborlien"), ("rui.sousa", "Locsk")):
        scim.post("/Users", person(name, **{ENTERPRISE: {"department": team}}))

    notify()
    at_another_day()
    notify()

    assert len(mail.outbox) == len(told.contacts)
    assert "2 new names of companies, business units or teams came: Locsk, Harborlien." in mail.outbox[0].body

    scim.post("/Users", person("lin.wei", **{ENTERPRISE: {"department": "Bolst"}}))
    at_another_day()
    notify()

    assert "1 new name of a company, a business unit or a team came: Bolst." in mail.outbox[-1].body


def test_a_name_of_a_unit_turns_no_mail_and_no_terminal_into_another_one(
    told: SCIMConnection, scim: ScimClient
) -> None:
    team = "Ac\u202eme\x1b[31m\x1b]0;pwned\x07"
    scim.post("/Users", person("ines.okafor", **{ENTERPRISE: {"department": team}}))
    said = StringIO()
    call_command("scim_notify", stdout=said)
    for text in (said.getvalue(), mail.outbox[0].body):
        assert "Acme[31m]0;pwned" in text
        assert not {"\x1b", "\x07", "\u202e"} & {*text}


def waits_for(days: float, *names: str) -> None:
    """Date the refusals of these people back."""
    at = timezone.now() - timedelta(days=days, minutes=1)
    keys = [f"{name}@harborline.example" for name in names]
    ProvisioningEvent.objects.filter(user_name_key__in=keys).update(created_at=at)


def test_who_waits_for_three_days_to_be_known_is_told_once(
    told: SCIMConnection, scim: ScimClient, organization: Organization
) -> None:
    names = "ines.okafor", "rui.sousa", "lin.wei"
    for name in names:
        LearnerFactory(organization=organization, user__username=f"{name}@harborline.example")
        assert scim.post("/Users", person(name)).status_code == 409
    waits_for(2, *names)
    notify()
    assert mail.outbox == []

    waits_for(4, "ines.okafor", "rui.sousa")
    # Asked again since: they wait from the first time on.
    assert scim.post("/Users", person("ines.okafor")).status_code == 409
    for _day in range(2):
        notify()
        at_another_day()
    assert len(mail.outbox) == len(told.contacts)
    assert "2 people whom the identity provider sends wait, for 3 days or longer" in mail.outbox[0].body

    SentNotice.objects.update(sent_at=timezone.now() - timedelta(hours=1))
    waits_for(3, "lin.wei")
    notify()
    assert len(mail.outbox) == 2 * len(told.contacts)
    assert "3 people whom the identity provider sends wait" in mail.outbox[-1].body


def test_who_was_answered_is_not_waited_for(
    told: SCIMConnection, scim: ScimClient, organization: Organization
) -> None:
    LearnerFactory(organization=organization, user__username="ines.okafor@harborline.example")
    assert scim.post("/Users", person("ines.okafor")).status_code == 409
    waits_for(4, "ines.okafor")
    AdoptionAnswer.objects.create(
        connection=told,
        user_name="ines.okafor@harborline.example",
        user_name_key="ines.okafor@harborline.example",
        verdict=AdoptionAnswer.Verdict.IGNORED,
    )
    notify()
    assert mail.outbox == []


def test_scarce_seats_are_told_once_and_full_ones_once_more(
    told: SCIMConnection, scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    token(told)
    total = 10
    monkeypatch.setattr(LearnerAdapter, "seats", classmethod(lambda cls, connection: total))
    people = [str(scim.post("/Users", person(f"p{n}")).json()["id"]) for n in range(8)]

    def mailed() -> list[str]:
        mail.outbox.clear()
        at_another_day()
        notify()
        return [line for message in mail.outbox[:1] for line in message.body.splitlines() if "seat" in line]

    assert mailed() == []
    people.append(scim.post("/Users", person("p8")).json()["id"])
    assert mailed() == [
        "• 9 of 10 seats are taken (90 %). Once they all are, newcomers are refused: see to more in time."
    ]
    assert mailed() == []
    people.append(scim.post("/Users", person("p9")).json()["id"])
    assert mailed()[0].startswith("• No seat is left (10 of 10)")
    # Who comes and goes is no news; a pool that was large enough for a while is.
    for scim_id in people[:1]:
        scim.patch(f"/Users/{scim_id}", OFF)
    assert mailed() == []
    for scim_id in people[1:3]:
        scim.patch(f"/Users/{scim_id}", OFF)
    assert mailed() == []
    for scim_id in people[:2]:
        scim.patch(f"/Users/{scim_id}", ON)
    assert mailed()[0].startswith("• 9 of 10 seats are taken")


def test_a_connection_whose_sso_settings_went_by_sql_is_ended(told: SCIMConnection, scim: ScimClient) -> None:
    """Its identity provider may have been put away long ago, and nobody asks for it any more."""
    scim.post("/Users", person())
    SSOSettings.objects.filter(pk=told.sso_key)._raw_delete(using="default")
    assert "archived" not in notify(dry_run=True)
    told.refresh_from_db()
    assert not told.is_archived
    assert "archived, its SSO settings are gone." in notify()
    told.refresh_from_db()
    assert told.is_archived
    assert ProvisioningEvent.objects.latest("pk").action == "archived"
    assert "archived" not in notify()
