"""The database refuses a row: the client learns which attribute it is about, administrators hear the database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models.signals import post_save, pre_save
from pytest_django import Settings

from example_project.lms.models import Course, Learner, Organization, Progress, SSOSettings, Team
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.adapters import ENTERPRISE
from scim_provisioning.administration import selftest
from scim_provisioning.administration.catalogue import explain
from scim_provisioning.administration.selftest import Result
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent
from scim_provisioning.testing.factories import ConnectionFactory, UserFactory
from tests.client import ScimClient
from tests.people import person
from tests.tables import contents

pytestmark = pytest.mark.django_db

Connect = Callable[..., None]
ELSE = "somebody.else@another.example"


def on(vendor_words: dict[str, str]) -> str:
    """What is expected on the database of this run."""
    return vendor_words[connection.vendor]


def refused(answer: Any, status: int, scim_type: str) -> str:
    """The sentence of a refusal of this kind."""
    body = answer.json()
    assert (answer.status_code, body.get("scimType")) == (status, scim_type), body
    detail: str = body["detail"]
    return detail


def last() -> ProvisioningEvent:
    return ProvisioningEvent.objects.latest("pk")


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> str:
    """An account whose name this host gives to the next newcomer, too."""
    UserFactory(user_name="ines.okafor@harborline.example")
    UserFactory(user_name=ELSE)
    monkeypatch.setattr(LearnerAdapter, "find_learner", lambda self, scim_user: [])
    monkeypatch.setattr(LearnerAdapter, "account_name", lambda self, user_name: ELSE)
    return ELSE


def test_a_mapped_column_that_must_be_unique_is_409_with_its_attribute(scim: ScimClient, taken: str) -> None:
    before = contents()
    answer = scim.post("/Users", person())
    detail = refused(answer, 409, "uniqueness")
    assert detail == "userName: must be unique in the application, and is already in use."
    assert contents() == before
    event = last()
    assert (event.error_code, event.cause["attribute"]) == ("user.value_taken", "userName")
    assert "username" in event.cause["database"]


def test_the_value_that_stands_in_the_way_is_neither_told_nor_kept(scim: ScimClient, taken: str) -> None:
    answer = scim.post("/Users", person())
    assert taken not in answer.content.decode()
    assert taken not in str(last().cause)


def test_a_unique_column_of_another_table_is_named_itself(scim: ScimClient, receive: Connect) -> None:
    Course.objects.create(title="Induction")
    receive(post_save, Learner, lambda **_: Course.objects.create(title="Induction"))
    detail = refused(scim.post("/Users", person()), 409, "uniqueness")
    assert detail == "lms_course.title: must be unique in the application, and is already in use."


def test_a_constraint_over_several_columns_names_all_of_them(
    scim: ScimClient, organization: Organization, receive: Connect
) -> None:
    Team.objects.create(organization=organization, name="Induction")
    receive(post_save, Learner, lambda **_: Team.objects.create(organization=organization, name="Induction"))
    detail = refused(scim.post("/Users", person()), 409, "uniqueness")
    assert detail.startswith("lms_team.organization_id, lms_team.name: must be unique")
    assert organization.name not in detail


def test_a_column_that_must_not_be_empty_is_400_with_its_name(scim: ScimClient, settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {
        **settings.SCIM_PROVISIONING,
        "ADAPTER": "tests.adapters.sample_adapters.Homeless",
    }
    detail = refused(scim.post("/Users", person()), 400, "invalidValue")
    # MariaDB does not say of which table, and several have such a column.
    column = on(
        {
            "sqlite": "lms_learner.organization_id",
            "postgresql": "lms_learner.organization_id",
            "mysql": "organization_id",
        }
    )
    assert detail == f"{column}: the application needs a value."
    assert last().error_code == "attr.null"
    # PostgreSQL adds the whole row, which is nobody's business.
    assert "Failing row" not in last().cause["database"]


def test_a_team_that_the_database_does_not_take_is_400_with_the_column_of_its_own_table(
    scim: ScimClient, organization: Organization, receive: Connect
) -> None:
    """The team of another customer stands in the way, and its row is nobody's to see here."""
    other = Organization.objects.create(name="Else Ltd")
    Team.objects.create(organization=other, name="Platform Security")

    def move(instance: Team, **_: Any) -> None:
        instance.organization = other

    receive(pre_save, Team, move)
    detail = refused(scim.post("/Users", person()), 400, "invalidValue")
    assert detail == (
        f"{ENTERPRISE}:department: 'Platform Security' could not be created here. lms_team.organization_id, "
        "lms_team.name: must be unique in the application, and is already in use."
    )
    event = last()
    assert (event.error_code, event.cause["attribute"]) == ("attr.reference", f"{ENTERPRISE}:department")
    assert (
        "because of lms_team.organization_id, lms_team.name." in explain("attr.reference", event.cause).cause
    )
    assert event.cause["database"]


