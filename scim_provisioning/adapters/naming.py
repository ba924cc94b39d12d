"""What accounts are named by, the refusal of a name that somebody has, and whether the host hides any of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models
from django.utils.crypto import salted_hmac

from scim_provisioning.protocol.errors import Uniqueness


def name_held(accounts: Sequence[models.Model], *, by_address: bool) -> Uniqueness:
    """The 409 for a sign-in name that somebody else's account has, in whatever tenant."""
    return Uniqueness(
        f"Another account of this application already signs in by this {'address' if by_address else 'name'}.",
        code="user.address_taken" if by_address else "user.name_taken",
        params={"accounts": [account.pk for account in accounts]},
    )


_SALT: Final = "scim_provisioning.second_name"
_DIGITS: Final = 8


def suffixes(scim_id: str) -> list[str]:
    """What tells a second account of a name apart, or one that gave its name up, each by its SCIM id: keyed, for an
    identity provider knows the id, and would take the name beforehand. The first one is given; the others were, before
    ``SECRET_KEY`` was changed, or in versions that wrote the beginning of the id."""
    keyed = (
        salted_hmac(_SALT, scim_id, secret, algorithm="sha256").hexdigest()[:_DIGITS]
        for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    )
    return [*keyed, scim_id[:_DIGITS]]


def suffixed(name: str, suffix: str, field: Any) -> str:
    """``name~1a2b3c4d``, as long as ``field`` has room for."""
    return f"{name[: (field.max_length or 150) - len(suffix) - 1]}~{suffix}"


def is_address(field: models.Field[Any, Any]) -> bool:
    """Whether a field of the account holds its e-mail address."""
    return isinstance(field, models.EmailField) or field.name == getattr(get_user_model(), "EMAIL_FIELD", "")


def hides_rows(model: type[models.Model]) -> bool:
    """Whether the model's default manager leaves rows out, as soft deletion does."""
    return bool(model._default_manager.all().query.where)
