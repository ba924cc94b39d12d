"""The page on which an adoption is undone: GET shows what would be written back, POST does it on confirmation."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern
from django.utils.translation import gettext as _

from scim_provisioning.admin.identity_form import IdentityForm
from scim_provisioning.admin.pages import ConnectionPages, posted, who
from scim_provisioning.administration import log_words, permissions
from scim_provisioning.administration.adoption import undoing
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.provisioning.undoing import undoable


class UndoAdoptionPage(ConnectionPages):
    """Take a link back."""

    def connection_urls(self) -> list[URLPattern]:
        """One route."""
        return [
            *super().connection_urls(),
            self.connection_path(
                "learners/<int:link_id>/take-back/",
                self.take_back_view,
                "take_back",
                permission=permissions.MANAGE_POLICY,
            ),
        ]

    def take_back_view(self, request: HttpRequest, connection: SCIMConnection, link_id: int) -> HttpResponse:
        """One learner who was adopted within the last thirty days."""
        links = ProvisionedUser.objects.living().filter(connection=connection, user__isnull=False, pk=link_id)
        link = links.select_related("user", "connection").first()
        if link is None or undoable(link) is None:
            raise Http404("There is no such adoption.")
        form = IdentityForm(posted(request), request=request)
        if form.is_valid():
            undoing.undo(link, **who(request))
            messages.success(request, _("The account is what it was before, and nobody’s."))
            return HttpResponseRedirect(self.page_url("change", connection))
        in_clear = permissions.has_permission(request.user, permissions.VIEW_PAYLOAD)
        context = {
            "title": _("Take the link back"),
            "link": link,
            "changes": log_words.in_words(undoing.preview(link), in_clear=in_clear),
            "form": form,
        }
        return self.render_page(request, "connection/take_back.html", connection, context)
