"""What becomes of SCIM when the host's SSO settings are deleted, and how new ones take it over."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import quote, unquote
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import get_template, select_template
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from scim_provisioning.admin import denied
from scim_provisioning.admin.identity_form import IdentityForm
from scim_provisioning.admin.pages import (
    TEMPLATES,
    as_written,
    is_told_of_trouble,
    page_url_name,
    posted,
    who,
)
from scim_provisioning.administration import health, host, permissions, setting_up, takeover, times
from scim_provisioning.events import reports
from scim_provisioning.models import SCIMConnection
from scim_provisioning.templatetags.scim_admin import scim_number

if TYPE_CHECKING:
    from django.db.models import Model

    _Base = ModelAdmin[Any]
else:
    _Base = object

DELETE_TEMPLATE: Final = f"{TEMPLATES}/sso/delete.html"
TAKE_OVER_TEMPLATE: Final = f"{TEMPLATES}/sso/take_over.html"


class _SSOPages(_Base):
    """What the pages on the host's SSO settings share."""

    def may_set_up(self, request: HttpRequest, row: Model) -> bool:
        """Whether this person may set up SCIM for these settings."""
        may_add = permissions.has_permission(request.user, permissions.ADD)
        return self.has_change_permission(request, row) and may_add

    def scim_row_url(self, row: Model) -> str:
        """The page of these settings."""
        return reverse(f"{self.admin_site.name}:{self.scim_url_name('change')}", args=(quote(row.pk),))

    def scim_url_name(self, name: str) -> str:
        """The URL name of a page of the host's admin."""
        return f"{self.opts.app_label}_{self.opts.model_name}_{name}"


class TakeOverForm(IdentityForm):
    """Which connection, and who asks."""

    connection = forms.ChoiceField(label=gettext_lazy("Connection"), widget=forms.RadioSelect)

    def __init__(
        self, *args: Any, request: HttpRequest, candidates: list[tuple[SCIMConnection, int]], **kwargs: Any
    ):
        super().__init__(*args, request=request, **kwargs)
        chosen: Any = self.fields["connection"]
        chosen.choices = [(str(row.pk), _described(row, n)) for row, n in candidates]


