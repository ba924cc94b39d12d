"""How the app's admin pages write times and numbers, and the banner."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from scim_provisioning import moments
from scim_provisioning.administration import alerts, disconnection, leaver_brake, times

register = template.Library()


@register.filter
def scim_time(moment: datetime | None, style: str = "full") -> str | SafeString:
    """A moment in the admin's time zone, with UTC in its title; "—" for none.

    Styles: "full" (day and time), "day", "clock", "ago" ("3 minutes ago").
    """
    if moment is None:
        return "—"
    utc = moments.utc(moment)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        utc.strftime("%Y-%m-%d %H:%M:%S UTC"),
        times.ago(moment) if style == "ago" else times.written(moment, style),
    )


@register.filter
def scim_number(number: int) -> str:
    """A count with a narrow space between thousands, as in "1 204", whatever the host's settings are."""
    return f"{number:,}".replace(",", "\u202f")


@register.inclusion_tag("scim_provisioning/admin/alerts.html", takes_context=True)
def scim_alerts(context: Any) -> dict[str, Any]:
    """What is urgent among the connections that this person sees; nothing at all when nothing is."""
    request = context["request"]
    user = request.user
    troubled = alerts.troubled(request)
    return {
        "alerts": alerts.for_user(user),
        "troubled": troubled[: alerts.SHOWN],
        "more_troubled": len(troubled) > alerts.SHOWN,
        "disconnections": disconnection.unfinished_seen_by(user),
        "holds": leaver_brake.seen_by(user),
    }
