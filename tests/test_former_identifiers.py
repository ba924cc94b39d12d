"""What a learner was called before is kept in the transaction that changes it, and only then."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from scim_provisioning.models import FormerIdentifier, ProvisionedUser, SCIMConnection
from tests.client import ScimClient

pytestmark = pytest.mark.django_db

ANA = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "userName": "Ana.Silva@harborline.example",
    "name": {"givenName": "Ana", "familyName": "Silva"},
    "emails": [{"type": "work", "value": "ana.silva@harborline.example", "primary": True}],
}


@pytest.fixture
def link(scim: ScimClient, connection: SCIMConnection) -> ProvisionedUser:
    scim.post("/Users", ANA)
    return ProvisionedUser.objects.get(connection=connection)


def kept(link: ProvisionedUser) -> set[tuple[str, str]]:
    return set(link.former_identifiers.values_list("kind", "key"))


def test_a_new_learner_has_no_former_identifiers(link: ProvisionedUser) -> None:
    assert kept(link) == set()


def test_a_marriage_keeps_the_old_user_name_address_and_name(scim: ScimClient, link: ProvisionedUser) -> None:
    scim.patch(
        f"/Users/{link.scim_id}",
        [
            {"op": "Replace", "path": "userName", "value": "ana.costa@harborline.example"},
            {
                "op": "Replace",
                "path": 'emails[type eq "work"].value',
                "value": "ana.costa@harborline.example",
            },
            {"op": "Replace", "path": "name.familyName", "value": "Costa"},
        ],
    )

    assert kept(link) == {
        ("user_name", "ana.silva@harborline.example"),
        ("email", "ana.silva@harborline.example"),
        ("name", "ana silva"),
    }


def test_the_same_former_address_is_kept_once(scim: ScimClient, link: ProvisionedUser) -> None:
    for value in ("a@x.example", "b@x.example", "a@x.example", "b@x.example"):
        scim.patch(
            f"/Users/{link.scim_id}",
            [{"op": "Replace", "path": 'emails[type eq "work"].value', "value": value}],
        )

    assert FormerIdentifier.objects.filter(link=link, key="a@x.example").count() == 1


def test_a_refused_change_keeps_nothing(scim: ScimClient, link: ProvisionedUser) -> None:
    scim.post("/Users", {**ANA, "userName": "other@harborline.example"})
    scim.patch(
        f"/Users/{link.scim_id}",
        [{"op": "Replace", "path": "userName", "value": "other@harborline.example"}],
    )

    assert kept(link) == set()


def test_only_a_change_of_such_a_value_costs_a_query(scim: ScimClient, link: ProvisionedUser) -> None:
    def queries(value: str, path: str) -> list[str]:
        with CaptureQueriesContext(database) as captured:
            scim.patch(f"/Users/{link.scim_id}", [{"op": "Replace", "path": path, "value": value}])
        return [query["sql"] for query in captured if "formeridentifier" in query["sql"]]

    assert queries("Lead", "title") == []
    assert len(queries("ana@harborline.example", "userName")) == 1
