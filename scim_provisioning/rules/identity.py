"""Who a newcomer is, and which names people may have."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.kinds.targets import checked_text
from scim_provisioning.adapters.refusals import hidden_account
from scim_provisioning.models import ExistingLearners, ProvisionedUser, SameAddress
from scim_provisioning.protocol import spelling
from scim_provisioning.protocol.errors import Uniqueness
from scim_provisioning.rules import ownership
from scim_provisioning.rules.customers import is_contradicted
from scim_provisioning.rules.departed import had_elsewhere
from scim_provisioning.rules.legibility import legible
from scim_provisioning.rules.shares import may_link
from scim_provisioning.rules.standing import Standing

#: What says of a refusal that an account was found by its e-mail address.
BY_ADDRESS: Final[Mapping[str, object]] = {"attribute": "emails"}


def user_name_taken(link: ProvisionedUser | None = None) -> Uniqueness:
    """The 409 that every SCIM client knows how to read."""
    return Uniqueness(
        "userName is already in use in this directory.",
        code="user.username_taken",
        params={"link": link.scim_id} if link else {},
    )


def name_is_reused(tombstone: ProvisionedUser) -> Uniqueness:
    """The 409 for a name that a deleted person's account holds and does not give up."""
    return Uniqueness(
        "This identifier belonged to another account and needs review in the application.",
        code="user.identity_conflict",
        params={"links": [tombstone.scim_id]},
    )


def told_apart(adapter: LearnerAdapter, document: Mapping[str, Any], names: Iterable[str]) -> None:
    """Refuse a new name of ``document`` that merely looks like that of an account of this customer. Raises
    ``Uniqueness``, and ``InvalidValue`` for one that may look like anybody's.

    Three queries, for the few names with characters that normalisation makes others. Another customer's account of
    the same letters, composed otherwise, has the same name: who gets it is decided as between any two of one name.
    """
    for name in names:
        # What follows compares every letter, and compatibility makes up to eighteen of one.
        attribute = "userName" if name == document["userName"] else adapter.sign_in_attribute
        checked_text(attribute, name, ProvisionedUser._meta.get_field("user_name"))
        if not spelling.is_plain(name) and _looks_like_somebody(adapter, spelling.looks_like(name)):
            raise Uniqueness(
                "userName looks like that of another account, but is written with other characters.",
                code="user.look_alike",
                params={
                    "code_points": spelling.odd_characters(name),
                    "looks_like": spelling.looks_like(name),
                },
            )
        legible(name, attribute)


def _looks_like_somebody(adapter: LearnerAdapter, name: str) -> bool:
    living = (
        ProvisionedUser.objects.living().filter(connection=adapter.connection).exclude(pk=adapter.link.pk)
    )
    if living.filter(user_name_key=name).exists():
        return True
    keys = [account.pk for account in adapter.holders_of(name, exactly=True)]
    if not keys:
        return False
    mine = adapter.tenant_users(adapter.connection).filter(pk__in=keys)
    return living.filter(user__in=keys).exists() or mine.exists()


def adopted(
    adapter: LearnerAdapter,
    document: Mapping[str, Any],
    standing: Standing | None = None,
    *,
    others: Collection[Any] = (),
) -> Any | None:
    """The existing account that a newcomer is, or None for somebody new. ``standing``: what is known of accounts, where
    thousands of people are asked about. ``others``: keys of accounts that were another person's of that name.

    Exactly one strong candidate is linked, unless the connection's policy is never to, or another connection owns the
    account. Weak or ambiguous evidence (the same work e-mail address, where the policy is to ask) never links by
    itself, and never makes a second account for what may be the same person: 409, which Entra shows and tries again,
    until an administrator says that it is somebody new: that word outweighs all evidence. The word that an account may
    be shared is evidence enough, and outweighs both; a protected account is nobody's whatever the word.
    """
    standing = standing or Standing(adapter.connection)
    told_apart(adapter, document, adapter.names_of(document))
    if adapter.connection.same_address is SameAddress.ASK:
        adapter.look_for(document)
    shared = _shared_account(adapter, document["userName"], standing)
    if shared is not None and _is_free(shared, adapter, standing):
        return shared
    candidates = list(adapter.find_learner(document))
    if not candidates:
        _refuse_owned_name(adapter, document, standing)
        _refuse_same_address(adapter, document, standing)
        return None
    params: dict[str, object] = {"accounts": [candidate.user.pk for candidate in candidates]}
    strong = [candidate.user for candidate in candidates if candidate.strong]
    likely = strong if len(strong) == 1 else [candidate.user for candidate in candidates]
    is_one = len(likely) == 1 and _is_free(likely[0], adapter, standing)
    if is_one and standing.may_share(likely[0]):
        return likely[0]
    if standing.is_somebody_new(document["userName"]):
        _refuse_owned_name(adapter, document, standing)
        return None
    if is_one:
        _refuse_owned(likely[0], standing)
    if len(strong) == 1 and _is_free(strong[0], adapter, standing):
        policy = adapter.connection.existing_learners
        if policy is not ExistingLearners.LINK:
            params["policy"] = policy.value
        elif strong[0].pk not in others and _is_theirs(strong[0], adapter, standing):
            return strong[0]
    if is_one:
        _refuse_had(likely[0], standing)
    if all(adapter.is_hidden(candidate.user) for candidate in candidates):
        raise hidden_account(params)
    raise ownership.unmanaged(params)


