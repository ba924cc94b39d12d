from __future__ import annotations

from typing import Any

import scim_provisioning.adapters as scim
from example_project.lms.scim import tenant
from scim_provisioning.adapters import ENTERPRISE

from .models import User

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


def facts(user_name: str, organization: Any) -> dict[str, Any]:
    user = User.objects.get(username=user_name)
    return {
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "job_role": user.job_title,
        "company": user.company and user.company.name,
        "business_unit": user.business_unit and user.business_unit.name,
        "team": user.team and user.team.name,
        "manager": user.manager and user.manager.username,
        "active": user.is_active,
    }
