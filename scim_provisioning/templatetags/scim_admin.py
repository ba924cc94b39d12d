"""How the app's admin pages write times and numbers, and the banner."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django import template
from django.forms import BaseForm, BoundField
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from scim_provisioning import moments
from scim_provisioning.administration import (
    alerts,
    churn,
    disconnection,
    health,
    leaver_brake,
    permissions,
    reactivation,
    times,
    unit_findings,
)
from scim_provisioning.models import SCIMConnection

#: The URL name of the page on which people are found, for ``reverse("admin:" + ...)``.
PEOPLE_URL: Final = "scim_provisioning_provisioningevent_people"

#: So many connections the index shows, each with its badge and where its questions are answered; of so many more it
#: says how many are in which state, and has the rest folded away.
FEW: Final = 5
MANY: Final = 50
#: In which order states are told, by their colour.
_TONES: Final = ("bad", "warn", "idle", "good")
#: What is asked of a connection every day: the page, what of it, what must be permitted, what the page is called.
_ASKED_DAILY: Final = (
    ("undo", f"?hours={max(reactivation.HOURS)}", permissions.APPROVE_HELD, _("Who was switched off")),
    ("reconcile", "", permissions.MANAGE_POLICY, _("Compare with the directory")),
    ("units", "", permissions.MANAGE_POLICY, _("Companies, business units, teams")),
    ("queue", "", permissions.MANAGE_POLICY, _("Who is it?")),
)

register = template.Library()


@dataclass(frozen=True, slots=True)
class Glance:
    """A connection on the index: its badge, and where its daily questions are answered."""

    connection: SCIMConnection
    url: str
    health: health.Health
    leads: list[tuple[str, str | Promise]]


@dataclass(frozen=True, slots=True)
class Glances:
    """The connections on the index, and what leads to all of them together."""

    each: list[Glance]
    leads: list[tuple[str, str | Promise]]

    @property
    def is_folded(self) -> bool:
        """Whether they are too many to be shown at once."""
        return len(self.each) > FEW

    @property
    def states(self) -> list[tuple[health.Health, int]]:
        """One of each state, what is to be looked at first, and how many are in it."""
        met = {one.health.badge: one.health for one in self.each}
        counts = Counter(one.health.badge for one in self.each)
        found = [(met[badge], counts[badge]) for badge in health.LABELS if badge in met]
        return sorted(found, key=lambda state: _TONES.index(state[0].tone))


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
def scim_address(name: str) -> SafeString:
    """A name that may be an address: in a narrow column it breaks behind its "@" first."""
    return format_html_join(mark_safe("@<wbr>"), "{}", ((part,) for part in name.split("@")))


@register.filter
def scim_day(day: date) -> str:
    """A day of the calendar, as "scim_time" writes the day of a moment."""
    return times.day(day)


@register.filter
def scim_number(number: int) -> str:
    """A count with a narrow space between thousands, as in "1 204", whatever the host's settings are."""
    return f"{number:,}".replace(",", "\u202f")


@register.filter
def scim_first_wrong(form: BaseForm) -> BoundField | None:
    """The first field with an error: where a page begins that comes back with errors, however long it is."""
    fields = (form[name] for name in form.fields)
    return next((one for one in fields if one.errors and not one.is_hidden), None)


@register.filter
def scim_is_first_wrong(field: BoundField) -> bool:
    """Whether this is it."""
    first = scim_first_wrong(field.form) if field.errors else None
    return first is not None and first.name == field.name


@register.filter
def scim_widget(field: BoundField) -> SafeString:
    """A field's widget, which has the focus where it is the first with an error."""
    return field.as_widget(attrs={"autofocus": True} if scim_is_first_wrong(field) else None)


