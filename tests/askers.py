"""Who asks for what is Harborline's, and what they are told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.test import Client

from tests.addresses import EVERY_PERMISSION, VIEW, without
from tests.estate import browser


def everybody(needed: Iterable[str]) -> dict[str, Client]:
    """People who are signed in: with all permissions but one, or without any business there.

    ``needed`` are the permissions that open something beside that to view connections.
    """
    return {
        "nobody": Client(),
        "learner": browser("harborline.learner", *EVERY_PERMISSION, is_staff=False),
        "stranger": browser("brightwater.staff", *EVERY_PERMISSION),
        "no viewer": browser("harborline.staff", *without(VIEW)),
        "viewer": browser("harborline.viewer", VIEW),
        **{f"all but {one}": browser(f"harborline.-{one}", *without(one)) for one in needed},
        "superuser": browser("root", is_superuser=True),
    }


def told(answer: Any, *typed: dict[str, Any]) -> str:
    """What is answered, in small letters, without the values that were typed."""
    found: str = answer.getvalue().decode().lower()
    for values in typed:
        for value in values.values():
            found = found.replace(str(value).lower(), "")
    return found
