"""Who calls: a bearer token (RFC 6750), and through it a connection."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.views.decorators.debug import sensitive_variables
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from scim_provisioning import databases, rules, tokens
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.http.address import client_address
from scim_provisioning.http.throttling import Failures, remember, seconds_to_wait, seconds_to_wait_refused
from scim_provisioning.models import SCIMToken
from scim_provisioning.protocol.errors import Forbidden, TooManyRequests, Unauthorized
from scim_provisioning.telemetry import spanned

CHALLENGE = 'Bearer realm="scim"'


class TokenAuthentication(BaseAuthentication):
    """``request.auth`` becomes the :class:`SCIMToken`; ``request.user`` stays anonymous: a token is nobody.

    Only the ``Authorization`` header is read: a token in the query string would stand in proxies' logs.
    """

    @spanned("auth")
    @sensitive_variables("plaintext")
    def authenticate(self, request: Request) -> tuple[AnonymousUser, SCIMToken]:
        """Raises ``Unauthorized`` (401), ``Forbidden`` (403), ``Unavailable`` (503) or ``TooManyRequests`` (429).

        Who fails often from one address is refused before anything is looked up. Who holds a good token and is not
        let in all the same uses up the connection's allowance, as every other request of it does; who holds one that
        was revoked, because it leaked perhaps, uses up their own.
        """
        scheme, _, plaintext = request.META.get("HTTP_AUTHORIZATION", "").strip().partition(" ")
        plaintext = plaintext.strip() if scheme.lower() == "bearer" else ""
        address = client_address(request._request)
        failures = Failures(address)
        is_noted = failures.refuse_flood(plaintext)
        try:
            token = databases.retried(lambda: self._admitted(plaintext, address))
        except Exception as error:
            holder: SCIMToken | None = getattr(error, "token", None)
            if holder is None:
                # A database that does not answer says nothing against the caller.
                if isinstance(error, Unauthorized):
                    failures.note(plaintext)
            elif seconds := _seconds_to_wait(error, holder, request.method or "GET"):
                raise TooManyRequests(headers={"Retry-After": str(seconds)}) from error
            raise
        if not is_noted:
            remember(plaintext)
        return AnonymousUser(), token

    @sensitive_variables("plaintext")
    def _admitted(self, plaintext: str, address: str) -> SCIMToken:
        if not plaintext:
            raise Unauthorized(
                "Authentication failed.", code="auth.invalid", params={"reason": "no bearer token"}
            )
        token = tokens.authenticate(plaintext, address=address)
        try:
            rules.admit(token.connection, get_adapter_class())
        except Exception as error:
            # The log wants to know whose request it was that is refused, be it by a fault in a host's hook.
            error.token = token  # type: ignore[attr-defined]
            raise
        return token

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


def _seconds_to_wait(error: Exception, holder: SCIMToken, method: str) -> int:
    is_the_tokens_fault = isinstance(error, tokens.AuthenticationRefused | tokens.AddressRefused)
    return (seconds_to_wait_refused if is_the_tokens_fault else seconds_to_wait)(holder, method)


def refuse_plain_http(request: Request, site_url: str) -> None:
    """Refuse a request that came unencrypted although the Tenant URL is https. Never redirects: a client
    would send the token again, or lose header and body on the way."""
    if site_url.startswith("https://") and not request.is_secure():
        raise Forbidden(
            "Use https: the Tenant URL is https, and Django took this request for plain http. (Behind a proxy: "
            "SECURE_PROXY_SSL_HEADER. On your own machine: leave SITE_URL out.)",
            code="http.insecure",
        )
