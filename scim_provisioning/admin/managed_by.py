"""What the banner on the host's own pages about learners says of a link."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin import AdminSite
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext as _

from scim_provisioning import rules
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.admin.adoption_queue import question_of
from scim_provisioning.admin.learner_pages import address_of, forget_page, history_page
from scim_provisioning.admin.pages import page_url_name
from scim_provisioning.administration import keeping, log_words, ownership, permissions, shares, times
from scim_provisioning.administration.attribute_words import short_name
from scim_provisioning.administration.people import learners
from scim_provisioning.administration.reconciliation import words as drift_words
from scim_provisioning.models import Adoption, LockedValue, ProvisionedUser, SCIMConnection
from scim_provisioning.provisioning import differences, moved
from scim_provisioning.provisioning.undoing import undoable
from scim_provisioning.rules.customers import is_lost


@dataclass(frozen=True, slots=True)
class ManagedBy:
    """What the banner says of one link, of somebody who is managed or was."""

    link: ProvisionedUser
    history_url: str
    #: As SCIM shows it: the account's own switch.
    is_active: bool
    #: Where the account stands otherwise than the identity provider wants: a sentence.
    difference: str = ""
    #: Which values are otherwise here than the identity provider last sent them: a sentence.
    drift: str = ""
    #: What provisioning will not do to the account: a sentence.
    protection: str = ""
    #: Links of other connections that this administrator may see.
    shared_with: tuple[ProvisionedUser, ...] = ()
    share_url: str = ""
    own_url: str = ""
    #: Connections that may use the account by an administrator's word, each with where to take it back.
    withdrawals: tuple[tuple[SCIMConnection, str], ...] = ()
    #: The LMS counts them among another customer's people.
    is_moved: bool = False
    #: Where to say whether they are somebody who was deleted.
    question_url: str = ""
    #: Where to take the link back, while that can be done.
    take_back_url: str = ""
    #: Of somebody who was deleted or detached: what became of them, and what to do.
    left: str = ""
    is_detached: bool = False
    #: What an administrator keeps as it is here.
    locks: tuple[tuple[str, LockedValue], ...] = ()
    values_url: str = ""
    detach_url: str = ""
    #: Where to say that they are the person of another account here.
    doubles_url: str = ""
    #: Where to have them forgotten.
    forget_url: str = ""


def managed_by(site: AdminSite, request: HttpRequest, link: ProvisionedUser) -> ManagedBy:
    """What there is to say of a link to this administrator."""
    may_read = permissions.may_read_log(request.user)
    history_url = history_page(site, link) if may_read else ""
    forget_url = forget_page(site, request, link)
    if link.is_deleted or link.user is None:
        undone = _taken(link) if link.user is None else None
        left = _detached_words(undone) if undone else _left(link)
        return ManagedBy(
            link,
            history_url,
            is_active=False,
            left=left,
            is_detached=undone is not None,
            forget_url=forget_url,
        )
    if _is_moved(link):
        said = moved.sentence()
        return ManagedBy(
            link, history_url, is_active=False, difference=said, is_moved=True, forget_url=forget_url
        )
    locks = tuple((short_name(lock.path), lock) for lock in keeping.locked(link))
    shown = {"locks": locks, "forget_url": forget_url, **_sharing(site, request, link)}
    return ManagedBy(link, history_url, *_account(link), **shown)


def detached(user: Any) -> Q:
    """The tombstones of links to an account that an administrator has ended."""
    return Q(
        user__isnull=True, pk__in=Adoption.objects.filter(user=user, undone_at__isnull=False).values("link")
    )


def _taken(link: ProvisionedUser) -> Adoption | None:
    return Adoption.objects.filter(link=link, undone_at__isnull=False).order_by("-undone_at", "-pk").first()


def _detached_words(undone: Adoption) -> str:
    when = "" if undone.undone_at is None else times.written(undone.undone_at)
    words = _(
        "Not managed by SCIM any more, by an administrator’s word on %(when)s: the account is yours to change."
    )
    return words % {"when": when}


def _left(link: ProvisionedUser) -> str:
    """What became of somebody who was deleted, and how they come back."""
    found = learners.answers([link.pk], in_clear=False)
    return " ".join(f"{one.sentence} {one.todo}" for one in found)


def _is_moved(link: ProvisionedUser) -> bool:
    try:
        return is_lost(link)
    except Exception:
        # As below.
        return False


def _account(link: ProvisionedUser) -> tuple[bool, str, str, str]:
    """Whether the person is active, what somebody in the LMS did about it, which values are others here, and what
    provisioning will not do."""
    try:
        adapter = get_adapter_class().for_links([link], link.connection)[0]
        met = differences.between(adapter)
        difference = "" if met is None else log_words.switched_in_lms(met.facts)
        return (
            adapter.is_active,
            difference or _profile(adapter),
            drift_words.drift(adapter),
            _protection(adapter),
        )
    except Exception:
        # The host's adapter does not load, or its rows are gone: the host's own page must not die of it.
        return link.active, "", "", ""


def _profile(adapter: LearnerAdapter) -> str:
    """What is said where the LMS has deleted a row of somebody's that the mapping writes."""
    mapping = adapter.compiled_mapping
    owned = [name for name, source in mapping.sources.items() if name and adapter.person.owns(source)]
    if all(adapter.row(name) is not None for name in owned):
        return ""
    return _(
        "A profile of this person was deleted in the application. The identity provider’s next change makes a new one."
    )


