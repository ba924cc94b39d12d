"""The pages on which an administrator says whose a learner's values are: lock one, unlock it, detach the learner."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scim_provisioning.admin.identity_form import IdentityForm
from scim_provisioning.admin.learner_pages import learner_page
from scim_provisioning.admin.pages import ConnectionPages, posted, who
from scim_provisioning.administration import keeping, log_words, permissions, suspension
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.models.locked_value import REASON_LENGTH

ATTRIBUTE: Final = "attribute"


class ReasonForm(forms.Form):
    """Why a value is locked."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=REASON_LENGTH,
        widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
        help_text=gettext_lazy("Whoever wonders later why the value differs reads it here and in the log."),
    )


class KeepingPages(ConnectionPages):
    """Whose value is it, lock, unlock, detach."""

    def connection_urls(self) -> list[URLPattern]:
        """One route for each."""
        views = {"values": self.values_view, "lock": self.lock_view, "unlock": self.unlock_view}
        views["detach"] = self.detach_view
        routes = [
            self.connection_path(
                f"learners/<int:link_id>/{name}/", view, name, permission=permissions.MANAGE_POLICY
            )
            for name, view in views.items()
        ]
        return [*super().connection_urls(), *routes]

    def values_view(self, request: HttpRequest, connection: SCIMConnection, link_id: int) -> HttpResponse:
        """All values of a learner that the connection writes: here, as they were sent, and whether they are locked."""
        link = _living(connection, link_id)
        rows = [(value, *self._in_words(request, value)) for value in keeping.values(link)]
        context = {"title": _("Whose values are these?"), "link": link, "rows": rows}
        context["learner_url"] = learner_page(self.admin_site, request, link)
        return self.render_page(request, "connection/values.html", connection, context)

    def lock_view(self, request: HttpRequest, connection: SCIMConnection, link_id: int) -> HttpResponse:
        """Keep a value as it is here."""
        link = _living(connection, link_id)
        value = _value(link, request.GET.get(ATTRIBUTE, ""))
        form = ReasonForm(posted(request))
        if form.is_valid():
            reason = form.cleaned_data["reason"]
            done = keeping.lock(link, value.path, reason=reason, **who(request))
            said = _("“%(attribute)s” is locked now.") if done else _("“%(attribute)s” was locked already.")
            messages.success(request, said % {"attribute": value.name})
            return self._to_learner(request, link)
        title = _("Lock “%(attribute)s”") % {"attribute": value.name}
        return self._value_page(request, link, value, title, form=form)

    def unlock_view(self, request: HttpRequest, connection: SCIMConnection, link_id: int) -> HttpResponse:
        """Give a value back to the identity provider."""
        link = _living(connection, link_id)
        value = _value(link, request.GET.get(ATTRIBUTE, ""))
        if request.method == "POST":
            done = keeping.unlock(link, value.path, **who(request))
            said = _("“%(attribute)s” is the identity provider’s again.")
            messages.success(request, said % {"attribute": value.name} if done else _("Nothing was changed."))
            return self._to_learner(request, link)
        title = _("Unlock “%(attribute)s”") % {"attribute": value.name}
        return self._value_page(request, link, value, title, unlocks=True)

    def detach_view(self, request: HttpRequest, connection: SCIMConnection, link_id: int) -> HttpResponse:
        """Make a learner the LMS's own again."""
        link = _living(connection, link_id)
        keeping.refuse_guest(link)
        back = learner_page(self.admin_site, request, link)
        form = IdentityForm(posted(request), request=request)
        if form.is_valid():
            keeping.detach(link, **who(request))
            messages.success(
                request, _("“%(name)s” is the application’s own again.") % {"name": link.user_name}
            )
            return HttpResponseRedirect(back or self.page_url("change", connection))
        context = {"title": _("Detach from SCIM"), "link": link, "form": form, "learner_url": back}
        return self.render_page(request, "connection/detach.html", connection, context)

    def _value_page(
        self, request: HttpRequest, link: ProvisionedUser, value: keeping.Value, title: str, **context: Any
    ) -> HttpResponse:
        here, sent = self._in_words(request, value)
        facts = {
            "title": title,
            "link": link,
            "value": value,
            "here": here,
            "sent": sent,
            "learner_url": learner_page(self.admin_site, request, link),
        }
        return self.render_page(request, "connection/lock.html", link.connection, {**facts, **context})

    def _in_words(self, request: HttpRequest, value: keeping.Value) -> tuple[str, str]:
        """A value as it is here and as it was sent, as far as this person may read either: what was sent with
        ``view_payload``; what is the application's own also as whoever may open its row in this admin."""
        sees_sent = permissions.has_permission(request.user, permissions.VIEW_PAYLOAD)
        sees_here = sees_sent or self._may_open(request, value.row)
        return _words(value.here, sees_here), _words(value.sent, sees_sent)

    def _may_open(self, request: HttpRequest, row: Any) -> bool:
        model_admin = self.admin_site._registry.get(type(row))
        return model_admin is not None and model_admin.has_view_or_change_permission(request, row)

    def _to_learner(self, request: HttpRequest, link: ProvisionedUser) -> HttpResponse:
        url = learner_page(self.admin_site, request, link) or self.page_url("change", link.connection)
        return HttpResponseRedirect(url)


def _words(value: Any, in_clear: bool) -> str:
    return log_words.shown(value) if in_clear else log_words.masked(value)


def _living(connection: SCIMConnection, link_id: int) -> ProvisionedUser:
    links = suspension.present(connection)
    link = links.select_related("user", "connection").filter(pk=link_id).first()
    if link is None:
        raise Http404("There is no such learner.")
    return link


def _value(link: ProvisionedUser, path: str) -> keeping.Value:
    for value in keeping.values(link):
        if value.path == path and (value.may_be_locked or value.lock is not None):
            return value
    raise Http404("There is no such value.")
