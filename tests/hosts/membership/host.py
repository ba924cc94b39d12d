"""Memberships of the example LMS's customers, for tests that run in every host."""

from __future__ import annotations

from typing import Any

from tests.hosts.defaults import make_administrator, spelled
from tests.hosts.profile import make_customer, make_sso

from .models import Membership

__all__ = ["facts", "make_administrator", "make_customer", "make_sso", "move", "retitle", "spelled", "switch"]


def facts(user_name: str, customer: Any) -> dict[str, Any]:
    membership = Membership.objects.get(user__username=user_name, organization=customer)
    user = membership.user
    return {
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "job_role": membership.job_role,
        "company": membership.company and membership.company.name,
        "business_unit": membership.business_unit and membership.business_unit.name,
        "team": membership.team and membership.team.name,
        "manager": membership.manager and membership.manager.user.username,
        "active": membership.is_active,
    }


def retitle(user_name: str, customer: Any, title: str) -> None:
    membership = Membership.objects.get(user__username=user_name, organization=customer)
    membership.job_role = title
    membership.save()


def switch(user_name: str, customer: Any, on: bool) -> None:
    membership = Membership.objects.get(user__username=user_name, organization=customer)
    membership.is_active = on
    membership.save()


def move(user_name: str, customer: Any, other: Any) -> bool:
    return False
