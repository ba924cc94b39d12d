"""What a host without time zones sees and sends: SCIM in UTC, its people in the time on the wall."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from scim_provisioning.administration import selftest
from scim_provisioning.administration.selftest import Result
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection, SCIMToken
from tests.api.staff import API
from tests.client import ScimClient
from tests.people import person

pytestmark = pytest.mark.django_db

LOG = reverse("admin:scim_provisioning_provisioningevent_changelist")
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def ines(scim: ScimClient) -> dict[str, Any]:
    made: dict[str, Any] = scim.post("/Users", person()).json()
    return made


@pytest.fixture
def staff(db: None) -> Any:
    return get_user_model().objects.create_superuser("ada", "ada@example.org", "correct horse battery")


@pytest.fixture
def browser(staff: Any) -> Client:
    client = Client()
    client.force_login(staff)
    return client


def moment(text: str) -> datetime:
    assert text.endswith("Z"), text
    return datetime.fromisoformat(text)


def found(scim: ScimClient, text: str) -> int:
    answer = scim.get(f"/Users?filter={quote(text)}")
    assert answer.status_code == 200, answer.content
    return int(answer.json()["totalResults"])


def test_this_host_keeps_no_zone_and_has_summer_time(ines: dict[str, Any]) -> None:
    assert (settings.USE_TZ, settings.TIME_ZONE) == (False, "Europe/Berlin")
    kept = ProvisionedUser.objects.get().created_at
    assert kept.tzinfo is None
    assert abs(datetime.now(BERLIN).replace(tzinfo=None) - kept) < timedelta(minutes=5)


def test_scim_is_told_in_utc_and_finds_what_it_was_told(scim: ScimClient, ines: dict[str, Any]) -> None:
    created = ines["meta"]["created"]
    assert abs(datetime.now(UTC) - moment(created)) < timedelta(minutes=5)
    assert moment(ines["meta"]["lastModified"]) >= moment(created)
    assert scim.get(f"/Users/{ines['id']}").json()["meta"] == ines["meta"]
    assert found(scim, f'meta.created eq "{created}"') == 1
    assert found(scim, f'meta.created gt "{created}"') == 0
    assert found(scim, f'meta.created le "{created}"') == 1
    local = moment(created).astimezone(BERLIN).isoformat()
    assert found(scim, f'meta.created eq "{local}"') == 1


@pytest.mark.parametrize(("op", "people"), [("gt", [1, 0]), ("lt", [0, 1]), ("eq", [0, 0]), ("ne", [1, 1])])
def test_moments_at_the_ends_of_the_calendar_are_compared(
    scim: ScimClient, ines: dict[str, Any], op: str, people: list[int]
) -> None:
    ends = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"]
    assert [found(scim, f'meta.created {op} "{end}"') for end in ends] == people


def test_the_hour_that_comes_twice_is_shown_and_found_as_its_first_coming(
    scim: ScimClient, ines: dict[str, Any]
) -> None:
    twice = datetime(2026, 10, 25, 2, 30)
    ProvisionedUser.objects.update(created_at=twice, modified_at=twice)
    assert scim.get(f"/Users/{ines['id']}").json()["meta"]["created"] == "2026-10-25T00:30:00.000Z"
    asked = {
        'eq "2026-10-25T00:30:00Z"': 1,
        'eq "2026-10-25T01:30:00Z"': 0,
        'ge "2026-10-25T01:00:00Z"': 0,
        'lt "2026-10-25T01:00:00Z"': 1,
        'gt "2026-10-25T00:29:59Z"': 1,
        'lt "2026-10-25T02:00:00Z"': 1,
    }
    assert {text: found(scim, f"meta.created {text}") for text in asked} == asked


def test_a_change_in_the_second_coming_of_an_hour_is_not_older_than_one_in_the_first(
    scim: ScimClient, ines: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the wall 02:50 comes before 02:10 that night."""
    SCIMToken.objects.update(expires_at=None)
    answered = []
    for wall in (datetime(2030, 10, 27, 2, 50), datetime(2030, 10, 27, 2, 10, fold=1)):
        monkeypatch.setattr(timezone, "now", lambda wall=wall: wall)
        change = [{"op": "replace", "path": "title", "value": f"At {wall} {wall.fold}"}]
        answered.append(scim.patch(f"/Users/{ines['id']}", change).json()["meta"]["lastModified"])
    assert answered == sorted(answered)
    assert answered[0] == "2030-10-27T00:50:00.000Z"


