"""Making tokens, and revoking them."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_variables

from scim_provisioning import databases
from scim_provisioning.conf import app_settings
from scim_provisioning.models import SCIMConnection, SCIMToken
from scim_provisioning.models.token import PUBLIC_LENGTH, TOKEN_PREFIX
from scim_provisioning.tokens import networks
from scim_provisioning.tokens.text import SECRET_LENGTH, checksum, digest, fingerprint, random_text

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

LABEL_LENGTH: Final = 100
#: So many addresses and networks a token may be used from, or a connection.
MOST_NETWORKS: Final = 100


class Default(enum.Enum):
    """Type of ``DEFAULT``: "as the settings say", which None ("never expires") cannot mean."""

    DEFAULT = enum.auto()


DEFAULT: Final = Default.DEFAULT


class TokenRefused(ValueError):
    """No token was made; ``message`` says why to an administrator, ``code`` to a program.

    Codes: ``token.cap``, ``token.expiry``, ``token.sso_off``, ``token.archived``, ``token.network``,
    ``token.label``.
    """

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


@sensitive_variables("public", "secret", "plaintext")
def issue(
    connection: SCIMConnection,
    *,
    label: str,
    expires_in_days: int | None | Default = DEFAULT,
    allowed_networks: Iterable[str] = (),
    created_by: AbstractBaseUser | None = None,
    above_cap: bool = False,
) -> tuple[SCIMToken, str]:
    """Make a token. Returns the row and the plaintext, which nothing keeps: show it once.

    ``expires_in_days`` None means never. Raises ``TokenRefused`` when the cap of live tokens is reached
    (``above_cap``, for a token that is going to be rolled back, does not count), the life is not allowed, SSO is
    off (``REQUIRE_SSO``), the connection is archived, a network is malformed or the label is empty or too long.
    Writes no event: the caller knows who asked.
    """
    label = _checked_label(label)
    expires_at = _expiry(expires_in_days)
    networks = checked_networks(allowed_networks)
    with databases.atomic():
        # Locked so that two administrators at once cannot pass the cap together.
        locked = SCIMConnection.objects.select_for_update().get(pk=connection.pk)
        _refuse_unless_allowed(locked)
        if not above_cap:
            _refuse_at_the_cap(locked)
        public, secret = random_text(PUBLIC_LENGTH), random_text(SECRET_LENGTH)
        pepper = next(iter(app_settings.token_peppers), "")
        token = SCIMToken.objects.create(
            connection=connection,
            label=label,
            prefix=public,
            digest=digest(secret, pepper),
            pepper_fingerprint=fingerprint(pepper),
            created_by_id=None if created_by is None else created_by.pk,
            expires_at=expires_at,
            allowed_networks=networks,
        )
    plaintext = TOKEN_PREFIX + public + secret
    return token, plaintext + checksum(plaintext)


def _checked_label(label: str) -> str:
    label = label.strip()
    if not label:
        raise TokenRefused(_("Give the token a label, such as “Entra ID”."), "token.label")
    if len(label) > LABEL_LENGTH:
        raise TokenRefused(_("The label is too long: at most 100 characters."), "token.label")
    return label


def _expiry(days: int | None | Default) -> datetime | None:
    longest = app_settings.token_max_days
    if days is DEFAULT:
        days = min(app_settings.token_default_days, longest)
    if days is None:
        if not app_settings.allow_non_expiring_tokens:
            raise TokenRefused(
                _("Tokens must expire here. Choose a number of days, or set ALLOW_NON_EXPIRING_TOKENS."),
                "token.expiry",
            )
        return None
    if not 1 <= days <= longest:
        raise TokenRefused(
            ngettext(
                "A token can live for at most %(days)d day here.",
                "A token can live for 1 to %(days)d days here.",
                longest,
            )
            % {"days": longest},
            "token.expiry",
        )
    return timezone.now() + timedelta(days=days)


def checked_networks(texts: Iterable[str]) -> list[str]:
    """Addresses and networks in their canonical form, none twice, ``MOST_NETWORKS`` at most: each request is compared
    with all of them. Raises ``TokenRefused`` (``token.network``)."""
    given = list(texts)
    if len(given) > MOST_NETWORKS:
        message = _("Name at most %(most)s addresses and networks, larger ones in place of many small ones.")
        raise TokenRefused(message % {"most": MOST_NETWORKS}, "token.network")
    return list(dict.fromkeys(str(_network(text)) for text in given))


def _network(text: str) -> networks.Network:
    try:
        return networks.network(text)
    except ValueError:
        raise TokenRefused(
            _("“%(network)s” is not an address or network. Write it like 203.0.113.0/24.")
            % {"network": text.strip()[:60]},
            "token.network",
        ) from None


def _refuse_unless_allowed(connection: SCIMConnection) -> None:
    if connection.is_archived:
        raise TokenRefused(
            _("This connection is archived: its SSO settings are gone. Set up SCIM again first."),
            "token.archived",
        )
    if app_settings.require_sso and not connection.sso_is_on:
        raise TokenRefused(
            _("Turn on single sign-on first. People provisioned by SCIM sign in through SSO."),
            "token.sso_off",
        )


def _refuse_at_the_cap(connection: SCIMConnection) -> None:
    cap = app_settings.tokens_live_max
    if SCIMToken.objects.filter(connection=connection).live().count() >= cap:
        raise TokenRefused(_cap_sentence(cap), "token.cap")


def _cap_sentence(cap: int) -> str:
    sentences: Mapping[int, str] = {
        1: _("One token is already live. Revoke it first."),
        2: _("Two tokens are already live. Revoke one first."),
        3: _("Three tokens are already live. Revoke one first."),
        4: _("Four tokens are already live. Revoke one first."),
        5: _("Five tokens are already live. Revoke one first."),
    }
    return sentences.get(cap, _("The greatest number of live tokens is reached. Revoke one first."))


def revoke(token: SCIMToken, *, by: AbstractBaseUser | None = None) -> bool:
    """Revoke for good. True if this call did it, False if it was revoked before (who and when then stay)."""
    done = SCIMToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(
        revoked_at=timezone.now(), revoked_by=None if by is None else by.pk
    )
    token.refresh_from_db(fields=["revoked_at", "revoked_by"])
    return bool(done)
