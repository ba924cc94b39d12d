"""Where a request comes from, as far as it can be believed."""

from __future__ import annotations

import ipaddress

from django.http import HttpRequest

from scim_provisioning.conf import app_settings


def client_address(request: HttpRequest) -> str:
    """The right-most address that no trusted proxy vouches for itself; ``REMOTE_ADDR`` without proxies.

    The left end of ``X-Forwarded-For`` is whatever the client wrote, so it is never read first.
    """
    address: str = request.META.get("REMOTE_ADDR", "")
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    while forwarded and _is_trusted(address):
        candidate = forwarded.pop().strip()
        if not candidate:
            break
        address = candidate
    return address


def _is_trusted(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in ipaddress.ip_network(network) for network in app_settings.trusted_proxies)
