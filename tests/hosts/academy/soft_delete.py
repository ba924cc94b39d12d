"""The academy as docs/recipes.md shows it where the moment of deletion alone decides who comes in."""

from __future__ import annotations

import scim_provisioning.adapters as scim

from .scim import LearnerAdapter as Academy


class LearnerAdapter(Academy):
    mapping = [
        *Academy.mapping,
        scim.OffSince("deleted_at"),
    ]
    # Nothing of the academy's own way to hide and restore.
    delete = scim.LearnerAdapter.delete
    restore = scim.LearnerAdapter.restore
