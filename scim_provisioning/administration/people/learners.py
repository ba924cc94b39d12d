"""What there is to say of learners: since when they have an account, or what became of it, and by whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scim_provisioning import databases
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration import log_words, times, waiting_managers
from scim_provisioning.administration.facts import WRITES
from scim_provisioning.administration.people import holding, leaving_words, returning
from scim_provisioning.administration.people.answer import (
    ACTIVE,
    ALLOWED,
    DELETED,
    DETACHED,
    FORGOTTEN,
    GONE,
    HELD,
    INACTIVE,
    MOVED,
    Answer,
    name_in,
)
from scim_provisioning.administration.people.returning import Returning
from scim_provisioning.models import (
    Action,
    HeldLeaver,
    Outcome,
    ProvisionedUser,
    ProvisioningEvent,
    SCIMConnection,
)
from scim_provisioning.provisioning import differences, moved
from scim_provisioning.rules.customers import customer

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: What ends a link by an administrator's word, and leaves the account to the application.
_OURS: Final = (Action.DETACHED, Action.ADOPTION_UNDONE)
_LEFT: Final = (Action.DEACTIVATED, Action.DELETED, Action.FORGOTTEN, *_OURS)
#: Whose latest refusal says nothing any more, or nothing but what their state says.
_SETTLED: Final = (HELD, ALLOWED, DELETED, DETACHED, FORGOTTEN)
_AGAIN: Final = gettext_lazy(
    "If the person should have access, assign and enable them in the identity provider: they come back as the same "
    "learner, with their progress."
)


def answers(keys: Sequence[int], *, in_clear: bool) -> list[Answer]:
    """An answer for each link: three queries, two for each connection of somebody who is off or gone, and what the
    host's adapter asks for each connection."""
    links = list(_links(keys)) if keys else []
    named = {key for link in links for key in (link.departure, link.refusal) if key}
    events = ProvisioningEvent.objects.select_related("token", "actor").in_bulk(named) if named else {}
    held, standing = holding.of(links), _standing(links)
    back = returning.of(link for link in links if link.is_deleted or not standing[link.pk].is_active)
    return [
        _of_link(
            link,
            events.get(link.departure),
            events.get(link.refusal) if (link.refusal or 0) > (link.applied or 0) else None,
            held.get(link.pk),
            standing[link.pk],
            back,
            in_clear=in_clear,
        )
        for link in links
    ]


def _links(keys: Sequence[int]) -> QuerySet[Any]:
    """Each with the keys of their last departure, of their last change, and of the last one that was refused."""
    # By the link alone: SQLite would go through all that was ever applied on the connection, by another index.
    own = ProvisioningEvent.objects.filter(link=OuterRef("pk"))
    changes = own.filter(operation__in=WRITES)
    return (
        ProvisionedUser.objects.filter(pk__in=keys)
        .select_related("user", "connection")
        .annotate(
            departure=Subquery(own.filter(action__in=_LEFT).order_by("-pk").values("pk")[:1]),
            applied=Subquery(changes.filter(outcome=Outcome.APPLIED).order_by("-pk").values("pk")[:1]),
            refusal=Subquery(changes.filter(outcome=Outcome.REFUSED).order_by("-pk").values("pk")[:1]),
        )
    )


@dataclass(frozen=True, slots=True)
class _Standing:
    """How the account stands: as SCIM shows it, where the LMS differs, and whether it is protected."""

    is_active: bool
    difference: str = ""
    is_protected: bool = False
    learner: Any = None
    is_here: bool = True


def _standing(links: Iterable[ProvisionedUser]) -> dict[int, _Standing]:
    together: dict[SCIMConnection, list[int]] = defaultdict(list)
    known = {link.pk: _Standing(link.active) for link in links}
    for link in links:
        if not link.is_deleted and link.user is not None:
            together[link.connection].append(link.pk)
    for connection, keys in together.items():
        try:
            adapter_class = get_adapter_class()
            for link in ProvisionedUser.objects.filter(customer(connection).lost, pk__in=keys):
                known[link.pk] = replace(known[link.pk], is_here=False)
            rows = list(adapter_class.links(connection).filter(pk__in=keys))
            for adapter in adapter_class.for_links(rows, connection):
                met = differences.between(adapter)
                said = "" if met is None else log_words.switched_in_lms(met.facts)
                protected = bool(adapter.is_protected(adapter.obj))
                known[adapter.link.pk] = _Standing(adapter.is_active, said, protected, adapter.learner)
        except Exception as error:
            if databases.fault_of(error) is not None:
                raise
            # The host's adapter does not load, or its rows are gone: the link's word serves.
            continue
    return known