@register.inclusion_tag("scim_provisioning/admin/alerts.html", takes_context=True)
def scim_alerts(context: Any, *, has_search: Any = False) -> dict[str, Any]:
    """What is urgent among the connections that this person sees; nothing at all when nothing is. ``has_search``: the
    page has the search box for people, so that no link leads to it."""
    request = context["request"]
    user = request.user
    troubled = alerts.troubled(request)
    return {
        "alerts": alerts.for_user(user),
        "troubled": troubled[: alerts.SHOWN],
        "more_troubled": len(troubled) > alerts.SHOWN,
        "disconnections": disconnection.unfinished_seen_by(user),
        "holds": leaver_brake.seen_by(user),
        "may_decide": permissions.has_permission(user, permissions.APPROVE_HELD),
        "churn": churn.seen_by(user),
        "names": unit_findings.seen_by(user),
        "people_url": _people_url(context),
        "has_search": has_search,
    }


@register.simple_tag(takes_context=True)
def scim_at_a_glance(context: Any) -> Glances | None:
    """The connections that this person sees, whether each works (at most eight queries), and one click from the pages
    that answer what is asked of each every day. None of very many, who have the list."""
    request = context["request"]
    user, site = request.user, getattr(request, "current_app", None)
    if not (user.is_authenticated and permissions.may_view(user)):
        return None
    current = permissions.visible_connections(user).filter(archived_at__isnull=True).order_by("name", "pk")
    found = list(current[: MANY + 1])
    if not 0 < len(found) <= MANY:
        return None
    may = [asked for asked in _ASKED_DAILY if permissions.has_permission(user, asked[2])]
    judged = health.known_to(request, found)
    try:
        each = [
            Glance(
                one,
                _page_of(one, "change", site),
                judged[one.pk],
                [(_page_of(one, page, site) + query, label) for page, query, _needed, label in may],
            )
            for one in found
        ]
    except NoReverseMatch:
        return None
    return Glances(each, _leads_to_all(request, site) if len(found) > 1 else [])


def _leads_to_all(request: HttpRequest, site: str | None) -> list[tuple[str, str | Promise]]:
    """Where the departures of all connections are, with what takes them back; nowhere for who may not do so."""
    may_decide = permissions.has_permission(request.user, permissions.APPROVE_HELD)
    if not (may_decide and permissions.may_read_log(request.user)):
        return []
    try:
        log = reverse("admin:scim_provisioning_provisioningevent_changelist", current_app=site)
    except NoReverseMatch:
        return []
    return [
        (
            f"{log}?left={max(reactivation.HOURS)}",
            _("Who was switched off in the last 24 hours, on all connections"),
        )
    ]


def _page_of(connection: SCIMConnection, page: str, site: str | None) -> str:
    name = f"admin:scim_provisioning_scimconnection_{page}"
    return reverse(name, args=(connection.pk,), current_app=site)


@register.inclusion_tag("scim_provisioning/admin/includes/find_person.html", takes_context=True)
def scim_find_person(
    context: Any,
    connection: SCIMConnection | None = None,
    term: str = "",
    *,
    is_titled: bool = False,
    back: str = "",
) -> dict[str, Any]:
    """The search box for people, of one connection or of all that this person sees; nothing for who may not read the
    log. It belongs to the form below, so that it may stand inside another one. ``is_titled``: its label is read out
    only, as the page is called so. ``back``: the page of the connection that led here."""
    own = {"connection": connection, "term": term, "is_titled": is_titled, "back": back}
    own["finds_units"] = permissions.has_permission(context["request"].user, permissions.MANAGE_POLICY)
    return {"people_url": _people_url(context), **own}


@register.inclusion_tag("scim_provisioning/admin/includes/find_person_form.html", takes_context=True)
def scim_find_person_form(context: Any) -> dict[str, Any]:
    """The form of that box: once a page, outside all others."""
    return {"people_url": _people_url(context)}


def _people_url(context: Any) -> str:
    request = context["request"]
    return people_url(request, getattr(request, "current_app", None))


def people_url(request: HttpRequest, site: str | None) -> str:
    """The page on which people are found, in this admin site. Empty where this person may not read the log, or the host
    does not register it."""
    if not permissions.may_read_log(request.user):
        return ""
    try:
        return reverse(f"admin:{PEOPLE_URL}", current_app=site)
    except NoReverseMatch:
        return ""
