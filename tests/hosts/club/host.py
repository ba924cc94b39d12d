"""The LMS of clubs, for tests that run in every host."""

from __future__ import annotations

from itertools import count
from typing import Any

from tests.hosts.defaults import make_administrator, spelled

from .models import Club, Membership, SignIn

__all__ = ["facts", "make_administrator", "make_customer", "make_sso", "move", "retitle", "spelled", "switch"]

_numbers = count(1)


def make_customer() -> Club:
    return Club.objects.create(name=f"Club {next(_numbers)}")


def make_sso(customer: Club) -> SignIn:
    return SignIn.objects.create(club=customer, enabled=True)


def facts(user_name: str, customer: Club) -> dict[str, Any]:
    membership = Membership.objects.get(user__username=user_name, club=customer)
    return {
        "first_name": membership.user.first_name,
        "last_name": membership.user.last_name,
        "email": membership.user.email,
        "job_role": membership.job_role,
        "company": membership.company and membership.company.name,
        "business_unit": membership.division and membership.division.name,
        "team": membership.team and membership.team.name,
        "manager": membership.manager and membership.manager.user.username,
        "active": membership.may_come_in,
    }


def retitle(user_name: str, customer: Club, title: str) -> None:
    membership = Membership.objects.get(user__username=user_name, club=customer)
    membership.job_role = title
    membership.save()


def switch(user_name: str, customer: Club, on: bool) -> None:
    membership = Membership.objects.get(user__username=user_name, club=customer)
    membership.status = Membership.Status.ACTIVE if on else Membership.Status.SUSPENDED
    membership.save()


def move(user_name: str, customer: Club, other: Club) -> bool:
    return False
