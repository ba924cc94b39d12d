"""The pages on which somebody is forgotten: GET counts what would be erased, POST does it on confirmation."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scim_provisioning.admin.identity_form import IdentityForm
from scim_provisioning.admin.pages import ConnectionPages, posted, who
from scim_provisioning.administration import disconnection_words, erasure, permissions
from scim_provisioning.administration.erasure import Person
from scim_provisioning.models import Outcome, ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.models.provisioned_user import FORGOTTEN


class ForgetForm(IdentityForm):
    """The person's name as the last word; whether somebody active is meant, and whether the application erases them
    too, each only where it is a question."""

    even_if_active = forms.BooleanField(
        label=gettext_lazy("They are an active learner: forget them all the same"),
        help_text=gettext_lazy("The account stays as it is, and nobody manages it any more."),
    )
    erase = forms.BooleanField(
        label=gettext_lazy("Erase them in this application as well"),
        required=False,
        help_text=gettext_lazy("As the application’s developers wrote it (“erase” of the adapter)."),
    )
    name = forms.CharField(
        label=gettext_lazy("Type the user name of the person to confirm"),
        widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.expected = person.name
        if not erasure.is_active(person):
            del self.fields["even_if_active"]
        if not erasure.can_be_erased(person):
            del self.fields["erase"]

    def clean_name(self) -> str:
        """Raises ``ValidationError`` unless it is the person's name."""
        typed = str(self.cleaned_data["name"]).strip()
        if typed != self.expected.strip():
            raise ValidationError(disconnection_words.TYPE_THE_NAME, params={"name": self.expected})
        return typed


class ForgetPages(ConnectionPages):
    """Forget a learner, or somebody who was only refused."""

    def connection_urls(self) -> list[URLPattern]:
        """Two routes."""
        forget = permissions.FORGET
        return [
            *super().connection_urls(),
            self.connection_path(
                "learners/<int:link_id>/forget/", self.forget_view, "forget", permission=forget
            ),
            self.connection_path(
                "operations/<int:event_id>/forget/",
                self.forget_refused_view,
                "forget_refused",
                permission=forget,
            ),
        ]

    def forget_view(self, request: HttpRequest, connection: SCIMConnection, link_id: int) -> HttpResponse:
        """Somebody who has, or had, an account."""
        links = ProvisionedUser.objects.filter(connection=connection, pk=link_id)
        link = links.select_related("user", "connection").first()
        if link is None or link.is_forgotten:
            raise Http404("There is no such learner.")
        return self._forget(request, Person(connection, link=link))

    def forget_refused_view(
        self, request: HttpRequest, connection: SCIMConnection, event_id: int
    ) -> HttpResponse:
        """Somebody who never got one."""
        refusals = ProvisioningEvent.objects.filter(outcome=Outcome.REFUSED, link__isnull=True)
        event = refusals.filter(connection=connection, pk=event_id).first()
        if event is None or event.user_name.startswith(FORGOTTEN):
            raise Http404("There is no such operation.")
        return self._forget(request, Person(connection, event=event))

    def _forget(self, request: HttpRequest, person: Person) -> HttpResponse:
        form = ForgetForm(posted(request), request=request, person=person)
        if form.is_valid():
            done = erasure.forget(
                person,
                even_if_active=form.cleaned_data.get("even_if_active", False),
                erase=form.cleaned_data.get("erase", False),
                **who(request),
            )
            said = _("What was kept of this person was erased. In the log they are “%(name)s” now.")
            messages.success(request, said % {"name": done.name})
            return HttpResponseRedirect(self.page_url("privacy", person.connection))
        found = erasure.preview(person)
        context = {
            "title": _("Forget a person"),
            "person": person,
            "found": found,
            "tables": [(model._meta.verbose_name_plural, *numbers) for model, *numbers in found.tally.tables],
            "form": form,
            "privacy_url": self.page_url("privacy", person.connection),
        }
        return self.render_page(request, "connection/forget.html", person.connection, context)
