"""Who calls, and whether the connection is served."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from scim_provisioning.administration.catalogue.entry import Entry

_NEW_TOKEN = _(
    "Check that the whole token was pasted into the identity provider. If in doubt, generate a new token and "
    "paste that."
)

ENTRIES: Final[Mapping[str, Entry]] = {
    # who calls
    "auth.invalid": Entry(
        _("The token is unknown."),
        (_("The request came without one of this application's tokens, or the token was cut or mistyped."),),
        _NEW_TOKEN,
    ),
    "auth.expired": Entry(
        _("The token has expired."),
        (_("Token “%(label)s” expired on %(at)s."), _("The token's time is over.")),
        _("Generate a new token and paste it into the identity provider."),
    ),
    "auth.revoked": Entry(
        _("The token was revoked."),
        (
            _("Token “%(label)s” was revoked on %(at)s, or its connection was archived."),
            _("The connection is archived because its SSO settings are gone; all of its tokens are dead."),
        ),
        _("Generate a new token and paste it into the identity provider."),
    ),
    "auth.ip": Entry(
        _("The token may not be used from this address."),
        (
            _("The request came from %(address)s; the token “%(label)s” allows %(allowed)s."),
            _("The request came from an address outside the token's networks."),
        ),
        _("Generate a token with the right networks, or with none."),
    ),
    "http.insecure": Entry(
        _("The request was not encrypted."),
        (_("The request came over http although the Tenant URL is https."),),
        _(
            "Correct the Tenant URL in the identity provider. If it is right, the proxy hides https from "
            "Django: ask the operator to set SECURE_PROXY_SSL_HEADER."
        ),
    ),
    # whether the connection is served
    "conn.sso_off": Entry(
        _("Single sign-on is switched off."),
        (_("Single sign-on was switched off in the SSO settings that this connection belongs to."),),
        _("Turn single sign-on on again, or pause provisioning in the identity provider."),
    ),
    "conn.disabled": Entry(
        _("The customer is disabled."),
        (_("This application no longer serves the customer that the connection belongs to."),),
        _("Enable the customer again, or pause provisioning in the identity provider."),
    ),
    "conn.paused": Entry(
        _("Provisioning is paused."),
        (_("An administrator paused this connection. The identity provider tries again by itself."),),
        _("Choose Resume on the connection's page."),
    ),
    "conn.held": Entry(
        _("Deactivations are held for approval."),
        (
            _("%(count)s people were about to be deactivated within an hour, more than the limit allows."),
            _("More people were about to be deactivated at once than the connection's limit allows."),
        ),
        _("Look at the held changes: allow them, or correct the identity provider."),
    ),
}