def _protection(adapter: LearnerAdapter) -> str:
    if adapter.is_protected(adapter.obj):
        return _("Protected: provisioning does not change, deactivate or delete this account.")
    if rules.is_last_administrator(adapter):
        return _(
            "The customer's last administrator: provisioning does not deactivate or delete this account."
        )
    return ""


def _sharing(site: AdminSite, request: HttpRequest, link: ProvisionedUser) -> dict[str, Any]:
    """The other connections that this administrator may see, and where to say which owns the account."""
    shared = [other for other in ownership.others(link) if ownership.may_see(request.user, other.connection)]
    if not permissions.may(request.user, permissions.MANAGE_POLICY, link.connection):
        return {"shared_with": tuple(shared)}
    known = {link.connection_id, *(other.connection_id for other in shared)}
    visible = permissions.visible_connections(request.user).filter(archived_at__isnull=True)
    gives_back = not keeping.is_guest(link)
    offered = {
        "own": any(other.owns_profile for other in shared),
        "share": link.owns_profile and visible.exclude(pk__in=known).exists(),
        "take_back": gives_back and link.adopted_at is not None and undoable(link) is not None,
        "values": not link.is_awaited,
        "detach": gives_back,
    }
    keys = {"object_id": link.connection_id, "link_id": link.pk}
    question = question_of(link)
    asked = {"object_id": link.connection_id, "question_id": question.pk} if question else {}
    pages = {
        f"{name}_url": address_of(site, page_url_name(name), keys) for name, is_so in offered.items() if is_so
    }
    asks = address_of(site, page_url_name("same_person"), asked) if asked else ""
    withdrawals = tuple(_withdrawals(site, request, link))
    if link.owns_profile and (
        url := address_of(site, page_url_name("doubles"), {"object_id": link.connection_id})
    ):
        pages["doubles_url"] = f"{url}?{urlencode({'account': link.user_id})}"
    return {"shared_with": tuple(shared), "question_url": asks, "withdrawals": withdrawals, **pages}


def _withdrawals(
    site: AdminSite, request: HttpRequest, link: ProvisionedUser
) -> Iterator[tuple[SCIMConnection, str]]:
    """Of an owner's account the words that others were given; of a guest's its own."""
    for share in shares.shares_of(permissions.visible_connections(request.user), link.user_id):
        is_own = share.connection_id == link.connection_id
        if is_own == link.owns_profile or not shares.sees(request.user, share):
            continue
        keys = {"object_id": share.connection_id, "share_id": share.pk}
        if url := address_of(site, page_url_name("withdraw"), keys):
            yield share.connection, url
