"""Tokens: issue, authenticate, revoke, and note their use. The only package that ever holds a plaintext.

A token is ``lmsscim_`` + 8 public + 43 secret + 6 checksum characters, all base62. The public part names the
token to people. The secret part is stored as a digest only, and by that the row is found. The checksum (CRC-32 of
all that stands before it) lets secret scanners verify a hit offline and refuses a typo before any query.

A request is let in when all of this holds, in this order:

1. the text is a token and its checksum is right (no query until here);
2. a row with the digest of its secret part exists, and its public part is the row's;
3. the token is not revoked and its connection is not archived;
4. the token has not expired;
5. the caller's address is in the token's networks, if it names any.

Whether the connection is paused, and SSO on, is asked after this, by the layers above.
"""

from __future__ import annotations

from scim_provisioning.models.token import TOKEN_PATTERN
from scim_provisioning.tokens.authentication import (
    AddressRefused,
    AuthenticationRefused,
    FirstSeen,
    authenticate,
    confirmed,
    touch,
)
from scim_provisioning.tokens.issuing import DEFAULT, Default, TokenRefused, checked_networks, issue, revoke
from scim_provisioning.tokens.text import is_well_formed

__all__ = [
    "DEFAULT",
    "TOKEN_PATTERN",
    "AddressRefused",
    "AuthenticationRefused",
    "Default",
    "FirstSeen",
    "TokenRefused",
    "authenticate",
    "checked_networks",
    "confirmed",
    "is_well_formed",
    "issue",
    "revoke",
    "touch",
]