def _shared_account(adapter: LearnerAdapter, user_name: str, standing: Standing) -> Any | None:
    """The account of that very name that an administrator allowed this connection to share, or None."""
    accounts = adapter.accounts_spelled(user_name)
    allowed = standing.shared(accounts) if accounts else set()
    return next((account for account in accounts if account.pk in allowed), None)


def _refuse_owned(account: Any, standing: Standing) -> None:
    """Refuse an account that another connection uses, whatever the evidence, unless an administrator who may see both
    has allowed a shared link. Raises ``Uniqueness``."""
    holder = standing.holder(account)
    if holder is not None and not standing.may_share(account):
        raise ownership.owned_elsewhere(account, holder)


def _refuse_had(account: Any, standing: Standing) -> None:
    """Where it is not this customer's administrators' to say who it is, say so. Raises ``Uniqueness``."""
    had = standing.had_elsewhere(account)
    if had is not None:
        raise ownership.owner_left(account, had)


def refuse_protected(adapter: LearnerAdapter) -> None:
    """Ask again about an account that is to be linked, once it is locked. Raises ``Uniqueness``."""
    if adapter.is_protected(adapter.obj):
        raise ownership.unmanaged({"accounts": [adapter.obj.pk]})


def refuse_linked(tombstone: ProvisionedUser) -> None:
    """Refuse to bring somebody back whose account this connection has linked to somebody else since. Raises
    ``Uniqueness`` (one query)."""
    living = ProvisionedUser.objects.living().filter(connection=tombstone.connection, user=tombstone.user_id)
    if living.exists():
        raise name_is_reused(tombstone)


def _refuse_owned_name(adapter: LearnerAdapter, document: Mapping[str, Any], standing: Standing) -> None:
    """Where people sign in by the name there is no second one to give: say whose account it is, if it is somebody's."""
    if adapter.user_name_is_sso_subject:
        for name in adapter.names_of(document):
            for account in adapter.holders_of(name):
                _refuse_owned(account, standing)


def _refuse_same_address(adapter: LearnerAdapter, document: Mapping[str, Any], standing: Standing) -> None:
    """Where the policy is to ask: refuse to make an account for somebody whose work e-mail address an account has that
    nobody manages, until an administrator says that they are two. Raises ``Uniqueness``."""
    if adapter.connection.same_address is not SameAddress.ASK:
        return
    accounts = list(adapter.same_address(document))
    if not accounts or standing.is_somebody_new(document["userName"]):
        return
    params: dict[str, object] = {"accounts": [one.pk for one in accounts], **BY_ADDRESS}
    if all(adapter.is_hidden(one) for one in accounts):
        raise hidden_account(params)
    raise ownership.unmanaged(params)


def refuse_switched_off(adapter: LearnerAdapter) -> None:
    """However strong the evidence: who was switched off by the LMS is not switched on by a sync. Raises
    ``Uniqueness``.

    Of a shared switch it may have been the owner's identity provider, which switches off for its own people only;
    while any of them wants it on, it was the LMS.
    """
    switch = adapter.compiled_mapping.active
    if switch is None or not adapter.is_switched_off or adapter.is_hidden(adapter.obj):
        return
    if adapter.person.owns(switch.source) or adapter.is_kept_on:
        raise Uniqueness(
            "An account with this identifier exists and was deactivated in the application.",
            code="user.switched_off",
            params={"accounts": [adapter.obj.pk]},
        )


def refuse_anothers_leaver(adapter: LearnerAdapter) -> None:
    """Refuse an administrator's word on an account whose person another connection had, while the application does not
    say that the account is this customer's by now: whoever may see both connections has to allow it first, as for a
    POST. Of an account that is locked. Raises ``Uniqueness``."""
    connection, account = adapter.connection, adapter.obj
    had = had_elsewhere(connection, account.pk)
    if had is not None and not may_link(connection, account):
        raise ownership.owner_left(account, had)


def allow_rename(adapter: LearnerAdapter, document: Mapping[str, Any]) -> None:
    """Refuse to rename somebody to the name of an account of this customer that nobody provisioned.

    A POST of that name is refused for the same reason: the account may be the same person's, and SSO that goes by
    the name would sign the renamed one in to it. The accounts of people known here are in nobody's way: theirs is
    told apart by ``account_name``, unless they are protected. Those of deleted people have stepped aside.
    """
    found = {c.user.pk: c.user for c in adapter.find_learner(document) if c.user.pk != adapter.obj.pk}
    known = ProvisionedUser.objects.filter(connection=adapter.connection, user__in=list(found))
    mine = {link.user_id for link in known.living()} if found else set()
    mine |= {link.user_id for link in ownership.owned_alone(known.tombstones())} if found else set()
    accounts = [key for key, user in found.items() if key not in mine or adapter.is_protected(user)]
    if accounts:
        raise ownership.unmanaged({"accounts": accounts})


def _is_theirs(account: Any, adapter: LearnerAdapter, standing: Standing) -> bool:
    """Whether nothing speaks against the evidence: no administrator, none of the account's own rows, and no other
    connection whose person had it until they were deleted. Raises ``Uniqueness`` where such a one owned it."""
    if standing.is_refuted(account) or is_contradicted(adapter, account.pk):
        return False
    left = standing.left_elsewhere(account)
    if left is not None and left.owns_profile:
        raise ownership.owner_left(account, left)
    return left is None


def _is_free(user: Any, adapter: LearnerAdapter, standing: Standing) -> bool:
    """Whether this connection may link the account at all: not a protected one, nor one that it has linked."""
    return not adapter.is_protected(user) and not standing.is_linked(user)
