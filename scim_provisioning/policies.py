"""The LMS's rules about people: who is served, adopted, brought back, protected, erased.

Each rule either answers or raises the SCIM error that the identity provider gets; nothing is written here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import Q, TextChoices

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.accounts import hidden_account
from scim_provisioning.conf import app_settings
from scim_provisioning.models import (
    ExistingLearners,
    OnDelete,
    PolicyChoice,
    ProvisionedUser,
    SCIMConnection,
)
from scim_provisioning.protocol.errors import Forbidden, Unauthorized, Unavailable, Uniqueness
from scim_provisioning.protocol.text import fold

OptionT = TypeVar("OptionT", bound=TextChoices)

#: Seconds after which a client may ask again while a connection is paused; Entra's cycle is 20-40 minutes.
PAUSED_RETRY_AFTER = 1800


def admit(connection: SCIMConnection, adapter_class: type[LearnerAdapter]) -> None:
    """Let a request with a good token in, or say why this connection is not served now.

    Reads the SSO row at every request, so that switching it off works at once. A connection whose SSO row is
    gone is archived: its token is dead (401), its log and tombstones stay.
    """
    if connection.sso_key is not None and not connection.sso_is_on:
        if connection.sso is None:
            connection.archive()
            raise Unauthorized(code="auth.revoked", params={"reason": "archived"})
        if app_settings.require_sso:
            raise Forbidden("Single sign-on is switched off for this directory.", code="conn.sso_off")
    if not adapter_class.tenant_enabled(connection):
        raise Forbidden("This directory is disabled in the application.", code="conn.disabled")
    if connection.is_paused:
        raise Unavailable(
            "Provisioning is paused by the application.",
            code="conn.paused",
            headers={"Retry-After": str(PAUSED_RETRY_AFTER)},
        )


@dataclass(frozen=True, slots=True)
class History:
    """What a connection remembers of somebody it is asked to create."""

    #: The tombstone of the person who returns.
    tombstone: ProvisionedUser | None
    #: Living links of that name whose account the host deleted: nobody's, and in the way.
    vacant: tuple[ProvisionedUser, ...] = ()


def history(connection: SCIMConnection, document: Mapping[str, Any]) -> History:
    """Decide a POST against this connection's own history, in one query.

    A living link of the same userName, active or not: 409. A tombstone that agrees in userName and
    externalId (or in one, where the other is absent): that person returns under the same SCIM id. One equal
    and the other different: 409, because names are reused and nobody may inherit another's certificates.
    Links whose account is gone cannot be inherited and do not count.
    """
    key, external_id = fold(document["userName"]), document.get("externalId")
    same_name = Q(user_name_key=key) | Q(user_name_tombstone_key=key, user__isnull=False)
    met = same_name
    if external_id is not None:
        met |= Q(external_id=external_id, deleted_at__isnull=False, user__isnull=False)
    found = list(ProvisionedUser.objects.filter(met, connection=connection).order_by("-deleted_at", "pk"))
    vacant = tuple(link for link in found if link.user_id is None)
    links = [link for link in found if link.user_id is not None]
    for link in links:
        if not link.is_deleted:
            raise user_name_taken(link)
    agreeing = [link for link in links if _agrees(link, key, external_id)]
    if len(agreeing) == 1:
        return History(agreeing[0], vacant)
    if links:
        raise Uniqueness(
            "This identifier belonged to another account and needs review in the application.",
            code="user.identity_conflict",
            params={"links": [link.scim_id for link in links]},
        )
    return History(None, vacant)


def _agrees(link: ProvisionedUser, key: str, external_id: str | None) -> bool:
    if link.user_name_tombstone_key != key:
        return False
    return external_id is None or link.external_id in (None, external_id)


def user_name_taken(link: ProvisionedUser | None = None) -> Uniqueness:
    """The 409 that every SCIM client knows how to read."""
    return Uniqueness(
        "userName is already in use in this directory.",
        code="user.username_taken",
        params={"link": link.scim_id} if link else {},
    )


def adopted(adapter: LearnerAdapter, document: Mapping[str, Any]) -> Any | None:
    """The existing account that a newcomer is, or None for somebody new.

    Exactly one strong candidate is linked, unless the connection's policy is never to. Weak or ambiguous
    evidence never links by itself, and never makes a second account for what may be the same person: 409, which
    Entra shows and tries again.
    """
    candidates = list(adapter.find_learner(document))
    strong = [candidate for candidate in candidates if candidate.strong]
    if not candidates:
        return None
    params: dict[str, object] = {"accounts": [candidate.user.pk for candidate in candidates]}
    if (
        len(strong) == 1
        and not adapter.is_protected(strong[0].user)
        and not _is_linked(strong[0].user, adapter)
    ):
        policy = adapter.connection.existing_learners
        if policy is ExistingLearners.LINK:
            return strong[0].user
        params["policy"] = policy.value
    if all(adapter.is_hidden(candidate.user) for candidate in candidates):
        raise hidden_account(params)
    raise Uniqueness(
        "An account with this identifier exists and is not managed by this connection.",
        code="user.exists_unmanaged",
        params=params,
    )


def allow_rename(adapter: LearnerAdapter, document: Mapping[str, Any]) -> None:
    """Refuse to rename somebody to the name of an account of this customer that nobody provisioned.

    A POST of that name is refused for the same reason: the account may be the same person's, and SSO that goes by
    the name would sign the renamed one in to it. The accounts of people known here, deleted ones too, are in
    nobody's way: theirs is told apart by ``account_name``.
    """
    accounts = {candidate.user.pk for candidate in adapter.find_learner(document)} - {adapter.obj.pk}
    if accounts:
        known = ProvisionedUser.objects.filter(connection=adapter.connection, user__in=accounts)
        accounts -= set(known.values_list("user", flat=True))
    if accounts:
        raise Uniqueness(
            "An account with this identifier exists and is not managed by this connection.",
            code="user.exists_unmanaged",
            params={"accounts": sorted(accounts)},
        )


def _is_linked(user: Any, adapter: LearnerAdapter) -> bool:
    living = ProvisionedUser.objects.living()
    return living.filter(user=user, connection=adapter.connection).exists()


def protect(adapter: LearnerAdapter) -> None:
    """Refuse to change, deactivate or delete an account that provisioning must not touch."""
    if adapter.is_protected(adapter.obj):
        raise Forbidden("This account cannot be managed by provisioning.", code="user.protected")


def offered(choice: PolicyChoice[OptionT], adapter_class: type[LearnerAdapter]) -> list[OptionT]:
    """The options of a policy that this host can keep: those whose hook, if they need one, it has written."""
    needs = choice.needs
    return [o for o in choice.options if o not in needs or adapter_class.overrides(needs[o])]


def in_force(
    choice: PolicyChoice[OptionT], connection: SCIMConnection, adapter_class: type[LearnerAdapter]
) -> OptionT:
    """The option chosen, or the default while the host cannot keep the one chosen."""
    chosen = choice.of(connection)
    return chosen if chosen in offered(choice, adapter_class) else choice.default


def erases(adapter: LearnerAdapter) -> bool:
    """Whether a DELETE of this learner erases them. Not while another connection manages the same account:
    nobody can have another customer's people erased (one query, where the policy is to erase)."""
    connection = adapter.connection
    if in_force(SCIMConnection.on_delete, connection, type(adapter)) is not OnDelete.ERASE:
        return False
    others = ProvisionedUser.objects.living().filter(connection__archived_at__isnull=True)
    return not others.filter(user=adapter.obj).exclude(connection=connection).exists()
