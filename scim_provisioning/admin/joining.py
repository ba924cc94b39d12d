"""The pages on which an administrator says that two accounts here are one person's: whom somebody may be, the two side
by side, and which of them goes on. GET changes nothing; joining asks who is there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, URLPattern, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scim_provisioning.admin.identity_form import IdentityForm
from scim_provisioning.admin.learner_pages import learner_page
from scim_provisioning.admin.pages import ConnectionPages, page_url_name, posted, who
from scim_provisioning.administration import host, permissions
from scim_provisioning.administration.adoption import doubles, joining
from scim_provisioning.administration.adoption.comparing import beside
from scim_provisioning.administration.adoption.joining import Side
from scim_provisioning.administration.log_words import NOTHING
from scim_provisioning.administration.people.answer import Answer
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.rules.customers import customer
from scim_provisioning.rules.ownership import owned_alone

ACCOUNT: Final = "account"
OTHER: Final = "other"
CALLED: Final = "q"
#: So many who may be the same person are named beside the only one who came up.
_NAMED: Final = 3


#: By the place of somebody, what others are called, and where they are laid side by side.
Others = dict[int, list[tuple[str, str]]]


class JoinForm(IdentityForm):
    """Which of two accounts goes on. ``met`` is the link that the administrator was shown."""

    into = forms.ChoiceField(label=gettext_lazy("Which account goes on?"), widget=forms.RadioSelect)
    met = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        choices: list[tuple[str, str]],
        proposal: tuple[Side | None, str],
        met: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, initial={"met": met}, **kwargs)
        field: Any = self.fields["into"]
        field.choices = choices
        if len(choices) == 1:
            self.initial["into"] = choices[0][0]
        else:
            proposed, field.help_text = proposal
            self.initial["into"] = "" if proposed is None else str(proposed.account.pk)


class JoiningPages(ConnectionPages):
    """Compare with another account."""

    def connection_urls(self) -> list[URLPattern]:
        """One route for whom somebody may be, one for the two."""
        policy = permissions.MANAGE_POLICY
        return [
            *super().connection_urls(),
            self.connection_path("doubles/", self.doubles_view, "doubles", permission=policy),
            self.connection_path("doubles/join/", self.join_view, "join", permission=policy),
        ]

    def doubles_view(self, request: HttpRequest, connection: SCIMConnection) -> HttpResponse:
        """Whom the person of an account may be, and a search for others."""
        side, in_clear = _side(request, connection, ACCOUNT), _sees_values(request)
        if not in_clear and not doubles.is_brought_up(connection, side):
            raise Http404("Nothing leads to this account.")
        called = request.GET.get(CALLED, "").strip()
        likely = doubles.of(connection, side)
        found = doubles.called(connection, side, called, in_clear=in_clear) if called else []
        offered = {double.other.account.pk for double in likely}
        context = {
            "title": _("Compare with another account"),
            "side": side,
            "likely": [(double, self._join_url(connection, double)) for double in likely],
            "found": [
                (double, self._join_url(connection, double, called))
                for double in found
                if double.other.account.pk not in offered
            ],
            "called": called,
            "can_merge": joining.can_merge(),
            "without_merge": joining.without_merge(),
            "learner_url": _learner_page(self.admin_site, request, side.account, connection),
        }
        return self.render_page(request, "connection/doubles.html", connection, context)

    def join_view(self, request: HttpRequest, connection: SCIMConnection) -> HttpResponse:
        """Two accounts side by side; POST joins them."""
        one, other = _side(request, connection, ACCOUNT), _side(request, connection, OTHER)
        in_clear, called = _sees_values(request), request.GET.get(CALLED, "")
        if not in_clear and not doubles.are_brought_up(connection, one, other, called):
            raise Http404("Nothing leads to these accounts.")
        ways = {str(into.account.pk): (into, goes) for into, goes in ((one, other), (other, one))}
        refused = {key: joining.obstacle(connection, *way) for key, way in ways.items()}
        choices = [(key, _goes_on(*ways[key])) for key in ways if not refused[key]]
        link = one.link or other.link
        form = JoinForm(
            posted(request),
            request=request,
            choices=choices,
            proposal=joining.goes_on(connection, one, other, in_clear=in_clear),
            met="" if link is None else str(link.pk),
        )
        if choices and form.is_valid():
            into, goes = ways[form.cleaned_data["into"]]
            joining.join(connection, into, goes, met=form.cleaned_data["met"], **who(request))
            messages.success(request, joining.joined(into, in_clear=in_clear))
            url = _learner_page(self.admin_site, request, into.account, connection)
            return HttpResponseRedirect(url or self.page_url("change", connection))
        context = {
            "title": _("Are they the same person?"),
            **_side_by_side(connection, one, other, in_clear=in_clear),
            "obstacles": list(dict.fromkeys(filter(None, refused.values()))),
            "form": form if choices else None,
            "moves": link is not None,
            "back_url": doubles_page(self.admin_site, connection, one.account.pk),
        }
        return self.render_page(request, "connection/join.html", connection, context)

    def _join_url(self, connection: SCIMConnection, double: doubles.Double, called: str = "") -> str:
        return join_page(self.admin_site, connection, double, called)


def doubles_page(site: AdminSite, connection: SCIMConnection, account: Any) -> str:
    """Where to say that the account of this key is another one's person; empty where the host has no such page."""
    return _page(site, "doubles", connection, {ACCOUNT: account})


def join_page(site: AdminSite, connection: SCIMConnection, double: doubles.Double, called: str = "") -> str:
    """Where the two are laid side by side. ``called``: by which words the other was found, where nothing else leads to
    it."""
    keys = {ACCOUNT: double.one.account.pk, OTHER: double.other.account.pk}
    return _page(site, "join", connection, keys | ({CALLED: called} if called else {}))


