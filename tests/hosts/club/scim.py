"""What the LMS of clubs tells scim_provisioning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import scim_provisioning.adapters as scim
from scim_provisioning.adapters import ENTERPRISE
from scim_provisioning.models import SCIMConnection

from .models import Membership, Role


def tenant(connection: SCIMConnection) -> int:
    club_id: int = connection.sso.club_id
    return club_id


def entry_role(connection: SCIMConnection) -> Role:
    """Where everybody starts; what somebody becomes is the club's own business."""
    role, _made = Role.objects.get_or_create(club_id=tenant(connection), name="Member")
    return role


WITHIN = {"club_id": tenant}


class LearnerAdapter(scim.LearnerAdapter):
    rows = {
        "membership": scim.RelatedRow(
            Membership, user_field="user", within=WITHIN, defaults={"role": entry_role}
        )
    }

    mapping = [
        scim.Text("userName", "username"),
        scim.Text("name.givenName", "first_name"),
        scim.Text("name.familyName", "last_name"),
        scim.Email("emails", "email", fallback="userName"),
        scim.Text("title", "membership.job_role"),
        scim.Reference(f"{ENTERPRISE}:organization", "membership.company", within=WITHIN),
        scim.Reference(f"{ENTERPRISE}:division", "membership.division", within=WITHIN),
        scim.Reference(f"{ENTERPRISE}:department", "membership.team", within=WITHIN),
        scim.Manager("membership.manager"),
        # Who was invited comes in by answering the invitation, not because a directory lists them.
        scim.Switch("membership.status", on="active", off="suspended", never_from=("invited",)),
    ]

    def find_learner(self, scim_user: Mapping[str, Any]) -> Iterable[scim.Candidate]:
        """A person is one account in all clubs, and every club signs people in by their user name."""
        return [scim.Candidate(user, strong=True) for user in self.accounts_named(scim_user["userName"])]
