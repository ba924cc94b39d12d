"""Who a newcomer is, and which names people may have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.accounts import hidden_account
from scim_provisioning.models import ExistingLearners, ProvisionedUser, SCIMConnection
from scim_provisioning.models.provisioned_user import user_name_key
from scim_provisioning.protocol.errors import Uniqueness


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
    key, external_id = user_name_key(document["userName"]), document.get("externalId")
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
