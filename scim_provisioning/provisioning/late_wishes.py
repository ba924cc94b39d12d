"""Whom the identity provider switched off while the LMS alone could end the state in which they were, and who is on by
now, having answered an invitation say, goes off: that was answered as done, and is sent by nobody again.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Final

from django.utils.translation import gettext_lazy

from scim_provisioning import databases, rules
from scim_provisioning.adapters.kinds.kind import MappedAttribute
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.adapters.mapping import CompiledMapping
from scim_provisioning.adapters.person import WISHED_OFF
from scim_provisioning.adapters.sql.columns import Columns
from scim_provisioning.events import reports
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.provisioning.leaving import switch_off
from scim_provisioning.provisioning.loading import load_many_for_update
from scim_provisioning.provisioning.transactions import durable
from scim_provisioning.rules.late_wishes import has_to_stay

logger = logging.getLogger("scim_provisioning.provisioning")

DETAIL: Final = gettext_lazy(
    "Switched off by the identity provider before, while the application did not let provisioning switch them."
)


def carry_out(connection: SCIMConnection) -> int:
    """Switch such people of a connection off, each in a transaction of their own; return how many (one query where
    there is nobody, none where no state holds anybody). Whomever the host's own code fails for is tried again the next
    time."""
    adapter_class = get_adapter_class()
    columns = Columns(adapter_class.compiled(connection), connection)
    if not _has_such_states(columns.mapping):
        return 0
    waiting = adapter_class.links(connection).filter(active=False, search__has_key=WISHED_OFF)
    gone = 0
    for key in list(waiting.filter(columns.is_active()).order_by("pk").values_list("pk", flat=True)):
        try:
            gone += durable(partial(_carry_out, connection, key))
        except Exception as error:
            if databases.fault_of(error) is not None:
                raise
            reports.failure(logger, "Somebody could not be switched off: link %s", key, exception=error)
    return gone


def _has_such_states(mapping: CompiledMapping) -> bool:
    kind = mapping.active.declaration if mapping.active else None
    moves_all = kind is None or type(kind).may_turn is MappedAttribute.may_turn
    return not moves_all and bool(getattr(kind, "never_from", True))


def _carry_out(connection: SCIMConnection, key: int) -> bool:
    """Whether the person goes; else nothing is left to be carried out, or it waits."""
    for adapter in load_many_for_update(connection, [key]):
        if adapter.link.active or not adapter.is_active or has_to_stay(adapter):
            continue
        if rules.is_to_go(adapter) and not _is_here_anew(adapter.link):
            return switch_off(adapter, actor=None, detail=str(DETAIL))
        # An administrator of the LMS has had a word since: it counts from now on.
        rules.note_wish(adapter, active=False)
    return False


def _is_here_anew(link: ProvisionedUser) -> bool:
    """Whether the account of somebody who was deleted is linked again (one query, none for the living)."""
    again = ProvisionedUser.objects.living().filter(connection=link.connection_id, user=link.user_id)
    return link.is_deleted and again.exists()
