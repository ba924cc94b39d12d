"""Forgetting a person: what is kept of them on one connection is erased, or replaced by a keyed hash.

Counts and facts stay: how often, when, what kind of operation, refused for which cause. The person is no longer
managed: their link becomes a tombstone that nobody returns by, and whoever is sent under their name is met as if for
the first time.
The rows of the application are its own; where its adapter has written ``erase``, that can be asked for as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scim_provisioning import databases, events, rules, sessions
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.administration import audit, catalogue, host, notices, people
from scim_provisioning.administration.connections import notice
from scim_provisioning.administration.erasure import identity, lines, links
from scim_provisioning.administration.erasure.identity import Identity
from scim_provisioning.administration.erasure.tally import Tally
from scim_provisioning.administration.keeping import refuse_guest
from scim_provisioning.administration.people import learners
from scim_provisioning.administration.people.answer import ACTIVE, ALLOWED, HELD, Answer
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.events.administrators import NAMES
from scim_provisioning.models import (
    Action,
    AdoptionAnswer,
    ProvisionedUser,
    ProvisioningEvent,
    SCIMConnection,
)
from scim_provisioning.models.provisioned_user import user_name_key
from scim_provisioning.protocol.errors import SCIMError, Unavailable
from scim_provisioning.provisioning import host_calls, late_wishes
from scim_provisioning.provisioning.loading import read_locked
from scim_provisioning.provisioning.transactions import durable

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

_STILL_HERE: Final = gettext_lazy(
    "This person is an active learner. Switch them off first, in the identity provider; or say that they are to be "
    "forgotten all the same: then the account stays as it is, and nobody manages it."
)


@dataclass(frozen=True, slots=True)
class Person:
    """Who is to be forgotten on ``connection``: a learner by their ``link``, or whoever ``event`` refused."""

    connection: SCIMConnection
    link: ProvisionedUser | None = None
    event: ProvisioningEvent | None = None

    @property
    def name(self) -> str:
        """What somebody types who means it."""
        if self.link is not None:
            return self.link.user_name
        assert self.event is not None  # noqa: S101 - one of the two
        return self.event.user_name or f"#{self.event.pk}"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was erased, or would be. ``name`` is what stands in the place of the person's."""

    name: str
    tally: Tally
    link: ProvisionedUser | None = None


def find(connection: SCIMConnection, term: str) -> list[Answer]:
    """Whom ``term`` may mean on a connection, those who were only refused too; where it is somebody's userName or SCIM
    id, them alone."""
    found = people.ask(term, SCIMConnection.objects.filter(pk=connection.pk), in_clear=True).people
    key = user_name_key(term.strip())
    exactly = [
        answer
        for answer in found
        if key in (user_name_key(answer.user_name), answer.link and answer.link.scim_id)
    ]
    return exactly or found


def person_of(answer: Answer) -> Person:
    """Of an answer to a name, whom it is about."""
    return Person(answer.connection, answer.link, None if answer.link is not None else answer.event)


def is_active(person: Person) -> bool:
    """Whether it is a learner who is on, or is held from leaving: nobody to be forgotten by mistake."""
    if person.link is None or person.connection.is_archived:
        return False
    state = learners.answers([person.link.pk], in_clear=False)[0].state
    return state == ACTIVE or (state in (HELD, ALLOWED) and person.link.active)


def can_be_erased(person: Person) -> bool:
    """Whether the application has an ``erase`` that may be called for them."""
    return _erasable(person) is not None


def preview(person: Person) -> Forgotten:
    """What ``forget`` would do: done and rolled back, without a word to the application. It may be about somebody who
    is active. However long the log is, only so much of it is looked at: then the tally ``is_least``."""

    def looked() -> Forgotten:
        with databases.rehearsed():
            return _forget(person, Tally(bounded=True), even_if_active=True, erase=False)

    with databases.primary():
        return databases.retried(looked)


def forget(
    person: Person,
    *,
    actor: AbstractBaseUser | None,
    address: str = "",
    even_if_active: bool = False,
    erase: bool = False,
) -> Forgotten:
    """Do it, in one transaction, and write down that it was done; the contacts are told, without a name.

    Raises ``ConnectionRefused`` for somebody who is active, unless ``even_if_active``: their account stays as it is,
    and is nobody's; where ``erase`` is asked of an application that cannot, or may not, be asked for it; and for
    somebody of whom nothing is kept any more.
    """

    def work() -> Forgotten:
        found = _forget(person, Tally(), even_if_active=even_if_active, erase=erase)
        if not found.tally:
            raise ConnectionRefused(_("Nothing is kept of this person any more."), "forget.nothing")
        _write_down(person, found, actor, address, erase=erase)
        return found

    try:
        return durable(work)
    except Unavailable:
        raise
    except SCIMError as refusal:
        raise ConnectionRefused(catalogue.title(refusal.code), "forget.refused") from refusal


