"""The page of those whom the leaver brake holds.

GET changes nothing; every button asks who is there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Max, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from scim_provisioning.admin.identity_form import IdentityForm
from scim_provisioning.admin.pages import ConnectionPages, few_named, posted, who
from scim_provisioning.administration import leaver_brake, permissions
from scim_provisioning.models import HeldLeaver, SCIMConnection
from scim_provisioning.templatetags.scim_admin import scim_number

_PER_PAGE: Final = 200
#: For how long one press of the button works; the page then shows who is left.
_SECONDS: Final = 10.0


class PeopleField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """People by their keys, which a browser may send as any number."""

    def clean(self, value: Any) -> Any:
        """As Django's. A number that is no key on SQLite, as it is too large, is nobody's."""
        try:
            return super().clean(value)
        except OverflowError:
            raise ValidationError(self.error_messages["invalid_list"]) from None


class VerdictForm(IdentityForm):
    """What becomes of those who are ``held``; ``is_of_some``: only some of them are shown.

    The page says of whom it spoke: so many, up to that one. Whoever is held since was shown to nobody.
    """

    verdict = forms.ChoiceField(
        label=gettext_lazy("What becomes of them?"),
        widget=forms.RadioSelect,
        help_text=gettext_lazy(
            "Who may go, goes when the identity provider asks again, usually within 40 minutes."
        ),
    )
    people = PeopleField(queryset=HeldLeaver.objects.none(), required=False)
    shown = forms.IntegerField(required=False, widget=forms.HiddenInput)
    last = forms.IntegerField(min_value=0, max_value=2**63 - 1, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, held: QuerySet[HeldLeaver], is_of_some: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._held = held
        self._whom = held.order_by().aggregate(shown=Count("pk"), last=Max("pk"))
        self.initial.update(self._whom)
        waiting = self._whom["shown"]
        self.fields["people"].queryset = held  # type: ignore[attr-defined]
        everybody = ngettext(
            "Let the %(n)s person go who is held now", "Let all %(n)s go who are held now", waiting
        ) % {"n": scim_number(waiting)}
        if is_of_some:
            everybody = _("%(everybody)s, not only whom you have found") % {"everybody": everybody}
        self.fields["verdict"].choices = [  # type: ignore[attr-defined]
            ("selected", _("Let the selected people go")),
            ("held", everybody),
            ("everybody", _("Let everybody go for 24 hours, also who is not held yet")),
            ("keep", _("Keep holding them: you have looked, and whoever was allowed to go is held again")),
            ("end", _("They stay: the identity provider was corrected. Whoever goes next is counted anew")),
        ]

    def clean(self) -> dict[str, Any]:
        """Somebody has to be selected where the selected may go; all may go who were shown."""
        if self.cleaned_data.get("verdict") == "held":
            last, shown = (self.cleaned_data.get(name) or 0 for name in ("last", "shown"))
            people = self.cleaned_data["people"] = self._held.filter(pk__lte=last)
            if not (last and shown) or people.count() > shown:
                told = _("Others are held than when this page was shown. Look again. Nothing was changed.")
                self.add_error("verdict", told)
        if self.cleaned_data.get("verdict") == "selected" and not self.cleaned_data.get("people"):
            self.add_error("verdict", _("Select whom you let go. Nothing was changed."))
        return super().clean()

    def show_again(self) -> None:
        """What is pressed next is about those who are shown now."""
        data: Any = self.data
        self.data = data = data.copy()
        for name, value in self._whom.items():
            data[name] = value


class HeldPages(ConnectionPages):
    """``held/`` under a connection, to which its banner leads."""

    def connection_urls(self) -> list[URLPattern]:
        """One route."""
        page = self.connection_path("held/", self.held_view, "held", permission=permissions.APPROVE_HELD)
        return [*super().connection_urls(), page]

    def held_view(self, request: HttpRequest, connection: SCIMConnection) -> HttpResponse:
        """Show who is held, and take the administrator's word on it."""
        found = leaver_brake.of(connection)
        if found is None:
            messages.info(request, _("Nobody is held on this connection."))
            return self.back(connection)
        name = request.GET.get("q", "")
        rows, held = leaver_brake.held(connection, name), leaver_brake.held(connection)
        page = Paginator(rows, _PER_PAGE).get_page(request.GET.get("p"))
        is_of_some = page.paginator.count < found.waiting
        form = VerdictForm(posted(request), request=request, held=held, is_of_some=is_of_some)
        if form.is_valid():
            verdict = _VERDICTS[form.cleaned_data["verdict"]]
            messages.success(request, verdict(connection, form.cleaned_data["people"], who(request)))
            return HttpResponseRedirect(self.page_url("change", connection))
        if form.is_bound:
            form.show_again()
        chosen = {str(key) for key in form["people"].value() or ()}
        if name and page.paginator.count == 1 and not form.is_bound:
            # Whoever looks for one, has that one in mind.
            chosen = {str(row.pk) for row in page}
        context = {
            "title": _("Held leavers"),
            "hold": found,
            "undo_url": self.page_url("undo", connection) if found.departed else "",
            "form": form,
            "page": page,
            "name": name,
            "chosen": chosen,
            # What somebody is called, and what their work is, was sent: values.
            "in_clear": permissions.has_permission(request.user, permissions.VIEW_PAYLOAD),
            "limit": max(
                connection.leavers_at_least, (found.people or 0) * connection.leavers_percent // 100
            ),
        }
        return self.render_page(request, "connection/held.html", connection, context)


def _selected(connection: SCIMConnection, people: Any, by: dict[str, Any]) -> str:
    chosen = dict(people.order_by("first_asked_at", "pk").values_list("pk", "link__user_name"))
    n = leaver_brake.allow(connection, list(chosen), seconds=_SECONDS, **by)
    told = ngettext(
        "%(n)d person may go when the identity provider asks again.",
        "%(n)d people may go when the identity provider asks again.",
        n,
    ) % {"n": n}
    if n == len(chosen):
        told += few_named(chosen.values())
    left = people.all().count()
    if not left:
        return told
    more = ngettext(
        "%(n)d person is held still: decide once more to go on.",
        "%(n)d people are held still: decide once more to go on.",
        left,
    )
    return f"{told} {more % {'n': left}}"


def _everybody(connection: SCIMConnection, people: Any, by: dict[str, Any]) -> str:
    leaver_brake.allow_all(connection, **by)
    return _("Everybody may go for 24 hours.")


def _keep(connection: SCIMConnection, people: Any, by: dict[str, Any]) -> str:
    leaver_brake.keep(connection, **by)
    return _("They stay on hold.")


def _end(connection: SCIMConnection, people: Any, by: dict[str, Any]) -> str:
    leaver_brake.end(connection, **by)
    return _("The hold is over. Whoever goes next is counted anew.")


_VERDICTS: Final[dict[str, Callable[[SCIMConnection, Any, dict[str, Any]], str]]] = {
    "selected": _selected,
    "held": _selected,
    "everybody": _everybody,
    "keep": _keep,
    "end": _end,
}