def test_a_team_without_a_value_that_it_needs_is_400_with_the_column(
    scim: ScimClient, receive: Connect
) -> None:
    def forget(instance: Team, **_: Any) -> None:
        instance.organization_id = None

    receive(pre_save, Team, forget)
    detail = refused(scim.post("/Users", person()), 400, "invalidValue")
    assert detail.startswith(f"{ENTERPRISE}:department: 'Platform Security' could not be created here. ")
    assert detail.endswith("organization_id: the application needs a value.")


def test_a_number_that_breaks_a_check_is_400_with_the_column(scim: ScimClient, receive: Connect) -> None:
    receive(post_save, Learner, lambda **_: Course.objects.create(title="Induction", lessons=-1))
    detail = refused(scim.post("/Users", person()), 400, "invalidValue")
    assert detail.startswith("lms_course.lessons")
    assert "not accepted" in detail
    assert (last().error_code, last().cause["attribute"]) == ("attr.constraint", "lms_course.lessons")


def test_a_text_that_is_too_long_for_its_column_is_400(scim: ScimClient, receive: Connect) -> None:
    """PostgreSQL does not say for which column, so the row is looked at; SQLite keeps texts of any length."""

    def lengthen(instance: User, **_: Any) -> None:
        instance.first_name = "x" * 151

    receive(pre_save, User, lengthen)
    answer = scim.post("/Users", person())
    if connection.vendor == "sqlite":
        assert answer.status_code == 201
        return
    detail = refused(answer, 400, "invalidValue")
    assert detail == "name.givenName: too long for the application's database."
    assert last().error_code == "attr.too_long"


@pytest.mark.django_db(transaction=True)
def test_a_reference_to_nothing_is_400_be_it_found_at_once_or_at_commit(
    scim: ScimClient, receive: Connect
) -> None:
    """MariaDB looks at the statement, PostgreSQL and SQLite at COMMIT, when the host's code is long done."""
    scim_id = scim.post("/Users", person()).json()["id"]
    before = contents()

    def enrol(instance: Learner, **_: Any) -> None:
        Progress.objects.create(learner=instance, course_id=999_999)

    receive(post_save, Learner, enrol)
    operations = [{"op": "replace", "path": "title", "value": "Lead"}]
    detail = refused(scim.patch(f"/Users/{scim_id}", operations), 400, "invalidValue")
    if connection.vendor == "sqlite":
        assert detail == "A value: not accepted by the application's database."
    else:
        assert detail.startswith("lms_progress.course_id (constraint lms_progress_course_id_")
    assert last().error_code == "attr.constraint"
    assert contents() == before
    assert scim.get(f"/Users/{scim_id}").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_row_that_others_still_point_at_is_not_said_to_be_one_of_theirs(
    scim: ScimClient, receive: Connect
) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    course = Course.objects.create(title="Induction")
    Progress.objects.create(learner=Learner.objects.get(), course=course)

    def drop_the_course(**_: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM lms_course WHERE id = %s", [course.pk])

    receive(post_save, Learner, drop_the_course)
    operations = [{"op": "replace", "path": "title", "value": "Lead"}]
    detail = refused(scim.patch(f"/Users/{scim_id}", operations), 400, "invalidValue")
    subject = on(
        {
            "sqlite": "A value",
            "postgresql": "Constraint lms_progress_course_id_",
            "mysql": "lms_progress.course_id (constraint lms_progress_course_id_",
        }
    )
    assert detail.startswith(subject)


def test_only_the_links_own_constraint_means_that_a_user_name_is_taken(
    scim: ScimClient, receive: Connect
) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]

    def same_id(instance: ProvisionedUser, **_: Any) -> None:
        instance.scim_id = scim_id

    receive(pre_save, ProvisionedUser, same_id)
    refused(scim.post("/Users", person("ben.kay")), 409, "uniqueness")
    event = last()
    assert event.error_code == "user.value_taken"
    assert event.cause["attribute"] == "scim_provisioning_provisioneduser.scim_id"


def test_an_error_that_no_value_can_mend_is_a_failure(scim: ScimClient, receive: Connect) -> None:
    def ask(**_: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM no_such_table")

    receive(post_save, Learner, ask)
    answer = scim.post("/Users", person())
    assert answer.status_code == 500
    assert "no_such_table" not in answer.content.decode()
    event = last()
    assert event.error_code == "host.hook"
    assert "no_such_table" in event.cause["database"]
    assert event.cause["place"].startswith("tests/http/test_database_errors.py:")


def test_the_self_test_says_what_the_database_said(sso: SSOSettings, settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {
        **settings.SCIM_PROVISIONING,
        "ADAPTER": "tests.adapters.sample_adapters.Homeless",
    }
    lines = selftest.run(ConnectionFactory(sso_key=str(sso.pk)), reach=False)
    failed = [line for line in lines if line.result == Result.FAILED]
    assert "organization_id: the application needs a value. The database said:" in failed[0].found
    assert "the column needs a default" in failed[0].mend
