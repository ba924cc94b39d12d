"""The columns of the list of connections: as few as fit beside the filters on a laptop."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import smart_split
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from scim_provisioning.administration import health
from scim_provisioning.models.token import EXPIRING_DAYS
from scim_provisioning.templatetags.scim_admin import scim_number, scim_time

if TYPE_CHECKING:
    _Base = ModelAdmin[Any]
else:
    _Base = object

#: So many words of a search count, as where people are looked for.
_WORDS: Final = 5
_LINE: Final = '<span class="scim-fact">{}</span>'


class ConnectionColumns(_Base):
    """What the list says of a connection, whose health was judged with all of the page. ``scim_log_url``,
    ``scim_held_url`` and ``scim_undo_url``: empty for whom the log is not theirs to read, or leavers to decide on.
    ``scim_left``: how many went within a day and are still off."""

    list_display = (
        "name",
        "customer",
        "health_badge",
        "live_tokens",
        "last_request",
        "errors_today",
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Django's own, for the first words: each is a condition more, and a database fails on a thousand of them."""
        words = islice(smart_split(search_term), _WORDS)
        return super().get_search_results(request, queryset, " ".join(words))

    @admin.display(description=_("customer"), empty_value="—")
    def customer(self, connection: Any) -> str | None:
        """The host's SSO settings row."""
        return _customer(connection) or None

    @admin.display(description=_("health"))
    def health_badge(self, connection: Any) -> SafeString:
        """The badge, in words."""
        return badge(connection.scim_health)

    @admin.display(description=_("tokens"), empty_value="—")
    def live_tokens(self, connection: Any) -> SafeString | None:
        """How many tokens work now, and when the first one ends: bold when that is soon."""
        facts = connection.scim_health.facts
        if not facts.live:
            return None
        n, end = len(facts.live), facts.next_expiry
        if end is None:
            ends: SafeString | str = ""
        else:
            is_soon = (end - timezone.now()).days < EXPIRING_DAYS
            ends = format_html("<strong>{}</strong>" if is_soon else "{}", _ends(scim_time(end, "ago")))
        return _lines(ngettext("%(n)d live", "%(n)d live", n) % {"n": n}, ends)

    @admin.display(description=_("last request"))
    def last_request(self, connection: Any) -> SafeString | None:
        """When a good token was used last, and by whom, by their User-Agent."""
        facts = connection.scim_health.facts
        return _lines(scim_time(facts.last_request_at, "ago"), facts.identity_provider)

    @admin.display(description=_("last 24 hours"))
    def errors_today(self, connection: Any) -> SafeString | str | None:
        """Refusals of the last 24 hours, with a link to them; below them who waits for approval, and who went."""
        facts, log, gone = connection.scim_health.facts, connection.scim_log_url, connection.scim_left
        errors: SafeString | str = gettext("%(n)s refused") % {"n": scim_number(facts.refused)}
        if facts.refused and log:
            errors = _link(f"{log}&problems=only", errors)
        held = ngettext("%(n)d held", "%(n)d held", facts.held) % {"n": facts.held} if facts.held else ""
        # Translators: so many people were switched off or deleted by the identity provider.
        left = ngettext("%(n)d switched off", "%(n)d switched off", gone) % {"n": gone} if gone else ""
        return _lines(errors, _link(connection.scim_held_url, held), _link(connection.scim_undo_url, left))


def has_customer_to_tell(connection: Any) -> bool:
    """Whether its customer is called otherwise than itself: else the column says nothing new of it."""
    return _customer(connection) not in ("", connection.name)


def _customer(connection: Any) -> str:
    has_row = connection.sso_key is not None and not connection.is_archived
    return str(connection.sso or "") if has_row else ""


def badge(found: health.Health) -> SafeString:
    """A badge as HTML: a dot, and the words."""
    return format_html(
        '<span class="scim-badge scim-{}"><span class="scim-dot" aria-hidden="true"></span>{}</span>',
        found.tone,
        found.label,
    )


def _link(url: str, text: SafeString | str) -> SafeString | str:
    return format_html('<a href="{}">{}</a>', url, text) if url and text else text


def _lines(*texts: Any) -> SafeString | None:
    """Texts below one another; None where there is none."""
    told = [(text,) for text in texts if text]
    return format_html_join("", _LINE, told) if told else None


def _ends(when: str | SafeString) -> SafeString:
    # Translators: of the first token that ends: "ends in 12 days".
    return format_html(gettext("ends {when}"), when=when)
