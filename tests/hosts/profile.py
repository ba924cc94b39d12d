"""The facts about a learner of the example LMS: a profile one-to-one with ``auth.User``."""

from __future__ import annotations

from typing import Any

from example_project.lms.models import Learner


def facts(user_name: str, organization: Any) -> dict[str, Any]:
    learner = Learner.objects.get(user__username=user_name, organization=organization)
    return {
        "first_name": learner.user.first_name,
        "last_name": learner.user.last_name,
        "email": learner.user.email,
        "job_role": learner.job_role,
        "company": learner.company and learner.company.name,
        "business_unit": learner.business_unit and learner.business_unit.name,
        "team": learner.team and learner.team.name,
        "manager": learner.manager and learner.manager.user.username,
        "active": learner.user.is_active,
    }
