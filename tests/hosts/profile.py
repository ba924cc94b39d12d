"""The example LMS: a profile one-to-one with ``auth.User``."""

from __future__ import annotations

from typing import Any

from example_project.lms.models import Learner, Organization, SSOSettings
from tests.hosts.defaults import make_administrator, spelled
from tests.lms_factories import OrganizationFactory, SSOSettingsFactory

__all__ = ["facts", "make_administrator", "make_customer", "make_sso", "move", "retitle", "spelled", "switch"]


def make_customer() -> Organization:
    return OrganizationFactory()


def make_sso(customer: Organization) -> SSOSettings:
    return SSOSettingsFactory(organization=customer)


def facts(user_name: str, customer: Organization) -> dict[str, Any]:
    learner = Learner.objects.get(user__username=user_name, organization=customer)
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


def retitle(user_name: str, customer: Organization, title: str) -> None:
    learner = Learner.objects.get(user__username=user_name, organization=customer)
    learner.job_role = title
    learner.save()


def switch(user_name: str, customer: Organization, on: bool) -> None:
    learner = Learner.objects.get(user__username=user_name, organization=customer)
    learner.user.is_active = on
    learner.user.save(update_fields=["is_active"])


def move(user_name: str, customer: Organization, other: Organization) -> bool:
    learner = Learner.objects.get(user__username=user_name, organization=customer)
    learner.organization, learner.company, learner.team, learner.business_unit = other, None, None, None
    learner.save()
    return True
