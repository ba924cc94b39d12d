"""Reading people: one for an answer, or one under a lock for a change."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.derived import canonical
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.events import Caller
from scim_provisioning.models import ProvisionedUser
from scim_provisioning.protocol.errors import NotFound
from scim_provisioning.protocol.text import is_storable
from scim_provisioning.protocol.versions import Precondition

Document = dict[str, Any]


def load(caller: Caller, scim_id: str) -> LearnerAdapter:
    _refuse_impossible(scim_id)
    adapter_class = get_adapter_class()
    link = adapter_class.links(caller.tenant).living().filter(scim_id=scim_id).first()
    if link is None:
        raise NotFound()
    return adapter_class.for_links([link], caller.tenant)[0]


def load_for_update(caller: Caller, scim_id: str) -> LearnerAdapter:
    """Lock the link, then read everything else in a second statement: a joined row that was read by the
    statement that waited for the lock can be stale."""
    _refuse_impossible(scim_id)
    locked = ProvisionedUser.objects.living().select_for_update().filter(connection=caller.tenant)
    key = locked.filter(scim_id=scim_id).values_list("pk", flat=True).first()
    if key is None:
        raise NotFound()
    return load_locked(caller, key)


def load_tombstone_for_update(caller: Caller, key: int) -> LearnerAdapter | None:
    """Lock a tombstone and read it; None when another request has just brought that person back."""
    locked = ProvisionedUser.objects.tombstones().select_for_update().filter(connection=caller.tenant)
    if locked.filter(pk=key).values_list("pk", flat=True).first() is None:
        return None
    return load_locked(caller, key)


def load_locked(caller: Caller, key: int) -> LearnerAdapter:
    adapter_class = get_adapter_class()
    elsewhere = ProvisionedUser.objects.living().filter(user=OuterRef("user"), active=True)
    elsewhere = elsewhere.exclude(connection=OuterRef("connection"))
    links = adapter_class.links(caller.tenant).annotate(active_elsewhere=Exists(elsewhere))
    link = links.filter(pk=key).first()
    if link is None:
        raise NotFound()
    link.connection = caller.tenant
    adapter = adapter_class.for_links([link], caller.tenant)[0]
    adapter.active_elsewhere = link.active_elsewhere  # type: ignore[attr-defined]
    return adapter


def _refuse_impossible(scim_id: str) -> None:
    """An id that no database can store is nobody's; PostgreSQL would call U+0000 an error."""
    if not is_storable(scim_id):
        raise NotFound()


def checked(adapter: LearnerAdapter, precondition: Precondition | None) -> Document:
    """The canonical document as it stands, once the client's precondition holds."""
    resource = adapter.to_dict()
    if precondition is not None:
        precondition(resource["meta"]["version"])
    return canonical(resource, adapter.compiled_mapping)
