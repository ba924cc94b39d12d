"""Texts that differ are different, whatever the database's default collation thinks.

PostgreSQL and SQLite compare by code point by themselves; MariaDB and MySQL do so only because of
`ExactCharField`. The same tests run on all of them.
"""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.db import connection as database

from scim_provisioning.models import ProvisionedUser, SCIMConnection, SCIMToken
from scim_provisioning.testing.factories import ConnectionFactory

LOOKALIKES = [
    "ana",
    "Ana",
    "aná",
    "ana\u0301",
    "ana ",
    " ana",
    "ana\t",
    "ana\u200b",
    "ａna",
    "äna",
    "aena",
    "ana🙂",
]


@pytest.fixture
def connection(db: None) -> SCIMConnection:
    return ConnectionFactory()


def test_lookalike_user_names_are_as_many_people(connection: SCIMConnection) -> None:
    for text in LOOKALIKES:
        ProvisionedUser.objects.create(connection=connection, user_name=text, user_name_key=text)
    for text in LOOKALIKES:
        found = ProvisionedUser.objects.filter(connection=connection, user_name_key=text)
        assert [link.user_name_key for link in found] == [text]
    both = ProvisionedUser.objects.filter(user_name_key__in=["ana", "ana "])
    assert {link.user_name for link in both} == {"ana", "ana "}


def test_lookalike_external_ids_and_tombstone_keys_are_told_apart(connection: SCIMConnection) -> None:
    for text in LOOKALIKES:
        ProvisionedUser.objects.create(
            connection=connection, user_name=text, external_id=text, user_name_tombstone_key=text
        )
    for text in LOOKALIKES:
        assert ProvisionedUser.objects.get(external_id=text).user_name == text
        assert ProvisionedUser.objects.get(user_name_tombstone_key=text).user_name == text


def test_lookalike_sso_keys_name_different_connections(db: None) -> None:
    for text in LOOKALIKES:
        SCIMConnection.objects.create(name="Entra", sso_key=text)
    for text in LOOKALIKES:
        assert SCIMConnection.objects.get(sso_key=text).sso_key == text


def test_public_parts_differ_by_case(connection: SCIMConnection) -> None:
    for number, prefix in enumerate(("abcdefgh", "ABCDEFGH", "aBcDeFgH")):
        SCIMToken.objects.create(connection=connection, label="x", prefix=prefix, digest=str(number))
    assert SCIMToken.objects.get(prefix="ABCDEFGH").digest == "1"


def test_the_same_user_name_twice_is_refused_among_the_living_of_a_connection_only(
    connection: SCIMConnection,
) -> None:
    ProvisionedUser.objects.create(connection=connection, user_name="Ana", user_name_key="ana")
    with pytest.raises(IntegrityError), transaction.atomic():
        ProvisionedUser.objects.create(connection=connection, user_name="ANA", user_name_key="ana")

    ProvisionedUser.objects.create(connection=ConnectionFactory(), user_name="Ana", user_name_key="ana")
    for _ in range(2):
        ProvisionedUser.objects.create(
            connection=connection, user_name="Ana", user_name_key=None, user_name_tombstone_key="ana"
        )
    assert ProvisionedUser.objects.filter(user_name="Ana").count() == 4


def test_the_longest_key_fits_the_column_and_its_index(connection: SCIMConnection) -> None:
    key = "ß" * 320
    folded = key.casefold()
    assert len(folded) == 640
    ProvisionedUser.objects.create(connection=connection, user_name=key, user_name_key=folded)
    assert ProvisionedUser.objects.get(user_name_key=folded).user_name == key


@pytest.mark.skipif(database.vendor != "mysql", reason="only there a collation has to be named")
def test_the_columns_have_a_binary_collation_without_padding(db: None) -> None:
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT collation_name FROM information_schema.columns WHERE table_schema = database() "
            "AND table_name IN ('scim_provisioning_scimconnection', 'scim_provisioning_scimtoken', "
            "'scim_provisioning_provisioneduser') AND column_name IN "
            "('scim_id', 'user_name_key', 'user_name_tombstone_key', 'external_id', 'sso_key', 'prefix', "
            "'awaited_manager')"
        )
        assert [row[0] for row in cursor.fetchall()] in (["utf8mb4_nopad_bin"] * 7, ["utf8mb4_0900_bin"] * 7)
