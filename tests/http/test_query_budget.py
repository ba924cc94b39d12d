"""DESIGN's query budget, each term of it, with 10 and with 1,000 people in the directory.

BEGIN, COMMIT and SAVEPOINT are not counted. The base figures are those of a host with an SSO model.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.contrib.auth import get_user_model
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from example_project.lms.models import Learner, Team
from scim_provisioning.models import ProvisionedUser, SCIMConnection, SCIMToken
from scim_provisioning.protocol.text import fold
from tests.client import ScimClient
from tests.leavers import established
from tests.people import ENTERPRISE, person
from tests.sharing import Customer, rolled_back

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shared_customer")]

LOOK_UP = 3  # token with its connection, SSO row, links joined with learners
GET = 3
LIST_PAGE = 5
LOCK = int(database.features.has_select_for_update)  # on SQLite the transaction is the lock
PATCH_NOTHING = 3 + LOCK  # token, SSO row, lock, read
PATCH = 6 + LOCK  # and: account or learner, link, event
CREATE = 8
PAYLOAD = 1
LEARNER_TABLE = 1  # each further table of the host's that is written
REFERENCE = 1
# And: look for other spellings where no index found them with the first look, lock its name, look for those that no
# database knows, insert, remember.
REFERENCE_CREATED = 5 if database.vendor == "mysql" else 6
MANAGER = 1
FORMER_NAME = 1  # what a person was called before stays searchable
LAST_USED = 1
SESSIONS = 1  # those of somebody whose access ends
HEARD_FIRST = 1  # the name of a row that the LMS made
DEPARTMENT = f"{ENTERPRISE}:department"
BRAKE = 2  # somebody who goes is counted: lock, write


@contextmanager
def queries() -> Iterator[list[str]]:
    """The statements that were sent, without those that only frame a transaction."""
    sent: list[str] = []
    with CaptureQueriesContext(database) as captured:
        yield sent
    framing = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK", "SET ")
    sent += [query["sql"] for query in captured if not query["sql"].upper().startswith(framing)]


@pytest.fixture(params=[10, 1000], scope="module")
def directory(request: pytest.FixtureRequest, shared_customer: Customer) -> Iterator[int]:
    """A directory of that many people, made once."""
    with rolled_back():
        _fill(shared_customer, request.param)
        yield request.param


def _fill(customer: Customer, count: int) -> None:
    """Write that many people straight to the tables."""
    organization = customer.organization
    team = Team.objects.create(organization=organization, name="Crowd")
    User = get_user_model()
    names = [f"p{n}@crowd.example" for n in range(count)]
    User.objects.bulk_create([User(username=name, email=name) for name in names])
    # Read again: MySQL tells no keys of many rows at once.
    users = list(User.objects.filter(username__in=names))
    Learner.objects.bulk_create([Learner(user=user, organization=organization, team=team) for user in users])
    ProvisionedUser.objects.bulk_create(
        ProvisionedUser(
            connection=customer.connection,
            user=user,
            user_name=user.username,
            user_name_key=fold(user.username),
            document={"userName": user.username, ENTERPRISE: {"department": "Crowd"}},
        )
        for user in users
    )


@pytest.fixture
def warm(scim: ScimClient, directory: int) -> ScimClient:
    """A client whose token was used just now, so that ``last_used_at`` need not be written again."""
    ids = scim.post("/Users", person("warm.up")).json()["id"]
    scim.get("/Users?count=1")
    scim.patch(f"/Users/{ids}", [{"op": "replace", "path": "title", "value": "Warm"}])
    # The first time that the name of a team is heard, it is written down which one it means.
    scim.patch(f"/Users/{ids}", [{"op": "replace", "path": DEPARTMENT, "value": "Crowd"}])
    established()
    scim.patch(f"/Users/{ids}", [{"op": "replace", "path": "active", "value": False}])
    return scim


@pytest.fixture
def ines(warm: ScimClient) -> str:
    scim_id: str = warm.post("/Users", person()).json()["id"]
    return scim_id


def test_looking_somebody_up_by_user_name_takes_three_statements(warm: ScimClient, ines: str) -> None:
    with queries() as sent:
        answer = warm.get("/Users?filter=userName+eq+%22INES.OKAFOR%40harborline.example%22")
    assert answer.json()["totalResults"] == 1
    assert len(sent) == LOOK_UP, sent


def test_a_look_up_that_finds_nobody_takes_three_statements(warm: ScimClient) -> None:
    with queries() as sent:
        answer = warm.get("/Users?filter=userName+eq+%22nobody%22")
    assert answer.json()["totalResults"] == 0
    assert len(sent) == LOOK_UP, sent


def test_reading_one_person_takes_three_statements(warm: ScimClient, ines: str) -> None:
    with queries() as sent:
        assert warm.get(f"/Users/{ines}").status_code == 200
    assert len(sent) == GET, sent


def test_reading_a_person_with_a_manager_takes_one_more(warm: ScimClient, ines: str) -> None:
    report = warm.post("/Users", person("rui.sousa", **{ENTERPRISE: {"manager": {"value": ines}}})).json()[
        "id"
    ]
    with queries() as sent:
        assert warm.get(f"/Users/{report}").json()[ENTERPRISE]["manager"]["value"] == ines
    assert len(sent) == GET + MANAGER, sent


def test_a_page_of_the_list_takes_at_most_five_statements(warm: ScimClient, directory: int) -> None:
    with queries() as sent:
        answer = warm.get("/Users?startIndex=3&count=5").json()
    assert (answer["itemsPerPage"], answer["totalResults"]) == (5, directory + 1)
    assert len(sent) <= LIST_PAGE, sent


def test_a_patch_that_changes_nothing_takes_four_statements_and_leaves_no_row(
    warm: ScimClient, ines: str
) -> None:
    with queries() as sent:
        answer = warm.patch(
            f"/Users/{ines}", [{"op": "Replace", "path": "title", "value": "Secure Coding Lead"}]
        )
    assert answer.status_code == 200
    assert len(sent) == PATCH_NOTHING, sent


def test_a_patch_takes_seven_statements_and_one_for_the_payload(warm: ScimClient, ines: str) -> None:
    with queries() as sent:
        answer = warm.patch(f"/Users/{ines}", [{"op": "Replace", "path": "title", "value": "Fellow"}])
    assert answer.json()["title"] == "Fellow"
    assert len(sent) == PATCH + PAYLOAD, sent


def test_a_patch_of_account_and_learner_writes_one_more_table(warm: ScimClient, ines: str) -> None:
    operations = [
        {"op": "Replace", "path": "title", "value": "Fellow"},
        {"op": "Replace", "path": "name.familyName", "value": "Bell"},
    ]
    with queries() as sent:
        assert warm.patch(f"/Users/{ines}", operations).status_code == 200
    assert len(sent) == PATCH + LEARNER_TABLE + FORMER_NAME + PAYLOAD, sent


def test_a_patch_of_what_only_the_document_holds_writes_no_table_of_the_hosts(
    warm: ScimClient, ines: str
) -> None:
    with queries() as sent:
        assert (
            warm.patch(f"/Users/{ines}", [{"op": "add", "path": "nickName", "value": "Nan"}]).status_code
            == 200
        )
    assert len(sent) == PATCH - 1 + PAYLOAD, sent


@pytest.mark.parametrize(("team", "extra"), [("Crowd", REFERENCE), ("Brand New", REFERENCE_CREATED)])
def test_a_changed_team_is_looked_up_once_and_created_under_a_lock(
    warm: ScimClient, ines: str, team: str, extra: int
) -> None:
    with queries() as sent:
        warm.patch(f"/Users/{ines}", [{"op": "Replace", "path": DEPARTMENT, "value": team}])
    assert len(sent) == PATCH + extra + PAYLOAD, sent


def test_what_a_name_of_the_lms_means_is_written_down_the_first_time_that_it_is_heard(
    warm: ScimClient, ines: str
) -> None:
    Team.objects.create(organization=Team.objects.get(name="Crowd").organization, name="Theirs")
    with queries() as sent:
        warm.patch(f"/Users/{ines}", [{"op": "Replace", "path": DEPARTMENT, "value": "Theirs"}])
    assert len(sent) == PATCH + REFERENCE + HEARD_FIRST + PAYLOAD, sent


def test_a_name_that_waits_takes_a_lock_and_is_written_down(
    warm: ScimClient, ines: str, connection: SCIMConnection
) -> None:
    connection.policies = {"new_units": {DEPARTMENT: "review"}}
    connection.save()
    with queries() as sent:
        warm.patch(f"/Users/{ines}", [{"op": "Replace", "path": DEPARTMENT, "value": "Never Heard"}])
    assert len(sent) == PATCH + REFERENCE_CREATED - 1 + PAYLOAD, sent


def test_a_changed_manager_is_looked_up_once(warm: ScimClient, ines: str) -> None:
    boss = warm.post("/Users", person("boss.one")).json()["id"]
    with queries() as sent:
        warm.patch(f"/Users/{ines}", [{"op": "Add", "path": f"{ENTERPRISE}:manager", "value": boss}])
    assert len(sent) == PATCH + MANAGER + PAYLOAD, sent


def test_deactivating_takes_one_more_to_find_open_sessions_and_two_to_be_counted(
    warm: ScimClient, ines: str
) -> None:
    established()
    with queries() as sent:
        warm.patch(f"/Users/{ines}", [{"op": "Replace", "path": "active", "value": "False"}])
    assert len(sent) == PATCH + SESSIONS + BRAKE + PAYLOAD, sent


def test_creating_somebody_takes_at_most_eight_statements_and_the_further_tables(warm: ScimClient) -> None:
    with queries() as sent:
        answer = warm.post("/Users", person("new.comer", **{ENTERPRISE: {"department": "Crowd"}}))
    assert answer.status_code == 201
    assert len(sent) <= CREATE + LEARNER_TABLE + REFERENCE + PAYLOAD, sent


def test_the_use_of_a_token_is_written_at_most_once_a_minute(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    with queries() as first:
        scim.get("/Users?filter=userName+eq+%22nobody%22")
    with queries() as second:
        scim.get("/Users?filter=userName+eq+%22nobody%22")
    assert (len(first), len(second)) == (LOOK_UP + LAST_USED, LOOK_UP)
    assert SCIMToken.objects.get().last_used_at is not None


@pytest.mark.parametrize("what", ["look-up", "read", "nothing changed"])
def test_without_a_model_of_sso_settings_each_takes_one_less(
    warm: ScimClient, ines: str, settings: Settings, what: str
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "SSO_MODEL": None, "SSO_ENABLED": {}}
    with queries() as sent:
        if what == "look-up":
            warm.get("/Users?filter=userName+eq+%22nobody%22")
        elif what == "read":
            warm.get(f"/Users/{ines}")
        else:
            warm.patch(f"/Users/{ines}", [{"op": "Replace", "path": "active", "value": "True"}])
    assert len(sent) == {"look-up": LOOK_UP, "read": GET, "nothing changed": PATCH_NOTHING}[what] - 1, sent


def test_reports_who_wait_for_a_returning_manager_are_looked_for_once(warm: ScimClient) -> None:
    boss = warm.post("/Users", person("boss.one")).json()["id"]
    warm.delete(f"/Users/{boss}")
    with queries() as sent:
        assert warm.post("/Users", person("boss.one")).json()["id"] == boss
    waiting = [
        sql for sql in sent if sql.startswith("SELECT") and "awaited_manager" in sql.partition("WHERE")[2]
    ]
    assert len(waiting) == 1, sent
    if database.vendor == "sqlite":
        # It uses the index, however few rows there are.
        with database.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {waiting[0]}")
            assert "scim_link_awaited_manager" in str(cursor.fetchall())


@pytest.mark.parametrize("directory", [1000], indirect=True)
def test_a_look_up_by_user_name_uses_the_index(warm: ScimClient) -> None:
    with queries() as sent:
        warm.get("/Users?filter=userName+eq+%22p7%40crowd.example%22")
    select = next(sql for sql in sent if "user_name_key" in sql)
    with database.cursor() as cursor:
        if database.vendor == "postgresql":
            cursor.execute("ANALYZE")
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if database.vendor == 'sqlite' else ''}{select}")
        plan = str(cursor.fetchall())
    assert "user_name_key=?" in plan or "scim_link_user_name_unique" in plan, plan
