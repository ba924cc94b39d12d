from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import scim_provisioning.adapters as scim
from example_project.lms.scim import tenant
from scim_provisioning.adapters import ENTERPRISE

from .models import Membership

WITHIN = {"organization_id": tenant}


class LearnerAdapter(scim.LearnerAdapter):
    rows = {"membership": scim.RelatedRow(Membership, user_field="user", within=WITHIN)}

    mapping = [
        scim.Text("userName", "username"),
        scim.Text("name.givenName", "first_name"),
        scim.Text("name.familyName", "last_name"),
        scim.Email('emails[type eq "work"].value', "email", fallback="userName"),
        scim.Text("title", "membership.job_role"),
        scim.Reference(f"{ENTERPRISE}:organization", "membership.company", within=WITHIN),
        scim.Reference(f"{ENTERPRISE}:division", "membership.business_unit", within=WITHIN),
        scim.Reference(f"{ENTERPRISE}:department", "membership.team", within=WITHIN),
        scim.Manager("membership.manager"),
        scim.Boolean("active", "membership.is_active"),
    ]

    def find_learner(self, scim_user: Mapping[str, Any]) -> Iterable[scim.Candidate]:
        """Here a person is one account in all customers, and the user name is the SSO subject of all."""
        return [scim.Candidate(user, strong=True) for user in self.accounts_named(scim_user["userName"])]
