"""The LMS of the signals, for tests that run in every host."""

from __future__ import annotations

from itertools import count
from typing import Any

from tests.hosts.defaults import make_administrator, spelled

from .models import Customer, Profile, SingleSignOn

__all__ = ["facts", "make_administrator", "make_customer", "make_sso", "move", "retitle", "spelled", "switch"]

_numbers = count(1)


def make_customer() -> Customer:
    return Customer.objects.create(name=f"Customer {next(_numbers)}")


def make_sso(customer: Customer) -> SingleSignOn:
    return SingleSignOn.objects.create(customer=customer, protocol=SingleSignOn.Protocol.SAML)


def facts(user_name: str, customer: Customer) -> dict[str, Any]:
    profile = Profile.objects.get(user__username=user_name, customer=customer)
    return {
        "first_name": profile.user.first_name,
        "last_name": profile.user.last_name,
        "email": profile.user.email,
        "job_role": profile.position,
        "company": profile.employer and profile.employer.name,
        "business_unit": profile.department and profile.department.title,
        "team": profile.squad and profile.squad.name,
        "manager": profile.manager and profile.manager.username,
        "active": profile.user.is_active,
    }


def retitle(user_name: str, customer: Customer, title: str) -> None:
    profile = Profile.objects.get(user__username=user_name, customer=customer)
    profile.position = title
    profile.save()


def switch(user_name: str, customer: Customer, on: bool) -> None:
    profile = Profile.objects.get(user__username=user_name, customer=customer)
    profile.user.is_active = on
    profile.user.save(update_fields=["is_active"])


def move(user_name: str, customer: Customer, other: Customer) -> bool:
    return bool(Profile.objects.filter(user__username=user_name, customer=customer).update(customer=other))
