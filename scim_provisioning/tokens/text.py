"""How a token is written, and what is kept of it. Plain functions on text; no database."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import string
import zlib
from typing import Final

from django.views.decorators.debug import sensitive_variables

from scim_provisioning.models.token import PUBLIC_LENGTH, TOKEN_PATTERN, TOKEN_PREFIX

ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
SECRET_LENGTH: Final = 43
CHECKSUM_LENGTH: Final = 6


def random_text(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _position in range(length))


def checksum(text: str) -> str:
    number, digits = zlib.crc32(text.encode("ascii")), ""
    for _place in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


@sensitive_variables("secret")
def digest(secret: str, pepper: str) -> str:
    # No slow hash on purpose. Password hashers make guessing dear because people choose guessable passwords;
    # 43 random base62 characters are 256 bits, and nobody guesses those at any speed. PBKDF2 or argon2 would
    # cost each SCIM request 100 to 300 ms and hand every caller a way to keep the server busy.
    message = secret.encode("ascii")
    if pepper:
        return hmac.new(pepper.encode(), message, hashlib.sha256).hexdigest()
    return hashlib.sha256(message).hexdigest()


def fingerprint(pepper: str) -> str:
    """Twelve characters that name a pepper without giving it away; empty for none."""
    if not pepper:
        return ""
    return hmac.new(pepper.encode(), b"scim_provisioning pepper", hashlib.sha256).hexdigest()[:12]


@sensitive_variables("plaintext", "body")
def split(plaintext: str) -> tuple[str, str] | None:
    """Public and secret part of a well-formed token whose checksum is right, else None."""
    if TOKEN_PATTERN.fullmatch(plaintext) is None:
        return None
    body, tail = plaintext[:-CHECKSUM_LENGTH], plaintext[-CHECKSUM_LENGTH:]
    if not hmac.compare_digest(checksum(body), tail):
        return None
    start = len(TOKEN_PREFIX)
    return body[start : start + PUBLIC_LENGTH], body[start + PUBLIC_LENGTH :]


@sensitive_variables("plaintext")
def is_well_formed(plaintext: str) -> bool:
    """Whether a text could be a token: its form and its checksum are right."""
    return split(plaintext) is not None


@sensitive_variables("plaintext", "rest")
def public_part(plaintext: str) -> str:
    """What may be logged of a text that was meant to be a token: its public part, if it has one."""
    if not plaintext.startswith(TOKEN_PREFIX):
        return ""
    rest = plaintext[len(TOKEN_PREFIX) :][:PUBLIC_LENGTH]
    return rest if len(rest) == PUBLIC_LENGTH and rest.isascii() and rest.isalnum() else ""
