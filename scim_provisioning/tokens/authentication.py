"""Who is calling, and noting that they called."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from django.db.models import DateTimeField, F, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from scim_provisioning import moments
from scim_provisioning.conf import app_settings
from scim_provisioning.databases import prepared
from scim_provisioning.models import SCIMToken
from scim_provisioning.protocol.errors import Forbidden, Unauthorized
from scim_provisioning.tokens import networks
from scim_provisioning.tokens.text import digest, public_part, split

TOUCH_EVERY: Final = timedelta(minutes=1)

FirstSeen = Literal["query", "create", "update", "deactivate", "group"]


class AuthenticationRefused(Unauthorized):
    """401 for whatever is wrong with a token: one body for all, the reason is for administrators.

    ``token`` is the row when the caller proved to hold its secret, else None: who knows only a public part
    must not be able to fill a connection's log.
    """

    def __init__(self, code: str, *, token: SCIMToken | None = None, **params: object) -> None:
        super().__init__("Authentication failed.", code=code, params=params)
        self.token = token


class AddressRefused(Forbidden):
    """403: the token is good, the address is not among its networks."""

    def __init__(self, *, token: SCIMToken, **params: object) -> None:
        super().__init__("Not allowed from this address.", code="auth.ip", params=params)
        self.token: SCIMToken | None = token


@sensitive_variables("plaintext", "secret", "parts")
def authenticate(plaintext: str, *, address: str) -> SCIMToken:
    """The live token that ``plaintext`` is, with its connection loaded. One query; none for a typo.

    Raises ``AuthenticationRefused`` (401: ``auth.invalid``, ``auth.expired``, ``auth.revoked``) or
    ``AddressRefused`` (403: ``auth.ip``). See the numbered rule in this package.
    """
    parts = split(plaintext)
    if parts is None:
        raise AuthenticationRefused("auth.invalid", reason="not_a_token", prefix=public_part(plaintext))
    public, secret = parts
    token = _token_of(secret)
    if token is None or not hmac.compare_digest(token.prefix, public):
        raise AuthenticationRefused("auth.invalid", reason="unknown", prefix=public)
    _refuse_unless_live(token)
    _refuse_foreign_address(token, address)
    return token


def confirmed(token: SCIMToken) -> SCIMToken:
    """A token that was let in, read again with its connection (one query). Raises ``AuthenticationRefused`` where it
    would not be let in any more."""
    again = SCIMToken.objects.select_related("connection").get(pk=token.pk)
    _refuse_unless_live(again)
    return again


@sensitive_variables("secret")
def _token_of(secret: str) -> SCIMToken | None:
    """The token that has this secret, under any pepper that is configured.

    Asked for by the digest, never by the public part: nothing then differs, in Python or in the database,
    between a public part that exists and one that does not, so the time of an answer tells neither.
    """
    digests = tuple(digest(secret, pepper) for pepper in ("", *app_settings.token_peppers))
    token: SCIMToken | None = prepared.first(_with_digest, digests)
    return token


def _with_digest(digests: tuple[str, ...]) -> QuerySet[SCIMToken]:
    return SCIMToken.objects.select_related("connection").filter(digest__in=digests)[:1]


def _refuse_unless_live(token: SCIMToken) -> None:
    if token.is_revoked:
        raise AuthenticationRefused("auth.revoked", token=token, **_facts(token, token.revoked_at))
    if token.connection.is_archived:
        raise AuthenticationRefused(
            "auth.revoked", token=token, reason="archived", **_facts(token, token.connection.archived_at)
        )
    if token.is_expired:
        raise AuthenticationRefused("auth.expired", token=token, **_facts(token, token.expires_at))


def _facts(token: SCIMToken, moment: datetime | None) -> dict[str, object]:
    at = moments.utc(moment).isoformat() if moment else None
    return {"label": token.label, "prefix": token.prefix, "at": at}


def _refuse_foreign_address(token: SCIMToken, address: str) -> None:
    if not token.allowed_networks:
        return
    caller = networks.address(address)
    if caller is not None and any(caller in networks.network(text) for text in token.allowed_networks):
        return
    raise AddressRefused(
        token=token,
        label=token.label,
        prefix=token.prefix,
        address=address[:45],
        allowed=list(token.allowed_networks),
    )


def touch(token: SCIMToken, *, address: str, agent: str, first: FirstSeen | None = None) -> bool:
    """Note a use: when, from where, by what; and the first of its kind. True if something was written.

    Writes at most once a minute, in one query. A kind seen for the very first time (at most five times in a
    token's life) is written at once: an administrator is waiting for that tick on the page.
    """
    now = timezone.now()
    is_first = first is not None and getattr(token, f"first_{first}_at") is None
    # Either way: where the clock went back, the last use is to come.
    is_noted = token.last_used_at is not None and abs(now - token.last_used_at) < TOUCH_EVERY
    if is_noted and not is_first:
        return False
    parsed = networks.address(address)
    seen: dict[str, Any] = {
        "last_used_at": now,
        "last_used_ip": None if parsed is None else str(parsed),
        "last_used_agent": "".join(c if c.isprintable() else " " for c in agent)[:200],
    }
    firsts = ["first_used_at", f"first_{first}_at"] if first is not None else ["first_used_at"]
    # Another worker may have been first since this row was read: the earlier moment stays.
    kept = {name: Coalesce(F(name), Value(now, output_field=DateTimeField())) for name in firsts}
    SCIMToken.objects.filter(pk=token.pk).update(**seen, **kept)
    for name, value in seen.items():
        setattr(token, name, value)
    for name in firsts:
        setattr(token, name, getattr(token, name) or now)
    return True
