"""Public testing kit for a host's own suite: the adapter's contract, identity providers, factories.

    from scim_provisioning.testing import AdapterContract, send_through

``AdapterContract`` needs pytest and pytest-django; ``send_through`` lets a simulator play through Django's test
client. ``scim_provisioning.testing.simulators`` needs the standard library only, and
``scim_provisioning.testing.factories`` factory-boy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scim_provisioning.testing.contract import AdapterContract
    from scim_provisioning.testing.sending import send_through

__all__ = ["AdapterContract", "send_through"]

_HOMES = {"AdapterContract": "contract", "send_through": "sending"}


def __getattr__(name: str) -> Any:
    """Bring in a public name when it is asked for, so that a server without pytest runs the simulators."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
