"""What a host has written itself."""

from __future__ import annotations

import inspect

from scim_provisioning.adapters import LearnerAdapter


def is_own(adapter: type[LearnerAdapter], method: str) -> bool:
    """Whether the host has written this method itself."""
    return inspect.getattr_static(adapter, method) is not inspect.getattr_static(LearnerAdapter, method)


def saves_rows_itself(adapter: type[LearnerAdapter]) -> bool:
    """Whether rows of people are written in code of the host's, which nobody can look into."""
    return any(is_own(adapter, name) for name in ("write", "from_dict", "save"))
