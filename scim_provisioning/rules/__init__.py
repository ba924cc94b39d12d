"""The LMS's rules about people: who is served, adopted, brought back, protected, erased.

Each rule either answers or raises the SCIM error that the identity provider gets; nothing is written here.
"""

from __future__ import annotations

from scim_provisioning.rules.brake import forget_hold, let_go
from scim_provisioning.rules.choices import erases, in_force, may_be_erased, offered
from scim_provisioning.rules.departed import has_one_switch
from scim_provisioning.rules.identity import (
    BY_ADDRESS,
    adopted,
    allow_rename,
    name_is_reused,
    refuse_anothers_leaver,
    refuse_linked,
    refuse_protected,
    refuse_switched_off,
    told_apart,
    user_name_taken,
)
from scim_provisioning.rules.joining import Obstacle, has_here, obstacle
from scim_provisioning.rules.late_wishes import is_of_administrator, is_to_go, note_wish
from scim_provisioning.rules.legibility import legible
from scim_provisioning.rules.locks import locked_fields
from scim_provisioning.rules.ownership import claim, hand_on, owned_alone, refuse_left
from scim_provisioning.rules.past import deleted_holders, deleted_namesakes, history
from scim_provisioning.rules.protection import is_last_administrator, keep_an_administrator, protect
from scim_provisioning.rules.seats import NoSeat, holders, take_a_seat, take_seats
from scim_provisioning.rules.serving import PAUSED_RETRY_AFTER, admit, archive
from scim_provisioning.rules.standing import KnownStanding, Standing

__all__ = [
    "BY_ADDRESS",
    "KnownStanding",
    "NoSeat",
    "Obstacle",
    "PAUSED_RETRY_AFTER",
    "Standing",
    "admit",
    "adopted",
    "allow_rename",
    "archive",
    "claim",
    "deleted_holders",
    "deleted_namesakes",
    "erases",
    "forget_hold",
    "hand_on",
    "has_here",
    "has_one_switch",
    "history",
    "holders",
    "in_force",
    "is_last_administrator",
    "is_of_administrator",
    "is_to_go",
    "keep_an_administrator",
    "legible",
    "let_go",
    "locked_fields",
    "may_be_erased",
    "name_is_reused",
    "note_wish",
    "obstacle",
    "offered",
    "owned_alone",
    "protect",
    "refuse_anothers_leaver",
    "refuse_left",
    "refuse_linked",
    "refuse_protected",
    "refuse_switched_off",
    "take_a_seat",
    "take_seats",
    "told_apart",
    "user_name_taken",
]
