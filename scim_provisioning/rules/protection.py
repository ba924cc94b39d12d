"""Accounts that provisioning keeps its hands off."""

from __future__ import annotations

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.protocol.errors import Forbidden


def protect(adapter: LearnerAdapter) -> None:
    """Refuse to change, deactivate or delete an account that provisioning must not touch."""
    if adapter.is_protected(adapter.obj):
        raise Forbidden("This account cannot be managed by provisioning.", code="user.protected")
