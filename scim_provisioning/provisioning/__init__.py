"""What SCIM does to people: the verbs, searching, bulk. The only place that opens a transaction."""

from __future__ import annotations

from scim_provisioning.provisioning.searching import Page
from scim_provisioning.provisioning.verbs import (
    Written,
    create,
    delete,
    get,
    patch,
    replace,
    search,
)

__all__ = ["Page", "Written", "create", "delete", "get", "patch", "replace", "search"]