def _write_down(
    person: Person, found: Forgotten, actor: AbstractBaseUser | None, address: str, *, erase: bool
) -> None:
    connection = person.connection
    message = _("What was kept of “%(name)s” was erased.") % {"name": found.name}
    rows = {model._meta.model_name: [changed, gone] for model, changed, gone in found.tally.tables}
    events.admin(
        connection,
        action=Action.FORGOTTEN,
        actor=actor,
        link=found.link,
        detail=message,
        address=address,
        cause={"rows": rows, **({"erased": True} if erase else {})},
    )
    audit.log_entry(actor, connection, message)
    audit.tell_contacts(connection, *notice(connection, actor, message, address))


def _forget(person: Person, tally: Tally, *, even_if_active: bool, erase: bool) -> Forgotten:
    connection = person.connection
    # As it stands: whoever asked keeps theirs, for another try.
    link = None if person.link is None else ProvisionedUser.objects.get(pk=person.link.pk)
    person = replace(person, link=link)
    if link is None:
        who, own, names = _refused(person)
    else:
        who, _lines = _called(connection, identity.of_link(link), link.user_id)
    shared = links.shared(connection, who, link, tally)
    keys = links.beside(connection, who.but(shared.texts), link, shared.met, tally)
    if not tally.bounded:
        # Whoever only looks keeps nobody waiting.
        links.lock(keys, link)
        if link is not None and link.is_deleted:
            # Nothing will tell any more that they were to be off.
            late_wishes.settle(connection, link)
    if link is not None:
        account = link.user_id
        who, own, names = _learner(link, tally)
        if link.user_id != account:
            # Joined with another in that moment, whose links are to be locked.
            raise databases.Overtaken
        if not even_if_active and is_active(person):
            raise ConnectionRefused(str(_STILL_HERE), "forget.active")
        refuse_guest(link)
        if erase:
            _erase(person)
        if not link.is_forgotten:
            links.strip(link, who, tally)
    for some in lines.few_at_once(names):
        tally.delete(AdoptionAnswer.objects.filter(connection=connection, user_name_key__in=some))
        tally.delete(notices.about(connection, some))
    lines.blank(own, who, tally)
    elsewhere = who.but(shared.texts | links.had_by(keys))
    lines.mentioning(connection, elsewhere, keys, tally)
    links.unmention(keys, elsewhere, tally)
    tally.changed_in_history += audit.rewrite(connection, elsewhere.without)
    return Forgotten(who.pseudonym(person.name), tally, link)


def _learner(link: ProvisionedUser, tally: Tally) -> tuple[Identity, list[int], Sequence[str]]:
    """Who a learner is, whose link is locked; which lines are theirs, and their userNames."""
    link.refresh_from_db()
    names = tally.last(links.names_of(link))
    who, told = _called(link.connection, identity.of_link(link), link.user_id)
    return who, sorted({*lines.own(link, names), *told}), names


def _refused(person: Person) -> tuple[Identity, list[int], Sequence[str]]:
    """The same of somebody who was only refused."""
    event = person.event
    assert event is not None  # noqa: S101 - one of the two
    own = lines.of_refused(person.connection, event)
    said = ProvisioningEvent.objects.filter(pk__in=own).select_related("payload")
    names = {event.user_name_key, user_name_key(event.user_name)} - {""}
    who, told = _called(person.connection, identity.of_refused(person.connection, said.order_by("pk")))
    return who, sorted({*own, *told}), sorted(names)


def _called(
    connection: SCIMConnection, who: Identity, account: int | None = None
) -> tuple[Identity, list[int]]:
    """The person with what accounts were called that were joined to theirs before anybody managed them, and the lines
    that say so."""
    told = lines.joined(connection, account, who)
    return who.also(name for event in told for name in event.cause.get(NAMES) or ()), [one.pk for one in told]


def _erasable(person: Person) -> LearnerAdapter | None:
    """The learner, where the host may be asked to erase them: as a DELETE may, where the policy is to."""
    link = person.link
    if link is None or link.user_id is None or not host.adapter_class().overrides("erase"):
        return None
    found = read_locked(person.connection, [link.pk])
    if not found or found[0].is_protected(found[0].obj) or rules.is_last_administrator(found[0]):
        return None
    return found[0] if rules.may_be_erased(found[0]) else None


def _erase(person: Person) -> None:
    adapter = _erasable(person)
    if adapter is None:
        message = _("This application cannot be asked to erase this person.")
        raise ConnectionRefused(message, "forget.erase")
    sessions.end(adapter.obj)
    host_calls.revoke_access(adapter, None)
    host_calls.require(adapter, "erase", adapter.learner)
