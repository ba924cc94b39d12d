"""What a resource is made of: attributes, schemas, and the User that is served (RFC 7643)."""

from __future__ import annotations

from .attributes import COMMON, TEXT_TYPES, Attribute, Schema
from .user import USER_SCHEMA, UserSchema

__all__ = ["COMMON", "TEXT_TYPES", "USER_SCHEMA", "Attribute", "Schema", "UserSchema"]
