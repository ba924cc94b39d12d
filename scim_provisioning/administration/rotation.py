"""An administrator's verbs on tokens: generate, rotate, revoke; and how far a rotation has come.

Each verb is one transaction with its entries in both logs, and tells the connection's contacts. Pages, API, commands
and the self-test all come here.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NoReturn

from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from scim_provisioning import events, tokens
from scim_provisioning.administration import audit
from scim_provisioning.models import Action, SCIMConnection, SCIMToken
from scim_provisioning.provisioning.transactions import durable, durably

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import AbstractBaseUser

#: The shortest nonce that is taken: a form makes longer ones.
NONCE_LENGTH: Final = 20
#: How long the old token may have been silent before it counts as put away although it was used after the new
#: one: longer than Entra's own cycle of 20 to 40 minutes.
SILENCE: Final = timedelta(hours=1)


class Secret:
    """A plaintext on its way to one page. It says nothing of itself: not in a traceback, not in a log line.

    Error pages and error reports show the variables of every frame, and with ``DEBUG`` Django shows them
    whatever ``sensitive_variables`` says. So the text lies behind a method.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "<Secret>"

    def __reduce__(self) -> NoReturn:
        """Raises ``TypeError``: what can be pickled ends up in a session or a cache."""
        raise TypeError("A secret is not stored.")


class AlreadyShown(Exception):
    """The same form was sent before: its token was made and shown then, and is ``token``."""

    def __init__(self, token: SCIMToken) -> None:
        super().__init__("This form was used before.")
        self.token = token


def nonce_digest(nonce: str) -> str:
    """What is kept of a form's nonce."""
    return hashlib.sha256(nonce.encode()).hexdigest()


def refuse_second_use(connection: SCIMConnection, nonce: str) -> None:
    """Raises ``AlreadyShown`` when a token of this connection was made by the form with this nonce.

    Raises ``tokens.TokenRefused`` (``token.nonce``) when it was another connection's: a nonce is used once.
    """
    made = SCIMToken.objects.filter(nonce_digest=nonce_digest(nonce)).first()
    if made is None:
        return
    if made.connection_id != connection.pk:
        raise tokens.TokenRefused(
            _("This form was used already, for another token. Open it again."), "token.nonce"
        )
    raise AlreadyShown(made)


def generate(
    connection: SCIMConnection,
    *,
    actor: AbstractBaseUser | None,
    label: str,
    expires_in_days: int | None | tokens.Default = tokens.DEFAULT,
    allowed_networks: Iterable[str] = (),
    nonce: str | None = None,
    replaces: SCIMToken | None = None,
    overlap: timedelta | None = None,
    address: str = "",
    above_cap: bool = False,
) -> tuple[SCIMToken, Secret]:
    """Make a token, once for each nonce. Returns the row and the secret, which nothing else holds.

    Who has no form to be sent twice needs no ``nonce``. ``replaces`` begins a rotation: the old token goes on, for
    ``overlap`` (None: until it is revoked or expires by itself). ``above_cap`` is for the self-test, which rolls
    its token back. Raises ``tokens.TokenRefused`` and ``AlreadyShown``.
    """
    nonce = _checked_nonce(connection, nonce)

    def make() -> tuple[SCIMToken, Secret]:
        token, secret = _issued(
            connection,
            label=label,
            expires_in_days=expires_in_days,
            allowed_networks=allowed_networks,
            created_by=actor,
            above_cap=above_cap,
        )
        # Unique: of two clicks at once the second one fails here, whatever the first one is doing.
        token.nonce_digest, token.replaces = nonce_digest(nonce), replaces
        token.save(update_fields=["nonce_digest", "replaces"])
        if replaces is not None and overlap is not None:
            _end_by(replaces, timezone.now() + overlap)
        _write_down_generated(token, actor, address)
        return token, secret

    try:
        return durable(make)
    except (IntegrityError, tokens.TokenRefused):
        refuse_second_use(connection, nonce)
        raise


def _checked_nonce(connection: SCIMConnection, nonce: str | None) -> str:
    nonce = secrets.token_urlsafe(NONCE_LENGTH) if nonce is None else nonce
    if len(nonce) < NONCE_LENGTH:
        raise tokens.TokenRefused(_("Open the form again: it was not complete."), "token.nonce")
    refuse_second_use(connection, nonce)
    return nonce


@sensitive_variables("plaintext")
def _issued(connection: SCIMConnection, **options: Any) -> tuple[SCIMToken, Secret]:
    token, plaintext = tokens.issue(connection, **options)
    return token, Secret(plaintext)


def _end_by(token: SCIMToken, moment: datetime) -> None:
    # As it stands: it may say what an attempt wrote that was rolled back.
    token.refresh_from_db(fields=["expires_at"])
    if token.expires_at is None or token.expires_at > moment:
        token.expires_at = moment
        token.save(update_fields=["expires_at"])


def _write_down_generated(token: SCIMToken, actor: AbstractBaseUser | None, address: str) -> None:
    connection, named = token.connection, {"token": str(token)}
    if token.replaces is None:
        message = _("Generated SCIM token “%(token)s”.") % named
    else:
        message = _("Generated SCIM token “%(token)s” to replace “%(old)s”.") % {
            **named,
            "old": token.replaces,
        }
    events.admin(
        connection, action=Action.TOKEN_GENERATED, actor=actor, token=token, detail=message, address=address
    )
    audit.log_entry(actor, token, message, flag=audit.ADDITION)
    audit.log_entry(actor, connection, message)
    audit.tell_contacts(
        connection,
        _("SCIM token generated: %(connection)s") % {"connection": connection},
        _("A SCIM token was generated by %(person)s from %(address)s: %(token)s.")
        % {"person": actor or _("the server"), "address": address or "–", **named},
    )


@durably
def revoke(token: SCIMToken, *, actor: AbstractBaseUser | None, address: str = "") -> bool:
    """Revoke for good; every request with it fails from now on. False when it was revoked before."""
    if not tokens.revoke(token, by=actor):
        return False
    message = _("Revoked SCIM token “%(token)s”.") % {"token": token}
    events.admin(
        token.connection,
        action=Action.TOKEN_REVOKED,
        actor=actor,
        token=token,
        detail=message,
        address=address,
    )
    audit.log_entry(actor, token, message)
    audit.log_entry(actor, token.connection, message)
    audit.tell_contacts(
        token.connection,
        _("SCIM token revoked: %(connection)s") % {"connection": token.connection},
        _("A SCIM token was revoked by %(person)s from %(address)s: %(token)s.")
        % {"person": actor or _("the server"), "address": address or "–", "token": token},
    )
    return True


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rotation is. ``state``: "waiting", "both", "safe" or "finished" (the old one is dead)."""

    state: str
    new_first_used_at: datetime | None
    old_last_used_at: datetime | None

    @property
    def is_safe(self) -> bool:
        """Whether the old token can go without anybody missing it."""
        return self.state == "safe"


def progress(new: SCIMToken) -> Progress:
    """How far the rotation is that ``new`` began; without an old token it is complete once it is used."""
    old = new.replaces
    first, last = new.first_used_at, None if old is None else old.last_used_at
    if old is None or not old.is_live:
        state = "finished" if first is not None else "waiting"
    elif first is None:
        state = "waiting"
    elif last is None or last <= first or timezone.now() - last > SILENCE:
        state = "safe"
    else:
        state = "both"
    return Progress(state, first, last)