def alike(site: AdminSite, request: HttpRequest, people: Sequence[Answer]) -> tuple[Others, Others]:
    """Of people who came up together, by their place, who else of them may be the same person: what they are called,
    and where the two are laid side by side (a few queries for each connection that has several of them). Of somebody
    who came up alone, the accounts that did not (some ten queries).

    And of an account that nobody manages and that nothing but what was typed connects with the others: whose second one
    it may be all the same, such as Jo Park and Joan Park-Lee."""
    found: Others = defaultdict(list)
    beside: Others = defaultdict(list)
    # Whoever may not see values has found them by whole words, which lead there too.
    called = "" if _sees_values(request) else request.GET.get(CALLED, "").strip()
    is_alone = len(people) == 1 and not called
    for connection, several in _by_connection(people).items():
        if len(several) < 2 and not is_alone:
            continue
        if not permissions.may(request.user, permissions.MANAGE_POLICY, connection):
            continue
        sides = _sides(connection, several)
        if is_alone:
            found[0] += _doubles_of_one(site, connection, [side for _number, side in sides.values()])
            continue
        for double in doubles.between(connection, [side for _number, side in sides.values()]):
            url = join_page(site, connection, double, called)
            for one, other in ((double.one, double.other), (double.other, double.one)):
                found[sides[one.account.pk][0]].append((other.name, url))
        linked = [side for _number, side in sides.values() if side.link is not None][:_NAMED]
        for number, side in sides.values():
            if side.link is None and people[number].link is None and not found[number]:
                pairs = [doubles.Double(side, other, ()) for other in linked]
                urls = [(pair.other.name, join_page(site, connection, pair, called)) for pair in pairs]
                beside[number] = urls
    return found, beside


def _by_connection(people: Sequence[Answer]) -> dict[SCIMConnection, list[tuple[int, Answer]]]:
    """Those of connections in use who have an account, with their place; nobody while the adapter does not load."""
    met: dict[SCIMConnection, list[tuple[int, Answer]]] = defaultdict(list)
    try:
        host.adapter_class()
    except host.AdapterBroken:
        return met
    for number, person in enumerate(people):
        if not person.connection.is_archived and (person.account is not None or person.link is not None):
            met[person.connection].append((number, person))
    return met


def _doubles_of_one(
    site: AdminSite, connection: SCIMConnection, sides: Sequence[Side]
) -> list[tuple[str, str]]:
    """Of the only one who came up, whom they may be: what was typed, a user name or an address, only one has."""
    return [
        (double.other.name, join_page(site, connection, double))
        for side in sides
        for double in doubles.in_use(connection, doubles.of(connection, side))[:_NAMED]
    ]


def _sides(connection: SCIMConnection, several: Sequence[tuple[int, Answer]]) -> dict[Any, tuple[int, Side]]:
    """The accounts of these people, by their keys, each with the person's place. Of another customer's account nobody
    learns here what it is called (two queries, and two for each other owner there is)."""
    links = [person.link for _number, person in several if person.link is not None]
    alone, lost = owned_alone(links), customer(connection).lost
    moved = ProvisionedUser.objects.filter(lost, connection=connection, pk__in=[link.pk for link in alone])
    own = {link.pk for link in alone} - {*moved.values_list("pk", flat=True)}
    sides: dict[Any, tuple[int, Side]] = {}
    for number, person in several:
        link, account = person.link, person.account
        if link is not None:
            account = link.user if link.pk in own else None
        if account is not None:
            living = None if link is None or link.is_deleted else link
            sides.setdefault(account.pk, (number, Side(account, living)))
    return sides


def _learner_page(site: AdminSite, request: HttpRequest, account: Any, connection: SCIMConnection) -> str:
    """The page of the host's about a learner by their account, whoever manages it."""
    name = account.get_username()
    return learner_page(site, request, ProvisionedUser(connection=connection, user=account, user_name=name))


def _page(site: AdminSite, name: str, connection: SCIMConnection, keys: dict[str, Any]) -> str:
    try:
        url = reverse(f"{site.name}:{page_url_name(name)}", kwargs={"object_id": connection.pk})
    except NoReverseMatch:
        return ""
    return f"{url}?{urlencode(keys)}"


def _side(request: HttpRequest, connection: SCIMConnection, name: str) -> Side:
    side = joining.found(connection, request.GET.get(name, ""))
    if side is None:
        raise Http404("There is no such account.")
    return side


def _side_by_side(connection: SCIMConnection, one: Side, other: Side, *, in_clear: bool) -> dict[str, Any]:
    """What the two have in common, and in what they differ."""
    facts, lines = beside(connection, one, other, in_clear=in_clear)
    return {
        "one": one,
        "other": other,
        "reasons": doubles.compared(connection, one, other).reasons,
        "facts": facts,
        "differing": [line for line in lines if line.is_of_both and not line.agrees],
        "agreeing": [line for line in lines if line.agrees],
        "nothing": NOTHING,
        "lone": [line for line in lines if not line.is_of_both],
    }


def _goes_on(into: Side, goes: Side) -> str:
    """What becomes of the two, in a sentence."""
    facts = {"into": into.name}
    if goes.link is not None:
        facts["name"] = goes.link.user_name
        return (
            _(
                "“%(into)s” goes on. The identity provider’s link moves to it, so that it gets the user name "
                "“%(name)s” and the values that were sent. The other account is switched off."
            )
            % facts
        )
    return _("“%(into)s” goes on as it is. The other account is switched off.") % facts


def _sees_values(request: HttpRequest) -> bool:
    return permissions.has_permission(request.user, permissions.VIEW_PAYLOAD)
