"""Reading and building SCIM users, on the identity provider's side.

On purpose not the server's own path code: the two must agree because both follow the specification.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scim_provisioning.protocol.constants import CORE_USER, ENTERPRISE_USER

_PATH = re.compile(
    r"""^(?:(?P<urn>urn:.+):)?
        (?P<name>[A-Za-z$][\w$-]*)
        (?:\[(?P<key>\w+)\ eq\ "(?P<term>[^"]*)"\])?
        (?:\.(?P<sub>[\w$]+))?$""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Target:
    """A target attribute of the mapping page, taken apart."""

    urn: str
    name: str
    key: str = ""
    term: str = ""
    sub: str = ""


def target(path: str) -> Target:
    """Take a target attribute apart. Raises ValueError for what Entra's mapping page does not offer."""
    match = _PATH.match(path)
    if match is None:
        raise ValueError(f"not a target attribute: {path}")
    return Target(**{name: part or "" for name, part in match.groupdict().items()})


def _is_element(element: Any, at: Target) -> bool:
    return isinstance(element, dict) and str(element.get(at.key, "")).lower() == at.term.lower()


def read(user: Mapping[str, Any], path: str) -> Any:
    """Return what a user holds at `path`, None when it holds nothing there; the case of keys counts.

    It counts because Entra looks for an answer's attributes under the names of the specification.
    """
    at = target(path)
    holder: Any = user.get(at.urn, {}) if at.urn else user
    value = holder.get(at.name) if isinstance(holder, dict) else None
    if at.key:
        elements = value if isinstance(value, list) else []
        value = next((element for element in elements if _is_element(element, at)), None)
    if at.sub:
        value = value.get(at.sub) if isinstance(value, dict) else None
    return value


def build(values: Mapping[str, str | bool]) -> dict[str, Any]:
    """Return the body of Entra's create: the user that the flat `values` describe.

    Roles are sent as an empty list and meta with its resource type, as Entra does.
    """
    user: dict[str, Any] = {"schemas": [CORE_USER, ENTERPRISE_USER], **nested(values)}
    user["roles"] = []
    user["meta"] = {"resourceType": "User"}
    return user


def nested(values: Mapping[str, str | bool]) -> dict[str, Any]:
    """Return the nested attributes that the flat `values` describe; the first e-mail is the primary one."""
    user: dict[str, Any] = {}
    for path, value in values.items():
        put(user, path, value)
    return user


def put(user: dict[str, Any], path: str, value: str | bool) -> None:
    """Set what a user holds at `path`, in place; the element that a filter names is made when it is missing."""
    at = target(path)
    holder = user.setdefault(at.urn, {}) if at.urn else user
    if not at.key:
        if at.sub:
            holder.setdefault(at.name, {})[at.sub] = value
        else:
            holder[at.name] = value
        return
    elements: list[dict[str, Any]] = holder.setdefault(at.name, [])
    element = next((element for element in elements if _is_element(element, at)), None)
    if element is None:
        element = {"primary": True} if at.name == "emails" and not elements else {}
        element[at.key] = at.term
        elements.append(element)
    element[at.sub or "value"] = value
