"""What the service can do and what a User is made of (RFC 7643 sections 5 to 7), from the schema."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .constants import RESOURCE_TYPE, SERVICE_PROVIDER_CONFIG
from .limits import DEFAULT_LIMITS, Limits
from .schema import COMMON, Schema, UserSchema

_BEARER_TOKEN = {
    "type": "oauthbearertoken",
    "name": "OAuth Bearer Token",
    "description": "The secret token generated in the application's single sign-on settings.",
    "specUri": "https://www.rfc-editor.org/info/rfc6750",
    "primary": True,
}


def service_provider_config(
    base_url: str,
    *,
    limits: Limits = DEFAULT_LIMITS,
    page_size: int = 100,
    page_size_max: int = 200,
    cursor_timeout: int | None = None,
    bulk: bool = True,
    sort: bool = True,
    etag: bool = True,
    documentation_uri: str | None = None,
) -> dict[str, Any]:
    """Return the ServiceProviderConfig. ``cursor_timeout`` in seconds; None: no cursor paging."""
    config: dict[str, Any] = {
        "schemas": [SERVICE_PROVIDER_CONFIG],
        "patch": {"supported": True},
        "bulk": {
            "supported": bulk,
            "maxOperations": limits.bulk_operations if bulk else 0,
            "maxPayloadSize": limits.bulk_bytes if bulk else 0,
        },
        "filter": {"supported": True, "maxResults": page_size_max},
        "changePassword": {"supported": False},
        "sort": {"supported": sort},
        "etag": {"supported": etag},
        "authenticationSchemes": [dict(_BEARER_TOKEN)],
        "pagination": {
            "cursor": cursor_timeout is not None,
            "index": True,
            "defaultPaginationMethod": "index",
            "defaultPageSize": page_size,
            "maxPageSize": page_size_max,
        },
        "meta": {"resourceType": "ServiceProviderConfig", "location": f"{base_url}/ServiceProviderConfig"},
    }
    if cursor_timeout is not None:
        config["pagination"]["cursorTimeout"] = cursor_timeout
    if documentation_uri:
        config["documentationUri"] = documentation_uri
    return config


def resource_types(schema: UserSchema, base_url: str) -> list[dict[str, Any]]:
    """Return the resource types: User only; a Group here would make validators test groups."""
    return [
        {
            "schemas": [RESOURCE_TYPE],
            "id": "User",
            "name": "User",
            "endpoint": "/Users",
            "description": "A person who may use the application.",
            "schema": schema.core.urn,
            "schemaExtensions": [
                {"schema": extension.urn, "required": False} for extension in schema.extensions
            ],
            "meta": {"resourceType": "ResourceType", "location": f"{base_url}/ResourceTypes/User"},
        }
    ]


def schemas(schema: UserSchema, base_url: str) -> list[dict[str, Any]]:
    """Return the schema documents: core first, then the extensions.

    The core one names externalId too, which RFC 7643 section 3.1 gives to every resource and so to no schema:
    Microsoft's gallery suite looks each mapped attribute up here.
    """
    return [
        {
            **(_with_external_id(part) if part is schema.core else part).to_dict(),
            "meta": {"resourceType": "Schema", "location": f"{base_url}/Schemas/{part.urn}"},
        }
        for part in schema.schemas
    ]


def _with_external_id(core: Schema) -> Schema:
    external_id = COMMON.attribute("externalId")
    return core if external_id is None else replace(core, attributes=(external_id, *core.attributes))
