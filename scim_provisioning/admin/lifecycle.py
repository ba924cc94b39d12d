"""The pages on which a connection is paused, resumed, given policies, and restored.

Each shows first what is going to happen (GET changes nothing) and acts on POST.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern
from django.utils.translation import gettext as _

from scim_provisioning import rules
from scim_provisioning.admin.choices_shown import ChoicesShown
from scim_provisioning.admin.lifecycle_forms import (
    ConfirmPoliciesForm,
    PauseForm,
    PoliciesForm,
)
from scim_provisioning.admin.pages import ConnectionPages, posted, who
from scim_provisioning.administration import as_shown, connections, disconnection, host, permissions
from scim_provisioning.models import SCIMConnection


class LifecyclePages(ConnectionPages):
    """Pause, resume, policies, restore."""

    def connection_urls(self) -> list[URLPattern]:
        """One route for each verb."""
        change, policy = permissions.CHANGE, permissions.MANAGE_POLICY
        return [
            *super().connection_urls(),
            self.connection_path("pause/", self.pause_view, "pause", permission=change),
            self.connection_path("resume/", self.resume_view, "resume", permission=change),
            self.connection_path("policies/", self.policies_view, "policies", permission=policy),
            self.connection_path("restore/", self.restore_view, "restore", permission=change),
        ]

    def pause_view(self, request: HttpRequest, connection: SCIMConnection) -> HttpResponse:
        """Ask for the reason, then answer every request with 503."""
        if connection.is_paused or connection.is_archived:
            return self.back(connection)
        form = PauseForm(posted(request))
        if form.is_valid():
            connections.pause(connection, reason=form.cleaned_data["reason"], **who(request))
            messages.success(request, _("Provisioning is paused."))
            return self.back(connection)
        context = {"title": _("Pause provisioning"), "form": form}
        return self.render_page(request, "connection/pause.html", connection, context)

    def resume_view(self, request: HttpRequest, connection: SCIMConnection) -> HttpResponse:
        """Serve requests again."""
        if not connection.is_paused or connection.is_archived:
            return self.back(connection)
        if request.method == "POST":
            connections.resume(connection, **who(request))
            messages.success(request, _("Provisioning goes on."))
            return self.back(connection)
        context = {"title": _("Resume provisioning")}
        return self.render_page(request, "connection/resume.html", connection, context)

    def policies_view(self, request: HttpRequest, connection: SCIMConnection) -> HttpResponse:
        """Choose, see what would change, confirm with the password."""
        if connection.is_archived:
            return self.back(connection)
        if "confirm" in request.POST:
            confirmed = ConfirmPoliciesForm(request.POST, shown={}, request=request, connection=connection)
            return self._confirm_policies(request, connection, confirmed)
        stands = connection.chosen_policies()
        form = PoliciesForm(posted(request), initial=_as_text(stands), shown=stands, connection=connection)
        if form.is_valid():
            return self._policies_chosen(request, connection, form)
        context = {"title": _("Policies"), "form": form}
        return self.render_page(request, "connection/policies.html", connection, context)

    def _policies_chosen(
        self, request: HttpRequest, connection: SCIMConnection, form: PoliciesForm
    ) -> HttpResponse:
        """Ask to confirm what was changed, unless somebody else has changed it meanwhile."""
        stands = connection.chosen_policies()
        changes = {
            name: (stands[name], value) for name, value in form.chosen.items() if stands[name] != value
        }
        if not changes:
            messages.info(request, _("Nothing was changed."))
            return self.back(connection)
        try:
            as_shown.refuse_overtaken(changes, form.stood)
        except as_shown.ChangedMeanwhile as overtaken:
            return self._policies_overtaken(request, connection, form, overtaken)
        chosen = {name: value for name, (_before, value) in changes.items()}
        confirm = ConfirmPoliciesForm(
            initial=_as_text(chosen),
            shown={name: stands[name] for name in chosen},
            request=request,
            connection=connection,
        )
        return self._policies_summary(request, connection, confirm, chosen)

    def _confirm_policies(
        self, request: HttpRequest, connection: SCIMConnection, form: ConfirmPoliciesForm
    ) -> HttpResponse:
        if form.is_valid():
            try:
                changed = connections.choose_policies(
                    connection, chosen=form.chosen, shown=form.stood, **who(request)
                )
            except as_shown.ChangedMeanwhile as overtaken:
                return self._policies_overtaken(request, connection, form, overtaken)
            messages.success(
                request, _("The policies were changed.") if changed else _("Nothing was changed.")
            )
            return self.back(connection)
        if form.policies & set(form.errors):
            # Only a page that was tampered with, or is very old, gets here.
            return HttpResponseRedirect(self.page_url("policies", connection))
        return self._policies_summary(request, connection, form, form.chosen)

    def _policies_overtaken(
        self,
        request: HttpRequest,
        connection: SCIMConnection,
        form: ChoicesShown,
        overtaken: as_shown.ChangedMeanwhile,
    ) -> HttpResponse:
        """Say so, and show how they stand now."""
        form.tell_of_others(request, overtaken)
        return HttpResponseRedirect(self.page_url("policies", connection))

    def _policies_summary(
        self, request: HttpRequest, connection: SCIMConnection, form: ConfirmPoliciesForm, chosen: Any
    ) -> HttpResponse:
        context = {
            "title": _("Confirm the policies"),
            "form": form,
            "differences": _differences(connection, chosen),
            "policies_url": self.page_url("policies", connection),
        }
        return self.render_page(request, "connection/policies_confirm.html", connection, context)

    def restore_view(self, request: HttpRequest, connection: SCIMConnection) -> HttpResponse:
        """Take the disconnection back."""
        if not connection.is_archived:
            return self.back(connection)
        if request.method == "POST":
            connections.restore(connection, **who(request))
            messages.success(request, _("The connection is back. Generate a token to go on."))
            return self.back(connection)
        found = disconnection.of(connection)
        context = {
            "title": _("Restore"),
            "until": connection.restorable_until,
            "is_under_way": found is not None and not found.is_finished,
        }
        return self.render_page(request, "connection/restore.html", connection, context)


def _as_text(chosen: Mapping[str, Sequence[str] | str | int]) -> dict[str, str]:
    """Policies as form fields hold them: a list has one line for each entry."""
    return {
        name: str(value) if isinstance(value, str | int) else "\n".join(value)
        for name, value in chosen.items()
    }


def _differences(
    connection: SCIMConnection, chosen: Mapping[str, Sequence[str] | str | int]
) -> list[tuple[Any, str, str]]:
    """Label, before and after of each policy that would change."""
    before = connection.chosen_policies()
    changed = {name: value for name, value in chosen.items() if value != before[name]}
    choices = {choice.name: choice for choice in SCIMConnection.policy_choices}
    numbers = {number.name: number for number in SCIMConnection.policy_numbers}
    told: list[tuple[Any, str, str]] = []
    for name, after in changed.items():
        if name in choices:
            options = choices[name].options
            told.append((choices[name].label, options(before[name]).label, options(after).label))
        elif name in numbers:
            told.append((numbers[name].label, str(before[name]), str(after)))
        else:
            label = PoliciesForm.base_fields[name].label
            told.append((label, _listed(before[name]), _listed(after)))
    return told


def _listed(entries: Any) -> str:
    return ", ".join(entries) or "—"


def choices_in_force(connection: SCIMConnection) -> list[tuple[Any, Any]]:
    """Label and option of each policy that is a choice, as it works now; none while the adapter does not load."""
    try:
        adapter_class = host.adapter_class()
    except host.AdapterBroken:
        return []
    return [
        *(
            (choice.label, rules.in_force(choice, connection, adapter_class).label)
            for choice in SCIMConnection.policy_choices
        ),
        *((number.label, number.of(connection)) for number in SCIMConnection.policy_numbers),
    ]
