"""Signals for hosts that want to do something of their own. Receivers take ``**kwargs``: there may be more of them.

There is a signal for each ``on_...`` hook of the adapter, sent where the hook is called and right after it: inside
the transaction that makes the change, and only for a real one. ``sender`` is the model of ``learner``. Arguments: those
of the hook (``docs/reference.md``), and ``connection``. What a receiver raises refuses the request, as from a hook;
what leaves the database belongs into ``scim_provisioning.commits.after_commit``.

A receiver of ``leavers_held`` that raises is logged by Django and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.dispatch import Signal

provisioned: Final = Signal()
updated: Final = Signal()
company_changed: Final = Signal()
business_unit_changed: Final = Signal()
team_changed: Final = Signal()
identity_changed: Final = Signal()
deactivated: Final = Signal()
reactivated: Final = Signal()
deleted: Final = Signal()

#: By the name of the hook.
OF_HOOK: Final[Mapping[str, Signal]] = {
    "on_provisioned": provisioned,
    "on_updated": updated,
    "on_company_changed": company_changed,
    "on_business_unit_changed": business_unit_changed,
    "on_team_changed": team_changed,
    "on_identity_changed": identity_changed,
    "on_deactivated": deactivated,
    "on_reactivated": reactivated,
    "on_deleted": deleted,
}

#: The leaver brake of a connection holds somebody, and held nobody before; once it is committed. ``sender`` is
#: ``SCIMConnection``. Arguments: ``connection``; ``count``, how many would have gone within the hour; ``limit``.
leavers_held: Final = Signal()
