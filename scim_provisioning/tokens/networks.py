"""Addresses and networks as people write them and as sockets report them: IPv4 in IPv6's clothes is IPv4.

A dual-stack socket reports a caller as ``::ffff:203.0.113.7``, and who reads that in a log writes their network as
``::ffff:203.0.113.0/120``. Both mean what they say without the prefix (RFC 4291 section 2.5.5.2).
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_MAPPED_BITS: Final = 96


@lru_cache(maxsize=1024)
def address(text: str) -> Address | None:
    """The address; None for what is none."""
    try:
        return _plain(ipaddress.ip_address(text.strip()))
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def plain_text(text: str) -> str:
    """``203.0.113.7`` for ``::ffff:203.0.113.7``; every other text as it is."""
    try:
        mapped = getattr(ipaddress.ip_address(text), "ipv4_mapped", None)
    except ValueError:
        return text
    return text if mapped is None else str(mapped)


@lru_cache(maxsize=1024)
def network(text: str) -> Network:
    """The network, or the one address as a network; bits of the host are dropped: 10.0.0.1/8 means its network.

    Raises ``ValueError`` for anything else, and for an IPv4-mapped network that reaches beyond IPv4: nobody can
    say what ``::ffff:10.0.0.0/64`` was meant to be.
    """
    written = ipaddress.ip_interface(text.strip())
    ip, bits = written.ip, written.network.prefixlen
    base = _plain(ip)
    if base is ip:
        return written.network
    if bits < _MAPPED_BITS:
        raise ValueError(f"{text!r} is wider than all of IPv4.")
    return ipaddress.ip_network((str(base), bits - _MAPPED_BITS), strict=False)


def _plain(parsed: Address) -> Address:
    mapped = getattr(parsed, "ipv4_mapped", None)
    return mapped if isinstance(mapped, ipaddress.IPv4Address) else parsed
