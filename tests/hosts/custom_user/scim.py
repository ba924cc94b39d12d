from __future__ import annotations

import scim_provisioning.adapters as scim
from example_project.lms.scim import tenant
from scim_provisioning.adapters import ENTERPRISE

WITHIN = {"organization_id": tenant}


class LearnerAdapter(scim.LearnerAdapter):
    mapping = [
        scim.Text("userName", "username"),
        scim.Text("name.givenName", "first_name"),
        scim.Text("name.familyName", "last_name"),
        scim.Email('emails[type eq "work"].value', "email", fallback="userName"),
        scim.Text("title", "job_title"),
        scim.Reference(f"{ENTERPRISE}:organization", "company", within=WITHIN),
        scim.Reference(f"{ENTERPRISE}:division", "business_unit", within=WITHIN),
        scim.Reference(f"{ENTERPRISE}:department", "team", within=WITHIN),
        scim.Manager("manager"),
    ]
