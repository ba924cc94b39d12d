"""The example LMS: a profile one-to-one with ``auth.User``."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model

from example_project.lms.models import Learner, Organization, SSOSettings
from tests.lms_factories import OrganizationFactory, SSOSettingsFactory


def make_customer() -> Organization:
    return OrganizationFactory()


def make_sso(customer: Organization) -> SSOSettings:
    return SSOSettingsFactory(organization=customer)


def make_administrator(name: str, password: str) -> Any:
    return get_user_model()._default_manager.create_superuser(name, f"{name}@example.org", password)  # type: ignore[attr-defined]


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


def spelled(text: str) -> str:
    return text
