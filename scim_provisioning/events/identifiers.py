"""Keeping what a learner was called, so that an administrator finds them by it years later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scim_provisioning.databases import making_models, own_rows
from scim_provisioning.events import redaction
from scim_provisioning.models import FormerIdentifier, ProvisionedUser
from scim_provisioning.models.provisioned_user import USER_NAME_KEY_LENGTH, USER_NAME_LENGTH
from scim_provisioning.protocol.text import fold

Kind = FormerIdentifier.Kind
Changes = Mapping[str, tuple[object, object]]


def remember(link: ProvisionedUser, changes: Changes) -> None:
    """Keep the userName, e-mail addresses and name that ``changes`` did away with.

    One insert, and none when no such value changed. Call it in the transaction of the change, after
    ``link.document`` was brought up to date. A value that was kept before is not kept twice.
    """
    rows = {
        (kind, key): making_models.new(
            FormerIdentifier, connection_id=link.connection_id, link=link, kind=kind, value=value, key=key
        )
        for kind, value in _lost(link, changes)
        if (key := key_of(value))
    }
    if rows:
        own_rows.insert_missing([*rows.values()])


def key_of(value: str) -> str:
    """``value`` as it is compared: case does not count, nor do spaces around and between words."""
    return fold(" ".join(value.split()))[:USER_NAME_KEY_LENGTH]


def _lost(link: ProvisionedUser, changes: Changes) -> Iterator[tuple[Kind, str]]:
    for path, (before, _after) in changes.items():
        if not isinstance(before, str):
            continue
        if path == "userName":
            yield Kind.USER_NAME, _stored(before)
        elif path.startswith("emails") and path.endswith("value"):
            yield Kind.EMAIL, _stored(before)
        elif path == "displayName":
            yield Kind.NAME, _stored(before)
    if name := _former_name(link, changes):
        yield Kind.NAME, _stored(name)


def _former_name(link: ProvisionedUser, changes: Changes) -> str:
    paths = ("name.givenName", "name.familyName")
    if not any(path in changes and isinstance(changes[path][0], str) for path in paths):
        return ""
    current = link.document.get("name") or {}
    parts = (changes[path][0] if path in changes else current.get(path[5:]) for path in paths)
    return " ".join(part for part in parts if isinstance(part, str))


def _stored(value: str) -> str:
    return redaction.text(value, USER_NAME_LENGTH)
