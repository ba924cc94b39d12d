"""The User model that scim2-models builds from the schemas published here.

Not its own model of the RFC: that one lets e-mail addresses be only what pydantic takes for one.
"""

from __future__ import annotations

from typing import Any

from scim2_models import ResourceType, Schema, ScimPolicy, ScimProvider, ServiceProviderConfig

from scim_provisioning.protocol import discovery
from scim_provisioning.protocol.schema import USER_SCHEMA
from scim_provisioning.protocol.text import fold

_BASE = "http://127.0.0.1:8000/scim/v2"


def _built() -> Any:
    provider = ScimProvider.from_discovery(
        [Schema.model_validate(schema) for schema in discovery.schemas(USER_SCHEMA, _BASE)],
        [ResourceType.model_validate(kind) for kind in discovery.resource_types(USER_SCHEMA, _BASE)],
        ServiceProviderConfig.model_validate(discovery.service_provider_config(_BASE)),
    )
    return provider.model_for(provider.resource_types[0])


def _key(binding: Any, text: str) -> str:
    return text if binding.case_exact else fold(text)


#: A User with the enterprise extension.
Model: Any = _built()

#: Text is compared the way it is here, so that only the rest can differ.
COMPARED_AS_HERE = ScimPolicy(comparison_key=_key)
