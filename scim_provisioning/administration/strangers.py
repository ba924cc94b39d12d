"""Who called and was nobody, in a sentence for each mistake: for superusers, above the list of connections."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from scim_provisioning import moments
from scim_provisioning.administration.log_words import how_often
from scim_provisioning.models import Stranger

#: What is older says nothing about the set-up that an administrator is looking at.
RECENT = timedelta(days=7)


def sentences(user: Any) -> list[str]:
    """What went wrong lately, the latest first. Nothing for anybody but superusers: it belongs to no customer."""
    if not user.is_superuser:
        return []
    rows: dict[str, list[Stranger]] = {}
    for row in Stranger.objects.filter(last_at__gte=timezone.now() - RECENT).order_by("-last_at"):
        rows.setdefault(row.mistake, []).append(row)
    return [_sentence(mistake, found) for mistake, found in rows.items()]


def _sentence(mistake: str, rows: list[Stranger]) -> str:
    last, times = rows[0], sum(row.times for row in rows)
    facts = {
        "times": how_often(times),
        "address": last.address or _("many addresses"),
        "moment": date_format(moments.local(last.last_at), "SHORT_DATETIME_FORMAT"),
        "path": last.path,
    }
    match mistake:
        case Stranger.Mistake.PATH:
            text = _(
                "Someone called a URL that is not one of ours, %(times)s, last %(path)s from %(address)s on "
                "%(moment)s. Is the Tenant URL in the identity provider the one shown here?"
            )
        case Stranger.Mistake.NO_TOKEN:
            text = _(
                "Someone called without a token, %(times)s, last from %(address)s on %(moment)s. Does a proxy drop "
                "the Authorization header?"
            )
        case _other:
            text = _(
                "Someone called with a token we do not know, %(times)s, last from %(address)s on %(moment)s. Was "
                "the whole token pasted into the identity provider?"
            )
    return text % facts