class TakeOverPages(_SSOPages):
    """New settings take over the connection whose own are gone."""

    def take_over_urls(self) -> list[URLPattern]:
        """One route. Never inside a host's ATOMIC_REQUESTS, as all verbs."""
        view = transaction.non_atomic_requests(as_written(self.admin_site, self.scim_take_over_view))
        name = self.scim_url_name("scim_take_over")
        return [path("<path:object_id>/scim/take-over/", view, name=name)]

    def take_over_url(self, request: HttpRequest, row: Model, connection: SCIMConnection | None) -> str:
        """Where it is offered, to whom; else empty. For settings whose connection has learners there is nothing to."""
        has_learners = (
            connection is not None
            and setting_up.is_taken(connection)
            and (connection.is_archived or connection.links.living().exists())
        )
        if has_learners or not self._may_take_over(request, row) or not takeover.is_offered(request.user):
            return ""
        name = f"{self.admin_site.name}:{self.scim_url_name('scim_take_over')}"
        return reverse(name, args=(quote(row.pk),))

    def _may_take_over(self, request: HttpRequest, row: Model) -> bool:
        return self.may_set_up(request, row) and permissions.has_permission(request.user, permissions.CHANGE)

    def scim_take_over_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Which connections of this customer have ended; on POST, one of them opens again with these settings."""
        reports.keep_quiet(request)
        return denied.in_words(self, request, self._take_over, request, object_id)

    def _take_over(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404("There are no such SSO settings.")
        if not self._may_take_over(request, row):
            needed = permissions.ADD, permissions.CHANGE
            raise permissions.missing_of_sso(request.user, self.model, *needed)
        try:
            candidates = takeover.candidates(request.user, row)
            form = TakeOverForm(posted(request), request=request, candidates=candidates)
            if form.is_valid():
                chosen = next(old for old, _n in candidates if str(old.pk) == form.cleaned_data["connection"])
                return self._taken_over(request, row, chosen)
        except (setting_up.ConnectionRefused, host.AdapterBroken) as refusal:
            messages.error(request, refusal.message)
            return HttpResponseRedirect(self.scim_row_url(row))
        except Exception as error:
            if not is_told_of_trouble(request, error):
                raise
            return HttpResponseRedirect(self.scim_row_url(row))
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "title": _("Take over an earlier connection"),
            "opts": self.opts,
            "row": row,
            "row_url": self.scim_row_url(row),
            "media": self.media,
            "form": form,
            "candidates": candidates,
        }
        return TemplateResponse(request, TAKE_OVER_TEMPLATE, context)

    def _taken_over(self, request: HttpRequest, row: Model, chosen: SCIMConnection) -> HttpResponse:
        connection = takeover.take_over(chosen, row, **who(request))
        messages.success(request, _("The connection is taken over. Generate a token to go on."))
        if not permissions.sees(request.user, connection):
            return HttpResponseRedirect(self.scim_row_url(row))
        change = f"{self.admin_site.name}:{page_url_name('change')}"
        return HttpResponseRedirect(reverse(change, kwargs={"object_id": connection.pk}))


class SSODeletion(_SSOPages):
    """The page that deletes SSO settings says what becomes of SCIM."""

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The host's page, with what becomes of SCIM above it."""
        response = super().delete_view(request, object_id, extra_context)
        context = getattr(response, "context_data", None) or {}
        row = context.get("object")
        connection = None if row is None else setting_up.find(row)
        if connection is None or connection.is_archived or not isinstance(response, TemplateResponse):
            return response
        response.context_data = {
            **context,
            "scim_base_template": loaded(response.template_name),
            "scim_end": self._end(request, connection),
            "media": self.media,
        }
        response.template_name = DELETE_TEMPLATE
        return response

    def _end(self, request: HttpRequest, connection: SCIMConnection) -> dict[str, Any]:
        """What ends and what stays; nothing but that for those who may not see the connection."""
        if not permissions.sees(request.user, connection):
            return {}
        site, user = self.admin_site.name, request.user
        end: dict[str, Any] = {"connection": connection, "health": health.of(connection)}
        if permissions.may_view(user) and permissions.has_permission(user, permissions.CHANGE):
            name = f"{site}:{page_url_name('disconnect')}"
            end["disconnect_url"] = reverse(name, kwargs={"object_id": connection.pk})
        if self.has_add_permission(request):
            end["add_url"] = reverse(f"{site}:{self.scim_url_name('add')}")
        return end

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The host's list of what goes with these settings, and their connections, also where several are deleted."""
        to_delete, counts, lacking, protected = super().get_deleted_objects(objs, request)
        return [*to_delete, *self._ending(request, objs)], counts, lacking, protected

    def _ending(self, request: HttpRequest, rows: Iterable[Model]) -> list[str]:
        keys = [setting_up.key_of(row) for row in rows]
        connections = permissions.visible_connections(request.user).filter(
            sso_key__in=keys, archived_at__isnull=True
        )
        words = _("SCIM connection “%(connection)s” ends: its tokens die, its learners stay.")
        return [words % {"connection": connection} for connection in connections]


def loaded(names: Any) -> Any:
    """The template of an answer: `{% extends %}` takes one, but no list of names to choose from."""
    return get_template(names) if isinstance(names, str) else select_template(names)


def _described(connection: SCIMConnection, learners: int) -> str:
    words = ngettext(
        "%(name)s: %(n)s learner, ended on %(day)s", "%(name)s: %(n)s learners, ended on %(day)s", learners
    )
    ended = connection.archived_at
    day = "—" if ended is None else times.written(ended)
    return words % {"name": connection.name, "n": scim_number(learners), "day": day}
