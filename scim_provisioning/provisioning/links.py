"""The link between a SCIM id and an account: checked, saved, made a tombstone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from django.db import IntegrityError
from django.db.models import Q
from django.utils import timezone

from scim_provisioning import rules
from scim_provisioning.adapters import LearnerAdapter, database_errors
from scim_provisioning.adapters.document import awaited_manager, still_meant
from scim_provisioning.adapters.kinds.targets import checked_text
from scim_provisioning.adapters.person import LOCKED
from scim_provisioning.adapters.sql.searchable import asks_document, search_copy
from scim_provisioning.conf import app_settings
from scim_provisioning.databases import own_rows
from scim_provisioning.events import Caller
from scim_provisioning.models import Adoption, LockedValue, ProvisionedUser, SharedAccount
from scim_provisioning.models.provisioned_user import SCIM_ID_LENGTH, user_name_key
from scim_provisioning.protocol import json_text
from scim_provisioning.protocol.errors import InvalidValue
from scim_provisioning.protocol.resources import Document
from scim_provisioning.rules.customers import customer

#: What is written only where it is changed here, by the name of the attribute: most have an index, which a database may
#: write again for every column that an UPDATE names; and the copy that is searched is long.
_WHERE_CHANGED: Final = (
    "user_name",
    "search",
    "created_at",
    "scim_id",
    "user_id",
    "user_name_key",
    "user_name_tombstone_key",
    "external_id",
    "awaited_manager",
    "asks_document",
    "deleted_at",
)
#: What becomes otherwise when a link becomes a tombstone.
_OF_A_TOMBSTONE: Final = (
    "user_name_key",
    "user_name_tombstone_key",
    "active",
    "deleted_at",
    "modified_at",
)


def check_link(document: Document, link: ProvisionedUser) -> None:
    """Refuse what the link's own columns cannot hold, before a database says it as an error of its own, and a new
    userName that nobody can read. Raises ``InvalidValue``, for a document that grows above what is kept of one person
    too."""
    _refuse_growth(document, link)
    column = ProvisionedUser._meta.get_field
    checked_text("userName", document["userName"], column("user_name"))
    if document["userName"] != link.user_name:
        rules.legible(document["userName"])
    # Folding can lengthen a text.
    checked_text("userName", user_name_key(document["userName"]), column("user_name_key"))
    if "externalId" in document:
        checked_text("externalId", document["externalId"], column("external_id"))


def _refuse_growth(document: Document, link: ProvisionedUser) -> None:
    """Whoever reads a page reads all that is kept of two hundred people. One who has more already may shrink."""
    most = app_settings.limits.document_bytes
    written = json_text.quickly(document)
    # With a space behind each sign it is not twice as long.
    if written is not None and 2 * len(written.encode()) <= most:
        return
    if (size := _size(document)) > most and size > _size(link.document):
        raise InvalidValue(
            f"The resource would hold {size} bytes, at most {most} are kept of one person.",
            code="limits.document",
            params={"size": size, "limit": most},
        )


def _size(document: Document) -> int:
    # "false" is longer than "true", and must never be what is too much.
    kept = {name: value for name, value in document.items() if name != "active"}
    return len(json.dumps(kept, ensure_ascii=False).encode("utf-8", "backslashreplace"))


def save_link(adapter: LearnerAdapter, document: Document) -> None:
    link = adapter.link
    before = {name: link.__dict__.get(name) for name in _WHERE_CHANGED}
    link.user = adapter.obj
    link.user_name = document["userName"]
    key = user_name_key(link.user_name)
    if link.user_name_key not in (None, key):
        _vacate(link, key)
    link.user_name_key, link.user_name_tombstone_key = key, None
    link.external_id = document.get("externalId")
    keep_document(adapter, document)
    link.changed()
    if not link._state.adding:
        link.version += 1
    try:
        if link._state.adding:
            own_rows.insert(link)
        else:
            own_rows.update(link, within="connection", but=_untouched(link, before))
    except IntegrityError as error:
        if not database_errors.is_collision(error, ProvisionedUser, "scim_link_user_name_unique"):
            raise
        # Somebody else took the name a moment ago.
        raise rules.user_name_taken() from error


def _untouched(link: ProvisionedUser, before: Mapping[str, object]) -> tuple[str, ...]:
    """The columns that need not be written; of somebody who returns all are."""
    if before["user_name_key"] is None:
        return ()
    return tuple(name for name, value in before.items() if link.__dict__[name] == value)


def keep_document(adapter: LearnerAdapter, document: Document) -> None:
    """Put a document on the link, unsaved, with what filters and returning managers find of it."""
    link, person, mapping = adapter.link, adapter.person, adapter.compiled_mapping
    link.document = document
    link.search = search_copy(
        document,
        mapping,
        awaits_manager=person.awaits_manager,
        owns=person.owns,
        meant=still_meant(document, person, mapping),
        locked=person.locked,
        wished_off=person.wished_off,
    )
    link.asks_document = asks_document(link.search, owns_account=person.owns_account)
    awaited = awaited_manager(document, person, mapping)
    link.awaited_manager = awaited and awaited[:SCIM_ID_LENGTH]


def _vacate(link: ProvisionedUser, key: str) -> None:
    """Free a name that is held only by a link whose account the host deleted, or moved to another customer: nobody is
    behind it."""
    same_name = ProvisionedUser.objects.living().filter(connection=link.connection_id, user_name_key=key)
    lost = same_name.filter(customer(link.connection).lost)
    for vacant in same_name.filter(Q(user__isnull=True) | Q(pk__in=lost.values("pk"))):
        make_tombstone(vacant)


def make_tombstone(link: ProvisionedUser) -> None:
    """Make a link a tombstone: its name is free, and it still knows whose it was. Who shares its account owns it."""
    if link.owns_profile:
        rules.hand_on(ProvisionedUser.objects.filter(connection=link.connection_id, pk=link.pk))
    link.user_name_tombstone_key, link.user_name_key = link.user_name_key, None
    link.changed()
    link.active, link.deleted_at = False, link.modified_at
    link.save(update_fields=_OF_A_TOMBSTONE)


def _end_words(tombstone: ProvisionedUser, account: int) -> None:
    """Where nobody else owns the account by now, nothing will tell any more whose it was: what administrators have
    allowed other connections ends, and they have to be asked anew."""
    if not has_owner_beside(tombstone):
        SharedAccount.objects.filter(user=account).exclude(connection=tombstone.connection_id).delete()


def has_owner_beside(link: ProvisionedUser) -> bool:
    """Whether another living link owns the account as well (one query)."""
    owners = ProvisionedUser.objects.living().filter(user=link.user_id, owns_profile=True)
    return owners.exclude(pk=link.pk).exists()


def strip_tombstone(tombstone: ProvisionedUser) -> None:
    """Take account and document from a tombstone: its SCIM id and names stay, and it can revive nobody."""
    if tombstone.owns_profile and tombstone.user_id is not None:
        _end_words(tombstone, tombstone.user_id)
    # By a statement of its own: the account that the instance still holds may be gone from the database.
    mine = ProvisionedUser.objects.filter(connection=tombstone.connection_id, pk=tombstone.pk)
    mine.update(user=None, document={}, search={}, awaited_manager=None)
    if LOCKED in tombstone.search:
        LockedValue.objects.filter(connection=tombstone.connection_id, link=tombstone.pk).delete()


def remember_whose(caller: Caller, link: ProvisionedUser, account: int) -> None:
    """Say whose ``account`` was that an administrator has taken from ``link``, and that the evidence alone is not
    enough to link it again: nothing else does, once no link leads to it. What was kept of it is forgotten."""
    taken: dict[str, Any] = {
        "connection_id": link.connection_id,
        "user_id": account,
        "kept": {},
        "undone_at": timezone.now(),
        "undone_by_id": None if caller.actor is None else caller.actor.pk,
    }
    Adoption.objects.update_or_create(link=link, undone_at__isnull=True, defaults=taken)
