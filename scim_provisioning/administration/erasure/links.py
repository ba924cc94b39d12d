"""The link of a person who is forgotten, what stands beside it, and other learners whose documents name the person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import CASCADE, Model, Q, QuerySet

from scim_provisioning.administration.erasure import mentions
from scim_provisioning.administration.erasure.identity import Identity, texts_of
from scim_provisioning.administration.erasure.tally import REWRITTEN, Tally
from scim_provisioning.models import (
    Adoption,
    FormerIdentifier,
    IdentityQuestion,
    ProvisionedUser,
    ReferenceKey,
    SCIMConnection,
    SharedAccount,
)
from scim_provisioning.models.provisioned_user import SCIM_ID_LENGTH
from scim_provisioning.protocol.text import fold
from scim_provisioning.provisioning.links import strip_tombstone
from scim_provisioning.provisioning.withdrawing import end_owner

#: So many learners are looked at to find texts that are not the person's alone.
_MET: Final = 1000


def names_of(link: ProvisionedUser) -> list[str]:
    """The userNames that the learner had and has, as the log keeps them, their own in the end (one query)."""
    former = FormerIdentifier.objects.filter(link=link, kind=FormerIdentifier.Kind.USER_NAME).order_by("pk")
    own = [name for name in (link.user_name_tombstone_key, link.user_name_key) if name]
    return [*dict.fromkeys(name for name in former.values_list("key", flat=True) if name not in own), *own]


@dataclass(frozen=True, slots=True)
class Shared:
    """Which of a person's texts others have as their own, folded; ``met``: the keys of all learners who may mention
    another one, None where they are too many to be read."""

    texts: frozenset[str]
    met: list[int] | None


def shared(connection: SCIMConnection, who: Identity, link: ProvisionedUser | None, tally: Tally) -> Shared:
    """Texts of the person's that others have as their own, such as the number of a switchboard: by these nobody is
    meant, and everybody would be found. A thousand who have any of them are looked at, and a thousand more as long as
    that tells of another text (one query each, which reads the documents of the connection; for a bounded tally the
    latest)."""
    others = tally.newest(ProvisionedUser.objects.filter(connection=connection), "-pk")
    others = others if link is None else others.exclude(pk=link.pk)
    found: set[str] = set()
    met: list[ProvisionedUser] = []
    while (wanted := who.but(found)).telling:
        met = list(mentions.among(others, ("document",), wanted).order_by()[:_MET])
        had = _called(met) & {fold(text) for text in wanted.telling}
        found |= had
        if len(met) < _MET or not had:
            break
    return Shared(frozenset(found), [one.pk for one in met] if len(met) < _MET else None)


def beside(
    connection: SCIMConnection,
    who: Identity,
    link: ProvisionedUser | None,
    met: list[int] | None,
    tally: Tally,
) -> list[int]:
    """The keys of other learners who are named together with the person: whose document may mention them, as their
    manager perhaps, and of whom it was asked whether they are the same. Two queries; where ``met`` does not say who may
    mention the person, the first reads the documents of the connection."""
    links = ProvisionedUser.objects.filter(connection=connection)
    known = tally.newest(links, "-pk") if met is None else links.filter(pk__in=met)
    said = mentions.among(known, ("document",), who)
    found: set[int] = {*said.order_by().values_list("pk", flat=True)}
    if link is not None:
        asked = IdentityQuestion.objects.filter(Q(newcomer=link) | Q(earlier=link))
        found.update(key for pair in asked.values_list("newcomer", "earlier") for key in pair)
        found.discard(link.pk)
    return sorted(found)


def had_by(keys: Iterable[int]) -> set[str]:
    """What these learners are called themselves, folded: a namesake's name is theirs."""
    return _called(ProvisionedUser.objects.filter(pk__in=[*keys]))


def _called(links: Iterable[ProvisionedUser]) -> set[str]:
    return {fold(text) for link in links for text in texts_of(link)}


def lock(keys: Iterable[int], link: ProvisionedUser | None) -> None:
    """Lock all links of the account, and those of these keys, in the order in which everybody does."""
    wanted = Q(pk__in=[*keys, *([] if link is None else [link.pk])])
    if link is not None and link.user_id is not None:
        wanted |= Q(user=link.user_id)
    ProvisionedUser.objects.filter(wanted).locked()


def unmention(keys: Iterable[int], identity: Identity, tally: Tally) -> None:
    """Take the person out of the documents of other learners, whose links are locked."""
    for link in ProvisionedUser.objects.filter(pk__in=tally.last([*keys])):
        document, search = identity.without(link.document), identity.without(link.search)
        awaited = _awaited(link.awaited_manager, identity)
        if (document, search, awaited) == (link.document, link.search, link.awaited_manager):
            continue
        link.document, link.search, link.awaited_manager = document, search, awaited
        link.version += 1
        link.changed()
        link.save(update_fields=["document", "search", "awaited_manager", "version", "modified_at"])
        tally.changed[ProvisionedUser] += 1


def _awaited(name: str | None, identity: Identity) -> str | None:
    """The beginning of what was sent for a manager, where it is of the person's."""
    is_theirs = name and fold(name) in {fold(text)[:SCIM_ID_LENGTH] for text in identity.telling}
    return identity.pseudonym(name) if name and is_theirs else name


def strip(link: ProvisionedUser, identity: Identity, tally: Tally) -> None:
    """End the link, which is locked, and leave nothing of the person on it: a tombstone that nobody returns by."""
    account = link.user_id
    end_owner(link)
    strip_tombstone(link)
    name = identity.pseudonym(link.user_name)
    link.user, link.document, link.search, link.awaited_manager = None, {}, {}, None
    link.user_name, link.user_name_tombstone_key = name, name
    link.external_id = link.external_id and identity.pseudonym(link.external_id)
    link.asks_document = False
    link.save()
    tally.changed[ProvisionedUser] += 1
    _strip_former(link, identity, tally)
    for rows in _beside(link):
        tally.delete(rows)
    if account is not None:
        tally.delete(SharedAccount.objects.filter(connection=link.connection_id, user=account))
    tally.changed[ReferenceKey] += ReferenceKey.objects.filter(brought_by=link.scim_id).update(brought_by="")


def _strip_former(link: ProvisionedUser, identity: Identity, tally: Tally) -> None:
    """Of whom an identity provider has renamed thousands of times these are as many: a statement changes hundreds."""
    latest = FormerIdentifier.objects.filter(link=link).order_by("-pk")
    changed = tally.last([*(latest[: REWRITTEN + 1] if tally.bounded else latest)][::-1])
    for former in changed:
        former.value = former.key = identity.pseudonym(former.value)
    FormerIdentifier.objects.bulk_update(changed, ["value", "key"], batch_size=REWRITTEN)
    tally.changed[FormerIdentifier] += len(changed)


def _beside(link: ProvisionedUser) -> Iterator[QuerySet[Model]]:
    """Rows that are there for the link alone. What is left of an adoption that was undone holds no value, and says that
    the account is not to be linked again."""
    for relation in link._meta.related_objects:
        model: Any = relation.related_model
        if relation.on_delete is not CASCADE or model is FormerIdentifier:
            continue
        rows = model._base_manager.filter(**{relation.field.name: link})
        yield rows.filter(undone_at__isnull=True) if model is Adoption else rows
