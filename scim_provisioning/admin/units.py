"""The pages on which an administrator says what the names of companies, business units and teams mean.

GET changes nothing; every button asks who is there.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import quote
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from scim_provisioning.admin.choices_shown import ChoicesShown
from scim_provisioning.admin.identity_form import IdentityForm
from scim_provisioning.admin.pages import ConnectionPages, PageLink, posted, who
from scim_provisioning.administration import as_shown, permissions, unit_list, unit_verdicts, units
from scim_provisioning.administration.unit_list import Unit
from scim_provisioning.administration.unit_search import CalledSo
from scim_provisioning.models import Meaning, NewUnits, ReferenceKey, SCIMConnection
from scim_provisioning.provisioning.units import Line
from scim_provisioning.templatetags.scim_admin import scim_number

_PER_PAGE: Final = 100


class NewUnitsForm(ChoicesShown, IdentityForm):
    """What becomes of unknown names, a question for each attribute."""

    def __init__(self, *args: Any, lines: list[Line], **kwargs: Any) -> None:
        stands = {line.path: line.kind.new_units(line.connection) for line in lines}
        super().__init__(*args, shown=stands, **kwargs)
        for line in lines:
            self.fields[line.path] = forms.ChoiceField(
                label=unit_list.kind_of(line),
                help_text=_("In the identity provider’s mapping: %(path)s")
                % {"path": line.path.rpartition(":")[2]},
                choices=NewUnits.choices,
                initial=stands[line.path],
                widget=forms.RadioSelect,
            )
        self.order_fields([name for name in self.fields if name != "password"])

    @property
    def chosen(self) -> dict[str, NewUnits]:
        """What was changed, by path of the mapping."""
        chosen = {path: NewUnits(value) for path, value in self.cleaned_data.items() if path != "shown"}
        return self.changed(chosen)


class NameForm(IdentityForm):
    """What a name means; for some answers, by the name of another unit."""

    VERDICTS: Final = {
        "create": gettext_lazy("Create it: the people who wait get it"),
        "alias": gettext_lazy("It is another name of the unit below"),
        "rename": gettext_lazy("It is the new name of the unit below: rename that one"),
        "merge": gettext_lazy(
            "Merge it into the unit below: its people are moved, and the name goes on working"
        ),
        "leave_out": gettext_lazy("Never: people are written without it"),
        "forget": gettext_lazy("It is a name of its own again"),
        "go_on": gettext_lazy("Move the people who are left"),
    }
    verdict = forms.ChoiceField(label=gettext_lazy("What does it mean?"), widget=forms.RadioSelect)
    unit = forms.CharField(
        label=gettext_lazy("The other unit"),
        required=False,
        widget=forms.TextInput(attrs={"class": "vTextField", "list": "scim-units", "autocomplete": "off"}),
        help_text=gettext_lazy("Its name, as it is called in this application."),
    )

    def __init__(self, *args: Any, verdicts: list[str], line: Line, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._line = line
        self.fields["verdict"].choices = [(name, self.VERDICTS[name]) for name in verdicts]  # type: ignore[attr-defined]
        if not set(verdicts) & set(unit_verdicts.OF_ANOTHER):
            del self.fields["unit"]

    def clean(self) -> dict[str, Any]:
        """The unit has to be one of this customer's, where one is needed."""
        if self.cleaned_data.get("verdict") in unit_verdicts.OF_ANOTHER:
            found = units.named(self._line, self.cleaned_data.get("unit", ""))
            if found is None:
                self.add_error("unit", _("There is no unit of this name here."))
            self.cleaned_data["other"] = found
        return super().clean()


