"""The custom user model, for tests that run in every host; its customers are the example LMS's."""

from __future__ import annotations

from typing import Any

from tests.hosts.defaults import make_administrator, spelled
from tests.hosts.profile import make_customer, make_sso

from .models import User

__all__ = ["facts", "make_administrator", "make_customer", "make_sso", "move", "retitle", "spelled", "switch"]


def facts(user_name: str, customer: Any) -> dict[str, Any]:
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


def retitle(user_name: str, customer: Any, title: str) -> None:
    user = User.objects.get(username=user_name)
    user.job_title = title
    user.save()


def switch(user_name: str, customer: Any, on: bool) -> None:
    User.objects.filter(username=user_name).update(is_active=on)


def move(user_name: str, customer: Any, other: Any) -> bool:
    return False
