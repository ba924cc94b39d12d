"""What stands in the place of a name that was erased: a keyed hash, by which the same person is known as the same.

The key is derived from ``SECRET_KEY``, so that no table of likely names leads back; the connection is part of what is
hashed, so that nobody can tell that two customers had the same person.
"""

from __future__ import annotations

import re
from typing import Final

from django.conf import settings
from django.utils.crypto import salted_hmac

from scim_provisioning.events.identifiers import key_of
from scim_provisioning.models.provisioned_user import FORGOTTEN

_SALT: Final = "scim_provisioning.forgotten"
#: 96 bits, in hexadecimal digits: fits where the beginning of a manager's id is kept, and two never meet by chance.
_DIGITS: Final = 24
_PSEUDONYM: Final = re.compile(rf"{FORGOTTEN}[0-9a-f]{{{_DIGITS}}}")


def of(connection: int, value: str) -> str:
    """The pseudonym of a value in a connection, by its key; case and spaces do not count. A pseudonym is its own, and
    an empty value stays empty."""
    return value if not value or _PSEUDONYM.fullmatch(value) else _hashed(connection, value, None)


def known_as(connection: int, value: str) -> list[str]:
    """All pseudonyms that a value may have been given, before ``SECRET_KEY`` was changed too, as long as the former one
    is among ``SECRET_KEY_FALLBACKS``."""
    return [_hashed(connection, value, key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def _hashed(connection: int, value: str, secret: str | bytes | None) -> str:
    said = f"{connection} {key_of(value)}"
    return FORGOTTEN + salted_hmac(_SALT, said, secret, algorithm="sha256").hexdigest()[:_DIGITS]
