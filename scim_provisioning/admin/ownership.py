"""The pages on which an administrator says which connection owns an account, and which may share it.

Each shows first what is going to happen (GET changes nothing) and acts on POST, once the administrator has confirmed
who they are. They are there for whoever may choose policies and see both connections; a 404 for everybody else.
"""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scim_provisioning.admin.identity_form import IdentityForm
from scim_provisioning.admin.pages import ConnectionPages, who
from scim_provisioning.administration import ownership, permissions, shares
from scim_provisioning.models import (
    Adoption,
    ProvisionedUser,
    ProvisioningEvent,
    SCIMConnection,
    SharedAccount,
)

#: What is answered where another connection owns the account, or has let it go.
REFUSED: Final = ("user.owned_elsewhere", "user.owner_left")


class ShareForm(IdentityForm):
    """Which connection may use the account as well."""

    connection = forms.ModelChoiceField(
        queryset=SCIMConnection.objects.none(),
        label=gettext_lazy("Connection"),
        help_text=gettext_lazy(
            "It links the account when its identity provider sends the person the next time."
        ),
    )

    def __init__(self, *args: Any, choices: QuerySet[SCIMConnection], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["connection"]
        field.queryset = choices  # type: ignore[attr-defined]


class OwnershipPages(ConnectionPages):
    """Allow a shared link, withdraw it, move the ownership."""

    def connection_urls(self) -> list[URLPattern]:
        """One route for each verb, and one for the verb on a refused operation."""
        policy = permissions.MANAGE_POLICY
        learner = "learners/<int:link_id>"
        return [
            *super().connection_urls(),
            self.connection_path(
                "operations/<int:event_id>/share/",
                self.share_refused_view,
                "share_refused",
                permission=policy,
            ),
            self.connection_path(f"{learner}/share/", self.share_view, "share", permission=policy),
            self.connection_path(
                "shares/<int:share_id>/withdraw/", self.withdraw_view, "withdraw", permission=policy
            ),
            self.connection_path(f"{learner}/own/", self.own_view, "own", permission=policy),
        ]

    def share_refused_view(
        self, request: HttpRequest, connection: SCIMConnection, event_id: int
    ) -> HttpResponse:
        """Allow what was refused because another connection owns the account."""
        event, owner = refused_share(request, connection, event_id)
        form = IdentityForm(_posted(request), request=request)
        if form.is_valid():
            ownership.allow_share(
                connection, _account_of(event, owner), name=event.user_name or owner.user_name, **who(request)
            )
            messages.success(request, _ALLOWED % {"connection": connection})
            return HttpResponseRedirect(self.page_url("change", connection))
        return self._ownership_page(request, connection, form, owner, _("Allow a shared link"))

    def share_view(self, request: HttpRequest, connection: SCIMConnection, link_id: int) -> HttpResponse:
        """Allow another connection to use a learner's account."""
        link = self._living_link(connection, link_id)
        if self._owner(request, link) is None and not ownership.may_give(request.user, connection, link):
            raise Http404("There is no such learner.")
        mine = ProvisionedUser.objects.living().filter(user=link.user_id)
        choices = permissions.visible_connections(request.user).filter(archived_at__isnull=True)
        choices = choices.exclude(pk__in=mine.values("connection"))
        form = ShareForm(_posted(request), request=request, choices=choices)
        if form.is_valid():
            other: SCIMConnection = form.cleaned_data["connection"]
            ownership.allow_share(other, link.user, name=link.user_name, **who(request))
            messages.success(request, _ALLOWED % {"connection": other})
            return HttpResponseRedirect(self.page_url("change", connection))
        return self._ownership_page(request, connection, form, link, _("Allow a shared link"))

    def withdraw_view(self, request: HttpRequest, connection: SCIMConnection, share_id: int) -> HttpResponse:
        """Take back that this connection shares an account."""
        share = SharedAccount.objects.filter(connection=connection, pk=share_id).select_related(
            "connection", "user"
        )
        found = share.first()
        if found is None or not shares.sees(request.user, found):
            raise Http404("There is no such shared account.")
        form = IdentityForm(_posted(request), request=request)
        if form.is_valid():
            done = shares.withdraw(found, **who(request))
            said = _("“%(connection)s” may no longer use the account.") % {"connection": connection}
            messages.success(request, said if done else _("Nothing was changed."))
            return HttpResponseRedirect(self.page_url("change", connection))
        context = {
            "title": _("Withdraw the shared link"),
            "form": form,
            "name": shares.name_of(found),
            "owner": shares.owner_of(found),
            "link": shares.link_of(found),
        }
        return self.render_page(request, "connection/withdraw.html", connection, context)

    def own_view(self, request: HttpRequest, connection: SCIMConnection, link_id: int) -> HttpResponse:
        """Let this connection own a learner's account."""
        link = self._living_link(connection, link_id)
        owner = self._owner(request, link)
        if not ownership.may_move(request.user, link):
            raise Http404("There is no such learner.")
        form = IdentityForm(_posted(request), request=request)
        if form.is_valid():
            moved = ownership.move_ownership(link, **who(request))
            said = _("This connection owns the account now.") if moved else _("Nothing was changed.")
            messages.success(request, said)
            return HttpResponseRedirect(self.page_url("change", connection))
        return self._ownership_page(
            request, connection, form, owner or link, _("Move the ownership"), moves=True
        )

    def _owner(self, request: HttpRequest, link: ProvisionedUser) -> ProvisionedUser | None:
        """The link of another connection that owns the account; None where this one does. Raises ``Http404`` for
        whoever may not see that connection: what becomes of its account is not theirs to say."""
        owner = next((other for other in ownership.others(link) if other.owns_profile), None)
        if owner is not None and not ownership.may_see(request.user, owner.connection):
            raise Http404("There is no such learner.")
        return owner

    def _living_link(self, connection: SCIMConnection, link_id: int) -> ProvisionedUser:
        links = ProvisionedUser.objects.living().filter(connection=connection, user__isnull=False)
        link = links.select_related("user", "connection").filter(pk=link_id).first()
        if link is None:
            raise Http404("There is no such learner.")
        return link

    def _ownership_page(
        self,
        request: HttpRequest,
        connection: SCIMConnection,
        form: forms.Form,
        owner: ProvisionedUser,
        title: str,
        *,
        moves: bool = False,
    ) -> HttpResponse:
        context = {"title": title, "form": form, "owner": owner, "moves": moves}
        return self.render_page(request, "connection/ownership.html", connection, context)


_ALLOWED: Final = gettext_lazy("“%(connection)s” may link the account now.")


def refused_share(
    request: HttpRequest, connection: SCIMConnection, event_id: int
) -> tuple[ProvisioningEvent, ProvisionedUser]:
    """The refused operation and the link that owns the account. Raises ``Http404`` for whoever must not see both."""
    events = ProvisioningEvent.objects.filter(connection=connection, error_code__in=REFUSED, pk=event_id)
    event = events.first()
    owner = None if event is None else owner_of(request, event)
    if event is None or owner is None:
        raise Http404("There is no such operation.")
    return event, owner


def owner_of(request: HttpRequest, event: ProvisioningEvent) -> ProvisionedUser | None:
    """The link that owns the account that was refused, or owned it last, for whoever may see its connection too."""
    owner = event.cause.get("owner") if event.error_code in REFUSED else None
    if not isinstance(owner, str):
        return None
    links = ProvisionedUser.objects.filter(scim_id=owner)
    if event.error_code == REFUSED[0]:
        links = links.living()
    link = links.select_related("user", "connection").first()
    if link is None or _account_of(event, link) is None:
        return None
    return link if ownership.may_give(request.user, event.connection_id, link) else None


def _account_of(event: ProvisioningEvent, owner: ProvisionedUser) -> Any:
    """The account that was refused; of a link that has lost it, the one that the refusal names, if the link had it."""
    named = event.cause.get("accounts") or ()
    if owner.user is not None and (not named or str(owner.user_id) in map(str, named)):
        return owner.user
    taken = Adoption.objects.filter(link=owner, undone_at__isnull=False, user__in=named)
    found = taken.select_related("user").first()
    return None if found is None else found.user


def _posted(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None
