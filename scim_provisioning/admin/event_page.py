"""The page of one operation."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from scim_provisioning import __version__, moments
from scim_provisioning.admin import denied
from scim_provisioning.admin.learner_pages import learner_page
from scim_provisioning.admin.ownership import owner_of
from scim_provisioning.admin.pages import TEMPLATES, page_url_name
from scim_provisioning.admin.scoped import ConnectionScopedAdmin, ReadOnlyAdmin
from scim_provisioning.administration import attribute_words, log_words, permissions
from scim_provisioning.administration.adoption import answers
from scim_provisioning.administration.adoption.directory import REFUSALS
from scim_provisioning.administration.people import refused
from scim_provisioning.conf import app_settings
from scim_provisioning.events import reports
from scim_provisioning.models import Operation, Outcome, ProvisionedUser, ProvisioningEvent
from scim_provisioning.models.token import display
from scim_provisioning.templatetags.scim_admin import scim_time

_NEIGHBOURS: Final = 10
#: Facts of a cause that name other links, to show them as links.
LINK_FACTS: Final = ("link", "links")
#: The same of what was applied.
_EARLIER: Final = "earlier"


class OperationPage(ConnectionScopedAdmin, ReadOnlyAdmin):
    """The page of one row of the log, and where pages about the log are found."""

    needed = (permissions.VIEW, permissions.VIEW_LOG)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As the API asks: those who see connections, and may read what happened to them."""
        return permissions.may_read_log(request.user)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """One operation. 404 for an operation of a connection that this person does not see."""
        return denied.in_words(self, request, self._operation, request, object_id, extra_context)

    def _operation(self, request: HttpRequest, object_id: str, extra_context: Any) -> HttpResponse:
        reports.keep_quiet(request)
        if not self.has_view_permission(request):
            raise permissions.first_missing(request.user, *self.needed)
        related = ("connection", "link__user", "link__connection", "token", "actor", "payload")
        events = self.get_queryset(request).select_related(*related)
        found = (
            events.filter(pk=object_id) if object_id.isdecimal() and len(object_id) < 19 else events.none()
        )
        event = found.first()
        if event is None:
            raise Http404("There is no such operation.")
        in_clear = self.may(request, permissions.VIEW_PAYLOAD)
        context = {
            **self.admin_site.each_context(request),
            **self.operation_context(request, event, in_clear=in_clear),
            "opts": self.opts,
            "media": self.media,
            "original": event,
            "list_url": reverse(self.url_name("changelist")),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, f"{TEMPLATES}/event.html", {**context, **(extra_context or {})})

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """A row of the log never changes, so it has no history of its own."""
        raise Http404

    def operation_context(
        self, request: HttpRequest, event: ProvisioningEvent, *, in_clear: bool
    ) -> dict[str, Any]:
        """What the page's template shows. ``in_clear`` False masks values and leaves out the messages."""
        visible = self.get_queryset(request)
        context: dict[str, Any] = {
            "event": event,
            "moment": scim_time(event.created_at, "seconds"),
            "sentence": log_words.sentence(event),
            "changes": log_words.changes(event, in_clear=in_clear),
            "detail": log_words.detail(event, in_clear=in_clear),
            "ignored": log_words.ignored(event.ignored, in_clear=in_clear),
            "path": log_words.path(event, in_clear=in_clear),
            "in_clear": in_clear,
            "token": _token(event),
            "authorization": display(event.token_prefix) if event.token_prefix else "",
            "learner_url": learner_page(self.admin_site, request, event.link),
            "history_url": "" if event.link_id is None else self.list_url(learner=event.link_id),
            "remarks": self._remarks(event),
            "messages_exchanged": _messages(event) if in_clear else None,
            "support_text": support_text(event),
        }
        if event.outcome == Outcome.REFUSED:
            context["explanation"] = log_words.explanation(event, in_clear=in_clear)
            context["others"] = self._others(event, *LINK_FACTS)
            context |= self._sharing(request, event)
            context |= self._said_since(request, event)
            context["sent_as"] = refused.sent_as([event]).get(event.pk, "") if in_clear else ""
        context["title"] = _title(event, context.get("sent_as", ""))
        same_request = visible.filter(request_id=event.request_id) if event.request_id else visible.none()
        context["same_request"] = self._listed(event, same_request)
        minute = Q(created_at__gte=event.created_at - timedelta(seconds=30)) & Q(
            created_at__lte=event.created_at + timedelta(seconds=30)
        )
        context["neighbours"] = self._listed(event, visible.filter(minute, connection=event.connection_id))
        return context

    def event_url(self, event: ProvisioningEvent) -> str:
        """The page of one operation."""
        return reverse(self.url_name("change"), args=(event.pk,))

    def list_url(self, **parameters: object) -> str:
        """The list with filters set."""
        return f"{reverse(self.url_name('changelist'))}?{urlencode(parameters)}"

    def url_name(self, name: str) -> str:
        """The name of one of the log's own pages, for ``reverse``."""
        return f"{self.admin_site.name}:scim_provisioning_provisioningevent_{name}"

    def _remarks(self, event: ProvisioningEvent) -> list[dict[str, Any]]:
        """What else there was to an operation, with the learners that it names."""
        return [
            {"words": words, "others": self._others(event, fact) if fact == _EARLIER else []}
            for fact, words in log_words.remarks(event)
        ]

    def _sharing(self, request: HttpRequest, event: ProvisioningEvent) -> dict[str, Any]:
        """The other connection that owns the account, and where to allow a shared link: for whoever may see both."""
        owner = owner_of(request, event)
        if owner is None or event.connection is None:
            return {}
        found: dict[str, Any] = {"owner": owner, "owner_url": self.list_url(learner=owner.pk)}
        if self.may(request, permissions.MANAGE_POLICY):
            name = f"{self.admin_site.name}:{page_url_name('share_refused')}"
            keys = {"object_id": event.connection.pk, "event_id": event.pk}
            found["share_url"] = reverse(name, kwargs=keys)
        return found

    def _said_since(self, request: HttpRequest, event: ProvisioningEvent) -> dict[str, str]:
        """Where to say who somebody is, or what was said: whoever is linked is not asked about any more."""
        link = (
            answers.linked(event.connection, event.user_name) if event.connection and _asks(event) else None
        )
        if link is not None:
            return {
                "linked": answers.by_whom(link),
                "learner_url": learner_page(self.admin_site, request, link),
                "history_url": self.list_url(learner=link.pk),
            }
        return {"answer_url": self._answer_url(request, event), "decision": refused.decision_on(event)}

    def _answer_url(self, request: HttpRequest, event: ProvisioningEvent) -> str:
        """Where to say who somebody is who was refused; empty where nobody asks, or for whoever may not say."""
        if not _asks(event) or event.connection is None or not self.may(request, permissions.MANAGE_POLICY):
            return ""
        name = f"{self.admin_site.name}:{page_url_name('answer')}"
        return reverse(name, kwargs={"object_id": event.connection.pk, "event_id": event.pk})

    def _others(self, event: ProvisioningEvent, *facts: str) -> list[dict[str, str]]:
        """The learners that an operation was about, when its facts name some of the same connection."""
        named: list[str] = []
        for fact in facts:
            value = event.cause.get(fact)
            named += [value] if isinstance(value, str) else [v for v in value or [] if isinstance(v, str)]
        links = ProvisionedUser.objects.filter(connection=event.connection_id, scim_id__in=named[:10])
        return [
            {"name": link.user_name, "url": self.list_url(learner=link.pk)}
            for link in (links if named else [])
        ]

    def _listed(self, event: ProvisioningEvent, events: Any) -> list[dict[str, Any]]:
        rows = events.exclude(pk=event.pk).order_by("-pk")[:_NEIGHBOURS]
        return [{"event": row, "url": self.event_url(row), "words": log_words.sentence(row)} for row in rows]


