"""Attributes that name another person, as ``manager`` does: every spelling of who is meant, brought to ``value``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from ..body import embedded
from .attributes import Attribute

_PORTS = {"http": 80, "https": 443}


def is_pointer(attribute: Attribute) -> bool:
    """Whether the attribute's value is the id of somebody, with their address beside it."""
    return not attribute.multi_valued and {"value", "$ref"} <= attribute.subs.keys()


def pointed(value: object, base_url: str) -> object:
    """Return what was sent for such an attribute, with whom it names as its ``value``.

    A blank names nobody (OneLogin's unrendered macros), JSON in a text is what it says (Keycloak), and a lone
    ``$ref`` to one of our people is that person, as their address in place of the id is. A ``$ref`` beside a value
    is passed over, as clients send stale ones, and so is one to somewhere else.
    """
    if isinstance(value, str):
        value = embedded(value)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str):
        address = person_at(value, base_url) if "/" in value else None
        return address or (value if value.strip() else None)
    return _members(value, base_url) if isinstance(value, dict) else value


def _members(value: Mapping[str, Any], base_url: str) -> dict[str, Any]:
    names = {key.lower(): key for key in value}
    if "value" in names:
        inner = pointed(value[names["value"]], base_url)
        return {**value, **inner} if isinstance(inner, dict) else {**value, names["value"]: inner}
    address = value.get(names.get("$ref", ""))
    person = person_at(address, base_url) if isinstance(address, str) else None
    return dict(value) if person is None else {**value, "value": person}


def person_at(address: str, base_url: str) -> str | None:
    """Return the id in the address of one of our people: absolute, or relative to the Tenant URL or to a User.

    None for an address of anything else. Capitals in the host, the scheme, a default port and doubled slashes do
    not matter; ``bulkId:`` references stay as they are.
    """
    if address[:7].lower() == "bulkid:":
        return address
    try:
        found, base = urlsplit(address.strip()), urlsplit(base_url)
        is_absolute = bool(found.scheme or found.netloc)
        if is_absolute and _place(found) != _place(base):
            return None
    except ValueError:
        return None
    steps, root = _steps(found.path), [step.lower() for step in _steps(base.path)]
    if len(steps) == 1 and not is_absolute and not found.path.startswith("/"):
        return steps[0]
    if len(steps) < 2 or steps[-2].lower() != "users":
        return None
    above = [step.lower() for step in steps[:-2]]
    is_ours = above == root if is_absolute else above == root[len(root) - len(above) :]
    return steps[-1] if is_ours else None


def _place(address: SplitResult) -> tuple[str | None, int | None]:
    """Host and port, where http and https with their own ports are one place."""
    port = address.port
    return address.hostname, None if port in (None, _PORTS.get(address.scheme.lower())) else port


def _steps(path: str) -> list[str]:
    return [unquote(step) for step in path.split("/") if step not in ("", ".", "..")]
