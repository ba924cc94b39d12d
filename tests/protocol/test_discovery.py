from __future__ import annotations

from typing import Any

import pytest

from scim_provisioning.protocol.constants import CORE_USER, ENTERPRISE_USER
from scim_provisioning.protocol.discovery import resource_types, schemas, service_provider_config
from scim_provisioning.protocol.limits import Limits
from scim_provisioning.protocol.schema import USER_SCHEMA

BASE = "https://lms.example/scim/v2"


def test_the_configuration_says_what_is_supported() -> None:
    config = service_provider_config(
        BASE, limits=Limits(bulk_operations=7), page_size=20, page_size_max=50, cursor_timeout=3600
    )
    assert config["patch"] == {"supported": True}
    assert config["bulk"] == {"supported": True, "maxOperations": 7, "maxPayloadSize": 1_048_576}
    assert config["filter"] == {"supported": True, "maxResults": 50}
    assert config["pagination"]["cursor"] is True
    assert config["pagination"]["cursorTimeout"] == 3600
    assert config["meta"]["location"] == f"{BASE}/ServiceProviderConfig"
    assert "documentationUri" not in config


def test_without_cursors_and_bulk_it_says_so() -> None:
    config = service_provider_config(BASE, bulk=False, documentation_uri="https://lms.example/docs")
    assert config["bulk"] == {"supported": False, "maxOperations": 0, "maxPayloadSize": 0}
    assert config["pagination"]["cursor"] is False
    assert "cursorTimeout" not in config["pagination"]
    assert config["documentationUri"] == "https://lms.example/docs"


def test_user_is_the_only_resource_type() -> None:
    (user,) = resource_types(USER_SCHEMA, BASE)
    assert user["endpoint"] == "/Users"
    assert user["schema"] == CORE_USER
    assert user["schemaExtensions"] == [{"schema": ENTERPRISE_USER, "required": False}]
    assert user["meta"]["location"] == f"{BASE}/ResourceTypes/User"


def names(attributes: list[dict[str, Any]], prefix: str = "") -> list[str]:
    found = []
    for attribute in attributes:
        found.append(prefix + attribute["name"])
        found += names(attribute.get("subAttributes", []), f"{prefix}{attribute['name']}.")
    return found


def test_every_row_of_entras_default_mapping_is_advertised() -> None:
    core, enterprise = schemas(USER_SCHEMA, BASE)
    assert core["id"] == CORE_USER
    assert core["meta"] == {"resourceType": "Schema", "location": f"{BASE}/Schemas/{CORE_USER}"}
    advertised = names(core["attributes"])
    for name in ("userName", "active", "displayName", "title", "emails.value", "emails.type", "preferredLanguage",
                 "name.givenName", "name.familyName", "name.formatted", "addresses.formatted", "addresses.primary",
                 "addresses.postalCode", "phoneNumbers.value", "roles.primary"):  # fmt: skip
        assert name in advertised
    assert {"employeeNumber", "department", "manager.value"} <= set(names(enterprise["attributes"]))
    assert not {"password", "groups", "id", "meta"} & set(advertised)


def test_documents_hold_no_nulls_and_no_empty_lists() -> None:
    def walk(value: Any) -> None:
        assert value is not None
        if isinstance(value, dict):
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            assert value
            for inner in value:
                walk(inner)

    walk(schemas(USER_SCHEMA, BASE))
    walk(resource_types(USER_SCHEMA, BASE))
    walk(service_provider_config(BASE, cursor_timeout=60))


def test_scim2_models_reads_the_documents() -> None:
    models = pytest.importorskip("scim2_models")
    for document in schemas(USER_SCHEMA, BASE):
        models.Schema.model_validate(document)
    models.ResourceType.model_validate(resource_types(USER_SCHEMA, BASE)[0])
    models.ServiceProviderConfig.model_validate(service_provider_config(BASE, cursor_timeout=60))
