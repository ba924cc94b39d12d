"""The filters of the provisioning log. Their counts are of the latest operations, so that they stay cheap."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from scim_provisioning.admin.log_days import DAYS, DateFilter, RangeFilter
from scim_provisioning.admin.log_recent import Events, RecentFacets, pinned, recent
from scim_provisioning.administration import catalogue, reactivation
from scim_provisioning.administration.log_search import lookups
from scim_provisioning.administration.permissions import visible_connections, within
from scim_provisioning.events import log_order
from scim_provisioning.models import (
    Action,
    Outcome,
    ProvisionedUser,
    SCIMConnection,
    SCIMToken,
)

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin
    from django_stubs_ext import StrOrPromise

    Choice = tuple[str, StrOrPromise]


def order_of_list(request: HttpRequest) -> tuple[str, ...]:
    """The newest first, in the order of the index that the filters in the address leave."""
    asked = request.GET
    if asked.get("q"):
        # A search has indexes of its own, which find less than a connection has.
        return ("-id",)
    if any(name.startswith("created_at__") or (name in DAYS and asked[name]) for name in asked):
        return ("-created_at", "-id")
    found = set(pinned(request))
    if _may_be_key(asked.get("connection", "")):
        found.add("connection_id")
    if asked.get("problems") == "only" or asked.get("outcome__exact") in Outcome.values:
        found.add("outcome")
    found |= {column for column, name in (("action", "action"), ("error_code", "error")) if asked.get(name)}
    return log_order.newest_first(found)


class _Filter(RecentFacets, admin.SimpleListFilter):
    """A filter whose choices are conditions, so that one statement counts them all.

    Django builds every filter anew for each filter that counts: ``offered`` is asked once a request.
    """

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[Choice]:
        known: dict[str | None, list[Choice]] = request.__dict__.setdefault("_scim_log_choices", {})
        if self.parameter_name not in known:
            known[self.parameter_name] = self.offered(request, model_admin)
        return known[self.parameter_name]

    def offered(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[Choice]:
        """Values and labels to choose from."""
        raise NotImplementedError

    def condition(self, value: str) -> Q:
        """What choosing ``value`` means."""
        raise NotImplementedError

    def queryset(self, request: HttpRequest, queryset: Events) -> Events:
        value = self.value()
        return queryset if value is None else queryset.filter(self.condition(value))

    def get_facet_counts(self, pk_attname: str, filtered_qs: Events) -> dict[str, Count]:  # type: ignore[override]
        return {
            f"{number}__c": Count(pk_attname, filter=self.condition(str(value)))
            for number, (value, _label) in enumerate(self.lookup_choices)
        }


class ProblemsFilter(_Filter):
    title = _("problems")
    parameter_name = "problems"

    def offered(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[Choice]:
        return [("only", _("Only problems"))]

    def condition(self, value: str) -> Q:
        return log_order.exactly(outcome=Outcome.REFUSED.value)


class LookupsFilter(_Filter):
    """Refused look-ups are hidden unless asked for: some clients ask for the same stranger every cycle."""

    title = _("refused look-ups")
    parameter_name = "lookups"

    def offered(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[Choice]:
        return [("show", _("Show refused look-ups"))]

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:  # type: ignore[override]
        hide, show = _("Hide refused look-ups"), _("Show refused look-ups")
        remove = changelist.get_query_string(remove=[self.parameter_name])
        add = changelist.get_query_string({self.parameter_name: "show"})
        yield {"selected": self.value() != "show", "query_string": remove, "display": hide}
        yield {"selected": self.value() == "show", "query_string": add, "display": show}

    def queryset(self, request: HttpRequest, queryset: Events) -> Events:
        return queryset if self.value() == "show" else queryset.exclude(lookups())


class DepartureFilter(_Filter):
    """Whom an identity provider has switched off or deleted lately, and who has not come back. Not counted beforehand:
    who has come back would be asked of ten thousand operations, one by one."""

    title = _("who went")
    parameter_name = "left"

    def offered(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[Choice]:
        words = {1: _("Switched off or deleted in the last hour"), 24: _("… in the last 24 hours")}
        return [(str(hours), words[hours]) for hours in reactivation.HOURS]

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:  # type: ignore[override]
        for value, label in [(None, _("All")), *self.lookup_choices]:
            query = changelist.get_query_string({self.parameter_name: value})
            yield {"selected": self.value() == value, "query_string": query, "display": label}

    def queryset(self, request: HttpRequest, queryset: Events) -> Events:
        value = self.value()
        if value is None:
            return queryset
        if value not in map(str, reactivation.HOURS):
            return queryset.none()
        # Every filter that counts asks anew.
        known: dict[str, Q] = request.__dict__.setdefault("_scim_log_departed", {})
        if value not in known:
            known[value] = reactivation.departed(visible_connections(request.user), int(value))
        return queryset.filter(known[value])

    def condition(self, value: str) -> Q:
        # Nothing is counted.
        return Q(pk__in=())


class OutcomeFilter(RecentFacets, admin.ChoicesFieldListFilter):
    """One outcome is asked for as an index finds it."""

    def queryset(self, request: HttpRequest, queryset: Events) -> Events | None:
        chosen = request.GET.getlist(self.lookup_kwarg)
        if len(self.used_parameters) == len(chosen) == 1 and chosen[0] in Outcome.values:
            return queryset.filter(log_order.exactly(outcome=chosen[0]))
        return super().queryset(request, queryset)


class _RareFilter(_Filter):
    """A filter by what may be rare. The indexes that find it begin with the connection, so whoever sees all connections
    asks for them by their keys: without, the whole log would be read back for what is not there."""

    #: The column that has the value.
    column: str

    def condition(self, value: str) -> Q:
        return log_order.exactly(**{self.column: value})

    def queryset(self, request: HttpRequest, queryset: Events) -> Events:
        value, is_of_one = self.value(), _may_be_key(request.GET.get("connection", ""))
        if value is None or is_of_one or "connection_id" in pinned(request):
            return super().queryset(request, queryset)
        return queryset.filter(log_order.anywhere(_keys(request)), **{self.column: value})


class ActionFilter(_RareFilter):
    """By action; only those that happened lately are offered."""

    title = _("action")
    parameter_name = column = "action"

    def offered(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[Choice]:
        everything = model_admin.get_queryset(request)
        happened = recent(everything, request, everything).order_by().values_list("action", flat=True)
        actions = {*happened.distinct(), *filter(None, [self.used_parameters.get(self.parameter_name)])}
        return [(value, label) for value, label in Action.choices if value in actions]


class ErrorFilter(_RareFilter):
    """By the catalogue's sentence; only failures that happened lately are offered."""

    title = _("cause")
    parameter_name = "error"
    column = "error_code"

    def offered(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[Choice]:
        everything = model_admin.get_queryset(request)
        refused = recent(everything.filter(outcome=Outcome.REFUSED), request, everything)
        codes = set(refused.exclude(error_code="").order_by().values_list("error_code", flat=True).distinct())
        if chosen := self.used_parameters.get(self.parameter_name):
            codes.add(chosen)
        titles = {code: catalogue.title(code) for code in codes}
        return sorted(titles.items(), key=lambda item: item[1])


class ConnectionFilter(_Filter):
    title = _("connection")
    parameter_name = "connection"

    def offered(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[Choice]:
        rows = visible_connections(request.user).order_by("name", "pk").values_list("pk", "name")[:100]
        return [(str(pk), name) for pk, name in rows]

    def has_output(self) -> bool:
        return len(self.lookup_choices) > 1 or self.value() is not None

    def condition(self, value: str) -> Q:
        return _is_key("connection_id", value)


class TokenFilter(_Filter):
    title = _("token")
    parameter_name = "token"

    def offered(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[Choice]:
        tokens = within(SCIMToken.objects.all(), "connection", visible_connections(request.user))
        found = list(tokens.select_related("connection").order_by("label", "pk")[:50])
        if len({token.connection_id for token in found}) < 2:
            return [(str(token.pk), str(token)) for token in found]
        return [(str(token.pk), f"{token} · {token.connection.name}") for token in found]

    def condition(self, value: str) -> Q:
        return _is_key("token_id", value)


class LearnerFilter(_Filter):
    """Present only while the list is one learner's history."""

    title = _("learner")
    parameter_name = "learner"

    def offered(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[Choice]:
        chosen = self.used_parameters.get(self.parameter_name)
        if chosen is None or not chosen.isdecimal():
            return []
        links = within(ProvisionedUser.objects.all(), "connection", visible_connections(request.user))
        return [(chosen, str(link)) for link in links.filter(pk=chosen)]

    def has_output(self) -> bool:
        # A stranger's key must find nothing, not be ignored and find everything.
        return self.value() is not None

    def condition(self, value: str) -> Q:
        return _is_key("link_id", value)


def _keys(request: HttpRequest) -> list[int]:
    """The keys of the connections that are seen (one query a request, though every filter asks)."""
    if "_scim_log_keys" not in request.__dict__:
        rows = visible_connections(request.user).order_by("pk").values_list("pk", flat=True)
        request.__dict__["_scim_log_keys"] = [*rows]
    keys: list[int] = request.__dict__["_scim_log_keys"]
    return keys


def looked_through(request: HttpRequest) -> QuerySet[SCIMConnection]:
    """The connections among whose people a search looks: those that are seen, or the one that is chosen of them."""
    seen, chosen = visible_connections(request.user), request.GET.get("connection", "")
    return seen.filter(pk=chosen) if _may_be_key(chosen) else seen


def _is_key(field: str, value: str) -> Q:
    # What is no key of a row finds nothing, instead of an error or of everything.
    return log_order.exactly(**{field: int(value)}) if _may_be_key(value) else Q(pk__in=())


def _may_be_key(value: str) -> bool:
    return value.isdecimal() and len(value) < 19


LIST_FILTERS: Final[tuple[Any, ...]] = (
    LearnerFilter,
    ProblemsFilter,
    DepartureFilter,
    LookupsFilter,
    ("created_at", DateFilter),
    RangeFilter,
    ("outcome", OutcomeFilter),
    ActionFilter,
    ErrorFilter,
    TokenFilter,
    ConnectionFilter,
)
