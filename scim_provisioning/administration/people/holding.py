"""What there is to say of those whom the leaver brake holds, and of whom an administrator has let go since."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from scim_provisioning.administration import times
from scim_provisioning.administration.people.answer import ALLOWED, HELD
from scim_provisioning.models import HeldLeaver, ProvisionedUser
from scim_provisioning.models.leaver_brake import ALLOWED as ALLOWED_FOR


def of(links: Sequence[ProvisionedUser]) -> dict[int, HeldLeaver]:
    """Who of them is held, or was and may go now, by the key of their link (one query, none for nobody)."""
    if not links:
        return {}
    rows = HeldLeaver.objects.filter(link__in=links).asked()
    return {row.link_id: row for row in rows.select_related("allowed_by", "connection__leaver_brake")}


def state(held: HeldLeaver) -> str:
    """Whether an administrator has let the person, or everybody, go."""
    brake = getattr(held.connection, "leaver_brake", None)
    return ALLOWED if held.is_allowed or (brake is not None and brake.is_open) else HELD


def said(held: HeldLeaver) -> tuple[str, str]:
    """What is so, and what to do about it."""
    if state(held) == HELD:
        words = _(
            "The identity provider asked on %(when)s to switch them off or delete them. The leaver brake keeps them "
            "until an administrator decides."
        )
        return words % {"when": times.written(held.last_asked_at)}, _("Let them go, or keep them.")
    return _allowed(held), _(
        "Nothing: they go at the identity provider’s next try; in Entra ID, “Provision on demand” does it now."
    )


def _allowed(held: HeldLeaver) -> str:
    if held.is_allowed and held.allowed_until is not None:
        by = held.allowed_by
        return _(
            "May go when the identity provider asks again, until %(until)s: allowed by %(name)s on %(when)s."
        ) % {
            "until": times.written(held.allowed_until),
            "name": by.get_username() if by is not None else _("an administrator"),
            "when": times.written(held.allowed_until - ALLOWED_FOR),
        }
    until = held.connection.leaver_brake.open_until
    words = _(
        "May go when the identity provider asks again: an administrator lets everybody go until %(until)s."
    )
    return words % {"until": "" if until is None else times.written(until)}
