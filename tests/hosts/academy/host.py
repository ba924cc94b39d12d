"""The academy, for tests that run in every host."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

from .models import Customer, IdentityProvider, User

_numbers = count(1)


def make_customer() -> Customer:
    return Customer.objects.create(name=f"Customer {next(_numbers)}")


def make_sso(customer: Customer) -> IdentityProvider:
    return IdentityProvider.objects.create(customer=customer, is_live=True)


def make_administrator(name: str, password: str) -> User:
    return User.objects.create_superuser(f"{name}@academy.example", password, customer=make_customer())


def facts(user_name: str, customer: Customer) -> dict[str, Any]:
    user = User.objects.get(email=user_name, customer=customer)
    return {
        "first_name": user.given_name,
        "last_name": user.family_name,
        "email": user.email,
        "job_role": user.job_title,
        "company": user.company,
        "business_unit": user.business_unit,
        "team": ", ".join(user.teams.order_by("name").values_list("name", flat=True)) or None,
        "manager": user.manager and user.manager.email,
        "active": user.is_active,
    }


def retitle(user_name: str, customer: Customer, title: str) -> None:
    user = User.objects.get(email=user_name, customer=customer)
    user.job_title = title
    user.save()


def spelled(text: str) -> str:
    """Employee numbers are whole numbers here, so no customer's directory says ``HL-20417``."""
    return re.sub(r'"HL-(\d+)"', r'"\1"', text).replace('"EMPX"', '"4711"')


def switch(user_name: str, customer: Customer, on: bool) -> None:
    User.everybody.filter(email=user_name, customer=customer).update(is_active=on)


def move(user_name: str, customer: Customer, other: Customer) -> bool:
    return bool(User.everybody.filter(email=user_name, customer=customer).update(customer=other))