def _of_link(
    link: ProvisionedUser,
    departure: ProvisioningEvent | None,
    refusal: ProvisioningEvent | None,
    held: HeldLeaver | None,
    standing: _Standing,
    back: Returning,
    *,
    in_clear: bool,
) -> Answer:
    state, successor = _state(link, departure, held, standing), back.successors.get(link.pk)
    sentence, todo = _said(state, link, departure, held, standing)
    notes, cause = _notes(state, link, standing, in_clear=in_clear), ""
    if state == DELETED and successor is not None:
        facts = {"when": times.written(successor.adopted_at or successor.created_at)}
        notes.append(_("There is a new learner in their place since %(when)s.") % facts)
        todo = str(_FOLLOWED)
    if refusal is not None and state not in _SETTLED:
        why = log_words.explanation(refusal, in_clear=in_clear)
        facts = {"when": times.written(refusal.created_at), "reason": why.title}
        notes.append(_("Their latest change was refused on %(when)s: %(reason)s") % facts)
        cause, todo = why.cause, " ".join(filter(None, (todo, why.todo)))
    name = (name_in(link.document) if in_clear else "") or link.user_name
    event = refusal or (departure if state in (INACTIVE, DELETED, DETACHED, FORGOTTEN) else None)
    return Answer(
        state,
        name,
        link.user_name,
        link.connection,
        sentence,
        cause,
        todo,
        tuple(notes),
        link,
        event,
        standing.learner,
        can_be_undone=link.pk in back.undoable,
        successor=successor,
    )


def _state(
    link: ProvisionedUser, departure: ProvisioningEvent | None, held: HeldLeaver | None, standing: _Standing
) -> str:
    if link.is_forgotten:
        return FORGOTTEN
    if link.is_deleted:
        return DETACHED if departure is not None and departure.action in _OURS else DELETED
    if link.user is None:
        return GONE
    if not standing.is_here:
        return MOVED
    if held is not None:
        return holding.state(held)
    return ACTIVE if standing.is_active else INACTIVE


def _said(
    state: str,
    link: ProvisionedUser,
    departure: ProvisioningEvent | None,
    held: HeldLeaver | None,
    standing: _Standing,
) -> tuple[str, str]:
    """What is so, and what to do about it."""
    if state == ACTIVE:
        since = times.written(link.adopted_at or link.created_at)
        if link.adopted_at is not None:
            return _("An account that was here before is managed by SCIM since %(when)s.") % {
                "when": since
            }, ""
        return _("Has an account since %(when)s.") % {"when": since}, ""
    if state in (HELD, ALLOWED) and held is not None:
        return holding.said(held)
    if state == GONE:
        return _("Their account was deleted in this application."), _(
            "The identity provider makes them anew when it next sends them; in Entra ID, “Provision on demand” does it "
            "now."
        )
    if state == MOVED:
        return moved.sentence(), _("Ask those who moved them in the application.")
    if state == DETACHED and departure is not None:
        return leaving_words.said((_ENDED[departure.action],) * 4, departure), str(_BACK_TO_SCIM)
    if state == DELETED:
        return leaving_words.said(leaving_words.DELETED, departure), str(_AGAIN)
    if state == FORGOTTEN:
        return leaving_words.said(leaving_words.FORGOTTEN, departure), str(_MET_ANEW)
    if link.active:
        return standing.difference or _("Switched off in this application."), _(
            "Switch the account on here if the person may come in again."
        )
    return leaving_words.said(leaving_words.SWITCHED_OFF, departure), str(_AGAIN)


_AWAITED: Final = gettext_lazy(
    "Linked by an administrator; the identity provider has not sent the person since. Its next try finds the account, "
    "usually within 40 minutes; in Entra ID, “Provision on demand” does it now."
)
_ENDED: Final[Mapping[str, StrOrPromise]] = {
    Action.DETACHED: gettext_lazy(
        "Detached on %(when)s by %(name)s: the account is the application's own, and nothing is provisioned for it."
    ),
    Action.ADOPTION_UNDONE: gettext_lazy(
        "The link was taken back on %(when)s by %(name)s: the account is what it was before, and the application's own."
    ),
}
_MET_ANEW: Final = gettext_lazy(
    "Whoever is sent under this name is met as if for the first time: an account that is still here like any other."
)
_FOLLOWED: Final = gettext_lazy(
    "Whoever is sent under this userName is the new learner. If the two are one person, say so under “Who is it?”, "
    "where their accounts are joined."
)
_BACK_TO_SCIM: Final = gettext_lazy(
    "To have it managed again, wait until the identity provider sends the person; then link them under “Who is it?”."
)


def _notes(state: str, link: ProvisionedUser, standing: _Standing, *, in_clear: bool) -> list[str]:
    notes = []
    if link.is_awaited and state in (ACTIVE, INACTIVE):
        notes.append(str(_AWAITED))
    if state == ACTIVE and standing.difference:
        notes.append(standing.difference)
    if standing.is_protected:
        notes.append(_("The account is protected: provisioning never changes or deactivates it."))
    if link.awaited_manager and state in (ACTIVE, INACTIVE, HELD, ALLOWED):
        (waits,) = waiting_managers.described(link.connection, [link], in_clear=in_clear)
        said = _("Waits for a manager who is not here yet: “%(manager)s”.")
        if waits.reason == waiting_managers.CIRCLE:
            said = _("Their manager “%(manager)s” is left out: they would be each other’s.")
        elif waits.reason == waiting_managers.TOO_HIGH:
            said = _("Their manager “%(manager)s” is left out: too many people stand above them.")
        notes.append(said % {"manager": waits.manager})
    if link.connection.is_archived:
        notes.append(_("The connection has ended; nothing is provisioned on it any more."))
    elif link.connection.is_paused:
        notes.append(_("Provisioning is paused on this connection."))
    return notes