def support_text(event: ProvisioningEvent) -> str:
    """What may be sent to anybody: no name, no address, no value. Ids of ours and names of attributes only."""
    facts = {
        "scim_provisioning": __version__,
        "operation": event.pk,
        "time": moments.utc(event.created_at).isoformat(timespec="seconds"),
        "request id": event.request_id,
        "asked": event.operation,
        "result": f"{event.action} ({event.outcome})",
        "HTTP": f"{event.method} {log_words.plain_path(event.path)} -> {event.status}"
        if event.method
        else "",
        "error code": event.error_code,
        "raised": " in ".join(
            str(event.cause[name]) for name in ("exception", "place") if event.cause.get(name)
        ),
        "changed attributes": ", ".join(map(attribute_words.nameless, event.changes)),
        # Their names are whatever the client made up.
        "ignored attributes": len(event.ignored) or "",
        "SCIM id": event.scim_id,
        "token": display(event.token_prefix) if event.token_prefix else "",
        "duration": "" if event.duration_ms is None else f"{event.duration_ms} ms",
    }
    return "\n".join(f"{name}: {value}" for name, value in facts.items() if value not in ("", None))


def _asks(event: ProvisioningEvent) -> bool:
    """Whether it is asked who somebody is who was refused so."""
    return event.operation == Operation.CREATE and event.error_code in REFUSALS


def _token(event: ProvisioningEvent) -> str:
    if event.token is not None:
        return str(event.token)
    return display(event.token_prefix) if event.token_prefix else ""


def _messages(event: ProvisioningEvent) -> dict[str, Any]:
    """Both sides of the exchange, or the reason why they are not there."""
    try:
        payload = event.payload
    except ObjectDoesNotExist:
        days = app_settings.retention.payload_days
        gone = event.created_at < timezone.now() - timedelta(days=days)
        return {"kept": False, "expired": gone, "days": days}
    return {
        "kept": True,
        "request": _pretty(payload.request),
        "response": _pretty(payload.response),
        "request_truncated": payload.request_truncated,
        "response_truncated": payload.response_truncated,
    }


def _pretty(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


def _title(event: ProvisioningEvent, sent_as: str) -> str:
    """What happened to whom, for a tab and a bookmark; the number, where it happened to nobody who is known."""
    name = event.user_name or sent_as
    if not name:
        return _("Operation %(number)s") % {"number": event.pk}
    return _("%(action)s: %(name)s") % {"action": event.get_action_display(), "name": name}
