"""What accounts are named by, the refusal of a name that somebody has, and whether the host hides any of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models

from scim_provisioning.protocol.errors import Uniqueness


def name_held(accounts: Sequence[models.Model], *, by_address: bool) -> Uniqueness:
    """The 409 for a sign-in name that somebody else's account has, in whatever tenant."""
    return Uniqueness(
        f"Another account of this application already signs in by this {'address' if by_address else 'name'}.",
        code="user.address_taken" if by_address else "user.name_taken",
        params={"accounts": [account.pk for account in accounts]},
    )


def is_address(field: models.Field[Any, Any]) -> bool:
    """Whether a field of the account holds its e-mail address."""
    return isinstance(field, models.EmailField) or field.name == getattr(get_user_model(), "EMAIL_FIELD", "")


def hides_rows(model: type[models.Model]) -> bool:
    """Whether the model's default manager leaves rows out, as soft deletion does."""
    return bool(model._default_manager.all().query.where)
