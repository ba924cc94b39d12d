"""What an administrator may ask of a token; pages and API judge by the same rules."""

from __future__ import annotations

import itertools
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from scim_provisioning import tokens
from scim_provisioning.conf import app_settings
from scim_provisioning.models import SCIMConnection, SCIMToken
from scim_provisioning.tokens.issuing import LABEL_LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django_stubs_ext import StrOrPromise

OFFERED_DAYS: Final = (90, 365, 730)
#: Hours for which the old token of a rotation goes on; None: until somebody revokes it.
OVERLAPS: Final[Mapping[int | None, StrOrPromise]] = {
    1: gettext_lazy("1 hour"),
    24: gettext_lazy("24 hours"),
    168: gettext_lazy("7 days"),
    None: gettext_lazy("until I revoke it"),
}


def free_label(connection: SCIMConnection, label: str) -> str:
    """``label``, with a number behind it where a token of this connection was called so: two of one name cannot be told
    apart in tables and logs (one query)."""
    taken = set(SCIMToken.objects.filter(connection=connection).values_list("label", flat=True))
    named = re.sub(r" \d{1,2}$", "", label)
    numbered = (f"{named[: LABEL_LENGTH - 4]} {number}" for number in itertools.count(2))
    return label if label not in taken else next(found for found in numbered if found not in taken)


def usual_days() -> int:
    """The life that is chosen beforehand."""
    return min(app_settings.token_default_days, app_settings.token_max_days)


def lives() -> dict[int | None, str]:
    """The lives that the settings allow, in days and in words, the usual one among them; None never ends."""
    longest = app_settings.token_max_days
    days = {usual_days(), *(day for day in OFFERED_DAYS if day <= longest)}
    allowed: dict[int | None, str] = {day: in_words(day) for day in sorted(days)}
    if app_settings.allow_non_expiring_tokens:
        allowed[None] = _("Never")
    return allowed


def checked_life(days: int | None) -> int | None:
    """``days``. Raises ``ValidationError``, naming the lives that are offered, for any other."""
    allowed = lives()
    if days not in allowed:
        raise ValidationError(
            _("Choose one of the lives that are offered: %(lives)s.") % {"lives": ", ".join(allowed.values())}
        )
    return days


def in_words(days: int) -> str:
    """ "90 days", "1 year", "2 years"."""
    if days % 365 == 0:
        return ngettext("%(n)d year", "%(n)d years", days // 365) % {"n": days // 365}
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}


def checked_networks(texts: Iterable[str]) -> list[str]:
    """Addresses and networks in their canonical form, none twice. Raises ``ValidationError`` for anything else."""
    try:
        return tokens.checked_networks(texts)
    except tokens.TokenRefused as refusal:
        raise ValidationError(refusal.message) from None


def overlap(hours: int | None) -> timedelta | None:
    """For how long the old token of a rotation goes on; None: until it is revoked or ends by itself."""
    return None if hours is None else timedelta(hours=hours)


def is_only_live(token: SCIMToken) -> bool:
    """Whether provisioning stops when this token is revoked (one query)."""
    live = SCIMToken.objects.live().filter(connection=token.connection_id)
    return list(live.values_list("pk", flat=True)[:2]) == [token.pk]


def check_confirmation(token: SCIMToken, typed: str) -> None:
    """Raises ``ValidationError`` unless the token's label was typed, which the only live one asks for."""
    if typed.strip() != token.label:
        raise ValidationError(
            _("Type “%(label)s”, exactly as it is written. The token is still live.") % {"label": token.label}
        )