class UnitsPages(ConnectionPages):
    """The list of names, and the page of one."""

    def connection_urls(self) -> list[URLPattern]:
        """Two routes."""
        policy = permissions.MANAGE_POLICY
        return [
            *super().connection_urls(),
            self.connection_path("units/", self.units_view, "units", permission=policy),
            self.connection_path("units/<str:digest>/", self.unit_view, "unit", permission=policy),
        ]

    def connection_links(self, request: HttpRequest, connection: SCIMConnection) -> list[PageLink]:
        """The link to the list, with how many names wait."""
        links = super().connection_links(request, connection)
        if connection.is_archived or not permissions.has_permission(request.user, permissions.MANAGE_POLICY):
            return links
        waiting = unit_list.waiting_count(connection)
        said = _("What their names mean: new ones, aliases, mergers.")
        if waiting:
            said = ngettext("%(n)s new name waits for you.", "%(n)s new names wait for you.", waiting) % {
                "n": scim_number(waiting)
            }
        url = self.page_url("units", connection)
        return [*links, PageLink(url, _("Companies, business units, teams"), said)]

    def units_view(self, request: HttpRequest, connection: SCIMConnection) -> HttpResponse:
        """The names, and what becomes of new ones."""
        if not units.can_be_asked(connection):
            return self.back(connection)
        lines = units.choosable(connection)
        form = NewUnitsForm(posted(request), request=request, lines=lines)
        if form.is_valid():
            return self._choose(request, connection, form)
        show, text = _shown(request, connection), request.GET.get("q", "")
        page = Paginator(unit_list.names(connection, show, text), _PER_PAGE).get_page(request.GET.get("p"))
        rows = unit_list.described(connection, page.object_list)
        counts = {(row.path, row.name): row.learners for row in rows}
        context = {
            "title": _("Companies, business units, teams"),
            "rows": [
                {
                    "unit": row,
                    "url": self.page_url("unit", connection, digest=row.digest),
                    # The few into the many: who wants it the other way round says so on the page of the name.
                    "merge": merged_with(row)
                    if row.learners <= counts.get((row.path, row.alike), row.learners)
                    else "",
                }
                for row in rows
            ],
            "page": page,
            "show": show,
            "text": text,
            "shows": [
                ("open", _("Undecided")),
                ("week", _("New within a week")),
                ("all", _("All")),
            ],
            "waiting": unit_list.waiting_count(connection),
            "form": form,
            "lines": lines,
        }
        return self.render_page(request, "connection/units.html", connection, context)

    def _choose(self, request: HttpRequest, connection: SCIMConnection, form: NewUnitsForm) -> HttpResponse:
        try:
            changed = units.choose(connection, form.chosen, shown=form.stood, **who(request))
        except as_shown.ChangedMeanwhile as overtaken:
            form.tell_of_others(request, overtaken)
        else:
            messages.success(request, _("It was changed.") if changed else _("Nothing was changed."))
        return HttpResponseRedirect(self.page_url("units", connection))

    def unit_view(self, request: HttpRequest, connection: SCIMConnection, digest: str) -> HttpResponse:
        """One name, and the administrator's word on it."""
        found = units.find(connection, digest) if units.can_be_asked(connection) else None
        if found is None:
            raise Http404("There is no such name.")
        line, key = found
        unit = unit_list.detail(line, key)
        verdicts = unit_verdicts.possible(line, unit)
        asked = request.GET.get("verdict", "")
        likely = "rename" if unit.came_from and "rename" in verdicts else verdicts[0]
        if unit.meaning == Meaning.ALIAS and likely == "forget":
            # What was decided is not undone by who only looks.
            likely = ""
        suggested = {"verdict": asked if asked in verdicts else likely}
        form = NameForm(
            posted(request),
            request=request,
            verdicts=verdicts,
            line=line,
            initial={**suggested, "unit": request.GET.get("unit") or unit.came_from or unit.alike},
        )
        if form.is_valid():
            try:
                self._decide(request, line, key, unit, form.cleaned_data)
            except ValidationError as refusal:
                form.add_error(None, refusal)
            else:
                return HttpResponseRedirect(self.page_url("units", connection))
        context = {
            "title": _("What “%(name)s” means") % {"name": unit.name},
            "unit": unit,
            "form": form,
            "names": unit_list.unit_names(line),
            "emptied_url": self._row_url(request, line, unit.merged) if unit.emptied else "",
            "units_url": self.page_url("units", connection),
        }
        return self.render_page(request, "connection/unit.html", connection, context)

    def _decide(
        self, request: HttpRequest, line: Line, key: ReferenceKey, unit: Unit, answer: dict[str, Any]
    ) -> None:
        moved = unit_verdicts.give(line, key, answer["verdict"], answer.get("other"), **who(request))
        told = ngettext("%(n)s person was written.", "%(n)s people were written.", moved)
        decided = _("Decided.")
        if answer["verdict"] == "merge":
            told = ngettext("%(n)s person was moved.", "%(n)s people were moved.", moved)
            facts = {"name": unit.name, "other": getattr(answer["other"], line.kind.by)}
            decided = _("“%(name)s” was merged into “%(other)s”.") % facts
        messages.success(request, decided + " " + told % {"n": scim_number(moved)})
        if answer["verdict"] == "merge":
            left = _(
                "“%(name)s” stays in this application, with nobody in it: delete it there if nothing needs it."
            )
            messages.info(request, left % {"name": unit.called})
        if moved >= units.AT_ONCE:
            messages.info(
                request, _("“manage.py scim_units” writes those who are left; so does this page, once more.")
            )

    def _row_url(self, request: HttpRequest, line: Line, key: str) -> str:
        """The host's own page of a unit; empty where there is none for this person."""
        model: Any = line.entry.field.related_model
        own = self.admin_site._registry.get(model)
        if own is None or not own.has_view_or_change_permission(request):
            return ""
        name = f"{self.admin_site.name}:{model._meta.app_label}_{model._meta.model_name}_change"
        return reverse(name, args=[quote(key)])


def _shown(request: HttpRequest, connection: SCIMConnection) -> str:
    """Which names are listed. Where nothing is new, whoever comes looks for what has been here for long."""
    if (show := request.GET.get("show", "")) in unit_list.SHOWN:
        return show
    return "week" if not request.GET.get("q") and unit_list.names(connection, "week").exists() else "all"


def merged_with(unit: Unit | CalledSo) -> str:
    """What the page of a name begins with where another unit's looks much the same: the query of its address."""
    verdict = "alias" if unit.meaning == Meaning.WAITING else "merge"
    return urlencode({"verdict": verdict, "unit": unit.alike})
