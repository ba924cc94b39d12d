"""The columns of the provisioning log: as few as fit beside the filters on a laptop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scim_provisioning.admin.event_page import OperationPage
from scim_provisioning.administration import attribute_words, log_words
from scim_provisioning.models import Action, Outcome, ProvisioningEvent
from scim_provisioning.models.token import display
from scim_provisioning.templatetags.scim_admin import scim_address, scim_time

if TYPE_CHECKING:
    _Base = OperationPage
else:
    _Base = object

#: Where an operation of the list keeps who was sent, as far as the list asked.
SENT_AS: Final = "_scim_sent_as"
#: Where it keeps the administrator's name.
ACTOR: Final = "_scim_actor"
#: How an action is coloured, beside its words; those that are not named are "good".
_TONES: Final[Mapping[str, str]] = {
    Action.REFUSED: "bad",
    Action.HELD: "warn",
    Action.SKIPPED: "warn",
    Action.DEACTIVATED: "idle",
    Action.DELETED: "idle",
}


class Worded:
    """The model's options, as a list is to count its rows: "24 operations", not "24 provisioning log"."""

    verbose_name = gettext_lazy("operation")
    verbose_name_plural = gettext_lazy("operations")

    def __init__(self, opts: Any) -> None:
        self._opts = opts

    def __getattr__(self, name: str) -> Any:
        return getattr(self._opts, name)


class LogColumns(_Base):
    """What a row of the log says in its list."""

    list_display: Any = ("moment", "connection_of", "learner", "result", "request_facts")
    list_display_links: Any = ("moment", "result")

    def get_list_display(self, request: HttpRequest) -> Any:
        """Without the connection where the list is of one."""
        is_of_one = any(request.GET.get(name) for name in ("connection", "learner"))
        return [name for name in self.list_display if not (is_of_one and name == "connection_of")]

    @admin.display(description=gettext_lazy("time"))
    def moment(self, event: ProvisioningEvent) -> SafeString | str:
        """The time in the administrator's zone; in UTC when they point at it."""
        return scim_time(event.created_at, "seconds")

    @admin.display(description=gettext_lazy("connection"), empty_value="—")
    def connection_of(self, event: ProvisioningEvent) -> SafeString | None:
        """Its name, with a link to all that happened on it."""
        if event.connection is None:
            return None
        url = self.list_url(connection=event.connection.pk)
        return format_html('<a href="{}">{}</a>', url, event.connection.name)

    @admin.display(description=gettext_lazy("learner"), empty_value="—")
    def learner(self, event: ProvisioningEvent) -> SafeString | str | None:
        """The name at the time, with a link to all that happened to that learner; of somebody refused who has none what
        else was sent."""
        if event.link_id is None:
            name = event.user_name or event.external_id or event.__dict__.get(SENT_AS)
            return scim_address(name) if name else None
        url = self.list_url(learner=event.link_id)
        return format_html('<a href="{}">{}</a>', url, scim_address(event.user_name or event.scim_id))

    @admin.display(description=gettext_lazy("result"))
    def result(self, event: ProvisioningEvent) -> SafeString:
        """The action, in words and a colour; the names of the changed attributes, the first few; of a refusal what was
        asked for, and the reason."""
        badge = format_html(
            '<span class="scim-badge scim-{}"><span class="scim-dot" aria-hidden="true"></span>{}</span>',
            _TONES.get(event.action, "good"),
            event.get_action_display(),
        )
        if event.outcome != Outcome.REFUSED:
            return format_html(
                '{} <span class="scim-reason">{}</span>', badge, attribute_words.attributes_in_short(event)
            )
        asked, reason = event.get_operation_display(), log_words.reason(event)
        return format_html('{} <span class="scim-reason">{}: {}</span>', badge, asked, reason)

    @admin.display(description=gettext_lazy("request"), empty_value="—")
    def request_facts(self, event: ProvisioningEvent) -> SafeString | None:
        """By which token or administrator, how long it took, and its id, below one another."""
        who = event.__dict__.get(ACTOR) or _token(event)
        facts = [fact for fact in (who, _duration(event), self._request_id(event)) if fact]
        if not facts:
            return None
        return format_html_join("", '<span class="scim-fact">{}</span>', ((fact,) for fact in facts))

    def _request_id(self, event: ProvisioningEvent) -> SafeString | str:
        """Shortened; the link shows everything of that request."""
        if not event.request_id:
            return ""
        url = self.list_url(q=event.request_id, lookups="show")
        short = event.request_id if len(event.request_id) <= 12 else f"{event.request_id[:8]}…"
        return format_html('<a href="{}" title="{}"><code>{}</code></a>', url, event.request_id, short)


def _token(event: ProvisioningEvent) -> SafeString | str:
    """Its label; its prefix when they point at it."""
    if event.token is not None:
        return format_html('<span title="{}">{}</span>', event.token.display_prefix, event.token.label)
    return display(event.token_prefix) if event.token_prefix else ""


def _duration(event: ProvisioningEvent) -> str:
    return "" if event.duration_ms is None else _("%(ms)s ms") % {"ms": event.duration_ms}
