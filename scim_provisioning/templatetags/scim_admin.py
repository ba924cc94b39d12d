"""How the app's admin pages write times, spans and the banner."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from scim_provisioning.admin import alerts

register = template.Library()


@register.filter
def scim_time(moment: datetime | None, style: str = "full") -> str | SafeString:
    """A moment in the admin's time zone, with UTC in its title; "—" for none.

    Styles: "full" (day and time), "day", "clock", "ago" ("3 minutes ago").
    """
    if moment is None:
        return "—"
    local = timezone.localtime(moment)
    texts = {"full": "j M Y, H:i", "day": "j M Y", "clock": "H:i"}
    text = ago(moment) if style == "ago" else date_format(local, texts[style])
    utc = moment.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        utc.strftime("%Y-%m-%d %H:%M:%S UTC"),
        text,
    )


def plain_time(moment: datetime | None) -> str:
    """A moment as plain text, in the admin's time zone: "14:02" today, with the day otherwise."""
    if moment is None:
        return "—"
    local = timezone.localtime(moment)
    return date_format(local, "H:i" if local.date() == timezone.localdate() else "j M Y, H:i")


def ago(moment: datetime) -> str:
    """ "3 minutes ago", "in 12 days", "just now"."""
    now = timezone.now()
    if abs(now - moment) < timedelta(minutes=1):
        return _("just now")
    if moment > now:
        return _("in %(span)s") % {"span": timesince(now, moment, depth=1)}
    return _("%(span)s ago") % {"span": timesince(moment, now, depth=1)}


@register.inclusion_tag("scim_provisioning/admin/alerts.html", takes_context=True)
def scim_alerts(context: Any) -> dict[str, Any]:
    """What is urgent among the connections that this person sees; nothing at all when nothing is."""
    request = context["request"]
    return {"alerts": alerts.for_user(request.user)}


@register.filter
def scim_number(number: int) -> str:
    """A count with a thin space between thousands, as in "1 204", whatever the host's settings are."""
    return f"{number:,}".replace(",", "\u202f")
