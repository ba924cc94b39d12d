from __future__ import annotations

import pytest

from scim_provisioning.protocol.constants import CORE_USER, ENTERPRISE_USER
from scim_provisioning.protocol.schema import COMMON, USER_SCHEMA, Attribute, Schema, UserSchema

TRAINING = Schema(
    "urn:ietf:params:scim:schemas:extension:Training:2.0:User",
    "Training",
    "What the academy keeps.",
    (Attribute("cohort"), Attribute("department"), Attribute("seats", "integer")),
)


@pytest.mark.parametrize(
    ("urn", "name", "path"),
    [
        (None, "USERNAME", "userName"),
        (None, "externalid", "externalId"),
        (None, "manager", f"{ENTERPRISE_USER}:manager"),
        (None, "Department", f"{ENTERPRISE_USER}:department"),
        (CORE_USER.upper(), "title", "title"),
        (CORE_USER, "externalId", "externalId"),
        (ENTERPRISE_USER.lower(), "DIVISION", f"{ENTERPRISE_USER}:division"),
    ],
)
def test_an_attribute_is_found_in_any_case(urn: str | None, name: str, path: str) -> None:
    found = USER_SCHEMA.find(urn, name)
    assert found is not None
    assert found.path == path


@pytest.mark.parametrize("name", ["password", "groups", "favouriteColour", "members"])
def test_what_is_not_served_is_not_found(name: str) -> None:
    assert USER_SCHEMA.find(None, name) is None


def test_the_core_schema_is_no_extension() -> None:
    assert USER_SCHEMA.extension(ENTERPRISE_USER.upper()) is USER_SCHEMA.extensions[0]
    assert USER_SCHEMA.extension(CORE_USER) is None
    assert USER_SCHEMA.extension("urn:acme:2.0:User") is None
    assert USER_SCHEMA.find("urn:acme:2.0:User", "title") is None


def test_a_bare_name_that_two_extensions_share_is_not_found() -> None:
    both = USER_SCHEMA.with_extensions(TRAINING)
    assert both.find(None, "department") is None
    assert both.find(None, "cohort") is not None
    assert both.find(TRAINING.urn, "department") is not None
    assert USER_SCHEMA.find(None, "cohort") is None, "the schema extended stays as it was"


def test_an_extension_with_a_known_urn_takes_the_older_ones_place() -> None:
    replaced = USER_SCHEMA.with_extensions(Schema(ENTERPRISE_USER, "Enterprise", "", (Attribute("badge"),)))
    assert len(replaced.extensions) == 1
    assert replaced.find(None, "manager") is None


def test_the_corrections_to_the_rfc_documents_are_in_place() -> None:
    user_name = USER_SCHEMA.find(None, "userName")
    manager = USER_SCHEMA.find(None, "manager")
    addresses = USER_SCHEMA.find(None, "addresses")
    assert user_name is not None
    assert user_name.required
    assert user_name.uniqueness == "server"
    assert manager is not None
    assert manager.subs["value"].case_exact
    assert manager.subs["$ref"].read_only
    assert manager.subs["displayname"].read_only
    assert addresses is not None
    assert addresses.subs["primary"].type == "boolean"


def test_every_attribute_is_described() -> None:
    for schema in USER_SCHEMA.schemas:
        for attribute in schema.attributes:
            assert attribute.description
            assert all(sub.description for sub in attribute.sub_attributes)


def test_the_document_form_is_that_of_rfc_7643_section_7() -> None:
    document = TRAINING.to_dict()
    assert document["id"] == TRAINING.urn
    assert document["attributes"][2] == {
        "name": "seats",
        "type": "integer",
        "multiValued": False,
        "description": "",
        "required": False,
        "mutability": "readWrite",
        "returned": "default",
        "uniqueness": "none",
    }


def test_common_attributes_belong_to_no_schema() -> None:
    assert [attribute.name for attribute in COMMON.attributes] == ["schemas", "id", "externalId", "meta"]
    assert all(not attribute.urn for attribute in COMMON.attributes)
    assert UserSchema(USER_SCHEMA.core).find(None, "meta") is COMMON.attribute("META")
