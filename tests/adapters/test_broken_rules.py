"""Every kind of rule that a table can have, broken on the real database, and what the error is said to be about.

The table is made for the test, so that it may have rules that the example LMS does without.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DatabaseError, connection, models, transaction
from django.db.models.functions import Lower
from django.test.utils import isolate_apps

from scim_provisioning.adapters.database_errors import explain, is_collision
from scim_provisioning.protocol.errors import SCIMError

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "5ecret-of-somebody"
ATTRIBUTES = {
    ("lms_badge", "nr"): "employeeNumber",
    ("lms_badge", "email"): 'emails[type eq "work"].value',
    ("lms_badge", "desk"): "addresses",
    ("lms_badge", "level"): "userType",
}


@pytest.fixture
def badge(transactional_db: None) -> Iterator[type[models.Model]]:
    with isolate_apps("example_project.lms"):

        class Badge(models.Model):  # noqa: DJ008
            number = models.CharField(max_length=10, unique=True, db_column="nr")
            site = models.CharField(max_length=10, default="Leith")
            desk = models.CharField(max_length=10, default="1")
            email = models.CharField(max_length=50, null=True)
            level = models.SmallIntegerField(default=1)
            api_token = models.CharField(max_length=50, null=True, unique=True)
            code = models.CharField(max_length=10, null=True)

            class Meta:
                app_label = "lms"
                unique_together = (("site", "desk"),)
                constraints = (
                    models.UniqueConstraint(fields=("code",), name="badge_code_once"),
                    models.UniqueConstraint(Lower("email").desc(), name="badge_email_once"),
                    models.CheckConstraint(condition=models.Q(level__lte=5), name="badge_level_low"),
                )

        with connection.schema_editor() as editor:
            editor.create_model(Badge)
        try:
            yield Badge
        finally:
            with connection.schema_editor() as editor:
                editor.delete_model(Badge)


def broken(badge: Any, **values: Any) -> DatabaseError:
    """The database's error about a second row; the first has SECRET wherever it must be unique."""
    if not badge.objects.exists():
        badge.objects.create(number="N-1", email="a@x.example", api_token=SECRET, code="C-1")
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        badge.objects.create(**{"number": "N-2", "desk": "2", **values})
    return caught.value


def explained(badge: Any, **values: Any) -> SCIMError:
    error = explain(broken(badge, **values), [badge], ATTRIBUTES)
    assert error is not None
    return error


def test_a_unique_column(badge: Any) -> None:
    error = explained(badge, number="N-1")
    assert (error.status, error.scim_type, error.code) == (409, "uniqueness", "user.value_taken")
    assert error.detail == "employeeNumber: must be unique in the application, and is already in use."
    assert "N-1" not in error.detail


def test_columns_that_are_unique_together_are_found_by_djangos_name_for_them(badge: Any) -> None:
    """What is mapped is named; the other column is the application's own."""
    error = explained(badge, desk="1")
    assert (error.code, error.params["attribute"]) == ("user.value_taken", "addresses")


def test_a_named_constraint_on_a_column_that_is_not_mapped(badge: Any) -> None:
    assert explained(badge, code="C-1").params["attribute"] == "lms_badge.code"


def test_a_unique_expression_is_about_the_column_inside_it(badge: Any) -> None:
    if not connection.features.supports_expression_indexes:  # MariaDB: Django makes none
        badge.objects.create(number="N-1", email="a@x.example")
        badge.objects.create(number="N-2", email="A@X.example", desk="2")
        return
    error = explained(badge, email="A@X.EXAMPLE")
    assert error.detail.startswith('emails[type eq "work"].value: must be unique')
    assert "lower" not in error.detail.lower()


def test_a_column_that_must_not_be_empty(badge: Any) -> None:
    error = explained(badge, level=None)
    assert (error.status, error.scim_type, error.code) == (400, "invalidValue", "attr.null")
    assert error.detail == "userType: the application needs a value."


def test_a_check_is_named_with_the_columns_it_is_about(badge: Any) -> None:
    error = explained(badge, level=7)
    assert (error.status, error.scim_type, error.code) == (400, "invalidValue", "attr.constraint")
    assert (
        error.detail == "userType (constraint badge_level_low): not accepted by the application's database."
    )


def test_a_text_that_is_too_long(badge: Any) -> None:
    if connection.vendor == "sqlite":  # keeps texts of any length
        badge.objects.create(number="N" * 11)
        return
    error = explained(badge, number="N" * 11)
    assert (error.status, error.code) == (400, "attr.too_long")
    assert error.detail.startswith({"postgresql": "A value:", "mysql": "employeeNumber:"}[connection.vendor])


def test_a_number_that_is_out_of_range(badge: Any) -> None:
    if connection.vendor == "sqlite":  # only the check stands in the way of it
        assert explained(badge, level=99_999).params["constraint"] == "badge_level_low"
        return
    error = explained(badge, level=99_999)
    assert (error.status, error.code) == (400, "attr.constraint")


def test_the_value_of_a_column_that_looks_like_a_secret_is_kept_from_administrators_too(badge: Any) -> None:
    error = explained(badge, api_token=SECRET)
    assert error.params["attribute"] == "lms_badge.api_token"
    assert SECRET not in f"{error.detail} {error.params}"
    assert "api_token" in str(error.params["database"])


@pytest.mark.parametrize("value", ["for key 'nr'", "=(x)", "x)=("])
def test_a_value_that_looks_like_the_databases_own_words_is_not_taken_for_them(
    badge: Any, value: str
) -> None:
    badge.objects.create(number="N-1", email="a@x.example", api_token=SECRET, code=value[:10])
    error = explained(badge, code=value[:10])
    assert error.params["attribute"] == "lms_badge.code"


@pytest.mark.parametrize("rule", [{"level": None}, {"level": 7}], ids=["not null", "check"])
def test_the_row_that_the_database_prints_is_not_kept_whatever_its_texts_look_like(
    badge: Any, rule: dict[str, Any]
) -> None:
    error = explained(badge, code="(a)=(b)", api_token=f"{SECRET}-2", **rule)
    assert SECRET not in str(error.params)


def test_a_collision_is_told_from_that_of_another_constraint(badge: Any) -> None:
    assert is_collision(broken(badge, code="C-1"), badge, "badge_code_once")
    assert not is_collision(broken(badge, number="N-1"), badge, "badge_code_once")
    assert not is_collision(broken(badge, level=None), badge, "badge_code_once")


def test_a_missing_table_is_nobodys_value(badge: Any) -> None:
    with pytest.raises(DatabaseError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM no_such_table")
    assert explain(caught.value, [badge], ATTRIBUTES) is None


def test_a_column_name_that_two_tables_have_is_not_taken_for_the_mapped_one(badge: Any) -> None:
    """MariaDB does not say of which table: then only the column is named."""
    with isolate_apps("example_project.lms"):

        class Medal(models.Model):  # noqa: DJ008
            level = models.SmallIntegerField()

            class Meta:
                app_label = "lms"

    error = explain(broken(badge, level=None), [badge, Medal], ATTRIBUTES)
    assert error is not None
    expected = "level" if connection.vendor == "mysql" else "userType"
    assert error.params["attribute"] == expected
