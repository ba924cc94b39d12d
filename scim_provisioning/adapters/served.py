"""The schema that a mapping serves: core, enterprise, what the host declared, and what its lines name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from scim_provisioning.adapters.kinds import MappedAttribute
from scim_provisioning.protocol import paths
from scim_provisioning.protocol.constants import CORE_USER, ENTERPRISE_USER
from scim_provisioning.protocol.errors import SCIMError
from scim_provisioning.protocol.schema import USER_SCHEMA, Attribute, Schema, UserSchema

_URN_PATH = re.compile(
    r"(?P<urn>urn:[A-Za-z0-9:._-]+):(?P<name>[A-Za-z][\w-]*)(?:\.(?P<sub>[\w$-]+))?$", re.I
)


def served_schema(declarations: Sequence[MappedAttribute], extensions: Sequence[Schema]) -> UserSchema:
    """The schema of one mapping. A path under a URN that is not known declares the attribute."""
    schema = USER_SCHEMA.with_extensions(*extensions)
    schema = schema.with_extensions(*_declared(declarations, schema))
    return _published(declarations, schema)


def _declared(declarations: Sequence[MappedAttribute], schema: UserSchema) -> list[Schema]:
    known = {urn.casefold() for urn in (*schema.urns, CORE_USER, ENTERPRISE_USER)}
    found: dict[str, dict[str, Attribute]] = {}
    for line in declarations:
        match = _URN_PATH.match(line.path)
        if match and match["urn"].casefold() not in known:
            attributes = found.setdefault(match["urn"], {})
            attributes.setdefault(match["name"].casefold(), line.declare(match["name"]))
    return [
        Schema(urn, _name_of(urn), "Attributes of this application", tuple(attributes.values()))
        for urn, attributes in found.items()
    ]


def _name_of(urn: str) -> str:
    """``acme`` of ``urn:ietf:params:scim:schemas:extension:acme:2.0:User``."""
    return urn.removesuffix(":User").rsplit(":", 2)[-2]


def _published(declarations: Sequence[MappedAttribute], schema: UserSchema) -> UserSchema:
    """The schema with what the lines say of attributes that were there before, such as the values of a choice."""
    changed: dict[str, dict[str, Attribute]] = {}
    for line in declarations:
        try:
            path = paths.parse(line.path, schema)
        except SCIMError:
            continue  # the system checks say so
        attribute = path.attribute
        if attribute is not None and path.sub is None:
            published = line.publish(attribute)
            if published is not attribute:
                changed.setdefault(attribute.urn, {})[attribute.name] = published
    if not changed:
        return schema
    core, *others = (_exchanged(part, changed.get(part.urn, {})) for part in schema.schemas)
    return UserSchema(core, tuple(others))


def _exchanged(schema: Schema, attributes: dict[str, Attribute]) -> Schema:
    if not attributes:
        return schema
    return replace(schema, attributes=tuple(attributes.get(a.name, a) for a in schema.attributes))
