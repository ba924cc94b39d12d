"""Where a request comes from, as far as it can be believed."""

from __future__ import annotations

from django.http import HttpRequest

from scim_provisioning.conf import app_settings
from scim_provisioning.tokens import networks


def client_address(request: HttpRequest) -> str:
    """The right-most address that no trusted proxy vouches for itself; ``REMOTE_ADDR`` without proxies.

    The left end of ``X-Forwarded-For`` is whatever the client wrote, so it is never read first.
    """
    address: str = request.META.get("REMOTE_ADDR", "")
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    while forwarded and _is_trusted(address):
        candidate = _without_port(forwarded.pop().strip())
        if not candidate:
            break
        address = candidate
    return networks.plain_text(address)


def _without_port(text: str) -> str:
    """The address in ``203.0.113.7:50312`` or ``[2001:db8::7]:50312``, as Azure's Application Gateway has it."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _is_trusted(address: str) -> bool:
    parsed = networks.address(address)
    return parsed is not None and any(
        parsed in networks.network(text) for text in app_settings.trusted_proxies
    )