def test_pages_show_the_time_on_the_wall_with_utc_beside_it(
    browser: Client, connection: SCIMConnection, ines: dict[str, Any]
) -> None:
    event = ProvisioningEvent.objects.first()
    assert event is not None
    ProvisioningEvent.objects.update(created_at=datetime(2026, 7, 14, 9, 30))
    for page in (LOG, reverse("admin:scim_provisioning_provisioningevent_change", args=[event.pk])):
        shown = browser.get(page).content.decode()
        assert (
            '<time datetime="2026-07-14T07:30:00Z" title="2026-07-14 07:30:00 UTC">14 Jul 2026, 09:30'
            in shown
        )
    page = reverse("admin:scim_provisioning_scimconnection_change", args=[connection.pk])
    assert browser.get(page).status_code == 200
    link = f"{LOG}?created_at__gte=2026-07-14T07:29:00%2B00:00&created_at__lt=2026-07-14T07:31:00%2B00:00"
    assert browser.get(link).context["cl"].result_count == ProvisioningEvent.objects.count()
    assert browser.get(f"{LOG}?created_at__gte=2026-07-14T07:31:00%2B00:00").context["cl"].result_count == 0


def test_the_bars_of_the_last_day_hold_what_happened_in_each_hour(
    browser: Client, connection: SCIMConnection, ines: dict[str, Any]
) -> None:
    ProvisioningEvent.objects.update(created_at=timezone.now() - timedelta(hours=3))
    page = browser.get(reverse("admin:scim_provisioning_scimconnection_change", args=[connection.pk]))
    activity = page.context["scim"]["activity"]
    hours = [bar.begins_at for bar in activity.bars if bar.total]
    assert activity.total == sum(bar.total for bar in activity.bars) == 1
    assert hours == [(timezone.now() - timedelta(hours=3)).replace(minute=0, second=0, microsecond=0)]


def test_files_and_the_api_name_the_zone(
    browser: Client, staff: Any, ines: dict[str, Any], connection: SCIMConnection, settings: Any
) -> None:
    ProvisioningEvent.objects.update(created_at=datetime(2026, 7, 14, 9, 30))
    lines = browser.get(f"{LOG}export/").getvalue().decode("utf-8-sig")
    assert next(csv.DictReader(io.StringIO(lines)))["Time (UTC)"] == "2026-07-14 07:30:00"
    settings.ROOT_URLCONF = "tests.api.urls"
    settings.LANGUAGE_CODE = "en"
    SCIMToken.objects.update(expires_at=datetime(2026, 1, 14, 9, 30))
    events = API(staff).get("events", connection.pk).json()["results"]
    assert events[0]["created_at"] == "2026-07-14T09:30:00+02:00"
    (token,) = API(staff).get("tokens", connection.pk).json()["results"]
    assert token["expires_at"] == "2026-01-14T09:30:00+01:00"


def test_commands_tell_the_time(
    connection: SCIMConnection, ines: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    SCIMToken.objects.update(
        expires_at=datetime(2026, 7, 14, 9, 30), first_used_at=datetime(2026, 7, 14, 9, 30)
    )
    call_command("scim_token", "list")
    assert "2026-07-14 09:30 CEST" in capsys.readouterr().out
    call_command("scim_check", connection=connection.name, no_network=True)
    assert "Token accepted: 2026-07-14 07:30 UTC" in capsys.readouterr().out


def test_the_self_test_finds_the_clocks_of_host_and_database_to_agree(connection: SCIMConnection) -> None:
    found = {line.what: line.result for line in selftest.run(connection, reach=False)}
    assert found["The clocks agree"] == Result.PASSED


def test_a_token_ends_when_its_time_is_over_on_the_wall(scim: ScimClient, ines: dict[str, Any]) -> None:
    SCIMToken.objects.update(expires_at=timezone.now() + timedelta(minutes=1))
    assert scim.get("/Users").status_code == 200
    SCIMToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert scim.get("/Users").status_code == 401
    refused = ProvisioningEvent.objects.get(error_code="auth.expired")
    assert datetime.fromisoformat(refused.cause["at"]).tzinfo is not None
