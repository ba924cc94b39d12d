"""What is the same in every host whose accounts have a user name."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model


def make_administrator(name: str, password: str) -> Any:
    """A superuser."""
    accounts: Any = get_user_model()._default_manager
    return accounts.create_superuser(name, f"{name}@example.org", password)


def spelled(text: str) -> str:
    """Nothing is filled in differently here."""
    return text
